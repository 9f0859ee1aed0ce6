/*
 * Shares by tickets (stride, lottery): 3 to 2 to 1, for three groups, with an environment of each for each CPU. Measured in
 * CPU time, so that it does not matter how fast the machine is. Also that what sleeps saves nothing up, that time which
 * nobody else wanted costs nothing, that who has more tickets than a CPU is worth leaves the rest to the others, and that new
 * tickets count at once.
 */
#include <finch/ipc.h>

#include "child.h"

#define CPUS 16
#define GROUPS 3

static envid_t members[GROUPS][CPUS];
static uint64_t begun[GROUPS][CPUS];
static uint32_t cpus;
static struct info_machine machine;

static void burns(uint32_t arg)
{
	USED(arg);
	for (;;)
		continue;
}

static uint64_t seconds(uint32_t tenths)
{
	return (uint64_t)machine.tsc_khz * 100 * tenths;
}

/* What each group has had since the last mark. Returns the sum. */
static uint64_t had(uint64_t group[GROUPS])
{
	uint64_t sum = 0;

	for (int g = 0; g < GROUPS; g++) {
		group[g] = 0;
		for (uint32_t i = 0; i < cpus; i++)
			group[g] += env_cpu_time(members[g][i]) - begun[g][i];
		sum += group[g];
	}
	return sum;
}

static void mark(void)
{
	for (int g = 0; g < GROUPS; g++)
		for (uint32_t i = 0; i < cpus; i++)
			begun[g][i] = env_cpu_time(members[g][i]);
}

static void destroy_all(void)
{
	for (int g = 0; g < GROUPS; g++) {
		for (uint32_t i = 0; i < cpus; i++) {
			expect_is(sys_env_destroy(members[g][i]), 0);
			expect_end(members[g][i], -E_KILLED);
		}
	}
}

/* The test has failed; those who burn are not to outlive it. */
#define fail_alone(...)                                                                                          \
	do {                                                                                                     \
		destroy_all();                                                                                   \
		fail(__VA_ARGS__);                                                                               \
	} while (0)

/* The group whose part of the sum is the furthest from its share; and how many thousandths of the sum that is. */
static int worst(const uint64_t group[GROUPS], uint64_t sum, const uint32_t weights[GROUPS], uint32_t *off)
{
	uint32_t all = weights[0] + weights[1] + weights[2];
	int worst = 0;

	*off = 0;
	for (int g = 0; g < GROUPS; g++) {
		int wanted = 1000 * weights[g] / all, saw = (int)(group[g] * 1000 / sum);
		uint32_t difference = saw > wanted ? saw - wanted : wanted - saw;
		if (difference > *off) {
			*off = difference;
			worst = g;
		}
	}
	return worst;
}

/*
 * Let them run, all together for so long, and see that each group has its share, within `allowed` thousandths of all. Where
 * the host stops its CPUs for long, slices are long, and it takes longer until they even out; wrong shares never do.
 */
static void expect_shares(const char *what, uint32_t tenths, const uint32_t weights[GROUPS], uint32_t allowed)
{
	uint64_t group[GROUPS], sum;
	uint32_t off;

	/* Each is half a slice ahead of its share, once they are at it: that is to be so at the beginning too. */
	mark();
	while (had(group) < seconds(5 * cpus))
		sleep_ms(20);
	mark();
	for (uint32_t most = 16 * tenths; tenths < most; tenths += tenths / 2) {
		while ((sum = had(group)) < seconds(tenths))
			sleep_ms(20);
		int g = worst(group, sum, weights, &off);
		if (off <= allowed)
			return;
		if (tenths + tenths / 2 >= most)
			fail_alone("%s: group %d: %u thousandths of all time off its share (all: %llu, %llu, %llu ticks)", what,
				   g, off, group[0], group[1], group[2]);
	}
}

