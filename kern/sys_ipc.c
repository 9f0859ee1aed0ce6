/* The system calls for messages. Checks in the order environment, address, permission, memory. */
#include <abi/error.h>
#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/message.h>
#include <kern/reclaim.h>
#include <kern/space.h>
#include <kern/syscall.h>

static int send(envid_t envid, uint32_t value, uintptr_t srcva, uint32_t perm, bool blocks)
{
	struct env *to, *self = this_cpu()->env;
	struct message message = { .from = self->pub->env_id, .value = value, .perm = perm & PTE_SYSCALL };
	int error = env_find(envid, false, &to);

	if (error)
		return error;
	env_release(to);
	if (srcva < UTOP) {
		if (srcva % PGSIZE || !perm_valid(perm) || perm >= PGSIZE)
			return -E_INVAL;
		if ((error = space_take(self->space, srcva, perm, &message.page)))
			return error;
	}
	error = message_send(envid, &message, blocks);
	if (unlikely(error == -E_NO_MEM) && reclaim())
		error = message_send(envid, &message, blocks);
	if (error && message.page)
		page_drop(message.page);
	return error;
}

int32_t sys_ipc_try_send(envid_t envid, uint32_t value, uintptr_t srcva, uint32_t perm)
{
	return send(envid, value, srcva, perm, false);
}

int32_t sys_ipc_send(envid_t envid, uint32_t value, uintptr_t srcva, uint32_t perm)
{
	return send(envid, value, srcva, perm, true);
}

int32_t sys_ipc_recv(uintptr_t dstva)
{
	if (dstva < UTOP && dstva % PGSIZE)
		return -E_INVAL;
	int error = message_receive(dstva);
	if (unlikely(error == -E_NO_MEM) && reclaim())
		error = message_receive(dstva);
	return error;
}
