/* The system call about the event ring. */
#include <abi/error.h>
#include <abi/rights.h>
#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/reclaim.h>
#include <kern/syscall.h>
#include <kern/trace.h>

static int32_t set(uintptr_t kinds)
{
	if (kinds & ~(uintptr_t)TRACE_KINDS_ALL)
		return -E_INVAL;
	int error = kinds ? WITH_RECLAIM(trace_make()) : 0;
	if (error == TRACE_AGAIN)
		return arch_call_again(arch_frame());
	if (error)
		trace_unmake();
	return error ? error : (int32_t)trace_set(kinds);
}

int32_t sys_trace(int op, uintptr_t arg, uint32_t cpu)
{
	if (!env_may(RIGHT_TRACE))
		return -E_BAD_ENV;
	switch (op) {
	case TRACE_SET:
		return set(arg);
	case TRACE_MAP:
		return WITH_RECLAIM(trace_map(arg, cpu));
	default:
		return -E_INVAL;
	}
}
