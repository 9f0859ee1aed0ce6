/*
 * env_thread and space_exit: environments that share an address space, and how they end: alone or all together, while
 * others run, sleep, make threads, or end them too.
 */
#include "child.h"

#define THREADS 8
#define STACK_WORDS 512

static volatile uint32_t stacks[2 * THREADS][STACK_WORDS];
static volatile uint32_t counts[THREADS], go, made, started;
static volatile envid_t ids[THREADS];

/* A suspended thread that will run function(arg), on stack n. */
static envid_t thread_try(unsigned n, child_function function, uint32_t arg)
{
	volatile uint32_t *top = &stacks[n][STACK_WORDS - 4];

	top[0] = (uint32_t)child_returned;
	top[1] = arg;
	return sys_env_thread((uintptr_t)function, (uintptr_t)top);
}

static envid_t thread_run(unsigned n, child_function function, uint32_t arg)
{
	envid_t id = thread_try(n, function, arg);

	if (id < 0)
		fail("env_thread: expected an id, saw %e", id);
	expect_is(sys_env_set_status(id, ENV_RUNNABLE), 0);
	return id;
}

static uint32_t live(void)
{
	struct info_machine machine;

	expect_is(machine_info(&machine) < 0, false);
	return machine.envs_live;
}

static void write_and_end(uint32_t arg)
{
	counts[arg] = (uint32_t)sys_getenvid();
	/* What this one maps all others see. */
	expect_is(sys_page_alloc(0, UTEMP, RW), 0);
	*(volatile uint32_t *)UTEMP = 0x1234;
	sys_env_exit(7);
}

static void spin(uint32_t arg)
{
	__sync_fetch_and_add(&started, 1);
	for (;;)
		counts[arg]++;
}

static void sleep_for_ever(uint32_t arg)
{
	__sync_fetch_and_add(&started, 1);
	for (;;)
		sys_ipc_recv((void *)UTOP);
}

static void alone(void)
{
	envid_t id = thread_try(0, write_and_end, 0);
	const volatile struct Env *env = &envs[ENVX(id)];

	expect(id > 0);
	expect_is(env->env_status, ENV_NOT_RUNNABLE);
	expect_is(env->env_parent_id, sys_getenvid());
	expect_is(env->env_tf.tf_eip, (uintptr_t)write_and_end);
	expect_is(env->env_tf.tf_regs.reg_ebx, 0);
	expect_is(env->env_tf.tf_regs.reg_ebp, 0);
	expect_is(env->env_exception_stack, UXSTACKTOP);
	expect(strcmp((const char *)env->env_label, (const char *)thisenv->env_label) == 0);
	expect_is(sys_env_set_status(id, ENV_RUNNABLE), 0);
	expect_end(id, 7);
	expect_is(counts[0], id);
	expect_is(*(volatile uint32_t *)UTEMP, 0x1234);
	expect_is(sys_page_unmap(0, UTEMP), 0);
	/* One that is destroyed leaves the others alone. */
	started = 0;
	id = thread_run(0, spin, 0);
	envid_t other = thread_run(1, spin, 1);
	wait_until(started == 2);
	expect_is(sys_env_destroy(id), 0);
	expect_end(id, -E_KILLED);
	uint32_t before = counts[1];
	wait_until(counts[1] != before);
	expect_is(sys_env_destroy(other), 0);
	expect_end(other, -E_KILLED);
}

static void errors(void)
{
	uint32_t before = live();

	expect_error(sys_env_thread(ULIM, 0x1000), E_INVAL);
	expect_error(sys_env_thread(0xFFFFFFFF, 0x1000), E_INVAL);
	expect_error(sys_env_thread(0x1000, ULIM + 1), E_INVAL);
	expect_error(libos_sys_space_exit(-1), E_INVAL);
	expect_is(live(), before);
}

static void no_memory(void)
{
	uint32_t before = free_pages(), n = 0;
	envid_t id;

	do {
		sys_test(TEST_FAIL_AFTER, n++, NULL, 0);
		id = thread_try(0, spin, 0);
		sys_test(TEST_FAIL_AFTER, ~0u, NULL, 0);
		if (id < 0)
			expect_is(id, -E_NO_MEM);
	} while (id < 0);
	expect_is(sys_env_destroy(id), 0);
	expect_end(id, -E_KILLED);
	if (before)
		expect_is(free_pages(), before);
}

/* --- ENV_SET_TLS: the base of gs, of each environment its own. --- */

static uint32_t by_gs(void)
{
	uint32_t word;

	__asm__ volatile("movl %%gs:0, %0" : "=r"(word));
	return word;
}

static uint32_t gs_selector(void)
{
	uint32_t selector = 0;

	__asm__ volatile("movw %%gs, %w0" : "+r"(selector));
	return selector;
}

static volatile uint32_t words[THREADS + 1];

static void read_by_gs(uint32_t arg)
{
	for (int i = 0; i < 200; i++) {
		if (by_gs() != 100 + arg)
			sys_env_exit(1);
		if (i % 8 == 0)
			sys_yield();
	}
	sys_env_exit(0);
}

static void child_reads_by_gs(uint32_t arg)
{
	sys_env_exit(by_gs() == arg ? 0 : 1);
}

static void no_gs(uint32_t arg)
{
	sys_env_exit(gs_selector() == 0 ? 0 : 1);
}

