/*
 * env_wait: the end of others and its status, whether it came before or after the call, by itself or not, of a child
 * or of anyone; what is remembered and what is not; and the end of a wait by another.
 */
#include "child.h"

#define NOTICES 16 /* as <abi/syscall.def> has it */

static volatile envid_t target;
static volatile int seen, go, answers[8], statuses[8];
static volatile envid_t orphans[NOTICES + 1];

static void exit_with(uint32_t status)
{
	sys_env_exit((int)status);
}

static void exit_when_told(uint32_t status)
{
	wait_until(go);
	sys_env_exit((int)status);
}

static void stop(uint32_t arg)
{
	USED(arg);
	for (;;)
		sys_env_set_status(0, ENV_NOT_RUNNABLE);
}

static bool gone(envid_t envid)
{
	return envs[ENVX(envid)].env_id != envid || envs[ENVX(envid)].env_status == ENV_FREE;
}

static bool waits(envid_t envid)
{
	return envs[ENVX(envid)].env_status == ENV_NOT_RUNNABLE && envs[ENVX(envid)].env_wait == ENV_WAIT_END;
}

static void ended_before(void)
{
	static const int wanted[] = { 0, 1, 5, 0x7fffffff };

	for (unsigned i = 0; i < ARRAY_SIZE(wanted); i++) {
		envid_t child = child_run(exit_with, wanted[i]);
		wait_until(gone(child));
		expect_end(child, wanted[i]);
		/* Told once. */
		expect_error(sys_env_wait(child, NULL), E_BAD_ENV);
	}
	envid_t child = child_run(stop, 0);
	expect_is(sys_env_destroy(child), 0);
	wait_until(gone(child));
	expect_end(child, -E_KILLED);
	/* Of itself: env_destroy gives 0. */
	child = child_run((child_function)(void *)sys_env_destroy, 0);
	expect_end(child, 0);
}

static void ended_after(void)
{
	go = 0;
	envid_t child = child_run(exit_when_told, 42);
	go = 1;
	expect_end(child, 42);
	expect_error(sys_env_wait(child, NULL), E_BAD_ENV);
}

static void nobody(void)
{
	int status = 77;

	expect_error(sys_env_wait(sys_getenvid(), &status), E_BAD_ENV);
	expect_error(sys_env_wait(0, &status), E_BAD_ENV);
	expect_error(sys_env_wait(-1, &status), E_BAD_ENV);
	expect_is(status, 77);
}

/* A status that cannot be stored is an error, and not lost. */
static void bad_pointers(void)
{
	envid_t child = child_run(exit_with, 9);

	wait_until(gone(child));
	expect_error(sys_env_wait(child, (int *)1), E_FAULT);
	expect_error(sys_env_wait(child, (int *)0xF0100000), E_FAULT);
	expect_error(sys_env_wait(child, (int *)UENVS), E_FAULT);
	expect_error(sys_env_wait(child, (int *)0xFFFFFFFE), E_FAULT);
	expect_error(sys_env_wait(child, (int *)(UTOP - 2)), E_FAULT);
	expect_error(sys_env_wait(child, (int *)UTEXT), E_FAULT); /* read-only */
	expect_end(child, 9);
}

static void remembered(void)
{
	envid_t children[NOTICES + 1];

	for (int i = 0; i < NOTICES + 1; i++) {
		children[i] = child_run(exit_with, 100 + i);
		wait_until(gone(children[i]));
	}
	expect_error(sys_env_wait(children[0], NULL), E_BAD_ENV);
	for (int i = NOTICES; i > 0; i--)
		expect_end(children[i], 100 + i);
}

static void waiter(uint32_t i)
{
	int status = -1;

	answers[i] = sys_env_wait(target, &status);
	statuses[i] = status;
	__atomic_add_fetch(&seen, 1, __ATOMIC_SEQ_CST);
}

static void make_orphans(uint32_t status)
{
	for (int i = 0; i < NOTICES + 1; i++)
		orphans[i] = child_run(exit_when_told, i);
	sys_env_exit((int)status);
}

/* Orphans, however many, do not push out the end of a child that their new parent created; one that sleeps until an
 * orphan ends hears of it. */
