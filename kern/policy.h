/*
 * Scheduling policies: in which order those that are ready get CPUs.
 *
 * Round robin, the default, is none of these modules: kern/sched.c does it in line, with a queue for each CPU. The
 * others, chosen by the boot word sched=NAME, share one queue, from which all CPUs take; kern/policy.c has it. What
 * makes a policy is a number that it gives to each that becomes ready, the least first, and what a CPU's time does to
 * the next number.
 *
 * A policy with levels (0 to 31) promises more: on n CPUs the n of the highest levels run, at once when one becomes
 * ready; and who sends, or waits for the answer to a call, lends its level to the receiver until its wait is over, and
 * that one to whom it waits for, and so on.
 *
 * All of struct policy_env, and the order, are guarded by the lock of policy_queue, except where it says otherwise.
 */
#ifndef FINCH_KERN_POLICY_H
#define FINCH_KERN_POLICY_H

#include <abi/env.h>
#include <common/list.h>
#include <kern/heap.h>
#include <kern/sched.h>

struct cpu;
struct env;

/* How it comes that an environment goes into a queue. */
enum turn {
	TURN_NEW,        /* it has become ready */
	TURN_AT_ONCE,    /* the same, through a device: it goes first, where the policy allows that */
	TURN_OVER,       /* its time is up */
	TURN_GIVEN_UP,   /* it yields */
	TURN_BROKEN_OFF, /* another takes its CPU: its turn goes on later */
};

/* In struct env: its scheduling parameters. */
struct policy_env {
	struct heap_node node; /* in the order; place 0: it is in none */
	uint32_t priority;     /* as set */

	/* For policies with levels. */
	uint32_t own_level;
	uint32_t level;        /* the highest of its own and its lenders' */
	struct env *lends_to;
	struct list lenders;   /* through lender */
	struct list lender;
	uint64_t begun;        /* when its turn began: nanoseconds, or a number that counts turns */

	/* By tickets; changed by the CPU that runs it, or while it is off. */
	uint64_t pass;         /* the time it has had, for one ticket */
	uint32_t stride;       /* what a tick of the clock adds to that */

	/* Unix; changed as the above. */
	uint32_t used;         /* time that it had of late, in 1024 ticks, halved each period */
	uint32_t used_at;      /* the period of that */
};

struct sched_policy {
	const char *name;
	uint32_t slice_ns;
	bool strict;   /* who is woken by a device is one like others */
	/* Its level by itself, when a turn begins or its priority is set. NULL: there are no levels. */
	uint32_t (*level)(struct env *env);
	/* Its number in the order, now that its turn has come to this end. */
	uint64_t (*key)(struct env *env, enum turn turn);
	/* It has run for so many ticks on the calling CPU, without the lock. NULL: that does not matter. */
	void (*charge)(struct env *env, uint32_t ticks);
};

extern const struct sched_policy policy_priority, policy_unix, policy_stride, policy_lottery;

/* The one that is in force; NULL: round robin. Constant after the boot. */
extern const struct sched_policy *policy;
extern struct runq policy_queue;

static inline uint32_t sched_slice_ns(void)
{
	return policy ? policy->slice_ns : SCHED_SLICE_NS;
}

/* The largest key that was picked up to now: what the order has come to. */
extern uint64_t policy_now;

/* Choose by the boot word; before page_init. */
void policy_init(void);
/* For people: its name. */
const char *policy_name(void);

/* env is being made, by parent (NULL: the kernel). */
void policy_create(struct env *env, const struct env *parent);
/*
 * ENV_SET_PRIORITY, ENV_SET_TICKETS, for the caller or a locked env. -E_INVAL; -E_BAD_ENV: it has not the right to that
 * much.
 */
int policy_set_priority(struct env *env, uint32_t priority);
int policy_set_tickets(struct env *env, uint32_t tickets);

/* With the lock of policy_queue: put env into the order, take it out, take the first for cpu. */
void policy_push(struct env *env, enum turn turn);
void policy_remove(struct env *env);
/* NULL: there is none, or, if `yielder` runs there and yields, none that should run in place of it. */
struct env *policy_pop(struct cpu *cpu, const struct env *yielder);
/* The CPU that is to be interrupted (sched_poke) since env, which is in the order, should run there. NULL: none. */
struct cpu *policy_preempt(const struct env *env);

/* env is about to wait for what `to` does; and does not wait any more. */
void policy_lend(struct env *env, struct env *to);
void policy_lend_end(struct env *env);

/* Who stands at this place of the order, from 1 on; NULL: no more do. For tests. */
const struct env *policy_at(uint32_t place);

/* --- Shared by stride and lottery. --- */

/* ticks of CPU time, for one ticket of env. */
uint64_t stride_of(const struct env *env, uint32_t ticks);
/* The same, or 0 if nobody else wants the CPU. */
uint64_t stride_cost(const struct env *env, uint32_t ticks);
uint64_t stride_key(struct env *env, enum turn turn);
/* What one tick costs an environment with that many tickets. */
uint32_t stride_for(uint32_t tickets);

#endif
