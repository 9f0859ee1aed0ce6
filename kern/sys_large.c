/* The system call about superpages. */
#include <abi/error.h>
#include <kern/syscall.h>

int32_t sys_page_alloc_large(envid_t envid, uintptr_t va, uint32_t perm)
{
	(void)envid;
	(void)va;
	(void)perm;
	return -E_NOSYS;
}
