/*
 * fuzz [SEED [CALLS [trace]]]: every system call with random and boundary arguments, from several environments at once.
 *
 * Workers, and children of theirs, make calls (fuzz_calls.h says which), by each way into the kernel (fuzz_ways.h),
 * with registers and flags that no library would leave; they fault, replace each other's registers and memory, and
 * end. Their memory is their own: a copy of this program. The first environment starts new ones for those that end,
 * and wakes and suspends them. It makes no random calls; at the end it destroys all, and then the kernel must be
 * sound, with no page missing.
 *
 * What one environment does follows from the seed, its place and its generation; with `trace` each call is printed
 * before it is made. What becomes of it depends on the other CPUs: with one CPU and --icount it is the same each time.
 */
#include "fuzz_ways.h"

#define WORKERS 4
#define LIFE 400       /* calls of a worker, at most */
#define CHECKS 4       /* checks of the kernel while it goes on */
#define STACK (USTACKTOP - PGSIZE)
#define XSTACK (UXSTACKTOP - PGSIZE)

static uint32_t seed, calls_wanted, generation;

/* --- What environments do --- */

/* An interrupt instruction for any vector, the system call's apart. */
static void any_int(void)
{
	uint32_t vector = below(256);

	if (vector != 0x30)
		((void (*)(void))(fuzz_int_0 + 4 * vector))();
}

static void touch(void)
{
	volatile uint32_t *at = (uint32_t *)any_address();

	if (one_in(2))
		*at = any();
	else
		any_number();
	USED(*at);
}

static void make(void);

static void step(void)
{
	switch (below(64)) {
	case 0:
		if (one_in(2))
			touch();
		else
			any_int();
		break;
	case 1:
	case 2:
		make();
		break;
	case 3:
		libos_sys_yield();
		break;
	case 4 ... 12:
		raw_call();
		break;
	default:
		typed_call();
	}
}

/* The main loop of all that make calls; whatever goes wrong comes back here. */
__attribute__((noreturn)) void fuzz_go_on(void)
{
	while (me.magic == MAGIC && me.left && stream) {
		me.left--;
		step();
	}
	sys_env_exit(0);
	for (;;)
		continue;
}

static void computes(void)
{
	for (volatile uint32_t n = 0;; n++) {
		if (n % 1024 == 0)
			sys_yield();
	}
}

/* Takes what comes, wherever. */
static void receives(void)
{
	for (;; sys_yield())
		libos_sys_ipc_recv(one_in(3) ? (uintptr_t)-1 : AREA + below(16) * PGSIZE);
}

static void sends(void)
{
	for (;; sys_yield())
		libos_sys_ipc_send(any_env(), any(), AREA + below(16) * PGSIZE, any_perm() % PGSIZE, TIMEOUT_NEVER);
}

static void faults(void)
{
	for (;;)
		touch();
}

static void ends(void)
{
	sys_env_exit(below(100));
}

/* A copy of this program's page at va, for child. */
static int copy_page(envid_t child, uintptr_t va)
{
	int error = sys_page_alloc(0, UTEMP, RW);

	if (error < 0)
		return error;
	memcpy(UTEMP, (void *)va, PGSIZE);
	if ((error = sys_page_map(0, UTEMP, child, (void *)va, RW)) < 0)
		return error;
	return sys_page_unmap(0, UTEMP);
}

/* Memory like this environment's, but its own. */
static int copy_program(envid_t child)
{
	int error = sys_page_alloc(child, (void *)STACK, RW);

	if (!error)
		error = sys_page_alloc(child, (void *)XSTACK, RW);
	if (!error)
		error = sys_page_map(0, (void *)SHARED, child, (void *)SHARED, RW);
	for (uintptr_t va = UTEXT; !error && va < (uintptr_t)end; va += PGSIZE) {
		if (perm_of((void *)va) & PTE_W)
			error = copy_page(child, va);
		else
			error = sys_page_map(0, (void *)va, child, (void *)va, RO);
	}
	return error;
}

/*
 * A new environment that runs function with a stream of numbers of its own. An error, or its id: it is runnable then,
 * mostly. Random calls may have taken away what this needs: then it fails, or faults.
 */
