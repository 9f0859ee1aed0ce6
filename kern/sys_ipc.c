/* The system calls for messages. Checks in the order environment, address, permission, memory. */
#include <abi/error.h>
#include <abi/syscall.h>
#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/message.h>
#include <kern/reclaim.h>
#include <kern/space.h>
#include <kern/syscall.h>

/* Is there such an environment (0: the caller)? */
static int env_check(envid_t envid)
{
	struct env *env;
	int error = env_find(envid, false, &env);

	if (!error)
		env_release(env);
	return error;
}

static inline void message_init(struct message *message, uint32_t value)
{
	message->from = this_cpu()->env->pub->env_id;
	message->value = value;
	message->perm = message->count = message->page = 0;
}

/* The pages that a message is to bring, which srcva and perm name. -E_INVAL, -E_NO_MEM. */
static int pages_decode(struct message *message, uintptr_t srcva, uint32_t perm)
{
	uint32_t count = perm >> PERM_COUNT_SHIFT ? perm >> PERM_COUNT_SHIFT : 1;

	if (srcva >= UTOP)
		return 0;
	if (srcva % PGSIZE || !perm_valid(perm) || count > MESSAGE_PAGES_MAX || count > (UTOP - srcva) / PGSIZE)
		return -E_INVAL;
	message->perm = perm & PTE_SYSCALL;
	int error = message_take_pages(message, srcva, count);
	if (unlikely(error == -E_NO_MEM) && reclaim())
		error = message_take_pages(message, srcva, count);
	return error;
}

static int window_check(uintptr_t window)
{
	bool fits = window_count(window) <= MIN((uint32_t)MESSAGE_PAGES_MAX, (uint32_t)(UTOP - window_va(window)) / PGSIZE);

	return window >= UTOP || fits ? 0 : -E_INVAL;
}

static int send(envid_t envid, uint32_t value, uintptr_t srcva, uint32_t perm, uint32_t timeout)
{
	struct message message;
	int error = env_check(envid);

	if (error)
		return error;
	message_init(&message, value);
	if ((error = pages_decode(&message, srcva, perm)))
		return error;
	error = message_send(envid, &message, timeout);
	if (error)
		message_drop(&message);
	return error;
}

int32_t sys_ipc_try_send(envid_t envid, uint32_t value, uintptr_t srcva, uint32_t perm)
{
	return send(envid, value, srcva, perm, 0);
}

int32_t sys_ipc_send(envid_t envid, uint32_t value, uintptr_t srcva, uint32_t perm, uint32_t timeout)
{
	return send(envid, value, srcva, perm, timeout);
}

static int receive(uintptr_t window, envid_t from, uint32_t timeout)
{
	int error = message_receive(window, from, timeout);

	if (unlikely(error == -E_NO_MEM) && reclaim())
		error = message_receive(window, from, timeout);
	return error;
}

int32_t sys_ipc_recv(uintptr_t dstva)
{
	if (dstva % PGSIZE) {
		if (dstva < UTOP)
			return -E_INVAL;
		dstva = UTOP;
	}
	return receive(dstva, 0, WAIT_FOREVER);
}

int32_t sys_ipc_wait(uintptr_t window, envid_t from, uint32_t timeout)
{
	if (from && env_check(from) < 0)
		return -E_BAD_ENV;
	int error = window_check(window);
	return error ? error : receive(window, from, timeout);
}

/* A call or an answer that may have pages, or has to wait. */
static __attribute__((noinline)) int exchange(int (*do_it)(envid_t, const struct message *, uintptr_t), envid_t envid,
					      struct message *message, uintptr_t srcva, uint32_t perm, uintptr_t window)
{
	int error = window_check(window);

	if (!error)
		error = pages_decode(message, srcva, perm);
	if (error)
		return error;
	error = do_it(envid, message, window);
	if (unlikely(error == -E_NO_MEM) && reclaim())
		error = do_it(envid, message, window);
	if (error)
		message_drop(message);
	return error;
}

int32_t sys_ipc_call(envid_t envid, uint32_t value, uintptr_t srcva, uint32_t perm, uintptr_t window)
{
	struct message message;

	if (likely(srcva >= UTOP && window >= UTOP) && likely(message_call_direct(envid, value, window)))
		return 0;
	int error = env_check(envid);
	if (error)
		return error;
	message_init(&message, value);
	return exchange(message_call, envid, &message, srcva, perm, window);
}

int32_t sys_ipc_reply_wait(envid_t envid, uint32_t value, uintptr_t srcva, uint32_t perm, uintptr_t window)
{
	struct message message;

	if (likely(srcva >= UTOP && window >= UTOP) && likely(message_reply_direct(envid, value, window)))
		return 0;
	message_init(&message, value);
	return exchange(message_reply_wait, envid, &message, srcva, perm, window);
}
