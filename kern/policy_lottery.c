/*
 * Shares by tickets, by chance (lottery scheduling, Waldspurger and Weihl 1994).
 *
 * No tickets are counted and drawn. Instead each that has had a turn waits a random time, exponentially distributed, the
 * mean by its tickets, and the next turn goes to the one whose time comes first. That is the same lottery: such waits have
 * no memory, so at each turn, whatever was before, the chance of each is its part of all tickets. But it takes the
 * time that was used into account, so that one that blocks early gets turns more often; and it holds for many CPUs too,
 * where who runs already cannot be drawn a second time. It is stride scheduling, with luck.
 */
#include <kern/env.h>
#include <kern/lottery.h>
#include <kern/policy.h>

#define LOTTERY_SLICE_NS 1000000 /* short: chance evens out by the number of turns */

/* Any numbers do, and it does no harm if CPUs meet here (xorshift: Marsaglia, Journal of Statistical Software 8/14). */
static uint32_t random_number(void)
{
	static uint32_t state = 0x9E3779B9;
	uint32_t x = state;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return state = x;
}

static void charge(struct env *env, uint32_t ticks)
{
	env->policy.pass += stride_cost(env, ticks) * lottery_wait(random_number()) >> 16;
}

const struct sched_policy policy_lottery = {
	.name = "lottery", .slice_ns = LOTTERY_SLICE_NS, .key = stride_key, .charge = charge,
};
