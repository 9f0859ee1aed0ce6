/*
 * A parent has the last word on whether its child runs: one that it has suspended executes nothing, even if it was just
 * asking to run.
 */
#include "child.h"

#define TIMES 150

static volatile uint32_t count;

/* Says all the time that it wants to run. */
static void insists(uint32_t arg)
{
	USED(arg);
	for (;;) {
		count++;
		sys_env_set_status(0, ENV_RUNNABLE);
	}
}

static void stays_suspended(void)
{
	envid_t child = child_run(insists, 0);

	for (int i = 0; i < TIMES; i++) {
		uint32_t before = count;
		wait_until(count != before);
		expect_is(sys_env_set_status(child, ENV_NOT_RUNNABLE), 0);
		uint32_t then = count;
		for (int n = 0; n < 20; n++)
			sys_yield();
		expect_is(envs[ENVX(child)].env_status, ENV_NOT_RUNNABLE);
		expect_is(count, then);
		expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
	}
	expect_is(sys_env_destroy(child), 0);
	expect_end(child, -E_KILLED);
}

void umain(int argc, char **argv)
{
	stays_suspended();
	expect_kernel_sound();
}
