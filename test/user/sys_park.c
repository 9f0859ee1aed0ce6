/*
 * park and unpark: what came before counts once, timeouts, ends of others, the end of a wait by another; and many who
 * sleep at once.
 */
#include <finch/syscall.h>
#include "child.h"

#define SLEEPERS 16 /* as many ends as are remembered */
#define ROUNDS 700

static volatile int answer, go, order[SLEEPERS], woken;
static volatile envid_t ball[2];

static bool parked(envid_t envid)
{
	return envs[ENVX(envid)].env_status == ENV_NOT_RUNNABLE && envs[ENVX(envid)].env_wait == ENV_WAIT_PARK;
}

static void park_once(uint32_t timeout)
{
	answer = libos_sys_park(0, timeout);
}

static void park_for_ends(uint32_t arg)
{
	USED(arg);
	expect_error(libos_sys_park(PARK_ENDS, 0), E_TIMEOUT);
	go = 1;
	answer = libos_sys_park(PARK_ENDS, TIMEOUT_NEVER);
}

static void nothing(uint32_t arg)
{
	USED(arg);
}

static void alone(void)
{
	envid_t me = sys_getenvid();

	expect_error(libos_sys_park(0, 0), E_TIMEOUT);
	expect_is(libos_sys_unpark(me), 0);
	expect_is(libos_sys_unpark(0), 0);
	expect_is(libos_sys_park(0, TIMEOUT_NEVER), 0);
	expect_error(libos_sys_park(0, 0), E_TIMEOUT);
	expect_error(libos_sys_park(2, 0), E_INVAL);
	expect_error(libos_sys_unpark(me + NENV), E_BAD_ENV);
	expect_error(libos_sys_unpark(-1), E_BAD_ENV);
	for (uint32_t ms = 1; ms < 60; ms += 13) {
		unsigned before = sys_time_msec();
		expect_error(libos_sys_park(0, ms), E_TIMEOUT);
		expect(sys_time_msec() - before >= ms - 1);
	}
}

static void by_another(void)
{
	envid_t child = child_run(park_once, TIMEOUT_NEVER);

	wait_until(parked(child));
	expect_is(libos_sys_unpark(child), 0);
	expect_end(child, 0);
	expect_is(answer, 0);
	/* Interrupted, with and without a deadline: nothing is left of that. */
	for (unsigned i = 0; i < 2; i++) {
		child = child_run(park_once, i ? 1000000 : TIMEOUT_NEVER);
		wait_until(parked(child));
		expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
		expect_end(child, 0);
		expect_is(answer, -E_INTERRUPTED);
	}
	/* Destroyed with a deadline. */
	child = child_run(park_once, 1000000);
	wait_until(parked(child));
	expect_is(sys_env_destroy(child), 0);
	expect_end(child, -E_KILLED);
	/* Suspended when its time is up: it is woken, and goes on when it may. (On a slow machine its time is up before.) */
	answer = 1;
	child = child_run(park_once, 20);
	wait_until(parked(child) || answer != 1);
	expect_is(sys_env_set_status(child, ENV_NOT_RUNNABLE), 0);
	int seen = answer;
	expect_error(libos_sys_park(0, 40), E_TIMEOUT);
	expect_is(answer, seen);
	expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
	expect_end(child, 0);
	expect(answer == -E_TIMEOUT || answer == -E_INTERRUPTED);
}

static void ends(void)
{
	go = 0;
	envid_t listener = child_run(park_for_ends, 0);

	wait_until(go);
	envid_t other = child_run(nothing, 0);
	expect_end(other, 0);
	expect_end(listener, 0);
	expect_is(answer, 0);
}

static void sleeper(uint32_t n)
{
	wait_until(go);
	expect_error(libos_sys_park(0, n), E_TIMEOUT);
	order[__sync_fetch_and_add(&woken, 1)] = (int)n;
}

static void many(void)
{
	envid_t children[SLEEPERS];

	go = woken = 0;
	for (unsigned i = 0; i < SLEEPERS; i++)
		children[i] = child_run(sleeper, (i * 17) % SLEEPERS + 1);
	go = 1;
	for (unsigned i = 0; i < SLEEPERS; i++)
		expect_end(children[i], 0);
	expect_is(woken, SLEEPERS);
}

static void player(uint32_t n)
{
	wait_until(ball[0] && ball[1]);
	for (int i = 0; i < ROUNDS; i++) {
		if (n == 0)
			expect_is(libos_sys_unpark(ball[1]), 0);
		expect_is(libos_sys_park(0, TIMEOUT_NEVER), 0);
		if (n == 1)
			expect_is(libos_sys_unpark(ball[0]), 0);
	}
}

static void back_and_forth(void)
{
	envid_t first = child_run(player, 0), second = child_run(player, 1);

	ball[0] = first;
	ball[1] = second;
	expect_end(first, 0);
	expect_end(second, 0);
}

void umain(int argc, char **argv)
{
	USED(argc);
	USED(argv);
	alone();
	by_another();
	ends();
	many();
	back_and_forth();
	expect_kernel_sound();
}