static void by_segment(void)
{
	envid_t children[THREADS];

	for (uint32_t i = 0; i <= THREADS; i++)
		words[i] = 100 + i;
	for (uint32_t i = 0; i < THREADS; i++) {
		children[i] = thread_try(i, read_by_gs, i);
		expect(children[i] > 0);
		expect_is(sys_env_set(children[i], ENV_SET_TLS, (uintptr_t)&words[i]), 0);
	}
	expect_is(sys_env_set(0, ENV_SET_TLS, (uintptr_t)&words[THREADS]), 0);
	expect_is(by_gs(), 100 + THREADS);
	for (uint32_t i = 0; i < THREADS; i++)
		expect_is(sys_env_set_status(children[i], ENV_RUNNABLE), 0);
	for (uint32_t i = 0; i < THREADS; i++) {
		expect_end(children[i], 0);
		expect_is(by_gs(), 100 + THREADS);
	}
	/* A child by exofork has it from its parent; a thread has nothing. */
	expect_end(child_run(child_reads_by_gs, 100 + THREADS), 0);
	expect_end(thread_run(0, no_gs, 0), 0);
	/* Where the kernel is, a program reads nothing, with whatever base. */
	envid_t id = thread_try(0, read_by_gs, 0);
	expect_is(sys_env_set(id, ENV_SET_TLS, KERNBASE + EXTPHYSMEM), 0);
	expect_is(sys_env_destroy(id), 0);
	expect_end(id, -E_KILLED);
	expect_error(sys_env_set(1, ENV_SET_TLS, 0), E_BAD_ENV);
}

static void kernel_by_gs(uint32_t arg)
{
	sys_env_set(0, ENV_SET_TLS, arg);
	sys_env_exit((int)(by_gs() & 1));
}

/* --- Programs of several threads: each a child with a space of its own. --- */

static void make_threads(child_function function)
{
	for (uint32_t i = 0; i < THREADS; i++)
		thread_run(i, function, i);
	wait_until(started == THREADS);
}

/* Threads that make threads, which do so too. */
static void breed(uint32_t arg)
{
	for (;;) {
		envid_t id = thread_try(THREADS + arg, breed, arg);
		if (id > 0) {
			__sync_fetch_and_add(&made, 1);
			ids[arg] = id;
			sys_env_destroy(id);
		}
	}
}

static void end_all(uint32_t arg)
{
	while (!go)
		sys_yield();
	sys_space_exit((int)arg);
}

static void spinners_and_end(uint32_t arg)
{
	make_threads(spin);
	if (arg == 0)
		sys_space_exit(42);
	if (arg == 1)
		sys_env_exit(43);
	if (arg == 2)
		*(volatile int *)0 = 0;
	thread_run(THREADS, end_all, 44);
	go = 1;
	for (;;)
		sys_yield();
}

static void sleepers(uint32_t arg)
{
	make_threads(arg ? sleep_for_ever : spin);
	go = 1;
	sleep_for_ever(0);
}

static void breeders(uint32_t arg)
{
	for (uint32_t i = 0; i < 4; i++)
		thread_run(i, breed, i);
	wait_until(made > 20);
	for (uint32_t i = 4; i < 4 + arg; i++)
		thread_run(i, end_all, 60 + i);
	go = 1;
	breed(4);
}

static envid_t program(child_function function, uint32_t arg)
{
	started = go = made = 0;
	return child_run(function, arg);
}

/* After the end of a program none of its threads is left, and nothing of what they had. */
static void expect_all_gone(uint32_t envs_before, uint32_t pages_before)
{
	expect_is(live(), envs_before);
	if (pages_before)
		expect_is(free_pages(), pages_before);
	uint32_t at[THREADS];
	for (int i = 0; i < THREADS; i++)
		at[i] = counts[i];
	for (int i = 0; i < 3; i++)
		sys_yield();
	for (int i = 0; i < THREADS; i++)
		expect_is(counts[i], at[i]);
}

static void expect_status(envid_t child, int low, int high)
{
	int status = 12345;

	expect_is(wait_status(child, &status), 0);
	if (status < low || status > high)
		fail("expected a status of %d to %d, saw %d", low, high, status);
}

static void endings(void)
{
	static const int wanted[] = { 42, 43, -E_KILLED, 44 };

	for (int round = 0; round < 3; round++) {
		uint32_t envs_before = live(), pages_before = round ? free_pages() : 0;
		for (uint32_t i = 0; i < ARRAY_SIZE(wanted); i++) {
			expect_end(program(spinners_and_end, i), wanted[i]);
			expect_all_gone(envs_before, pages_before);
		}
		/* Destroyed by the parent while the threads run, and while they sleep. */
		for (uint32_t i = 0; i < 2; i++) {
			envid_t child = program(sleepers, i);
			wait_until(go);
			expect_is(sys_env_destroy(child), 0);
			expect_end(child, -E_KILLED);
			expect_all_gone(envs_before, pages_before);
		}
	}
}

/* All at once: threads are made and destroyed, several end the space, and the parent destroys it. */
static void races(void)
{
	for (uint32_t i = 0; i < 16; i++) {
		uint32_t envs_before = live(), pages_before = i ? free_pages() : 0;
		envid_t child = program(breeders, 1 + i % 4);
		wait_until(go);
		if (i % 2)
			sys_env_destroy(child);
		expect_status(child, -E_KILLED, 60 + THREADS);
		expect_all_gone(envs_before, pages_before);
	}
}

void umain(int argc, char **argv)
{
	grow_records(4 * THREADS);
	alone();
	errors();
	no_memory();
	by_segment();
	expect_end(child_run(kernel_by_gs, KERNBASE + EXTPHYSMEM), -E_KILLED);
	endings();
	races();
	expect_kernel_sound();
}
