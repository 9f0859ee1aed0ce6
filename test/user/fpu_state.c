/*
 * All registers of x87, MMX, SSE and AVX, with random contents: kept across everything that the kernel does meanwhile,
 * inherited by a child bit for bit, and never seen by another program. `fpu_state -fresh` checks that they are as after
 * a reset.
 */
#include <finch/checkpoint.h>
#include <finch/exception.h>

#include "child.h"

#define A ((char *)0x10000000)
#define ROUNDS 40

struct fpu {
	uint8_t x87[108];   /* as fnsave leaves it */
	uint32_t mxcsr;
	uint8_t wide[8][32]; /* xmm, and the upper halves of ymm */
};

static bool sse, avx;

static void find_features(void)
{
	uint32_t ecx, edx;

	cpuid(1, NULL, NULL, &ecx, &edx);
	sse = edx >> 25 & 1;
	avx = (ecx >> 27 & 3) == 3; /* there is one, and the kernel has switched it on */
}

#define EACH(op) op(0) op(1) op(2) op(3) op(4) op(5) op(6) op(7)

static void load(const struct fpu *state)
{
	__asm__ volatile("frstor %0" : : "m"(state->x87));
	if (sse) {
		__asm__ volatile("ldmxcsr %0" : : "m"(state->mxcsr));
#define LOAD(n) __asm__ volatile("movups %0, %%xmm" #n : : "m"(state->wide[n]));
		EACH(LOAD)
	}
	if (avx) {
#define LOAD_WIDE(n) __asm__ volatile("vmovups %0, %%ymm" #n : : "m"(state->wide[n]));
		EACH(LOAD_WIDE)
	}
}

/* It changes nothing. */
static void store(struct fpu *state)
{
	memset(state, 0, sizeof *state);
	__asm__ volatile("fnsave %0; frstor %0" : "+m"(state->x87));
	if (sse) {
		__asm__ volatile("stmxcsr %0" : "=m"(state->mxcsr));
#define STORE(n) __asm__ volatile("movups %%xmm" #n ", %0" : "=m"(state->wide[n]));
		EACH(STORE)
	}
	if (avx) {
#define STORE_WIDE(n) __asm__ volatile("vmovups %%ymm" #n ", %0" : "=m"(state->wide[n]));
		EACH(STORE_WIDE)
	}
	memset(state->x87 + 12, 0, 16); /* where the last instruction was: not kept by all processors */
	for (unsigned i = 2; i < 12; i += 4) /* reserved */
		memset(state->x87 + i, 0, 2);
}

static void compare(const struct fpu *is, const struct fpu *shall, const char *after)
{
	const uint8_t *a = (const uint8_t *)is, *b = (const uint8_t *)shall;

	for (unsigned i = 0; i < sizeof *is; i++) {
		if (a[i] != b[i])
			fail("after %s: byte %u of the state: expected 0x%02x, saw 0x%02x", after, i, b[i], a[i]);
	}
}

/* Load random contents, of x87 registers or (they are the same ones) of MMX, and note what is there then. */
static void randomize(struct fpu *state, uint32_t *seed)
{
	struct fpu made;
	uint8_t *bytes = (uint8_t *)&made;

	for (unsigned i = 0; i < sizeof made; i++)
		bytes[i] = next_random(seed) >> 8;
	/* Exceptions masked, none pending, all registers in use; precision, rounding and the top are free. */
	uint16_t *words = (uint16_t *)made.x87;
	words[0] = 0x037F | (words[0] & 0x0F00);
	words[2] &= 0x3800;
	words[4] = 0;
	/* Masks, flags and rounding; flush-to-zero. */
	made.mxcsr = (made.mxcsr & 0xE03F) | 0x1F80;
	load(&made);
	if (next_random(seed) >> 16 & 1) {
#define LOAD_MMX(n) __asm__ volatile("movq %0, %%mm" #n : : "m"(made.wide[n]));
		EACH(LOAD_MMX)
	}
	store(state);
}

/* --- What the kernel may do meanwhile. --- */

static bool counts_exception(struct ExceptionFrame *frame)
{
	return frame->ef_trapno == 0x80;
}

