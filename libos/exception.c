/* Exceptions of the program other than page faults: to its handler, or, unwanted, back to the kernel. */
#include <finch/exception.h>
#include <finch/pgfault.h>
#include <finch/syscall.h>
#include <inc/lib.h>

static exception_handler handler;

/*
 * The instruction that raised it, if eip stands behind that: by one byte, as int3, into and int1 are, or by the two of
 * int n. It has just been done, so it can be read.
 */
static uintptr_t instruction_of(const struct ExceptionFrame *frame)
{
	const uint8_t *after = (const uint8_t *)frame->ef_eip;

	switch (frame->ef_trapno) {
	case T_BRKPT:
		return frame->ef_eip - (after[-1] == 0xCC ? 1 : 2);
	case T_OFLOW:
		return frame->ef_eip - (after[-1] == 0xCE ? 1 : 2);
	case T_DEBUG:
		return frame->ef_eip - (frame->ef_dr6 ? 0 : 1);
	default:
		return frame->ef_eip - (frame->ef_trapno > T_SYSCALL ? 2 : 0);
	}
}

void exception(struct ExceptionFrame *frame)
{
	if (!handler || !handler(frame)) {
		frame->ef_eip = instruction_of(frame);
		sys_env_set(0, ENV_SET_EXCEPTION_UPCALL, 0);
	}
	exception_leave(frame);
}

exception_handler set_exception_handler(exception_handler new)
{
	exception_handler old = handler;
	int err = new ? exception_stack_make() : 0;

	handler = new;
	if (err == 0)
		err = sys_env_set(0, ENV_SET_EXCEPTION_UPCALL, new ? (uintptr_t)exception_upcall : 0);
	if (err < 0)
		panic("set_exception_handler: %e", err);
	return old;
}
