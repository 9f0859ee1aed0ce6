/*
 * A division by zero.
 *
 * status: 1
 * expect: ^\[00000000\] new env 00001000$
 * expect: ^TRAP frame at 0xf[0-9a-f]{7} from CPU 0$
 * expect: ^  trap 0x00000000 Divide error$
 * expect: ^  err  0x00000000$
 * expect: ^  eip  0x008[0-9a-f]{5}$
 * expect: ^\[00001000\] free env 00001000$
 * never: ^wrong
 */
#include <inc/lib.h>

int nothing;

void umain(int argc, char **argv)
{
	cprintf("wrong: 1 / 0 is %d\n", 1 / nothing);
}
