/*
 * Shares by tickets, exactly (stride scheduling, Waldspurger and Weihl 1995): each environment has a pass, the CPU time that
 * it has had divided by its tickets, and the one with the least goes first.
 *
 * It is charged for what it has used, not by turns, so that one that blocks in the midst of a turn loses nothing. One
 * that slept begins where the others have come to: time that it did not want is not owed to it.
 */
#include <kern/env.h>
#include <kern/policy.h>
#include <kern/sched.h>

#define ONE_TICKET (1u << 30) /* a tick's cost with one ticket, */
#define PASS_SHIFT 24         /* of which the pass keeps the upper part */
#define LAG_MAX ((uint64_t)1 << 33)

uint32_t stride_for(uint32_t tickets)
{
	return ONE_TICKET / tickets;
}

uint64_t stride_of(const struct env *env, uint32_t ticks)
{
	return (uint64_t)ticks * env->policy.stride >> PASS_SHIFT;
}

uint64_t stride_key(struct env *env, enum turn turn)
{
	int64_t behind = (int64_t)(policy_now - env->policy.pass);
	bool fresh = turn == TURN_NEW || turn == TURN_AT_ONCE;

	/*
	 * With more tickets than a whole CPU is worth it stays behind the others for ever: that is not to pile up until it has
	 * fewer. The limit is about a slice with one ticket.
	 */
	if (behind > (fresh ? 0 : (int64_t)LAG_MAX))
		env->policy.pass = policy_now - (fresh ? 0 : LAG_MAX);
	return env->policy.pass;
}

static void charge(struct env *env, uint32_t ticks)
{
	env->policy.pass += stride_of(env, ticks);
}

const struct sched_policy policy_stride = {
	.name = "stride", .slice_ns = SCHED_SLICE_NS, .key = stride_key, .charge = charge,
};
