/*
 * smp_suspend: once env_set_status has suspended an environment, it runs no instruction more, whatever its CPU was doing with
 * it at that moment: children that give up the CPU all the time are caught on their way into the queue and out of it.
 */
#include "child.h"

#define CHILDREN 4

static volatile uint32_t counts[CHILDREN];

static void count_and_yield(uint32_t n)
{
	for (;;) {
		counts[n]++;
		sys_yield();
	}
}

static void wait_a_little(uint32_t rounds)
{
	for (volatile uint32_t i = 0; i < rounds; i++)
		continue;
}

static void stop_and_look(envid_t child, uint32_t n, uint32_t round)
{
	expect_is(sys_env_set_status(child, ENV_NOT_RUNNABLE), 0);
	uint32_t at = counts[n];
	/* Long enough now and then that it would get a CPU. */
	if (round % 8 == 0)
		sys_yield();
	wait_a_little(round % 64 * 100);
	if (counts[n] != at)
		fail("child %u: expected its count to stay %u once it was suspended, saw %u", n, at, counts[n]);
	/* Its CPU may still be about to put it away. */
	wait_until(envs[ENVX(child)].env_status == ENV_NOT_RUNNABLE);
	expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
}

void umain(int argc, char **argv)
{
	envid_t children[CHILDREN];
	uint32_t random = 1, rounds = cpu_total() > 2 ? 200 : 600;

	for (uint32_t n = 0; n < CHILDREN; n++)
		children[n] = child_run(count_and_yield, n);
	for (uint32_t round = 0; round < rounds; round++) {
		uint32_t n = next_random(&random) % CHILDREN;
		stop_and_look(children[n], n, round);
		if (round % 16 == 0) {
			uint32_t at = counts[n];
			wait_until(counts[n] != at);
		}
	}
	for (uint32_t n = 0; n < CHILDREN; n++) {
		expect_is(sys_env_destroy(children[n]), 0);
		expect_end(children[n], -E_KILLED);
	}
	expect_kernel_sound();
}
