/*
 * The system calls for parking: an environment sleeps until another unparks it, or has done so since it last slept. Those
 * that say so are unparked at the end of any other too.
 */
#include <abi/error.h>
#include <abi/syscall.h>
#include <kern/family.h>
#include <kern/syscall.h>
#include <kern/wait.h>

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

int32_t sys_park(uint32_t flags, uint32_t timeout) UNCHECKED_LOCKING
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
	if (result && timeout == WAIT_FOREVER && wait_is_plain(cpu, self)) {
		wait_begin(cpu, self, ENV_WAIT_PARK, 0, 0);
		sched_stop(cpu, self);
		return result;
	}
	if (result && timeout)
		env_block_locked(self, ENV_WAIT_PARK, 0, false, timeout);
	spin_unlock(&self->lock);
	return result;
}

/* End its wait, or let it go past the next. */
static inline __attribute__((always_inline)) void unpark(struct cpu *cpu, struct env *env) REQUIRES(env->lock)
{
	if (unlikely(env->wait != ENV_WAIT_PARK || env->dying)) {
		env->unparked = true;
	} else if (unlikely(env->out_of_the_ordinary || policy || cpu->in_device)) {
		env_end_wait(env, 0);
	} else {
		wait_end(env, SCHED_OFF);
		wait_resume(cpu, env);
	}
}

int32_t sys_unpark(envid_t id) UNCHECKED_LOCKING
{
	struct cpu *cpu = this_cpu();
	struct env *env = cpu->env;

	if (unlikely(id == 0 || id == env->id))
		spin_lock(&env->lock);
	else if (unlikely(!(env = env_lock_id(id))))
		return -E_BAD_ENV;
	unpark(cpu, env);
	spin_unlock(&env->lock);
	return 0;
}

void wait_notify_listeners(void)
{
	LIST_FOR_EACH(node, &listeners) {
		struct env *env = LIST_ENTRY(node, struct env, listener);
		spin_lock(&env->lock);
		unpark(this_cpu(), env);
		spin_unlock(&env->lock);
	}
}
