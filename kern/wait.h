/*
 * Waiting, in line: how an environment stops and how its wait ends, where nothing is the matter with it. The full ways,
 * for all kinds of waits, are in wait.c and declared in env.h.
 */
#ifndef FINCH_KERN_WAIT_H
#define FINCH_KERN_WAIT_H

#include <kern/sched_run.h>

/* Can self, which runs on cpu and is locked, stop in the short way? Who waits with a limit goes the full one. */
static inline bool wait_is_plain(const struct cpu *cpu, const struct env *self)
{
	return likely(!(self->out_of_the_ordinary | cpu->attention)) && likely(!policy);
}

/* Whom a wait for a message from `from` (0: anyone) is open to: see open_to of struct env. */
static inline envid_t wait_open_to(envid_t from, const struct Trapframe *tf)
{
	return unlikely(!arch_call_is_fast(tf)) ? 0 : from ? from : OPEN_TO_ALL;
}

/*
 * self, which runs on cpu and is locked, waits for what only another environment can bring. After that its registers are
 * to be saved, and the CPU goes to another: sched_stop, or sched_run.
 */
static inline void wait_begin(struct cpu *cpu, struct env *self, uint32_t wait, envid_t wait_for, envid_t open_to)
{
	struct Env *pub = self->pub;

	self->wait_serial++;
	self->wait = wait;
	self->sched = SCHED_OFF;
	self->active = self->restarts = false;
	self->open_to = open_to;
	pub->env_wait_for = wait_for;
	pub->env_wait = wait;
	pub->env_status = ENV_NOT_RUNNABLE;
	sched_charge_time(cpu, pub);
}

/* env, which is locked and waits as above, does so no more; it is to run (SCHED_RUNNING), or to be made ready. */
static inline void wait_end(struct env *env, enum sched_place sched)
{
	struct Env *pub = env->pub;

	pub->env_ipc_recving = false;
	pub->env_wait = ENV_WAIT_NONE;
	env->open_to = 0;
	env->wait = ENV_WAIT_NONE;
	env->sched = sched;
	env->active = true;
	env->restarts = false;
}

/* After that, with SCHED_OFF: make it ready. The result of the call that it waited in is 0. */
static inline void wait_resume(struct cpu *cpu, struct env *env)
{
	sched_count_active(1);
	arch_call_set_result(&env->pub->env_tf, 0);
	sched_ready_near(cpu, env);
}

#endif
