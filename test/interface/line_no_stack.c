/*
 * A page fault with an upcall but without an exception stack.
 *
 * status: 1
 * expect: ^\[00001000\] user_mem_check assertion failure for va eebff[0-9a-f]{3}$
 * expect: ^\[00001000\] free env 00001000$
 */
#include <inc/lib.h>

void _pgfault_upcall();

void umain(int argc, char **argv)
{
	sys_env_set_pgfault_upcall(0, (void *)_pgfault_upcall);
	*(int *)0 = 0;
}