static void makes_page(struct UTrapframe *utf)
{
	sys_page_alloc(0, (void *)ROUNDDOWN(utf->utf_fault_va, PGSIZE), RW);
}

static void call_int(void)
{
	uint32_t result;
	__asm__ volatile("int $0x30" : "=a"(result) : "0"(SYS_getenvid) : "memory");
}

static void call_fast(void)
{
	libos_call0(SYS_getenvid);
}

static void call_yield(void)
{
	sys_yield();
}

static void pages_zeroed(void)
{
	sys_page_alloc_range(0, A, RW, 70);
	sys_page_unmap_range(0, A, 70);
}

static void page_copied(void)
{
	sys_page_alloc(0, A, RW);
	sys_page_map(0, A, 0, A + PGSIZE, RW);
	sys_page_protect(0, A, RO);
	expect_is(sys_page_replace(A, uvpt[PGNUM(A)], RW), 0);
	sys_page_unmap_range(0, A, 2);
}

static void page_faults(void)
{
	*(volatile char *)A = 1;
	sys_page_unmap(0, A);
}

static void exceptions(void)
{
	__asm__ volatile("int $0x80");
}

static void ticks(void)
{
	unsigned start = sys_time_msec();
	while (sys_time_msec() - start < 3)
		;
}

static void nap(void)
{
	envid_t child = fork();
	if (child == 0)
		sys_env_exit(0);
	wait(child);
}

static void set_self(void)
{
	sys_env_set_status(0, ENV_RUNNABLE);
	sys_env_set_label(0, "fpu_state");
}

static const struct {
	const char *name;
	void (*run)(void);
} actions[] = {
	{ "int 0x30", call_int }, { "sysenter", call_fast }, { "yield", call_yield }, { "zeroed pages", pages_zeroed },
	{ "a copied page", page_copied }, { "a page fault", page_faults }, { "an exception", exceptions },
	{ "ticks", ticks }, { "fork and wait", nap }, { "calls about oneself", set_self },
};

static void kept(uint32_t seed)
{
	struct fpu shall, is;

	set_pgfault_handler(makes_page);
	set_exception_handler(counts_exception);
	for (int i = 0; i < ROUNDS; i++) {
		for (unsigned n = 0; n < ARRAY_SIZE(actions); n++) {
			randomize(&shall, &seed);
			actions[n].run();
			store(&is);
			compare(&is, &shall, actions[n].name);
		}
	}
}

/* --- Several at once, on the CPUs. --- */

static void several(void)
{
	envid_t children[6];

	for (unsigned i = 0; i < ARRAY_SIZE(children); i++) {
		children[i] = fork();
		expect(children[i] >= 0);
		if (children[i] == 0) {
			kept(100 + i);
			sys_env_exit(0);
		}
	}
	for (unsigned i = 0; i < ARRAY_SIZE(children); i++)
		expect_end(children[i], 0);
}

/* --- Inherited. --- */

static void inherited(void)
{
	static struct fpu shall, is;
	uint32_t seed = 5;

	for (int i = 0; i < ROUNDS; i++) {
		is.mxcsr = shall.mxcsr = 0; /* written to by now: no page is copied in between */
		randomize(&shall, &seed);
		envid_t child = fork();
		expect(child >= 0);
		store(&is);
		compare(&is, &shall, child ? "fork, in the parent" : "fork, in the child");
		if (child == 0)
			sys_env_exit(0);
		expect_end(child, 0);
	}
}

/* --- Put back by a checkpoint. --- */

#define STEP ((volatile uint32_t *)0x20000000)

static void tell_and_wait(uint32_t step)
{
	STEP[0] = step;
	while (STEP[1] < step)
		sys_yield();
}

/* With contents of one kind when it is saved, of another when it is put back. */
static void saved_child(void)
{
	static struct fpu shall, is;
	uint32_t seed = 7;

	is.mxcsr = shall.mxcsr = 0;
	randomize(&shall, &seed);
	tell_and_wait(1);
	store(&is);
	compare(&is, &shall, "a checkpoint");
	randomize(&shall, &seed);
	tell_and_wait(2);
	store(&is);
	compare(&is, &shall, "going on after that");
	sys_env_exit(5);
}

