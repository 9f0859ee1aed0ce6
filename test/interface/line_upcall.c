/*
 * An upcall in the kernel.
 *
 * status: 1
 * expect: ^\[00001000\] user_mem_check assertion failure for va f0100020$
 * expect: ^\[00001000\] free env 00001000$
 * never: ^wrong
 */
#include <inc/lib.h>

void umain(int argc, char **argv)
{
	sys_page_alloc(0, (void *)(UXSTACKTOP - PGSIZE), PTE_P | PTE_U | PTE_W);
	sys_env_set_pgfault_upcall(0, (void *)0xf0100020);
	*(int *)0 = 0;
	cprintf("wrong\n");
}
