/*
 * What others do to an environment that has to stand still for it, or does after it: suspend it and let it go on, end its
 * wait, replace its registers, look at all of it.
 */
#include <abi/error.h>
#include <arch/switch.h>
#include <kern/family.h>
#include <kern/request.h>
#include <kern/trap.h>

/* Make env stop; returns the CPU to wait for as a mask, 0 if it is off. */
static uint32_t stop(struct env *env) REQUIRES(env->lock)
{
	uint32_t runs_on = 0;

	env->suspended = true;
	if (env == this_cpu()->env)
		this_cpu()->attention |= ATTEND_ENV;
	else if (!sched_take_off(env))
		runs_on = 1u << env->cpu->number;
	env_publish(env);
	return runs_on;
}

void env_go_on(struct env *env)
{
	env->suspended = false;
	env_publish(env);
	if (env->dying || env->wait)
		return;
	if (env->sched == SCHED_OFF)
		sched_ready(env);
	else
		sched_publish(env);
}

int env_start(struct env *env)
{
	spin_lock(&env->lock);
	env_go_on(env);
	spin_unlock(&env->lock);
	return 0;
}

int env_set_status(envid_t id, int status) UNCHECKED_LOCKING
{
	struct env *env, *self = this_cpu()->env;
	uint32_t runs_on = 0;

	spin_lock(&family_lock);
	int error = env_find(id, true, &env);
	if (error) {
		spin_unlock(&family_lock);
		return error;
	}
	if (env == self)
		spin_lock(&env->lock);
	if (status == ENV_NOT_RUNNABLE) {
		runs_on = stop(env);
	} else if (status != ENV_RUNNABLE) {
		error = -E_INVAL;
	} else if (env != self) {
		/* The caller runs as it is; if its parent suspended it during this call, that stays so. */
		(void)env_forget_wait(env);
		env_go_on(env);
	}
	spin_unlock(&env->lock);
	spin_unlock(&family_lock);
	request_all(runs_on);
	return error;
}

/* Has env, which has been told to stop, done so, and is no message just being handed to it or taken from it? */
static bool is_still(const struct env *env)
{
	uint32_t wait = __atomic_load_n(&env->wait, __ATOMIC_ACQUIRE);

	return __atomic_load_n(&env->sched, __ATOMIC_ACQUIRE) != SCHED_RUNNING && wait != ENV_WAIT_DELIVERY &&
	       !(wait == ENV_WAIT_SEND && !__atomic_load_n(&env->sending_to, __ATOMIC_ACQUIRE));
}

/* Wait until env stands still. Its CPU, or that of who hands it a message, needs the big lock for that. */
static void await_still(const struct env *env, envid_t id)
{
	big_lock_leave();
	while (!is_still(env) && env->suspended && !env->dying && env->pub->env_id == id) {
		request_serve();
		arch_pause();
	}
	big_lock_enter();
}

int env_set_frame(envid_t id, const struct Trapframe *tf) UNCHECKED_LOCKING
{
	struct env *env, *self = this_cpu()->env;
	bool stopped_by_us = false;

	for (;;) {
		int error = env_find(id, true, &env);
		if (error)
			return error;
		if (env == self) {
			*arch_frame() = *tf;
			this_cpu()->attention |= ATTEND_FRAME;
			return 0;
		}
		/* One that runs elsewhere is made to stand still; only its parent can, so nobody waits in a circle. */
		stopped_by_us |= !env->suspended;
		uint32_t runs_on = stop(env);
		if (!runs_on) {
			env->pub->env_tf = *tf;
			if (!env->pub->env_runs)
				arch_env_reset_fpu(env);
			env->frame_replaced = env->wait != ENV_WAIT_NONE;
			if (stopped_by_us)
				env_go_on(env);
			spin_unlock(&env->lock);
			return 0;
		}
		spin_unlock(&env->lock);
		request_all(runs_on);
		await_still(env, id);
	}
}

int env_lock_still(envid_t id, struct env **found) UNCHECKED_LOCKING
{
	struct env *env, *self = this_cpu()->env;

	for (;;) {
		spin_lock(&family_lock);
		int error = env_find(id, true, &env);
		if (!error && env == self) {
			error = -E_INVAL;
		} else if (!error) {
			/* One that stands in a queue may be just being saved: who has taken it off there knows it is not. */
			if (env->suspended && is_still(env) && sched_take_off(env)) {
				env_publish(env);
				*found = env;
				return 0;
			}
			error = env->suspended ? 0 : -E_INVAL;
			spin_unlock(&env->lock);
		}
		spin_unlock(&family_lock);
		if (error)
			return error;
		await_still(env, id);
	}
}

void env_unlock_still(struct env *env) UNCHECKED_LOCKING
{
	spin_unlock(&env->lock);
	spin_unlock(&family_lock);
}
