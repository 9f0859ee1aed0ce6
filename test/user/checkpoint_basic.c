/*
 * Checkpoints: a child is put back, in memory, registers, FPU and upcalls, again and again, also after its end; whether its
 * library copies on write or all is copied at once. No page is lost by it. Without a child of one's own, nothing is done.
 */
#include <finch/checkpoint.h>
#include <finch/exception.h>
#include <finch/thread.h>
#include "child.h"

#define ROUNDS 10
#define SHARED ((volatile struct shared *)0x20000000)
#define OLD ((volatile uint32_t *)0x30000000)   /* a page that the child unmaps */
#define ADDED ((volatile uint32_t *)0x34000000) /* one that it maps, where no table was */
#define STACK ((char *)0x38000000)              /* another exception stack */

/* What parent and children share for good. */
struct shared {
	uint32_t step, go;
	uint32_t seen[12];
};

static volatile uint32_t data = 1;
static uint32_t large[40 * NPTENTRIES];

/* The child tells that it has come to the next step, and waits for leave to go on. */
static void pause_step(void)
{
	SHARED->step++;
	while (SHARED->go == 0)
		sys_yield();
	SHARED->go--;
}

/* Let the child take one step. */
static void step(void)
{
	uint32_t before = SHARED->step;

	SHARED->go++;
	wait_until(SHARED->step != before && SHARED->go == 0);
}

static envid_t start(void (*function)(void))
{
	SHARED->step = SHARED->go = 0;
	envid_t child = fork();
	if (child == 0) {
		function();
		sys_env_exit(99);
	}
	expect(child > 0);
	wait_until(SHARED->step == 1);
	return child;
}

static envid_t take(envid_t child)
{
	envid_t checkpoint = checkpoint_take(child);

	if (checkpoint < 0)
		fail("checkpoint_take: %e", checkpoint);
	return checkpoint;
}

static void back(envid_t checkpoint, envid_t child)
{
	envid_t put = checkpoint_restore(checkpoint, child);

	if (put != child)
		fail("checkpoint_restore: expected %08x, saw %08x", child, put);
}

static void destroy(envid_t child)
{
	expect_is(sys_env_destroy(child), 0);
	expect_end(child, -E_KILLED);
}

/* --- Memory and plain registers --- */

static void counts(void)
{
	uint32_t local = 100;

	for (;;) {
		local++;
		data++;
		large[local * 7 % ARRAY_SIZE(large)] = local;
		SHARED->seen[0] = local;
		SHARED->seen[1] = data;
		SHARED->seen[2] = thisenv->env_id;
		SHARED->seen[3] = perm_of(OLD) & RO;
		SHARED->seen[4] = perm_of(OLD) ? *OLD : 0;
		SHARED->seen[5] = perm_of(ADDED) ? *ADDED : 0;
		SHARED->seen[6] = perm_of(SHARED);
		SHARED->seen[7] = large[(local - 1) * 7 % ARRAY_SIZE(large)];
		if (local == 103 && (sys_page_unmap(0, (void *)OLD) || sys_page_alloc(0, (void *)ADDED, RW)))
			sys_env_exit(98);
		if (perm_of(OLD))
			*OLD = local;
		if (perm_of(ADDED))
			*ADDED = local;
		pause_step();
	}
}

/* What it saw when its count was local, and n steps before it had begun at `data`. */
static void expect_counted(uint32_t local, envid_t id)
{
	expect_is(SHARED->seen[0], local);
	expect_is(SHARED->seen[1], local - 99);
	expect_is(SHARED->seen[2], id);
	expect_is(SHARED->seen[3], local <= 103 ? RO : 0);
	expect_is(SHARED->seen[4], local == 101 ? 1 : local <= 103 ? local - 1 : 0);
	expect_is(SHARED->seen[5], local > 103 ? local - 1 : 0);
	expect_is(SHARED->seen[6], RW | PTE_SHARE);
	if (local > 101)
		expect_is(SHARED->seen[7], local - 1);
}

