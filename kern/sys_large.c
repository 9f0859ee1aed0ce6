/* The system call about superpages. */
#include <abi/error.h>
#include <abi/syscall.h>
#include <arch/space.h>
#include <kern/range.h>
#include <kern/reclaim.h>

/* Checks in the order environment, address, permission, memory. */
int32_t sys_page_alloc_large(envid_t envid, uintptr_t va, uint32_t perm)
{
	uint32_t count = perm >> PERM_COUNT_SHIFT, n = MAX(count, 1u);
	struct range range;
	int done = range_find(&range, envid);

	range.counted = count;
	if (!done && (va % PTSIZE || va >= UTOP || n > (UTOP - va) / PTSIZE || !perm_valid(perm)))
		done = -E_INVAL;
	if (!done && !arch_large_supported())
		done = -E_NOT_SUPP;
	if (!done)
		done = WITH_RECLAIM(space_alloc_large(range.space, va, perm & PTE_SYSCALL, n));
	return range_close(&range, done);
}
