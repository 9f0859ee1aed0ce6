/*
 * fork: the child maps what its parent has. What both may write is read-only and marked PTE_COW on both sides, and
 * copied by whoever writes first; what is marked PTE_SHARE stays shared; what is read-only is shared anyway. The
 * exception stack is never shared, for a fault on it could not be handled. Of the threads the child has the one that
 * forks, and not the stacks of the others.
 *
 * One system call does the mapping and marking (page_copy), another the copying at a fault (page_replace), so that
 * neither another thread's fault nor its fork can come in between.
 */
#include <finch/memory.h>
#include <finch/pgfault.h>
#include <finch/syscall.h>
#include <inc/lib.h>
#include "forking.h"

static struct mutex forking; /* PFTEMP is this program's one place for a page on its way */
FORK_LOCK(forking);

/* Give the child copies of what it was given to share. */
static int copy_at_once(envid_t child, uintptr_t start, uintptr_t end)
{
	int err = 0;

	for (uintptr_t va = start; va < end && err == 0; va += PGSIZE) {
		pte_t pte = page_entry((void *)va);
		if (!(uvpd[PDX(va)] & PTE_P))
			va = ROUNDDOWN(va, PTSIZE) + PTSIZE - PGSIZE;
		else if ((pte & (PTE_P | PTE_W | PTE_SHARE)) == (PTE_P | PTE_W))
			err = fork_give_copy(child, (void *)va, (int)(pte & PTE_SYSCALL));
	}
	return err;
}

static int copy_piece(envid_t child, uintptr_t start, uintptr_t end)
{
	int keep = fork_copies ? PTE_SHARE | PTE_W : PTE_SHARE;

	if (start >= end)
		return 0;
	int err = pages_copy(child, (void *)start, 0, keep, PTE_COW, (end - start) / PGSIZE);
	return err == 0 && fork_copies ? copy_at_once(child, start, end) : err;
}

/* The same without this thread's exception stack. */
static int copy_around(envid_t child, uintptr_t start, uintptr_t end)
{
	uintptr_t after = thisenv->env_exception_stack, stack = after - PGSIZE;

	if (stack < start || stack >= end)
		return copy_piece(child, start, end);
	int err = copy_piece(child, start, stack);
	return err < 0 ? err : copy_piece(child, after, end);
}

static int copy_all(envid_t child)
{
	struct piece all = { 0, 0 }, own = { 0, 0 };

	if (threads_place)
		threads_place(&all, &own);
	int err = copy_around(child, 0, all.start);
	if (err == 0)
		err = copy_around(child, own.start, own.end);
	if (err == 0)
		err = copy_around(child, all.end, UXSTACKTOP - PGSIZE);
	return err;
}

envid_t fork(void)
{
	int err = pgfault_install();

	if (err < 0)
		return err;
	fork_lock();
	envid_t child = sys_exofork();
	if (child < 0) {
		fork_unlock();
		return child;
	}
	if (child == 0) {
		thisenv = &envs[ENVX(sys_getenvid())];
		fork_lock_forget();
		fork_copies = false;
		if (threads_forked)
			threads_forked();
		return 0;
	}
	err = copy_all(child);
	if (err == 0)
		err = fork_give_upcalls(child);
	return fork_finish(child, err);
}