static void test_memory(envid_t child, bool on_write)
{
	struct page_record record = { 0, 0 };

	step();
	expect_counted(102, child);
	envid_t checkpoint = take(child);
	/* Copied on write, or at once. */
	expect_is(sys_page_list(child, (uintptr_t)&data & -PGSIZE, &record, 1), 1);
	expect_is(record.entry & (PTE_W | PTE_COW), on_write ? PTE_COW : PTE_W);
	step();
	uint32_t used = free_pages();
	for (int i = 0; i < ROUNDS; i++) {
		step();
		expect_counted(104, child);
		step();
		expect_counted(105, child);
		back(checkpoint, child);
		step();
		expect_counted(103, child);
		/* The first round leaves a page table behind. */
		if (i == 0)
			used = free_pages();
		else
			expect_is(free_pages(), used);
	}
	destroy(child);
	for (int i = 0; i < 3; i++) {
		envid_t again = checkpoint_restore(checkpoint, 0);
		expect(again > 0 && again != child);
		step();
		expect_counted(103, again);
		step();
		expect_counted(104, again);
		/* A checkpoint of that one, and back to the first. */
		envid_t second = take(again);
		back(checkpoint, again);
		step();
		expect_counted(103, again);
		back(second, again);
		step();
		expect_counted(105, again);
		expect_is(checkpoint_drop(second), 0);
		destroy(again);
	}
	envid_t last = checkpoint_restore(checkpoint, 0);
	expect(last > 0);
	expect_is(checkpoint_drop(checkpoint), 0);
	step();
	expect_counted(103, last);
	destroy(last);
	expect_kernel_sound();
}

static void prepare_counts(void)
{
	expect_is(sys_page_alloc(0, (void *)OLD, RW), 0);
	*OLD = 1;
}

/* A program that never forks has no handler that copies. */
static envid_t start_plain(void)
{
	SHARED->step = SHARED->go = 0;
	envid_t child = spawnl("checkpoint_basic", "checkpoint_basic", "plain", 0);
	expect(child > 0);
	wait_until(SHARED->step == 1);
	return child;
}

/* --- Registers (fpu_state.c has the FPU) --- */

static void registers(void)
{
	for (uint32_t i = 1;; i += 16) {
		uint32_t a = i, b = i + 1, c = i + 2, d = i + 3, S = i + 4, D = i + 5, flags = FL_CF | FL_DF | FL_OF | FL_AC;
		/* Tells and waits as pause_step does, without a call. */
		__asm__ volatile("pushl %6; popfl\n\t"
				 "pushfl; lock incl 0x20000000; popfl\n"
				 "1:\tpushfl; cmpl $0, 0x20000004; je 2f; popfl\n\t"
				 "pushfl; popl %6; pushl $2; popfl; jmp 3f\n"
				 "2:\tpopfl; jmp 1b\n"
				 "3:"
				 : "+a"(a), "+b"(b), "+c"(c), "+d"(d), "+S"(S), "+D"(D), "+m"(flags)
				 :
				 : "memory", "cc");
		const uint32_t is[] = { a, b, c, d, S, D, flags };
		for (size_t n = 0; n < ARRAY_SIZE(is); n++)
			SHARED->seen[n] = is[n];
		SHARED->go = 0;
	}
}

static void expect_registers(uint32_t from)
{
	for (uint32_t n = 0; n < 6; n++)
		expect_is(SHARED->seen[n], from + n);
	expect_is(SHARED->seen[6] & (FL_CF | FL_DF | FL_OF | FL_AC), FL_CF | FL_DF | FL_OF | FL_AC);
}

