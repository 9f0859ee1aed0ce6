/* Giving a CPU to an environment: apart from sched.h, to be in line where that has to be fast. */
#ifndef FINCH_KERN_SCHED_RUN_H
#define FINCH_KERN_SCHED_RUN_H

#include <arch/switch.h>
#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/space_load.h>
#include <kern/trace.h>

/*
 * The time up to now was env's, which has run on this CPU; returns how much that is. 32 bits of the counter are enough,
 * for a tick comes long before they are all counted through.
 */
static inline uint32_t sched_charge_time(struct cpu *cpu, struct Env *pub)
{
	uint32_t used = arch_ticks_low() - cpu->charged;

	cpu->charged += used;
	arch_add_to(&pub->env_cpu_time, used);
	return used;
}

/* The same, as far as it matters for who runs next too. */
static inline void sched_charge(struct cpu *cpu, struct env *env)
{
	uint32_t used = sched_charge_time(cpu, env->pub);

	if (unlikely(policy) && policy->charge)
		policy->charge(env, used);
}

/*
 * Give this CPU to env, which has been made SCHED_RUNNING. from: who ran on it until now and is to be saved, under its
 * lock or that of the queue that it stands in, which is let go then; NULL: nobody is. If one of the two drives devices,
 * what ports this CPU lets through is then the caller's to see to.
 */
static inline __attribute__((always_inline)) void sched_run(struct cpu *cpu, struct env *from, struct env *env,
							    struct spinlock *lock) UNCHECKED_LOCKING
{
	struct Env *pub = env->pub;

	cpu->env = env;
	cpu->switches++;
	pub->env_status = ENV_RUNNING;
	pub->env_cpunum = cpu->number;
	pub->env_runs++;
	if (from) {
		arch_env_switch(cpu, from, env);
		spin_unlock(lock);
		/* What is loaded is from's space; from itself may be another CPU's by now, or gone. */
		space_exchange(cpu, cpu->space, env->space);
	} else {
		arch_env_load(cpu, env);
		space_load(env->space);
	}
}

/*
 * env, which runs on cpu and is locked, waits from now on (wait_begin): save it, let go of its lock, and let the next of
 * the queue go on, without coming back; or come back, if that is not so simple, and leave the choice to sched_attend.
 */
void sched_stop(struct cpu *cpu, struct env *env) UNCHECKED_LOCKING;

/* See sched_publish; apart, as it is rare. */
void sched_publish_queued(const struct env *env);

static inline void sched_mark_queued(struct env *env)
{
	env->sched = SCHED_QUEUED;
	/* One test for the common case. */
	if (unlikely(env->out_of_the_ordinary))
		sched_publish_queued(env);
	else
		env->pub->env_status = ENV_RUNNABLE;
}

/* Put env at the end of cpu's queue. */
static inline void sched_push(struct cpu *cpu, struct env *env) REQUIRES(cpu->runq.lock)
{
	env->cpu = cpu;
	sched_mark_queued(env);
	list_push_back(&cpu->runq.ready, &env->runq_node);
	cpu->runq.count++;
}

/* See sched_ready: in full. */
void sched_ready_somewhere(struct env *env);

/* sched_ready, from a system call and without a policy. Where it last ran here and nobody is idle, nobody is to be told. */
static inline void sched_ready_near(struct cpu *cpu, struct env *env)
{
	if (unlikely(env->cpu != cpu || atomic_load(&sched_idle_mask))) {
		sched_ready_somewhere(env);
		return;
	}
	TRACE_ABOUT(SCHED, READY, env->pub->env_id, trace_env(), cpu->number, arch_call_result(&env->pub->env_tf));
	spin_lock(&cpu->runq.lock);
	sched_push(cpu, env);
	spin_unlock(&cpu->runq.lock);
}

#endif
