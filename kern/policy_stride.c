/*
 * Shares by tickets, exactly (stride scheduling, Waldspurger and Weihl 1995): each environment has a pass, the CPU time that
 * it has had divided by its tickets, and the one with the least goes first.
 *
 * It is charged for what it has used, not by turns, so that one that blocks in the midst of a turn loses nothing. One
 * that slept begins where the others have come to: time that it did not want is not owed to it. Nor does it owe time that
 * nobody else wanted: that costs nothing.
 */
#include <kern/env.h>
#include <kern/policy.h>
#include <kern/sched.h>

#define ONE_TICKET (1u << 30) /* a tick's cost with one ticket, */
#define PASS_SHIFT 24         /* of which the pass keeps the upper part */
#define LAG_TICKS (1u << 27)  /* a few slices */

uint32_t stride_for(uint32_t tickets)
{
	return ONE_TICKET / tickets;
}

uint64_t stride_of(const struct env *env, uint32_t ticks)
{
	return (uint64_t)ticks * env->policy.stride >> PASS_SHIFT;
}

uint64_t stride_cost(const struct env *env, uint32_t ticks)
{
	return policy_queue.count ? stride_of(env, ticks) : 0;
}

uint64_t stride_key(struct env *env, enum turn turn)
{
	int64_t behind = (int64_t)(policy_now - env->policy.pass);
	bool fresh = turn == TURN_NEW || turn == TURN_AT_ONCE;

	/*
	 * With more tickets than a whole CPU is worth it stays behind the others for ever: that is not to pile up until it has
	 * fewer, or others have come with as many.
	 */
	int64_t most = fresh ? 0 : (int64_t)stride_of(env, LAG_TICKS);
	if (behind > most)
		env->policy.pass = policy_now - (uint64_t)most;
	return env->policy.pass;
}

static void charge(struct env *env, uint32_t ticks)
{
	env->policy.pass += stride_cost(env, ticks);
}

const struct sched_policy policy_stride = {
	.name = "stride", .slice_ns = SCHED_SLICE_NS, .key = stride_key, .charge = charge,
};