static void orphans_leave_no_notice(void)
{
	go = 0;
	envid_t child = child_run(make_orphans, 55);
	wait_until(gone(child));
	for (int i = 0; i < NOTICES + 1; i++)
		expect_is(envs[ENVX(orphans[i])].env_parent_id, sys_getenvid());
	target = orphans[3];
	envid_t waiting = child_run(waiter, 0);
	wait_until(waits(waiting));
	go = 1;
	expect_end(waiting, 0);
	expect_is(statuses[0], 3);
	for (int i = 0; i < NOTICES + 1; i++) {
		wait_until(gone(orphans[i]));
		expect_error(sys_env_wait(orphans[i], NULL), E_BAD_ENV);
	}
	expect_end(child, 55);
}

/* Anyone may wait for anyone, several at once. */
static void many_waiters(void)
{
	envid_t waiters[8];

	go = seen = 0;
	target = child_run(exit_when_told, 321);
	for (int i = 0; i < 8; i++)
		waiters[i] = child_run(waiter, i);
	for (int i = 0; i < 8; i++)
		wait_until(waits(waiters[i]));
	expect_is(envs[ENVX(waiters[3])].env_wait_for, target);
	/* One of them is destroyed in its wait. */
	expect_is(sys_env_destroy(waiters[5]), 0);
	expect_end(waiters[5], -E_KILLED);
	go = 1;
	expect_end(target, 321);
	for (int i = 0; i < 8; i++) {
		if (i == 5)
			continue;
		expect_end(waiters[i], 0);
		expect_is(answers[i], 0);
		expect_is(statuses[i], 321);
	}
	expect_is(seen, 7);
}

/* Made runnable by its parent, a waiting one gets -E_INTERRUPTED; suspended and resumed, it goes on waiting. */
static void interrupted(void)
{
	go = 0;
	target = child_run(exit_when_told, 4);
	envid_t child = child_run(waiter, 0);
	wait_until(waits(child));
	expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
	expect_end(child, 0);
	expect_is(answers[0], -E_INTERRUPTED);
	expect_is(statuses[0], -1);
	/* Suspended in its wait; what it waits for comes then: it is told when it goes on. */
	child = child_run(waiter, 1);
	wait_until(waits(child));
	expect_is(sys_env_set_status(child, ENV_NOT_RUNNABLE), 0);
	expect_is(envs[ENVX(child)].env_status, ENV_NOT_RUNNABLE);
	expect_is(envs[ENVX(child)].env_wait, ENV_WAIT_SUSPENDED);
	go = 1;
	expect_end(target, 4);
	seen = 0;
	for (int i = 0; i < 10; i++)
		sys_yield();
	expect_is(seen, 0);
	expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
	expect_end(child, 0);
	expect_is(answers[1], 0);
	expect_is(statuses[1], 4);
}

/* Registers set by the parent while it waits: the wait goes on, and then the new registers count. */
static void new_frame(uint32_t arg)
{
	USED(arg);
	sys_env_exit(66);
}

static void frame_replaced(void)
{
	go = 0;
	target = child_run(exit_when_told, 0);
	envid_t child = child_run(waiter, 0);
	wait_until(waits(child));
	struct Trapframe tf;
	memcpy(&tf, (const void *)&envs[ENVX(child)].env_tf, sizeof tf);
	tf.tf_eip = (uintptr_t)new_frame;
	tf.tf_esp = USTACKTOP - 16;
	seen = 0;
	expect_is(sys_env_set_trapframe(child, &tf), 0);
	go = 1;
	expect_end(target, 0);
	expect_end(child, 66);
	expect_is(seen, 0);
}

/* The waiter that all depends on ends while its target ends: many times, for the race. */
static void races(void)
{
	for (int i = 0; i < 60; i++) {
		go = 0;
		seen = 0;
		target = child_run(exit_when_told, i);
		envid_t child = child_run(waiter, 0);
		if (i % 3 == 0)
			wait_until(waits(child));
		go = 1;
		if (i % 2)
			sys_env_set_status(child, ENV_RUNNABLE);
		else if (i % 5 == 0)
			sys_env_destroy(child);
		expect_is(wait_status(child, NULL), 0);
		expect_end(target, i);
	}
}

void umain(int argc, char **argv)
{
	nobody();
	ended_before();
	ended_after();
	bad_pointers();
	remembered();
	orphans_leave_no_notice();
	many_waiters();
	interrupted();
	frame_replaced();
	races();
	uint32_t before = free_pages();
	many_waiters();
	interrupted();
	frame_replaced();
	races();
	expect_is(free_pages(), before);
	expect_kernel_sound();
}
