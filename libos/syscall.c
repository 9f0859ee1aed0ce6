/* The system calls under the names and types of <inc/lib.h>. */
#include <finch/syscall.h>
#include <inc/lib.h>

void sys_cputs(const char *s, size_t len)
{
	libos_sys_cputs(s, len);
}

int sys_cgetc(void)
{
	return libos_sys_cgetc();
}

envid_t sys_getenvid(void)
{
	return libos_sys_getenvid();
}

int sys_env_destroy(envid_t envid)
{
	return libos_sys_env_destroy(envid);
}

void sys_yield(void)
{
	libos_sys_yield();
}

int sys_env_set_status(envid_t envid, int status)
{
	return libos_sys_env_set_status(envid, status);
}

int sys_env_set_trapframe(envid_t envid, struct Trapframe *tf)
{
	return libos_sys_env_set_trapframe(envid, tf);
}

int sys_env_set_pgfault_upcall(envid_t envid, void *upcall)
{
	return libos_sys_env_set_pgfault_upcall(envid, (uintptr_t)upcall);
}

int sys_page_alloc(envid_t envid, void *va, int perm)
{
	return libos_sys_page_alloc(envid, (uintptr_t)va, (uint32_t)perm);
}

int sys_page_map(envid_t srcenv, void *srcva, envid_t dstenv, void *dstva, int perm)
{
	return libos_sys_page_map(srcenv, (uintptr_t)srcva, dstenv, (uintptr_t)dstva, (uint32_t)perm);
}

int sys_page_unmap(envid_t envid, void *va)
{
	return libos_sys_page_unmap(envid, (uintptr_t)va, 0);
}

int sys_ipc_try_send(envid_t envid, uint32_t value, void *srcva, int perm)
{
	return libos_sys_ipc_try_send(envid, value, (uintptr_t)srcva, (uint32_t)perm);
}

int sys_ipc_recv(void *dstva)
{
	return libos_sys_ipc_recv((uintptr_t)dstva);
}

unsigned sys_time_msec(void)
{
	return (unsigned)libos_sys_time_msec();
}
