/* The system calls about devices in user mode. */
#include <abi/error.h>
#include <kern/syscall.h>

int32_t sys_page_alloc_dma(envid_t envid, uintptr_t va, uint32_t perm)
{
	(void)envid;
	(void)va;
	(void)perm;
	return -E_NOSYS;
}

int32_t sys_device_map(envid_t envid, uintptr_t va, uint32_t perm, uintptr_t physical)
{
	(void)envid;
	(void)va;
	(void)perm;
	(void)physical;
	return -E_NOSYS;
}

int32_t sys_port_allow(envid_t envid, uint32_t port, uint32_t count, int allow)
{
	(void)envid;
	(void)port;
	(void)count;
	(void)allow;
	return -E_NOSYS;
}

int32_t sys_irq(envid_t envid, uint32_t line, int op)
{
	(void)envid;
	(void)line;
	(void)op;
	return -E_NOSYS;
}
