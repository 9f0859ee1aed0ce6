/*
 * A parent, a child that spins, and its end by the parent.
 *
 * expect: ^\[00000000\] new env 00001000$
 * expect: ^\[00001000\] new env 00001001$
 * expect: ^the child spins$
 * expect: ^\[00001000\] destroying 00001001$
 * expect: ^\[00001000\] free env 00001001$
 * expect: ^the child is gone$
 * expect: ^\[00001000\] new env 00002001$
 * expect: ^\[00002001\] exiting gracefully$
 * expect: ^\[00002001\] free env 00002001$
 * expect: ^\[00001000\] exiting gracefully$
 * expect: ^\[00001000\] free env 00001000$
 */
#include <inc/lib.h>

void umain(int argc, char **argv)
{
	envid_t child = fork();

	if (child == 0) {
		cprintf("the child spins\n");
		for (;;)
			continue;
	}
	for (int i = 0; i < 10; i++)
		sys_yield();
	sys_env_destroy(child);
	cprintf("the child is gone\n");
	child = fork();
	if (child == 0)
		exit();
	wait(child);
}
