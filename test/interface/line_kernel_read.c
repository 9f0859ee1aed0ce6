/*
 * A read of the kernel's memory.
 *
 * status: 1
 * expect: ^\[00001000\] user fault va f0100000 ip 008[0-9a-f]{5}$
 * expect: ^  trap 0x0000000e Page Fault$
 * expect: ^  err  0x00000005 \[user, read, protection\]$
 * expect: ^\[00001000\] free env 00001000$
 * never: ^wrong
 */
#include <inc/lib.h>

void umain(int argc, char **argv)
{
	cprintf("wrong: %08x\n", *(volatile int *)0xf0100000);
}
