/*
 * fork: the child maps what its parent has. What both may write is read-only and marked PTE_COW on both sides, and copied
 * by whoever writes first; what is marked PTE_SHARE stays shared; what is read-only is shared anyway. The exception
 * stack is never shared, for a fault on it could not be handled.
 *
 * The work follows what is mapped: page tables that are not there are passed over, and neighbours of one kind are
 * done by one call.
 */
#include <finch/memory.h>
#include <finch/pgfault.h>
#include <finch/syscall.h>
#include <inc/lib.h>

#define PERM_WRITE (PTE_P | PTE_U | PTE_W)
#define EXCEPTION_STACK (UXSTACKTOP - PGSIZE)

bool copy_on_write(const struct UTrapframe *utf)
{
	void *page = (void *)ROUNDDOWN(utf->utf_fault_va, PGSIZE);

	if (!(utf->utf_err & FEC_WR) || (uintptr_t)page >= UTOP || !page_mapped(page))
		return false;
	pte_t pte = uvpt[PGNUM(page)];
	if (!(pte & PTE_COW))
		return pte & PTE_W; /* another fault has resolved it already */
	int perm = (pte & PTE_SYSCALL & ~PTE_COW) | PTE_W;
	int err = sys_page_alloc(0, PFTEMP, PERM_WRITE);
	if (err == 0) {
		memcpy(PFTEMP, page, PGSIZE);
		err = sys_page_map(0, PFTEMP, 0, page, perm);
		sys_page_unmap(0, PFTEMP);
	}
	if (err < 0)
		panic("copy on write at %08x: %e", utf->utf_fault_va, err);
	return true;
}

/* How the child maps a page that its parent maps as pte says; the parent's mapping changes to the same if it differs. */
static int child_perm(pte_t pte)
{
	int perm = pte & PTE_SYSCALL;

	return !(perm & PTE_SHARE) && perm & PTE_W ? (perm & ~PTE_W) | PTE_COW : perm;
}

/* count neighbouring pages from va, mapped with perm here. */
static int share_run(envid_t child, uintptr_t va, int perm, size_t count)
{
	int shared = child_perm((pte_t)perm);
	int err = pages_share((void *)va, child, (void *)va, shared, count);

	while (err == 0 && shared != perm && count > 0) {
		int done = sys_page_protect_range(0, (void *)va, shared, count);
		if (done <= 0)
			return done < 0 ? done : -E_INVAL;
		va += (size_t)done * PGSIZE;
		count -= (size_t)done;
	}
	return err;
}

/* A run of pages that are mapped alike. */
struct run {
	uintptr_t start;
	size_t count;
	int perm;
};

static int run_end(envid_t child, struct run *run)
{
	int err = run->count ? share_run(child, run->start, run->perm, run->count) : 0;

	run->count = 0;
	return err;
}

static int run_add(envid_t child, struct run *run, uintptr_t va)
{
	int perm = uvpt[PGNUM(va)] & PTE_SYSCALL, err = 0;

	if (run->count && (perm != run->perm || va != run->start + run->count * PGSIZE))
		err = run_end(child, run);
	if (run->count == 0) {
		run->start = va;
		run->perm = perm;
	}
	run->count++;
	return err;
}

static int share_all(envid_t child)
{
	struct run run = { .count = 0 };
	int err = 0;

	for (uintptr_t va = 0; va < EXCEPTION_STACK && err == 0; va += PGSIZE) {
		if (!(uvpd[PDX(va)] & PTE_P)) {
			va = ROUNDDOWN(va, PTSIZE) + PTSIZE - PGSIZE;
			continue;
		}
		if (uvpt[PGNUM(va)] & PTE_P)
			err = run_add(child, &run, va);
	}
	return err ? err : run_end(child, &run);
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
