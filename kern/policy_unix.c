/*
 * Priorities that adjust themselves, as Unix has them: who sleeps rises, who burns falls.
 *
 * One that has used no CPU time of late has a level of 24 to 31, by its priority; one that has used its fair share or more,
 * 0 to 7. What it has used is halved each half a second, whether it runs or not.
 *
 * Nobody starves: the order is that of the times at which they became ready, to which each level below the highest adds
 * some. So one that waits is passed by others for a limited time, however high they are.
 */
#include <common/div64.h>
#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/platform.h>
#include <kern/policy.h>

#define PERIOD_SHIFT 29        /* 2^29 ns, 0.54 s */
#define USED_LIMIT_MS 1074     /* two periods: what one that burns a CPU has used, at most, when all is halved each period */
#define PENALTY_MAX 24
#define LEVEL_NS 100000000     /* what a level is worth in waiting */
#define LEVEL_NS_EACH 1250000  /* and more for each that is ready: turns come later then */

/* How many want to run, as seen by one that does. */
static uint32_t wanting(void)
{
	return policy_queue.count + cpu_count;
}

static void decay(struct policy_env *p)
{
	uint32_t period = platform_time_ns() >> PERIOD_SHIFT;

	p->used >>= MIN(period - p->used_at, 31u);
	p->used_at = period;
}

static void charge(struct env *env, uint32_t ticks)
{
	decay(&env->policy);
	env->policy.used += ticks >> 10;
}

static uint32_t level(struct env *env)
{
	struct policy_env *p = &env->policy;
	uint32_t limit = (uint64_t)platform_tsc_khz() * USED_LIMIT_MS >> 10;

	decay(p);
	/* Used, as a part of one CPU, over the fair share, which is CPUs over those who want one. */
	uint64_t penalty = (uint64_t)p->used * PENALTY_MAX * wanting();
	div64_32(&penalty, limit * cpu_count);
	return PENALTY_MAX + p->priority / 4 - (uint32_t)MIN(penalty, (uint64_t)PENALTY_MAX);
}

static uint64_t key(struct env *env, enum turn turn)
{
	struct policy_env *p = &env->policy;

	if (turn != TURN_BROKEN_OFF)
		p->begun = platform_time_ns();
	return p->begun + (PRIORITY_MAX - p->level) * (uint64_t)(LEVEL_NS + wanting() * LEVEL_NS_EACH);
}

const struct sched_policy policy_unix = {
	.name = "unix", .slice_ns = SCHED_SLICE_NS, .level = level, .key = key, .charge = charge,
};
