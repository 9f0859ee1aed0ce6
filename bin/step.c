/*
 * step [A B]: watches itself compute the greatest common divisor of two numbers, instruction by instruction. With FL_TF
 * in its flags the processor raises T_DEBUG after each one; the handler notes where the program is, and the program
 * goes on to the next. Afterwards the notes are printed: address and bytes of each instruction, and where it went from
 * there if not to the next.
 *
 * It works because the return from an exception loads flags and address in one instruction: nothing of the handler or
 * the library is stepped through.
 */
#include <finch/exception.h>
#include <finch/process.h>
#include <inc/lib.h>

#define STEPS_MAX 4000
#define SHOWN 16 /* of the first instructions, and of the last */

static uintptr_t trace[STEPS_MAX + 1]; /* where each instruction stands; the last one is not done any more */
static unsigned steps;

static bool note(struct ExceptionFrame *frame)
{
	if (frame->ef_trapno != T_DEBUG || frame->ef_dr6 != DR6_STEP)
		return false;
	trace[steps++] = frame->ef_eip;
	if (steps > STEPS_MAX)
		frame->ef_eflags &= ~FL_TF;
	return true;
}

static __attribute__((noinline)) uint32_t greatest_divisor(uint32_t a, uint32_t b)
{
	while (b) {
		uint32_t rest = a % b;
		a = b;
		b = rest;
	}
	return a;
}

static uint32_t watched(uint32_t a, uint32_t b)
{
	write_eflags(read_eflags() | FL_TF);
	uint32_t divisor = greatest_divisor(a, b);
	write_eflags(read_eflags() & ~FL_TF);
	return divisor;
}

/* How long the instruction at code is, if it is one that jumps; else 0. Intel SDM vol. 2, appendix A. */
static unsigned jump_length(const uint8_t *code)
{
	if (code[0] >> 4 == 7 || code[0] == 0xEB || (code[0] & 0xFC) == 0xE0)
		return 2;
	if (code[0] == 0xE8 || code[0] == 0xE9)
		return 5;
	if (code[0] == 0x0F && code[1] >> 4 == 8)
		return 6;
	return code[0] == 0xC3;
}

static void show(unsigned n)
{
	const uint8_t *code = (const uint8_t *)trace[n];
	unsigned jump = jump_length(code), length = jump ? jump : trace[n + 1] - trace[n];
	char bytes[3 * 15 + 1] = "";

	for (unsigned i = 0; i < length && i < 15; i++)
		snprintf(bytes + 3 * i, 4, "%02x ", code[i]);
	cprintf("%4u  %08x  %-21s", n + 1, trace[n], bytes);
	if (trace[n + 1] != trace[n] + length)
		cprintf(" -> %08x", trace[n + 1]);
	cprintf("\n");
}

void umain(int argc, char **argv)
{
	uint32_t a = argc > 2 ? strtol(argv[1], NULL, 0) : 1071, b = argc > 2 ? strtol(argv[2], NULL, 0) : 462;

	set_exception_handler(note);
	uint32_t divisor = watched(a, b);
	unsigned done = steps ? steps - 1 : 0;
	for (unsigned n = 0; n < done; n++) {
		if (n < SHOWN || n + SHOWN >= done)
			show(n);
		else if (n == SHOWN)
			cprintf("      ...\n");
	}
	bool right = divisor == greatest_divisor(a, b) && done > 10 && !(read_eflags() & FL_TF);
	cprintf("step: the greatest divisor of %u and %u is %u, after %u instructions, %s\n", a, b, divisor, done,
		right ? "all right" : "wrong");
}
