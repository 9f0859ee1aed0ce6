/* The system calls about budgets. */
#include <abi/error.h>
#include <kern/syscall.h>

int32_t sys_budget_create(envid_t envid, uint32_t pages, uint32_t envs)
{
	(void)envid;
	(void)pages;
	(void)envs;
	return -E_NOSYS;
}

int32_t sys_budget_end(int32_t budget)
{
	(void)budget;
	return -E_NOSYS;
}
