/* Giving a CPU to an environment: apart from sched.h, to be in line where that has to be fast. */
#ifndef FINCH_KERN_SCHED_RUN_H
#define FINCH_KERN_SCHED_RUN_H

#include <arch/switch.h>
#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/space_load.h>

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
 * Give this CPU to env, which has been made SCHED_RUNNING. from: who ran on it until now and is to be saved; NULL: nobody
 * is. If one of the two drives devices, what ports this CPU lets through is then the caller's to see to.
 */
static inline __attribute__((always_inline)) void sched_run(struct cpu *cpu, struct env *from, struct env *env)
{
	struct Env *pub = env->pub;

	cpu->env = env;
	cpu->switches++;
	pub->env_status = ENV_RUNNING;
	pub->env_cpunum = cpu->number;
	pub->env_runs++;
	if (from)
		arch_env_switch(cpu, from, env);
	else
		arch_env_load(cpu, env);
	if (from)
		space_exchange(cpu, from->space, env->space);
	else
		space_load(env->space);
}

#endif
