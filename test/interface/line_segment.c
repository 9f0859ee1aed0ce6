/*
 * A selector that is not a program's to load.
 *
 * status: 1
 * expect: ^TRAP frame at 0xf[0-9a-f]{7} from CPU 0$
 * expect: ^  trap 0x0000000d General Protection$
 * expect: ^  err  0x00000028$
 * expect: ^\[00001000\] free env 00001000$
 * never: ^wrong
 */
#include <inc/lib.h>

void umain(int argc, char **argv)
{
	__asm__ volatile("movw $0x28, %%ax; movw %%ax, %%ds" : : : "eax");
	cprintf("wrong\n");
}
