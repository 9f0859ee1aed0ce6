/*
 * How programs with threads end: by exit from any thread, by the end of umain, by an exception in a thread, destroyed by
 * the parent; each time all of it, whatever the other threads do. And what is each thread's own: thisenv, the exception
 * stack, the FPU's registers.
 */
#include <finch/thread.h>
#include "child.h"

#define GROUP 6
#define FAULTS 60
#define REGION ((char *)0x30000000)
#define SHARED ((volatile uint32_t *)0x20000000) /* [0]: threads that have begun; from [1] on their counts */

static struct mutex mutex;

static int start(void *(*entry)(void *), uint32_t arg)
{
	int id = thread_create(entry, (void *)arg);

	if (id <= 0)
		fail("thread_create: expected an id, saw %e", id);
	return id;
}

/* --- Ends --- */

static __attribute__((noreturn)) void *spins(void *arg)
{
	__sync_fetch_and_add(&SHARED[0], 1);
	for (;;)
		SHARED[1 + (uint32_t)arg]++;
}

static void *sleeps(void *arg)
{
	__sync_fetch_and_add(&SHARED[0], 1);
	mutex_lock(&mutex); /* which the first thread has, for ever */
	return arg;
}

static __attribute__((noreturn)) void *exits(void *arg)
{
	exit_status((int)arg);
}

static char overflow(volatile char *before)
{
	volatile char here[512];

	here[0] = before ? before[0] : 1;
	/* As long as that is so: for ever. */
	return here[0] ? overflow(here) + here[0] : 0;
}

static void *overflows(void *arg)
{
	return (char *)arg + overflow(NULL);
}

static void *ends_after_the_first(void *arg)
{
	while (envs[ENVX((envid_t)arg)].env_wait != ENV_WAIT_PARK)
		sys_yield();
	SHARED[20] = 1;
	return NULL;
}

/* What a child of this program does: a program of several threads that ends in one way. */
static void program(int how)
{
	mutex_lock(&mutex);
	for (uint32_t i = 0; i < GROUP && how != 5; i++)
		start(i % 2 ? sleeps : spins, i);
	wait_until(SHARED[0] == GROUP || how == 5);
	switch (how) {
	case 0:
		start(exits, 33);
		break;
	case 1:
		exit_status(34);
	case 2:
		start(overflows, 0);
		break;
	case 3:
		return; /* the end of umain */
	case 4:
		SHARED[20] = 1; /* and the parent destroys it */
		break;
	case 5:
		start(ends_after_the_first, (uint32_t)thisenv->env_id);
		thread_exit(NULL);
	}
	for (;;)
		sys_ipc_recv((void *)UTOP);
}

static uint32_t live(void)
{
	struct info_machine machine;

	expect_is(machine_info(&machine) < 0, false);
	return machine.envs_live;
}

static void ends(void)
{
	static const int wanted[] = { 33, 34, -E_KILLED, 0, -E_KILLED, 0 };

	for (int how = 0; how < (int)ARRAY_SIZE(wanted); how++) {
		for (int round = 0; round < 5; round++) {
			uint32_t before = live();
			SHARED[0] = SHARED[20] = 0;
			envid_t child = fork();
			expect(child >= 0);
			if (child == 0) {
				program(how);
				exit();
			}
			if (how == 4) {
				wait_until(SHARED[20]);
				expect_is(sys_env_destroy(child), 0);
			}
			expect_end(child, wanted[how]);
			expect_is(live(), before);
			expect(how != 5 || SHARED[20] == 1);
			uint32_t count = SHARED[1];
			sys_yield();
			expect_is(SHARED[1], count);
		}
	}
}

/* --- Faults of all threads at once, each on its own exception stack --- */

static volatile uint32_t wrong_stacks;

static void map_page(struct UTrapframe *utf)
{
	uintptr_t here = (uintptr_t)&utf;

	if (here >= thisenv->env_exception_stack || here < thisenv->env_exception_stack - PGSIZE)
		wrong_stacks++;
	sys_page_alloc(0, ROUNDDOWN((void *)utf->utf_fault_va, PGSIZE), RW);
}

static void *faults(void *arg)
{
	volatile uint32_t *at = (volatile uint32_t *)(REGION + (uint32_t)arg * PTSIZE);

	for (uint32_t i = 0; i < FAULTS; i++) {
		at[i * NPTENTRIES] = i + (uint32_t)arg;
		if (i % 8 == 0)
			sys_yield();
	}
	for (uint32_t i = 0; i < FAULTS; i++)
		if (at[i * NPTENTRIES] != i + (uint32_t)arg)
			return (void *)1;
	return NULL;
}

/* --- Each thread's own --- */

static void *own_record(void *arg)
{
	USED(arg);
	for (int i = 0; i < 200; i++) {
		if (thisenv->env_id != sys_getenvid())
			return (void *)1;
		if (i % 10 == 0)
			sys_yield();
	}
	return NULL;
}

static void *own_fpu(void *arg)
{
	double sum = 0, step = 1.0 + (uint32_t)arg;

	for (int i = 0; i < 2000; i++) {
		sum += step;
		if (i % 50 == 0)
			sys_yield();
	}
	return (void *)(uint32_t)(sum != 2000 * step);
}

static void all_do(void *(*what)(void *))
{
	int ids[GROUP];

	for (uint32_t i = 0; i < GROUP; i++)
		ids[i] = start(what, i);
	for (uint32_t i = 0; i < GROUP; i++) {
		void *result;
		expect_is(thread_join(ids[i], &result), 0);
		expect_is((uint32_t)result, 0);
	}
}

void umain(int argc, char **argv)
{
	grow_records(4 * GROUP);
	expect_is(sys_page_alloc(0, (void *)SHARED, RW | PTE_SHARE), 0);
	ends();
	all_do(own_record);
	all_do(own_fpu);
	set_pgfault_handler(map_page);
	all_do(faults);
	expect_is(wrong_stacks, 0);
	expect_kernel_sound();
}
