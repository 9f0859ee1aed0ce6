/* What fork and sfork have in common: see forking.h. */
#include <finch/memory.h>
#include <finch/pgfault.h>
#include <finch/syscall.h>
#include <inc/lib.h>
#include "fd_table.h"
#include "forking.h"

#define PERM_WRITE (PTE_P | PTE_U | PTE_W)

/* Only where the program uses descriptors does it carry this. */
int pipe_inherit(envid_t child) __attribute__((weak));

extern struct mutex *const libos_locks_start[], *const libos_locks_end[];

bool fork_copies;

bool copy_on_write(const struct UTrapframe *utf)
{
	void *page = (void *)ROUNDDOWN(utf->utf_fault_va, PGSIZE);

	if ((uintptr_t)page >= UTOP)
		return false;
	pte_t pte = page_entry(page);
	if (!(pte & PTE_P))
		return false;
	if (pte & PTE_W)
		return true; /* another thread's fault has resolved it already */
	if (!(pte & PTE_COW))
		return false;
	int err = sys_page_replace(page, pte, (pte & PTE_SYSCALL & ~PTE_COW) | PTE_W);
	if (err < 0)
		panic("copy on write at %08x: %e", utf->utf_fault_va, err);
	return true;
}

/* All or none: somebody may hold one and wait for another. */
static bool try_all(void)
{
	for (struct mutex *const *lock = libos_locks_start; lock < libos_locks_end; lock++) {
		if (mutex_trylock(*lock))
			continue;
		while (lock-- > libos_locks_start)
			mutex_unlock(*lock);
		return false;
	}
	return true;
}

void fork_lock(void)
{
	while (!try_all())
		sys_yield();
}

void fork_unlock(void)
{
	for (struct mutex *const *lock = libos_locks_start; lock < libos_locks_end; lock++)
		mutex_unlock(*lock);
}

void fork_lock_forget(void)
{
	for (struct mutex *const *lock = libos_locks_start; lock < libos_locks_end; lock++)
		**lock = (struct mutex){ 0 };
}

int fork_give_copy(envid_t child, void *va, int perm)
{
	int err = sys_page_alloc(0, PFTEMP, PERM_WRITE);

	if (err == 0) {
		memcpy(PFTEMP, va, PGSIZE);
		err = sys_page_map(0, PFTEMP, child, va, perm);
		sys_page_unmap(0, PFTEMP);
	}
	return err;
}

/* An exception stack for child at `stack`: with what is on it, if this function itself runs on it; else empty. */
static int give_stack(envid_t child, char *stack)
{
	if ((uintptr_t)__builtin_frame_address(0) - (uintptr_t)stack < PGSIZE)
		return fork_give_copy(child, stack, PERM_WRITE);
	return sys_page_alloc(child, stack, PERM_WRITE);
}

int fork_give_upcalls(envid_t child)
{
	uintptr_t top = thisenv->env_exception_stack, upcall = (uintptr_t)thisenv->env_exception_upcall;
	int err = give_stack(child, (char *)top - PGSIZE);

	if (err == 0 && top != UXSTACKTOP)
		err = sys_env_set(child, ENV_SET_EXCEPTION_STACK, top);
	if (err == 0 && upcall)
		err = sys_env_set(child, ENV_SET_EXCEPTION_UPCALL, upcall);
	return err < 0 ? err : sys_env_set_pgfault_upcall(child, _pgfault_upcall);
}

envid_t fork_finish(envid_t child, int err)
{
	if (err == 0 && pipe_inherit)
		err = pipe_inherit(child);
	if (err == 0)
		err = sys_env_set_status(child, ENV_RUNNABLE);
	if (err < 0)
		sys_env_destroy(child);
	fork_unlock();
	return err < 0 ? err : child;
}
