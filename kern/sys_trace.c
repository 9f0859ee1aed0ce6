/* The system call about the event ring. */
#include <abi/error.h>
#include <kern/syscall.h>

int32_t sys_trace(int op, uintptr_t arg, uintptr_t size)
{
	(void)op;
	(void)arg;
	(void)size;
	return -E_NOSYS;
}
