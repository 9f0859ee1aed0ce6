/* The system calls that read and set the whole of a child: checkpoints. */
#include <abi/error.h>
#include <kern/syscall.h>

int32_t sys_env_state_get(envid_t envid, int what, uaddr_t buf, size_t size)
{
	(void)envid;
	(void)what;
	(void)buf;
	(void)size;
	return -E_NOSYS;
}

int32_t sys_env_state_set(envid_t envid, int what, uaddr_t buf, size_t size)
{
	(void)envid;
	(void)what;
	(void)buf;
	(void)size;
	return -E_NOSYS;
}

int32_t sys_page_list(envid_t envid, uintptr_t va, uaddr_t buf, uint32_t count)
{
	(void)envid;
	(void)va;
	(void)buf;
	(void)count;
	return -E_NOSYS;
}

int32_t sys_page_copy_from(const struct Trapframe *tf)
{
	(void)tf;
	return -E_NOSYS;
}