static void test_registers(void)
{
	envid_t child = start(registers);
	step();
	expect_registers(1);
	envid_t checkpoint = take(child);

	step();
	expect_registers(17);
	for (int i = 0; i < 5; i++) {
		step();
		expect_registers(33);
		back(checkpoint, child);
		step();
		expect_registers(17);
	}
	expect_is(checkpoint_drop(checkpoint), 0);
	destroy(child);
}

/* --- Upcalls, and in the middle of a fault --- */

static void first_handler(struct UTrapframe *utf)
{
	uint32_t depth = 10;

	SHARED->seen[0] = 1;
	SHARED->seen[1] = utf->utf_fault_va;
	pause_step(); /* here, on the exception stack, a checkpoint is taken */
	SHARED->seen[0] += depth;
	sys_page_alloc(0, (void *)ROUNDDOWN(utf->utf_fault_va, PGSIZE), RW);
}

static void second_handler(struct UTrapframe *utf)
{
	SHARED->seen[0] = 2;
	sys_page_alloc(0, (void *)ROUNDDOWN(utf->utf_fault_va, PGSIZE), RW);
}

static bool exception_handler_(struct ExceptionFrame *frame)
{
	SHARED->seen[2] = frame->ef_trapno;
	return true;
}

static void faults(void)
{
	expect_is(sys_page_alloc(0, STACK, RW), 0);
	expect_is(sys_env_set(0, ENV_SET_EXCEPTION_STACK, (uintptr_t)STACK + PGSIZE), 0);
	set_pgfault_handler(first_handler);
	set_exception_handler(exception_handler_);
	*(volatile uint32_t *)(0x40000000 + 12) = 5;
	SHARED->seen[3] = *(volatile uint32_t *)(0x40000000 + 12);
	/* Others, and another stack. */
	set_pgfault_handler(second_handler);
	set_exception_handler(NULL);
	sys_env_set(0, ENV_SET_EXCEPTION_STACK, UXSTACKTOP);
	sys_page_unmap(0, STACK);
	*(volatile uint32_t *)0x44000000 = 6;
	SHARED->seen[4] = (uintptr_t)thisenv->env_exception_upcall;
	pause_step();
	for (;;)
		sys_yield();
}

static void test_upcalls(void)
{
	envid_t child = start(faults);
	expect_is(SHARED->seen[0], 1);
	expect_is(SHARED->seen[1], 0x4000000C);
	envid_t checkpoint = take(child);
	/* The kernel stores frames there: it stays a page that may be written. */
	struct page_record record = { 0, 0 };
	expect_is(sys_page_list(child, (uintptr_t)STACK, &record, 1), 1);
	expect_is(record.va, (uintptr_t)STACK);
	expect_is(record.entry & (PTE_W | PTE_COW), PTE_W);

	for (int i = 0; i < 5; i++) {
		step();
		expect_is(SHARED->seen[0], 2);
		expect_is(SHARED->seen[3], 5);
		expect_is(SHARED->seen[4], 0);
		expect_is(envs[ENVX(child)].env_exception_stack, UXSTACKTOP);
		back(checkpoint, child);
		expect_is(envs[ENVX(child)].env_exception_stack, (uintptr_t)STACK + PGSIZE);
		expect((uintptr_t)envs[ENVX(child)].env_exception_upcall != 0);
	}
	expect_is(checkpoint_drop(checkpoint), 0);
	destroy(child);
}

/* --- Suspended or not; who may --- */

static void *spins(void *arg)
{
	for (;;)
		sys_yield();
	return arg;
}

static void makes_thread(void)
{
	expect(thread_create(spins, NULL) > 0);
	pause_step();
	spins(NULL);
}

