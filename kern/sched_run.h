/* Giving a CPU to an environment: apart from sched.h, to be in line where that has to be fast. */
#ifndef FINCH_KERN_SCHED_RUN_H
#define FINCH_KERN_SCHED_RUN_H

#include <arch/switch.h>
#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/space_load.h>

/* Give this CPU, which no environment runs on any more, to env, which has been made SCHED_RUNNING. */
static inline __attribute__((always_inline)) void sched_run(struct cpu *cpu, struct env *env)
{
	struct Env *pub = env->pub;
	struct space *space = env->space;

	if (!space)
		__builtin_unreachable(); /* so that nobody looks */
	cpu->env = env;
	cpu->switches++;
	pub->env_status = ENV_RUNNING;
	pub->env_cpunum = cpu->number;
	pub->env_runs++;
	space_load_on(cpu, space);
	arch_env_load(cpu, env);
}

#endif