static void set_tickets(const uint32_t tickets[GROUPS])
{
	for (int g = 0; g < GROUPS; g++)
		for (uint32_t i = 0; i < cpus; i++)
			expect_is(sys_env_set(members[g][i], ENV_SET_TICKETS, tickets[g]), 0);
}

static void stop(int g)
{
	for (uint32_t i = 0; i < cpus; i++)
		expect_is(sys_env_set_status(members[g][i], ENV_NOT_RUNNABLE), 0);
}

static void go_on(int g)
{
	for (uint32_t i = 0; i < cpus; i++)
		expect_is(sys_env_set_status(members[g][i], ENV_RUNNABLE), 0);
}

static void shares(uint32_t off)
{
	static const uint32_t tickets[] = { 300, 200, 100 }, turned[] = { 100, 300, 2400 }, two[] = { 0, 200, 100 };

	uint32_t short_time = cpus > 1 ? 50 : 20;

	set_tickets(tickets);
	expect_shares("3:2:1", cpus > 1 ? 100 : 50, tickets, off);
	/* Whoever has stopped is owed nothing afterwards. */
	stop(0);
	expect_shares("2:1", short_time, two, off + 10);
	go_on(0);
	expect_shares("3:2:1, after a stop", short_time, tickets, off + 10);
	set_tickets(turned);
	expect_shares("1:3:24", short_time, turned, off + 10);
}

/* One with nearly all tickets gets a CPU, not more; those that are left share the others evenly. */
static void more_than_a_cpu(void)
{
	uint64_t group[GROUPS];

	set_tickets((const uint32_t[]){ 1, 1, 1 });
	expect_is(sys_env_set(members[0][0], ENV_SET_TICKETS, TICKETS_MAX), 0);
	mark();
	while (had(group) < seconds(20))
		sleep_ms(20);
	uint64_t sum = had(group), first = env_cpu_time(members[0][0]) - begun[0][0];
	uint32_t saw = (uint32_t)(first * 1000 / sum), wanted = 1000 / cpus;
	if (saw > wanted + 100 || saw + 100 < wanted)
		fail_alone("all tickets: expected %u thousandths, saw %u", wanted, saw);
	for (uint32_t i = 0; i < cpus && cpus > 1; i++)
		expect(env_cpu_time(members[1][i]) > begun[1][i]);
}

static void burn(uint64_t ticks)
{
	uint64_t from = env_cpu_time(sys_getenvid());

	while (env_cpu_time(sys_getenvid()) - from < ticks)
		continue;
}

/* Who has burned alone, on an idle machine, has its share at once when others come, and has not to wait until they have had as
 * much. */
static void alone(void)
{
	envid_t others[CPUS];
	uint64_t most = 0;

	burn(seconds(30));
	for (uint32_t i = 0; i < cpus; i++)
		others[i] = child_run(burns, 0);
	burn(seconds(4));
	for (uint32_t i = 0; i < cpus; i++)
		most = MAX(most, env_cpu_time(others[i]));
	for (uint32_t i = 0; i < cpus; i++) {
		expect_is(sys_env_destroy(others[i]), 0);
		expect_end(others[i], -E_KILLED);
	}
	if (most > seconds(15))
		fail("while one of %u had 400 ms, expected at most 1500 for another, saw %llu", cpus + 1,
		     most / machine.tsc_khz);
}

void umain(int argc, char **argv)
{
	expect_is(machine_info(&machine), 0);
	bool stride = strcmp(machine.policy, "stride") == 0;
	cpus = MIN(machine.cpus, (uint32_t)CPUS);
	if (!stride && strcmp(machine.policy, "lottery") != 0)
		return;
	alone();
	for (int g = 0; g < GROUPS; g++)
		for (uint32_t i = 0; i < cpus; i++)
			members[g][i] = child_run(burns, 0);
	shares(stride ? 10 : 50);
	more_than_a_cpu();
	destroy_all();
	expect_kernel_sound();
}