static void test_refused(void)
{
	envid_t child = start(counts), gone = fork(), grandchild;
	if (gone == 0)
		sys_env_exit(0);
	wait(gone);
	expect_error(checkpoint_take(gone), E_BAD_ENV);
	expect_error(checkpoint_take(0), E_BAD_ENV);
	expect_error(checkpoint_take(-1), E_BAD_ENV);
	expect_error(checkpoint_take(sys_getenvid()), E_BAD_ENV);
	envid_t checkpoint = take(child);
	expect_error(checkpoint_restore(checkpoint, gone), E_BAD_ENV);
	expect_error(checkpoint_restore(checkpoint, sys_getenvid()), E_BAD_ENV);
	expect_error(checkpoint_restore(gone, child), E_BAD_ENV);
	expect_error(checkpoint_restore(gone, 0), E_BAD_ENV);
	expect_error(checkpoint_drop(gone), E_BAD_ENV);
	expect_error(checkpoint_drop(0), E_BAD_ENV);
	/* After that, it is as it was, and runs. */
	step();
	expect_counted(102, child);
	/* Another's child. */
	if ((grandchild = fork()) == 0) {
		SHARED->seen[8] = (uint32_t)checkpoint_take(child);
		SHARED->seen[9] = (uint32_t)checkpoint_restore(checkpoint, child);
		sys_env_exit(0);
	}
	wait(grandchild);
	expect_is(SHARED->seen[8], -E_BAD_ENV);
	expect_is(SHARED->seen[9], -E_BAD_ENV);
	/* One that is suspended stays so; put back, it runs. */
	expect_is(sys_env_set_status(child, ENV_NOT_RUNNABLE), 0);
	expect_is(checkpoint_drop(take(child)), 0);
	expect_is(envs[ENVX(child)].env_wait, ENV_WAIT_SUSPENDED);
	back(checkpoint, child);
	step();
	expect_counted(102, child);
	destroy(child);
	/* With threads neither, and it goes on. */
	child = start(makes_thread);
	expect_error(checkpoint_take(child), E_NOT_SUPP);
	expect(envs[ENVX(child)].env_wait != ENV_WAIT_SUSPENDED);
	expect_error(checkpoint_restore(checkpoint, child), E_NOT_SUPP);
	expect(envs[ENVX(child)].env_wait != ENV_WAIT_SUSPENDED);
	destroy(child);
	expect_is(checkpoint_drop(checkpoint), 0);
}

/* What envid has mapped at va, or 0. */
static uint32_t entry_of(envid_t envid, const volatile void *va)
{
	struct page_record record = { 0, 0 };

	expect(sys_page_list(envid, (uintptr_t)va, &record, 1) >= 0);
	return record.va == (uintptr_t)va ? record.entry : 0;
}

/* Device memory is left out; pages for DMA are pages like others. */
static void test_devices(envid_t child)
{
	char *device = (char *)0x38000000, *memory = (char *)0x38400000;

	expect_is(sys_env_set_status(child, ENV_NOT_RUNNABLE), 0);
	expect_is(libos_sys_device_map(child, (uintptr_t)device, RW, 0xC0000000), 0);
	expect_is(libos_sys_page_alloc_dma(child, (uintptr_t)memory, RW), 0);
	envid_t checkpoint = take(child);
	expect_is(entry_of(checkpoint, device), 0);
	expect(entry_of(checkpoint, memory) & PTE_P);
	expect(entry_of(child, device) & PTE_DEVICE);
	back(checkpoint, child);
	expect_is(entry_of(child, device), 0);
	expect(entry_of(child, memory) & PTE_P);
	destroy(child);
	expect_is(checkpoint_drop(checkpoint), 0);
}

void umain(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "plain") == 0) {
		prepare_counts();
		counts();
	}
	expect_is(sys_page_alloc(0, (void *)SHARED, RW | PTE_SHARE), 0);
	grow_records(8);
	prepare_counts();
	test_memory(start(counts), true);
	test_memory(start_plain(), false);
	test_registers();
	test_upcalls();
	test_refused();
	test_devices(start(counts));
	test_devices(start_plain());
	uint32_t before = free_pages();
	test_refused();
	test_upcalls();
	test_registers();
	expect_is(free_pages(), before);
	expect_kernel_sound();
}