static void put_back(void)
{
	expect_is(sys_page_alloc(0, (void *)STEP, RW | PTE_SHARE), 0);
	envid_t child = fork();
	if (child == 0)
		saved_child();
	wait_until(STEP[0] == 1);
	envid_t checkpoint = checkpoint_take(child);
	expect(checkpoint > 0);
	for (int i = 0; i < 5; i++) {
		STEP[1] = 1;
		wait_until(STEP[0] == 2);
		STEP[1] = STEP[0] = 0;
		expect_is(checkpoint_restore(checkpoint, child), child);
	}
	STEP[1] = 2;
	expect_end(child, 5);
	child = checkpoint_restore(checkpoint, 0);
	expect(child > 0);
	expect_end(child, 5);
	expect_is(checkpoint_drop(checkpoint), 0);
}

/* --- Never seen by another. --- */

static void expect_fresh(void)
{
	static struct fpu reset, is;

	store(&is);
	__asm__ volatile("fninit");
	reset.mxcsr = sse ? 0x1F80 : 0;
	memcpy(reset.x87, "\x7F\x03", 2);
	memset(reset.x87 + 8, 0xFF, 2); /* all empty */
	compare(&is, &reset, "the start");
}

static void spawned(void)
{
	struct fpu state;
	uint32_t seed = 6;

	for (int i = 0; i < 8; i++) {
		envid_t child = spawnl("fpu_state", "fpu_state", "-fresh", 0);
		expect(child > 0);
		randomize(&state, &seed);
		expect_end(child, 0);
	}
}

/* --- Values that the kernel could choke on. --- */

static void bad_mxcsr(uint32_t value)
{
	__asm__ volatile("ldmxcsr %0" : : "m"(value));
	for (int i = 0; i < 20; i++)
		sys_yield();
}

/* fxrstor and xrstor of an image full of what is not allowed. */
static void bad_image(uint32_t how)
{
	static uint8_t image[1024] __attribute__((aligned(64)));

	memset(image, 0xFF, sizeof image);
	if (how && avx)
		__asm__ volatile("xrstor (%0)" : : "r"(image), "a"(-1), "d"(-1));
	else if (sse)
		__asm__ volatile("fxrstor (%0)" : : "r"(image));
	for (int i = 0; i < 20; i++)
		sys_yield();
}

/* An x87 exception that is pending when others run: it is this one's alone. */
static void pending(uint32_t arg)
{
	uint16_t control = 0x037B;
	uint32_t zero = 0;

	USED(arg);
	__asm__ volatile("fninit; fldcw %0; fld1; fidivl %1" : : "m"(control), "m"(zero));
	for (int i = 0; i < 20; i++)
		sys_yield();
	__asm__ volatile("fwait");
	sys_env_exit(7); /* not reached */
}

static void xsetbv(uint32_t arg)
{
	USED(arg);
	__asm__ volatile("xsetbv" : : "c"(0), "a"(3), "d"(0));
	sys_env_exit(7);
}

/* It may end by an exception of its own or go on, as the processor has it. */
static void expect_harmless(child_function function, uint32_t arg, bool must_end)
{
	envid_t child = child_run(function, arg);
	int status = 0;

	expect_is(wait_status(child, &status), 0);
	if (status != -E_KILLED && (must_end || status != 0))
		fail("expected its end, saw status %d", status);
}

static void bad_values(void)
{
	static const uint32_t values[] = { 0xFFFFFFFF, 0x10000, 0x80000000, 0xFFFF1F80 };

	for (unsigned i = 0; sse && i < ARRAY_SIZE(values); i++)
		expect_harmless(bad_mxcsr, values[i], false);
	expect_harmless(bad_image, 0, false);
	expect_harmless(bad_image, 1, false);
	expect_harmless(pending, 0, true);
	expect_harmless(xsetbv, 0, true);
}

void umain(int argc, char **argv)
{
	find_features();
	if (argc == 2) {
		expect_fresh();
		return;
	}
	kept(1);
	several();
	inherited();
	put_back();
	spawned();
	bad_values();
	kept(2);
	expect_kernel_sound();
}
