/*
 * A panic of a program, with its name and place.
 *
 * arguments: word
 * status: 1
 * expect: ^half a line\[00001000\] user warning in line_panic at .*line_panic.c:18: one is 1$
 * expect: ^\[00001000\] user panic in line_panic at .*line_panic.c:19: out of memory, 000000ff$
 * expect: ^TRAP frame at 0xf
 * expect: ^  trap 0x00000003 Breakpoint$
 * expect: ^\[00001000\] free env 00001000$
 * never: ^wrong
 */
#include <inc/lib.h>

void umain(int argc, char **argv)
{
	cprintf("half a line");
	warn("one is %d", 1);
	panic("%e, %08x", -E_NO_MEM, 255);
	cprintf("wrong\n");
}
