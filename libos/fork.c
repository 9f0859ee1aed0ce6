/*
 * fork: the child maps what its parent has. What both may write is read-only and marked PTE_COW on both sides, and copied
 * by whoever writes first; what is marked PTE_SHARE stays shared; what is read-only is shared anyway. The exception
 * stack is never shared, for a fault on it could not be handled.
 *
 * One system call does the mapping and marking (page_copy), another the copying at a fault (page_replace), so that
 * neither another thread's fault nor its fork can come in between.
 */
#include <finch/memory.h>
#include <finch/pgfault.h>
#include <finch/syscall.h>
#include <inc/lib.h>
#include "fd_table.h"

#define PERM_WRITE (PTE_P | PTE_U | PTE_W)
#define EXCEPTION_STACK (UXSTACKTOP - PGSIZE)

/* Only where the program uses descriptors does it carry this. */
int pipe_inherit(envid_t child) __attribute__((weak));

bool copy_on_write(const struct UTrapframe *utf)
{
	void *page = (void *)ROUNDDOWN(utf->utf_fault_va, PGSIZE);

	if ((uintptr_t)page >= UTOP || !page_mapped(page))
		return false;
	pte_t pte = uvpt[PGNUM(page)];
	if (pte & PTE_W)
		return true; /* another thread's fault has resolved it already */
	if (!(pte & PTE_COW))
		return false;
	int err = sys_page_replace(page, pte, (pte & PTE_SYSCALL & ~PTE_COW) | PTE_W);
	if (err < 0)
		panic("copy on write at %08x: %e", utf->utf_fault_va, err);
	return true;
}

static int share_all(envid_t child)
{
	for (uintptr_t va = 0; va < EXCEPTION_STACK;) {
		int done = sys_page_copy_range(child, (void *)va, 0, PTE_SHARE, PTE_COW, (EXCEPTION_STACK - va) / PGSIZE);
		if (done <= 0)
			return done < 0 ? done : -E_INVAL;
		va += (size_t)done * PGSIZE;
	}
	return 0;
}

envid_t fork(void)
{
	int err = pgfault_install();
	envid_t child = err < 0 ? err : sys_exofork();

	if (child < 0)
		return child;
	if (child == 0) {
		thisenv = &envs[ENVX(sys_getenvid())];
		return 0;
	}
	err = share_all(child);
	if (err == 0 && pipe_inherit)
		err = pipe_inherit(child);
	if (err == 0)
		err = sys_page_alloc(child, (void *)EXCEPTION_STACK, PERM_WRITE);
	if (err == 0)
		err = sys_env_set_pgfault_upcall(child, _pgfault_upcall);
	if (err == 0)
		err = sys_env_set_status(child, ENV_RUNNABLE);
	if (err < 0) {
		sys_env_destroy(child);
		return err;
	}
	return child;
}
