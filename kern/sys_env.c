/* The system calls about environments. */
#include <abi/env.h>
#include <abi/error.h>
#include <abi/rights.h>
#include <common/string.h>
#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/print.h>
#include <kern/reclaim.h>
#include <kern/syscall.h>
#include <kern/trace.h>

int32_t sys_getenvid(void)
{
	return this_cpu()->env->pub->env_id;
}

int32_t sys_yield(void)
{
	this_cpu()->attention |= ATTEND_SWITCH;
	return 0;
}

int32_t sys_env_destroy(envid_t envid)
{
	return env_destroy(envid);
}

static int32_t end_itself(int status, bool all)
{
	if (status < 0)
		return -E_INVAL;
	kverbose("[%08x] exiting gracefully\n", this_cpu()->env->pub->env_id);
	env_end_current(status, true, all);
	return 0;
}

int32_t sys_env_exit(int status)
{
	return end_itself(status, false);
}

int32_t sys_space_exit(int status)
{
	return end_itself(status, true);
}

static int exofork(void) UNCHECKED_LOCKING
{
	struct env *self = this_cpu()->env, *child;
	struct space *space = space_create(self->budget);

	if (!space)
		return -E_NO_MEM;
	int error = env_create(self, space, &child);
	if (error) {
		space_abandon(space);
		return error;
	}
	arch_env_inherit(child);
	memcpy(child->pub->env_label, self->pub->env_label, ENV_LABEL_SIZE);
	int id = child->pub->env_id;
	spin_unlock(&child->lock);
	return id;
}

int32_t sys_exofork(void)
{
	return WITH_RECLAIM(exofork());
}

static int thread(uintptr_t ip, uintptr_t sp) UNCHECKED_LOCKING
{
	struct env *self = this_cpu()->env, *child;

	space_join(self->space);
	int error = env_create(self, self->space, &child);
	if (error) {
		space_part(self->space); /* the caller is still in it */
		return error;
	}
	arch_env_init(child, ip, sp);
	child->pub->env_pgfault_upcall = self->pub->env_pgfault_upcall;
	child->pub->env_exception_upcall = self->pub->env_exception_upcall;
	child->pub->env_exception_stack = self->pub->env_exception_stack;
	memcpy(child->pub->env_label, self->pub->env_label, ENV_LABEL_SIZE);
	int id = child->pub->env_id;
	spin_unlock(&child->lock);
	return id;
}

int32_t sys_env_thread(uintptr_t ip, uintptr_t sp)
{
	if (ip >= ULIM || sp > ULIM)
		return -E_INVAL;
	return WITH_RECLAIM(thread(ip, sp));
}

int32_t sys_env_set_status(envid_t envid, int status)
{
	return env_set_status(envid, status);
}

int32_t sys_env_set_trapframe(envid_t envid, uaddr_t tf)
{
	struct Trapframe frame;
	struct env *env;
	int error = env_find(envid, true, &env);

	if (error)
		return error;
	env_release(env);
	if (user_read(&frame, tf, sizeof frame) < 0)
		return -E_FAULT;
	if (arch_frame_ip(&frame) >= ULIM || arch_frame_sp(&frame) > ULIM)
		return -E_INVAL;
	arch_frame_sanitize(&frame);
	error = env_set_frame(envid, &frame);
	/* For the caller itself, the result must not change the registers that it has just set. */
	return error || env != this_cpu()->env ? error : arch_call_result(&frame);
}

int32_t sys_env_set_pgfault_upcall(envid_t envid, uintptr_t upcall)
{
	struct env *env;
	int error = env_find(envid, true, &env);

	if (error)
		return error;
	env->pub->env_pgfault_upcall = (void *)upcall;
	env_release(env);
	return 0;
}

/* Both sides look at, and change, what the caller has under its lock: its parent may lower that meanwhile. */
static int set_rights(struct env *env, uint32_t rights) UNCHECKED_LOCKING
{
	const struct env *self = this_cpu()->env;

	if (env == self)
		spin_lock(&env->lock);
	bool has = !(rights & ~self->rights);
	if (has)
		env->rights = rights;
	if (env == self)
		spin_unlock(&env->lock);
	return has ? 0 : -E_INVAL;
}

/* Set one thing; env is the caller, or locked. */
static int set(struct env *env, int what, uintptr_t value) UNCHECKED_LOCKING
{
	switch (what) {
	case ENV_SET_EXCEPTION_UPCALL:
		env->pub->env_exception_upcall = (void *)value;
		return 0;
	case ENV_SET_EXCEPTION_STACK:
		if (!exception_stack_good(value))
			return -E_INVAL;
		env->pub->env_exception_stack = value;
		return 0;
	case ENV_SET_TLS:
		arch_env_set_tls(env, value);
		return 0;
	case ENV_SET_RIGHTS:
		return set_rights(env, value);
	case ENV_SET_TYPE:
		if (!env_may(RIGHT_TYPE))
			return -E_BAD_ENV;
		env->pub->env_type = (enum EnvType)value;
		return 0;
	case ENV_SET_SUSPENDED:
		if (value || env == this_cpu()->env)
			return -E_INVAL;
		env_go_on(env);
		return 0;
	case ENV_SET_PRIORITY:
		return policy_set_priority(env, value);
	case ENV_SET_TICKETS:
		return policy_set_tickets(env, value);
	default:
		return -E_INVAL;
	}
}

int32_t sys_env_set(envid_t envid, int what, uintptr_t value)
{
	struct env *env;
	int error = env_find(envid, true, &env);

	if (error)
		return error;
	error = set(env, what, value);
	env_release(env);
	return error;
}

int32_t sys_env_set_label(envid_t envid, uaddr_t label)
{
	char text[ENV_LABEL_SIZE] = { 0 };
	struct env *env;
	int error = env_find(envid, true, &env);

	if (error)
		return error;
	env_release(env);
	/* Byte by byte: what stands behind the terminator may be unmapped. */
	for (unsigned i = 0; i < sizeof text - 1; i++) {
		if (user_read(&text[i], (uaddr_t){ label.va + i }, 1) < 0)
			return -E_FAULT;
		if (!text[i])
			break;
	}
	if ((error = env_find(envid, true, &env)))
		return error;
	memcpy(env->pub->env_label, text, sizeof text);
	trace_label(env->pub);
	env_release(env);
	return 0;
}

int32_t sys_env_wait(envid_t envid, uaddr_t status)
{
	int ended_with = 0;
	bool sleeping;
	/* The end is told once: make sure that it can be stored before it is taken. */
	if (status.va && (user_read(&ended_with, status, sizeof ended_with) < 0 ||
			  user_write(status, &ended_with, sizeof ended_with) < 0))
		return env_can_wait(envid) ? -E_FAULT : -E_BAD_ENV;
	int error = env_wait(envid, &ended_with, &sleeping);

	if (error || sleeping)
		return error;
	if (status.va && user_write(status, &ended_with, sizeof ended_with) < 0)
		return -E_FAULT;
	return 0;
}
