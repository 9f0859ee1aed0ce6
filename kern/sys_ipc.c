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

/* A window: its address, and in the low bits the pages that it has room for; 0 for one, not counted. -E_INVAL. */
static inline int window_decode(struct message_window *window, uintptr_t word)
{
	uint32_t count = word % PGSIZE;

	window->va = word - count;
	window->counted = count != 0;
	window->count = count ? count : 1;
	if (window->va < UTOP && (count > MESSAGE_PAGES_MAX || window->count > (UTOP - window->va) / PGSIZE))
		return -E_INVAL;
	return 0;
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

static int receive(const struct message_window *window, envid_t from, uint32_t timeout)
{
	int error = message_receive(window, from, timeout);

	if (unlikely(error == -E_NO_MEM) && reclaim())
		error = message_receive(window, from, timeout);
	return error;
}

int32_t sys_ipc_recv(uintptr_t dstva)
{
	const struct message_window window = { .va = dstva, .count = 1 };

	if (dstva < UTOP && dstva % PGSIZE)
		return -E_INVAL;
	return receive(&window, 0, WAIT_FOREVER);
}

int32_t sys_ipc_wait(uintptr_t window_word, envid_t from, uint32_t timeout)
{
	struct message_window window;

	if (from && env_check(from) < 0)
		return -E_BAD_ENV;
	int error = window_decode(&window, window_word);
	return error ? error : receive(&window, from, timeout);
}

/* What a call or a reply consists of; envid 0: a reply to nobody. */
static inline int exchange_decode(envid_t envid, struct message *message, uint32_t value, uintptr_t srcva, uint32_t perm,
				  struct message_window *window, uintptr_t window_word)
{
	message_init(message, value);
	int error = window_decode(window, window_word);
	if (likely(srcva >= UTOP && !error))
		return 0;
	/* The first check of all is last where the others cannot fail: message_call finds the environment anyway. */
	if (envid && env_check(envid) < 0)
		return -E_BAD_ENV;
	return error ? error : pages_decode(message, srcva, perm);
}

int32_t sys_ipc_call(envid_t envid, uint32_t value, uintptr_t srcva, uint32_t perm, uintptr_t window_word)
{
	struct message message;
	struct message_window window;
	int error = exchange_decode(envid, &message, value, srcva, perm, &window, window_word);

	if (unlikely(error))
		return error;
	error = message_call(envid, &message, &window);
	if (unlikely(error == -E_NO_MEM) && reclaim())
		error = message_call(envid, &message, &window);
	if (unlikely(error))
		message_drop(&message);
	return error;
}

int32_t sys_ipc_reply_wait(envid_t envid, uint32_t value, uintptr_t srcva, uint32_t perm, uintptr_t window_word)
{
	struct message message;
	struct message_window window;
	int error = exchange_decode(0, &message, value, srcva, perm, &window, window_word);

	if (unlikely(error))
		return error;
	error = message_reply_wait(envid, &message, &window);
	if (unlikely(error == -E_NO_MEM) && reclaim())
		error = message_reply_wait(envid, &message, &window);
	if (unlikely(error))
		message_drop(&message);
	return error;
}
