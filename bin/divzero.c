/*
 * divzero: goes on after a division by zero. The handler gives the division a result, as one may wish: the largest
 * number there is, with the dividend as remainder. Without a handler the program ends at the first one.
 */
#include <finch/exception.h>
#include <finch/process.h>
#include <inc/lib.h>

#define DIV_LENGTH 2 /* of divl by a register: F7 F0 to F7 F7 */

static int mended;

static bool mend(struct ExceptionFrame *frame)
{
	if (frame->ef_trapno != T_DIVIDE)
		return false;
	mended++;
	frame->ef_regs.reg_edx = frame->ef_regs.reg_eax;
	frame->ef_regs.reg_eax = 0xFFFFFFFF;
	frame->ef_eip += DIV_LENGTH;
	return true;
}

/* The instruction itself, so that no compiler finds out beforehand what it divides by. */
static uint32_t divide(uint32_t a, uint32_t b, uint32_t *rest)
{
	uint32_t quotient = a;

	*rest = 0;
	__asm__ volatile("divl %2" : "+a"(quotient), "+d"(*rest) : "r"(b) : "cc");
	return quotient;
}

void umain(int argc, char **argv)
{
	set_exception_handler(mend);
	for (uint32_t b = 3; b != ~0u; b--) {
		uint32_t rest, quotient = divide(100, b, &rest);
		cprintf("divzero: 100 / %u is %u, and %u is left\n", b, quotient, rest);
	}
	cprintf("divzero: %d division by zero, %s\n", mended, mended == 1 ? "all right" : "wrong");
}
