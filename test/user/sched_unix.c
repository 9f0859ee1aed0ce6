/*
 * Priorities that adjust themselves: who burns falls below who sleeps, and rises again when it sleeps; who wakes runs
 * before those who burn; and nobody starves, whatever the priorities are. Told by levels and by who has run.
 */
#include <finch/ipc.h>

#include "child.h"

#define BURNERS 24

static volatile uint32_t ran[BURNERS], sleep_now;

static uint32_t level(envid_t envid)
{
	return ((const volatile struct Env *)&envs[ENVX(envid)])->env_priority;
}

static void burns(uint32_t n)
{
	for (;;) {
		ran[n]++;
		while (sleep_now)
			sleep_ms(10);
	}
}

static volatile uint32_t woken;

static void answers(uint32_t arg)
{
	USED(arg);
	for (;;) {
		expect_is(sys_ipc_recv((void *)UTOP), 0);
		woken++;
	}
}

static void destroy(envid_t child)
{
	expect_is(sys_env_destroy(child), 0);
	expect_end(child, -E_KILLED);
}

/* As many burn as there are CPUs. They fall, the sleeper stays; with sleep they rise. */
static void rise_and_fall(uint32_t cpus)
{
	envid_t burners[BURNERS], sleeper = child_run(answers, 0);

	for (uint32_t i = 0; i < cpus; i++)
		burners[i] = child_run(burns, i);
	for (uint32_t i = 0; i < cpus; i++) {
		while (level(burners[i]) > 12)
			sleep_ms(10);
	}
	expect_is(sys_ipc_send(sleeper, 0, (void *)UTOP, 0, TIMEOUT_NEVER), 0);
	while (!woken)
		sleep_ms(1);
	if (level(sleeper) < 24)
		fail("the level of one that sleeps: expected 24 or more, saw %u", level(sleeper));
	sleep_now = 1;
	for (uint32_t i = 0; i < cpus; i++) {
		while (level(burners[i]) < 24)
			sleep_ms(10);
	}
	sleep_now = 0;
	for (uint32_t i = 0; i < cpus; i++)
		destroy(burners[i]);
	destroy(sleeper);
}

/* Twice as many as CPUs, of all priorities from the highest to the lowest: each goes on running. */
static void nobody_starves(uint32_t cpus)
{
	uint32_t n = 2 * cpus + 1, at[BURNERS];
	envid_t burners[BURNERS];

	for (uint32_t i = 0; i < n; i++) {
		burners[i] = child_make(burns, i);
		expect_is(sys_env_set(burners[i], ENV_SET_PRIORITY, i * PRIORITY_MAX / (n - 1)), 0);
		expect_is(sys_env_set_status(burners[i], ENV_RUNNABLE), 0);
	}
	for (int round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < n; i++)
			at[i] = ran[i];
		for (uint32_t i = 0; i < n; i++) {
			while (ran[i] == at[i])
				sleep_ms(10);
		}
	}
	for (uint32_t i = 0; i < n; i++)
		destroy(burners[i]);
}

void umain(int argc, char **argv)
{
	struct info_machine machine;

	expect_is(machine_info(&machine), 0);
	if (strcmp(machine.policy, "unix") != 0)
		return;
	uint32_t cpus = MIN(machine.cpus, (uint32_t)(BURNERS - 1) / 2);
	rise_and_fall(cpus);
	nobody_starves(cpus);
	expect_kernel_sound();
}
