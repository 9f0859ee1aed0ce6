/*
 * lastwords [ADDRESS]: a page-fault handler that cannot help, says what happened, and ends the program in good order.
 * Without one the kernel would destroy the program. ADDRESS (hexadecimal) is where to write: default 0.
 */
#include <finch/process.h>
#include <inc/lib.h>

static void say_and_end(struct UTrapframe *utf)
{
	cprintf("lastwords: a %s of %s memory at %08x, by the instruction at %08x\n",
		utf->utf_err & FEC_WR ? "write" : "read", utf->utf_err & FEC_PR ? "protected" : "unmapped",
		utf->utf_fault_va, utf->utf_eip);
	exit_status(3);
}

/* Not by strtol, whose numbers end at 0x7fffffff. */
static uintptr_t address(const char *digits)
{
	uintptr_t value = 0;

	for (; *digits; digits++)
		value = value * 16 + (*digits <= '9' ? *digits - '0' : (*digits | 32) - 'a' + 10);
	return value;
}

void umain(int argc, char **argv)
{
	volatile int *where = argc > 1 ? (volatile int *)address(argv[1]) : NULL;

	set_pgfault_handler(say_and_end);
	*where = 1;
	cprintf("lastwords: %08x could be written\n", (uint32_t)where);
}
