/*
 * Fixed priorities: who has the highest runs, as long as it likes; those of the same one take turns.
 */
#include <kern/env.h>
#include <kern/policy.h>
#include <kern/sched.h>

#define LEVEL_SHIFT 56 /* below it, turns are counted */

static uint32_t level(struct env *env)
{
	return env->policy.priority;
}

static uint64_t key(struct env *env, enum turn turn)
{
	static uint64_t turns;

	if (turn != TURN_BROKEN_OFF)
		env->policy.begun = ++turns;
	return (uint64_t)(PRIORITY_MAX - env->policy.level) << LEVEL_SHIFT | env->policy.begun;
}

const struct sched_policy policy_priority = {
	.name = "priority", .slice_ns = SCHED_SLICE_NS, .strict = true, .level = level, .key = key,
};
