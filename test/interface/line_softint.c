/*
 * The page fault's vector, raised by the program: that is not its to raise.
 *
 * status: 1
 * expect: ^TRAP frame at 0xf[0-9a-f]{7} from CPU 0$
 * expect: ^  trap 0x0000000d General Protection$
 * expect: ^  err  0x00000072$
 * expect: ^\[00001000\] free env 00001000$
 * never: ^wrong
 */
#include <inc/lib.h>

void umain(int argc, char **argv)
{
	__asm__ volatile("int $14");
	cprintf("wrong\n");
}
