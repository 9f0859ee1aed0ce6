/*
 * Waiting: an environment stops until something comes, and what ends its wait.
 *
 * A call that blocks does so by saving its caller and leaving the CPU; it looks for what it waits for after that, so
 * nothing is missed. Where the result has to be copied to the caller's memory, the call happens again when it is
 * woken (`restarts`), in its own address space.
 */
#include <abi/error.h>
#include <arch/switch.h>
#include <abi/syscall.h>
#include <kern/console.h>
#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/family.h>
#include <kern/irq.h>
#include <kern/message.h>
#include <kern/request.h>
#include <kern/trace.h>
#include <kern/trap.h>
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
	if (likely(!env->out_of_the_ordinary && !env->active && !env->restarts && !env->policy.lends_to)) {
		wait_end(env, SCHED_OFF);
		sched_count_active(1);
		arch_call_set_result(&env->pub->env_tf, result);
		sched_ready(env);
		return;
	}
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

/* Another environment ends env's wait. False: as give_up. */
static bool interrupt(struct env *env) REQUIRES(family_lock, env->lock)
{
	if (env->wait == ENV_WAIT_END || env->wait == ENV_WAIT_BUDGET)
		list_remove(&env->wait_node);
	if (env->wait == ENV_WAIT_BUDGET)
		budget_set_ends(env, NULL);
	return give_up(env, -E_INTERRUPTED);
}

bool env_forget_wait(struct env *env) UNCHECKED_LOCKING
{
	return !env->wait || interrupt(env);
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

/* --- Parking --- */

static struct list listeners GUARDED_BY(family_lock) = LIST_EMPTY(listeners);

/* From now on env does or does not hear of ends. */
static void listen(struct env *env, bool listens)
{
	spin_lock(&family_lock);
	if (listens)
		list_push_back(&listeners, &env->listener);
	else
		list_remove(&env->listener);
	spin_unlock(&family_lock);
}

int env_park(uint32_t flags, uint32_t timeout_ms)
{
	struct cpu *cpu = this_cpu();
	struct env *self = cpu->env;

	if (flags & ~(uint32_t)PARK_ENDS)
		return -E_INVAL;
	if (unlikely(!flags != list_empty(&self->listener))) /* only the caller itself changes that */
		listen(self, flags);
	spin_lock(&self->lock);
	int result = self->unparked ? 0 : -E_TIMEOUT;
	self->unparked = false;
	if (result && timeout_ms == WAIT_FOREVER && wait_is_plain(cpu, self)) {
		wait_begin(cpu, self, ENV_WAIT_PARK, 0, 0);
		sched_stop(cpu, self);
		return result;
	}
	if (result && timeout_ms)
		env_block_locked(self, ENV_WAIT_PARK, 0, false, timeout_ms);
	spin_unlock(&self->lock);
	return result;
}

static void unpark(struct env *env) REQUIRES(env->lock)
{
	if (env->wait == ENV_WAIT_PARK && !env->dying)
		env_end_wait(env, 0);
	else
		env->unparked = true;
}

int env_unpark(envid_t id) UNCHECKED_LOCKING
{
	struct env *env, *self = this_cpu()->env;
	int error = env_find(id, false, &env);

	if (error)
		return error;
	if (env == self)
		spin_lock(&env->lock);
	unpark(env);
	spin_unlock(&env->lock);
	return 0;
}

void wait_notify_listeners(void)
{
	LIST_FOR_EACH(node, &listeners) {
		struct env *env = LIST_ENTRY(node, struct env, listener);
		spin_lock(&env->lock);
		unpark(env);
		spin_unlock(&env->lock);
	}
}

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
		if (env->wait)
			interrupt(env);
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
			if (env->suspended && is_still(env)) {
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

/* --- The end of others --- */

static struct env_notice notice_of(const struct env *env)
{
	return (struct env_notice){ .id = env->pub->env_id, .status = env->status };
}

void wait_notify_all(struct env *env)
{
	struct env *parent = env->parent;
	struct list *node;

	/* Orphans by the thousand must not push out what the parent started itself. */
	if (parent && !env->orphan)
		parent->notices[parent->notice_next++ % ENV_NOTICES] = notice_of(env);
	while ((node = list_pop_front(&env->waiters))) {
		struct env *waiter = LIST_ENTRY(node, struct env, wait_node);
		waiter->awaited = notice_of(env);
		env_wake(waiter, ENV_WAIT_END, 0);
	}
}

static struct env_notice *notice_find(struct env *self, envid_t id) REQUIRES(family_lock)
{
	if (self->awaited.id == id)
		return &self->awaited;
	for (unsigned i = 0; i < ENV_NOTICES; i++) {
		if (self->notices[i].id == id)
			return &self->notices[i];
	}
	return NULL;
}

/* Take the notice of id's end out of the caller's, if it is there. */
static bool notice_take(struct env *self, envid_t id, int *status) REQUIRES(family_lock)
{
	struct env_notice *notice = notice_find(self, id);

	if (!notice)
		return false;
	*status = notice->status;
	/* A parent that waited was told twice. */
	while ((notice = notice_find(self, id)))
		notice->id = 0;
	return true;
}

/* Is the notice of id's end there, or still to come? */
static bool notice_possible(struct env *self, envid_t id) REQUIRES(family_lock)
{
	const struct env *env = env_slot(ENVX(id));

	return notice_find(self, id) || (env && env->alive && env->pub->env_id == id);
}

bool env_can_wait(envid_t id)
{
	struct env *self = this_cpu()->env;

	if (id <= 0 || id == self->pub->env_id)
		return false;
	spin_lock(&family_lock);
	bool can = notice_possible(self, id);
	spin_unlock(&family_lock);
	return can;
}

int env_wait(envid_t id, int *status, bool *sleeping)
{
	struct env *self = this_cpu()->env;
	struct env *env = id <= 0 || id == self->pub->env_id ? NULL : env_slot(ENVX(id));

	*sleeping = false;
	if (!env)
		return -E_BAD_ENV;
	spin_lock(&family_lock);
	if (notice_take(self, id, status)) {
		spin_unlock(&family_lock);
		return 0;
	}
	/* It may be dying already; as long as it is alive, the notice is still to come, under this lock. */
	if (!env->alive || env->pub->env_id != id) {
		spin_unlock(&family_lock);
		return -E_BAD_ENV;
	}
	list_push_back(&env->waiters, &self->wait_node);
	env_block(ENV_WAIT_END, id, true, WAIT_FOREVER);
	spin_unlock(&family_lock);
	*sleeping = true;
	return -E_INTERRUPTED;
}