static envid_t start(void (*function)(void), uint32_t number, uint32_t life)
{
	uint32_t left_before = me.left;
	struct Trapframe tf = {
		.tf_eip = (uintptr_t)function, .tf_esp = USTACKTOP - 64, .tf_ds = GD_UD | 3, .tf_es = GD_UD | 3,
	};
	envid_t child = sys_exofork();

	if (child < 0)
		return child;
	/* Something to work with. */
	libos_sys_page_alloc(child, AREA, RW | 12 << PERM_COUNT_SHIFT);
	if (one_in(3))
		libos_sys_page_alloc_large(child, AREA + PTSIZE, RW);
	/* What the child's copy is to hold. */
	uint32_t stream_before = stream;
	stream = (seed + 1) * 2654435761u ^ number * 40503u;
	stream = stream ? stream : 1;
	me.left = life;
	thisenv = &envs[ENVX(child)];
	int error = copy_program(child);
	thisenv = &envs[ENVX(sys_getenvid())];
	stream = stream_before;
	me.left = left_before;
	if (!error)
		error = sys_env_set_trapframe(child, &tf);
	if (!error)
		error = sys_env_set_pgfault_upcall(child, (void *)fuzz_recover);
	if (!error && number % 4)
		error = sys_env_set(child, ENV_SET_EXCEPTION_UPCALL, (uintptr_t)fuzz_recover);
	if (!error)
		error = sys_env_set_status(child, ENV_RUNNABLE);
	if (error)
		sys_env_destroy(child);
	return error ? error : child;
}

static void make(void)
{
	static void (*const kinds[])(void) = { fuzz_recover, fuzz_recover, computes, receives, sends, faults, ends };

	if (live() >= LIVE_MAX)
		return;
	if (one_in(3)) /* one that gets in this one's way everywhere */
		sys_env_set_status(sys_env_thread((uintptr_t)fuzz_recover, any_address()), ENV_RUNNABLE);
	else
		start(PICK(kinds), any(), LIFE / 8);
}

/* --- The first environment --- */

static envid_t workers[WORKERS];

/* See to worker i: a new one if it has ended, or stands still for ever. */
static void attend(uint32_t i)
{
	volatile const struct Env *env = &envs[ENVX(workers[i])];

	if (!workers[i] || !env_alive(workers[i])) {
		envid_t made = start(fuzz_recover, generation++, LIFE);
		workers[i] = made > 0 ? made : 0;
	} else if (one_in(100)) {
		sys_env_destroy(workers[i]);
	} else if (env->env_status == ENV_NOT_RUNNABLE) {
		sys_env_set_status(workers[i], ENV_RUNNABLE);
	} else if (one_in(20)) {
		sys_env_set_status(workers[i], ENV_NOT_RUNNABLE);
	}
}

/* Children that were left to this environment go, or their number would only grow; some are waked first. */
static void thin_out(void)
{
	envid_t child = any_child();

	for (uint32_t i = 0; i < WORKERS; i++) {
		if (child == workers[i])
			return;
	}
	if (child && sys_env_set_status(child, ENV_RUNNABLE) == 0 && one_in(2))
		sys_env_destroy(child);
}

/* Destroy everyone, down to those who pass on while they do. */
static void clear_up(void)
{
	envid_t self = sys_getenvid();
	int quiet = 0;

	/* One that ends while we look may have passed on children that we have looked at before: so once more, and again. */
	while (quiet++ < 3) {
		free_pages(); /* waits for what is dying, which may pass on more */
		for (int i = 0; i < NENV; i++) {
			/* One that is dying may still pass on its children. */
			if (envs[i].env_status == ENV_FREE || envs[i].env_parent_id != self)
				continue;
			sys_env_destroy(envs[i].env_id);
			quiet = 0;
		}
	}
}

/*
 * Pages that are nobody's but this environment's, a few at a time: fresh ones must be zero, and nobody may store into
 * them, be it through a mapping that should be gone, or the kernel into the wrong page.
 */
#define WITNESS ((volatile uint32_t *)0x0E000000)
#define WITNESSES 24
#define WORDS (PGSIZE / sizeof(uint32_t))

