/* The system calls that read and set the whole of a child, part by part: checkpoints. See <abi/state.h>. */
#include <abi/error.h>
#include <abi/rights.h>
#include <abi/state.h>
#include <abi/syscall.h>
#include <common/string.h>
#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/reclaim.h>
#include <kern/syscall.h>

union state {
	struct state_registers registers;
	struct state_fpu fpu;
	struct state_upcalls upcalls;
	struct state_message message;
	struct state_general general;
};

/* 0: no such part. */
static size_t size_of(int what)
{
	static const size_t sizes[STATE_PARTS] = {
		[STATE_REGISTERS] = sizeof(struct state_registers), [STATE_FPU] = sizeof(struct state_fpu),
		[STATE_UPCALLS] = sizeof(struct state_upcalls), [STATE_MESSAGE] = sizeof(struct state_message),
		[STATE_GENERAL] = sizeof(struct state_general),
	};

	return what > 0 && what < STATE_PARTS ? sizes[what] : 0;
}

/* As before the call that it waits in, if it does: see STATE_REGISTERS. */
static void get_registers(const struct env *env, struct state_registers *state)
{
	struct Trapframe *frame = &state->frame;

	arch_env_registers(env, state);
	if (!env->wait || env->restarts || env->frame_replaced)
		return;
	arch_call_restart(frame);
	if (arch_call_number(frame) == SYS_ipc_reply_wait)
		arch_call_set_argument(frame, 0, 0); /* to nobody */
}

static void get_message(const struct env *env, struct state_message *state)
{
	const struct Env *pub = env->pub;

	*state = (struct state_message){
		.wait = env->wait, .wait_for = env->wait ? pub->env_wait_for : 0, .window = (uint32_t)env->window,
		.value = pub->env_ipc_value, .from = pub->env_ipc_from, .perm = (uint32_t)pub->env_ipc_perm,
		.unparked = env->unparked,
	};
}

static int set_message(struct env *env, const struct state_message *state)
{
	/* Where the window is, there are to be tables: see message.h. */
	uintptr_t window = state->window;

	if (env->wait || !window_fits(window) || state->unparked > 1)
		return -E_INVAL;
	if (window < UTOP && space_prepare(env->space, window_va(window), window_count(window)) < 0)
		return -E_NO_MEM;
	env_open_window(env, window);
	env->pub->env_ipc_value = state->value;
	env->pub->env_ipc_from = state->from;
	env->pub->env_ipc_perm = (int)state->perm;
	env->unparked = state->unparked;
	return 0;
}

static void get_upcalls(const struct env *env, struct state_upcalls *state)
{
	const struct Env *pub = env->pub;

	*state = (struct state_upcalls){
		.pgfault = (uint32_t)(uintptr_t)pub->env_pgfault_upcall,
		.exception = (uint32_t)(uintptr_t)pub->env_exception_upcall,
		.stack = (uint32_t)pub->env_exception_stack,
	};
}

static int set_upcalls(struct env *env, const struct state_upcalls *state)
{
	if (!exception_stack_good(state->stack))
		return -E_INVAL;
	env->pub->env_pgfault_upcall = (void *)(uintptr_t)state->pgfault;
	env->pub->env_exception_upcall = (void *)(uintptr_t)state->exception;
	env->pub->env_exception_stack = state->stack;
	return 0;
}

static void get_general(const struct env *env, struct state_general *state)
{
	*state = (struct state_general){ .rights = env->rights, .priority = env->policy.priority,
		.tickets = env->pub->env_tickets, .environments = atomic_load(&env->space->envs) };
	memcpy(state->label, env->pub->env_label, ENV_LABEL_SIZE);
}

static int set_general(struct env *env, const struct state_general *state)
{
	const struct env *self = this_cpu()->env;
	bool any = env_may(RIGHT_SCHED);

	if (state->label[ENV_LABEL_SIZE - 1] || state->priority > PRIORITY_MAX || state->tickets > TICKETS_MAX)
		return -E_INVAL;
	if (state->tickets) {
		policy_set_priority(env, any ? state->priority : MIN(state->priority, self->policy.priority));
		policy_set_tickets(env, any ? state->tickets : MIN(state->tickets, self->pub->env_tickets));
	}
	env->rights = state->rights & self->rights;
	memcpy(env->pub->env_label, state->label, ENV_LABEL_SIZE);
	return 0;
}

static void get(const struct env *env, int what, union state *state)
{
	switch (what) {
	case STATE_REGISTERS:
		get_registers(env, &state->registers);
		break;
	case STATE_FPU:
		arch_env_fpu(env, &state->fpu);
		break;
	case STATE_UPCALLS:
		get_upcalls(env, &state->upcalls);
		break;
	case STATE_MESSAGE:
		get_message(env, &state->message);
		break;
	default:
		get_general(env, &state->general);
	}
}

static int set_registers(struct env *env, const struct state_registers *state)
{
	if (arch_frame_ip(&state->frame) >= ULIM || arch_frame_sp(&state->frame) > ULIM)
		return -E_INVAL;
	if (!env_forget_wait(env))
		return ENV_UNSETTLED;
	arch_env_set_registers(env, state);
	env_publish(env);
	return 0;
}

/* ENV_UNSETTLED: again. */
static int set(struct env *env, int what, const union state *state)
{
	switch (what) {
	case STATE_REGISTERS:
		return set_registers(env, &state->registers);
	case STATE_FPU:
		return arch_env_set_fpu(env, &state->fpu);
	case STATE_UPCALLS:
		return set_upcalls(env, &state->upcalls);
	case STATE_MESSAGE:
		return set_message(env, &state->message);
	default:
		return set_general(env, &state->general);
	}
}

/* -E_BAD_ENV: not the caller and no child of it; then -E_INVAL: no such part. */
static int check(envid_t envid, int what)
{
	struct env *env;
	int error = env_find(envid, true, &env);

	if (error)
		return error;
	env_release(env);
	return size_of(what) ? 0 : -E_INVAL;
}

int32_t sys_env_state_get(envid_t envid, int what, uaddr_t buf, size_t size)
{
	union state state;
	struct env *env;
	int error = check(envid, what);

	if (error || (error = env_lock_still(envid, &env)))
		return error;
	get(env, what, &state);
	env_unlock_still(env);
	size_t full = size_of(what);
	return user_write(buf, &state, MIN(size, full)) < 0 ? -E_FAULT : (int32_t)full;
}

static int set_still(envid_t envid, int what, const union state *state)
{
	struct env *env;
	int error;

	do {
		if ((error = env_lock_still(envid, &env)))
			return error;
		error = set(env, what, state);
		env_unlock_still(env);
	} while (error == ENV_UNSETTLED);
	return error;
}

int32_t sys_env_state_set(envid_t envid, int what, uaddr_t buf, size_t size)
{
	union state state;
	int error = check(envid, what);

	if (error)
		return error;
	if (size != size_of(what))
		return -E_INVAL;
	if (user_read(&state, buf, size) < 0)
		return -E_FAULT;
	return WITH_RECLAIM(set_still(envid, what, &state));
}
