/* The system call about superpages. */
#include <abi/error.h>
#include <abi/syscall.h>
#include <arch/space.h>
#include <kern/env_space.h>
#include <kern/reclaim.h>
#include <kern/syscall.h>

/* Checks in the order environment, address, permission, memory. */
int32_t sys_page_alloc_large(envid_t envid, uintptr_t va, uint32_t perm)
{
	uint32_t count = perm >> PERM_COUNT_SHIFT, n = MAX(count, 1u);
	struct space *space;
	int done = env_space_get(envid, &space);

	if (done)
		return done;
	if (va % PTSIZE || va >= UTOP || n > (UTOP - va) / PTSIZE || !perm_valid(perm))
		done = -E_INVAL;
	else if (!arch_large_supported())
		done = -E_NOT_SUPP;
	if (!done)
		done = WITH_RECLAIM(space_alloc_large(space, va, perm & PTE_SYSCALL, n));
	env_space_put(space, envid);
	return done < 0 || count ? done : 0;
}
