/*
 * Waiting for the console, where nothing is typed: cgetc does not block; a wait is ended by its parent, by suspension,
 * by destruction and when its time is up, and many may wait.
 */
#include "child.h"

#define READERS 10

static volatile int answers[READERS];
static volatile uint32_t woken;

static void reader(uint32_t i)
{
	answers[i] = sys_console_wait(TIMEOUT_NEVER);
	__atomic_add_fetch(&woken, 1, __ATOMIC_SEQ_CST);
}

static bool waits(envid_t child)
{
	return envs[ENVX(child)].env_status == ENV_NOT_RUNNABLE && envs[ENVX(child)].env_wait == ENV_WAIT_CONSOLE;
}

static void readers(void)
{
	envid_t children[READERS];

	woken = 0;
	for (int i = 0; i < READERS; i++) {
		answers[i] = 1;
		children[i] = child_run(reader, i);
	}
	for (int i = 0; i < READERS; i++)
		wait_until(waits(children[i]));
	/* Suspended, and resumed: resuming one that waits ends the wait. */
	expect_is(sys_env_set_status(children[2], ENV_NOT_RUNNABLE), 0);
	expect_is(envs[ENVX(children[2])].env_wait, ENV_WAIT_SUSPENDED);
	expect_is(sys_env_set_status(children[2], ENV_RUNNABLE), 0);
	expect_end(children[2], 0);
	expect_is(answers[2], -E_INTERRUPTED);
	/* In the middle of the list, its first and its last. */
	static const int destroyed[] = { 5, 0, READERS - 1 };
	for (unsigned i = 0; i < ARRAY_SIZE(destroyed); i++) {
		expect_is(sys_env_destroy(children[destroyed[i]]), 0);
		expect_end(children[destroyed[i]], -E_KILLED);
	}
	expect_is(woken, 1);
	for (int i = 0; i < READERS; i++) {
		if (i == 2 || i == 5 || i == 0 || i == READERS - 1)
			continue;
		expect(waits(children[i]));
		expect_is(sys_env_set_status(children[i], ENV_RUNNABLE), 0);
		expect_end(children[i], 0);
		expect_is(answers[i], -E_INTERRUPTED);
	}
}

/* Its time is up while others go on waiting, before it in the list and behind. */
static void timeouts(void)
{
	envid_t before = child_run(reader, 0);

	wait_until(waits(before));
	expect_error(sys_console_wait(0), E_TIMEOUT);
	unsigned start = sys_time_msec();
	expect_error(sys_console_wait(30), E_TIMEOUT);
	expect(sys_time_msec() - start >= 30);
	expect(waits(before));
	expect_is(sys_env_destroy(before), 0);
	expect_end(before, -E_KILLED);
}

void umain(int argc, char **argv)
{
	expect_is(sys_cgetc(), 0);
	timeouts();
	readers();
	uint32_t before = free_pages();
	readers();
	readers();
	expect_is(free_pages(), before);
	expect_is(sys_cgetc(), 0);
	expect_kernel_sound();
}
