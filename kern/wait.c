/*
 * Waiting: an environment stops until something comes, and what ends its wait.
 *
 * A call that blocks does so by saving its caller and leaving the CPU; it looks for what it waits for after that, so
 * nothing is missed. Where the result has to be copied to the caller's memory, the call happens again when it is
 * woken (`restarts`), in its own address space.
 */
#include <abi/error.h>
#include <kern/console.h>
#include <kern/family.h>
#include <kern/irq.h>
#include <kern/message.h>
#include <kern/wait.h>

uint32_t env_block_locked(struct env *env, uint32_t wait, envid_t wait_for, bool restarts, uint32_t timeout_ms)
{
	struct cpu *cpu = this_cpu();

	TRACE(SCHED, BLOCK, wait, wait_for, timeout_ms);
	if (restarts)
		arch_call_restart(arch_frame());
	arch_env_save(cpu, env);
	env->wait = wait;
	uint32_t serial = ++env->wait_serial;
	env->restarts = restarts;
	sched_charge(cpu, env);
	env->sched = SCHED_OFF;
	env->pub->env_wait_for = wait_for;
	cpu->env = NULL;
	cpu->attention |= ATTEND_SWITCH;
	if (wait == ENV_WAIT_CONSOLE && !env->dying)
		console_await(env);
	env->timed = (timeout_ms != WAIT_FOREVER || irq_can_end_wait(env)) && !env->dying;
	if (unlikely(env->timed) && timeout_ms != WAIT_FOREVER)
		deadline_set(env, timeout_ms);
	if (env->dying)
		sched_ready_here(env);
	env_publish(env);
	return serial;
}

uint32_t env_block(uint32_t wait, envid_t wait_for, bool restarts, uint32_t timeout_ms)
{
	struct env *env = this_cpu()->env;

	spin_lock(&env->lock);
	uint32_t serial = env_block_locked(env, wait, wait_for, restarts, timeout_ms);
	spin_unlock(&env->lock);
	return serial;
}

/* Its wait is over. */
static inline void unblock(struct env *env) REQUIRES(env->lock)
{
	if (unlikely(env->policy.lends_to))
		policy_lend_end(env);
	env->wait = ENV_WAIT_NONE;
	env->restarts = env->pub->env_ipc_recving = false;
	if (unlikely(env->timed)) {
		deadline_cancel(env);
		env->timed = false;
	}
}

void env_end_wait(struct env *env, int32_t result)
{
	if (!env->restarts && !env->frame_replaced)
		arch_call_set_result(&env->pub->env_tf, result);
	env->frame_replaced = false;
	/* It may stand in the list again: the reader who was woken was another wait of this slot. */
	if (env->wait == ENV_WAIT_CONSOLE)
		console_forget(env);
	unblock(env);
	env_publish(env);
	if (!env->suspended)
		sched_ready(env);
}

void env_wake(struct env *env, uint32_t wait, int32_t result)
{
	spin_lock(&env->lock);
	if (env->alive && !env->dying && env->wait == wait)
		env_end_wait(env, result);
	spin_unlock(&env->lock);
}

void env_wake_wait(struct env *env, uint32_t serial, int32_t result)
{
	spin_lock(&env->lock);
	if (env->alive && !env->dying && env->wait && env->wait_serial == serial)
		env_end_wait(env, result);
	spin_unlock(&env->lock);
}

/* End env's wait without what it waits for. False: that is on its way, and the wait about to end by itself. */
static bool give_up(struct env *env, int error) REQUIRES(env->lock)
{
	struct Trapframe *tf = &env->pub->env_tf;

	/* A call that queues is in no ENV_WAIT_SEND, but sends. */
	bool sends = message_forget(env);
	if (env->wait == ENV_WAIT_DELIVERY || (env->wait == ENV_WAIT_SEND && !sends))
		return false;
	if (env->wait == ENV_WAIT_CONSOLE)
		console_forget(env);
	if (env->frame_replaced)
		env->frame_replaced = false;
	else if (env->restarts)
		arch_call_finish(tf, error);
	else
		arch_call_set_result(tf, error);
	unblock(env);
	return true;
}

bool env_forget_wait(struct env *env) UNCHECKED_LOCKING
{
	if (!env->wait)
		return true;
	if (env->wait == ENV_WAIT_END || env->wait == ENV_WAIT_BUDGET)
		list_remove(&env->wait_node);
	if (env->wait == ENV_WAIT_BUDGET)
		budget_set_ends(env, NULL);
	return give_up(env, -E_INTERRUPTED);
}

void env_time_up(struct env *env, uint32_t serial)
{
	spin_lock(&env->lock);
	if (env->alive && !env->dying && env->wait && env->wait_serial == serial) {
		if (!give_up(env, -E_TIMEOUT)) {
			deadline_set(env, 1); /* unless it does not come after all */
		} else {
			env_publish(env);
			if (!env->suspended)
				sched_ready(env);
		}
	}
	spin_unlock(&env->lock);
}