static void witness(uint32_t turn)
{
	volatile uint32_t *page = WITNESS + turn % WITNESSES * WORDS;

	if (page_mapped((const void *)page)) {
		for (uint32_t i = 0; i < WORDS; i++)
			if (page[i] != (turn - WITNESSES) * WORDS + i)
				fail("fuzz %u %u: word %u of a page of its own: expected %08x, saw %08x", seed, calls_wanted, i,
				     (turn - WITNESSES) * WORDS + i, page[i]);
	}
	if (sys_page_alloc(0, (void *)page, RW) < 0) { /* in place of the old one */
		expect_is(sys_page_unmap(0, (void *)page), 0);
		return;
	}
	for (uint32_t i = 0; i < WORDS; i++) {
		if (page[i])
			fail("fuzz %u %u: word %u of a fresh page: expected 0, saw %08x", seed, calls_wanted, i, page[i]);
		page[i] = turn * WORDS + i;
	}
}

static void check(const char *when)
{
	/* With those that the others' calls have found: the kernel counts, for threads on one stack mix up what they are told. */
	int violations = sys_test(TEST_CHECK, 1, NULL, 0);

	if (violations <= 0)
		return;
	clear_up(); /* or they would go on beside other tests */
	fail("fuzz %u %u: %s, TEST_CHECK: expected 0 broken invariants, saw %d", seed, calls_wanted, when, violations);
}

static void fuzz(void)
{
	uint32_t checks = 0;

	SHARED->made = SHARED->right = generation = 0;
	memset(workers, 0, sizeof workers);
	for (uint32_t turn = 0; SHARED->made < calls_wanted; turn++) {
		for (uint32_t i = 0; i < WORKERS; i++)
			attend(i);
		thin_out();
		witness(turn);
		if (SHARED->made >= calls_wanted / CHECKS * checks) {
			check("under way");
			checks++;
		}
		for (uint32_t i = 0; i < 3; i++)
			sys_yield();
	}
	for (uint32_t i = 0; i < WITNESSES; i++)
		expect_is(sys_page_unmap(0, (void *)(WITNESS + i * WORDS)), 0);
	clear_up();
}

static uint32_t number_at(int argc, char **argv, int i, uint32_t otherwise)
{
	return argc > i ? (uint32_t)strtol(argv[i], NULL, 0) : otherwise;
}

/* Let the kernel's records grow to what is needed: they never shrink. */
static void grow(void)
{
	envid_t made[SLOTS];

	for (int i = 0; i < SLOTS; i++)
		expect((made[i] = sys_exofork()) > 0);
	for (int i = SLOTS; i-- > 0;)
		expect_is(sys_env_destroy(made[i]), 0);
}

static uint32_t sum_of_text(void)
{
	uint32_t sum = 0;

	for (const uint32_t *word = (const uint32_t *)UTEXT; word < (const uint32_t *)ROUNDDOWN((uintptr_t)etext, 4); word++)
		sum = sum * 31 + *word;
	return sum;
}

void umain(int argc, char **argv)
{
	seed = number_at(argc, argv, 1, (uint32_t)read_tsc() % 1000000);
	calls_wanted = number_at(argc, argv, 2, 10000);
	me.trace = argc > 3;
	me.magic = MAGIC;
	stream = seed * 2 + 1;
	cprintf("fuzz %u %u\n", seed, calls_wanted);
	grow();
	/* Nobody above this one, or it would wait for those who go on for ever. */
	expect_is(sys_env_set(0, ENV_SET_PRIORITY, PRIORITY_MAX), 0);
	expect_is(sys_env_set(0, ENV_SET_RIGHTS, RIGHTS), 0);
	expect_is(sys_page_alloc(0, (void *)SHARED, RW), 0);
	expect(start(ends, 0, 1) > 0); /* the page tables that making one needs */
	witness(0);
	expect_is(sys_page_unmap(0, (void *)WITNESS), 0);
	int traced = libos_sys_trace(TRACE_SET, TRACE_KIND_SCHED, 0); /* makes the rings, which stay */
	if (traced >= 0)
		expect_is(libos_sys_trace(TRACE_SET, (uintptr_t)traced, 0), TRACE_KIND_SCHED);
	clear_up();
	uint32_t before = free_pages(), text = sum_of_text();
	fuzz();
	cprintf("%u calls made, %u went well, %u workers\n", SHARED->made, SHARED->right, generation);
	check("after it");
	uint32_t after = free_pages();
	if (after != before)
		fail("fuzz %u %u: free pages: expected %u, saw %u", seed, calls_wanted, before, after);
	expect_is(sum_of_text(), text);
}
