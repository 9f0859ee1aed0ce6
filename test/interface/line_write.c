/*
 * A write to the null page, then the dump in full.
 *
 * status: 1
 * expect: ^\[00000000\] new env 00001000$
 * expect: ^half a line\[00001000\] user fault va 00000000 ip 008[0-9a-f]{5}$
 * expect: ^TRAP frame at 0xf[0-9a-f]{7} from CPU 0$
 * expect: ^  edi  0x[0-9a-f]{8}$
 * expect: ^  esi  0x[0-9a-f]{8}$
 * expect: ^  ebp  0xeebfd[0-9a-f]{3}$
 * expect: ^  oesp 0x[0-9a-f]{8}$
 * expect: ^  ebx  0x[0-9a-f]{8}$
 * expect: ^  edx  0x[0-9a-f]{8}$
 * expect: ^  ecx  0x[0-9a-f]{8}$
 * expect: ^  eax  0x[0-9a-f]{8}$
 * expect: ^  es   0x----0023$
 * expect: ^  ds   0x----0023$
 * expect: ^  trap 0x0000000e Page Fault$
 * expect: ^  err  0x00000006 \[user, write, not-present\]$
 * expect: ^  eip  0x008[0-9a-f]{5}$
 * expect: ^  cs   0x----001b$
 * expect: ^  flag 0x00000[0-9a-f]{3}$
 * expect: ^  esp  0xeebfd[0-9a-f]{3}$
 * expect: ^  ss   0x----0023$
 * expect: ^\[00001000\] free env 00001000$
 */
#include <inc/lib.h>

void umain(int argc, char **argv)
{
	cprintf("half a line");
	*(int *)0 = 1;
}
