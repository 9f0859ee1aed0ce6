/*
 * forkbomb [spin|leave]: every process forks as often as it can, for ever. With `spin` it does not give way in
 * between; with `leave` the first ends as soon as it has a child. It ends by kill alone, which must find them all:
 * doc/rights.md.
 */
#include <inc/lib.h>

void umain(int argc, char **argv)
{
	bool spins = argc > 1 && strcmp(argv[1], "spin") == 0;
	bool leaves = argc > 1 && strcmp(argv[1], "leave") == 0;

	cprintf("forkbomb: here it goes\n");
	for (;;) {
		envid_t child = fork();
		if (leaves && child > 0)
			return;
		leaves = false;
		if (child < 0 && !spins)
			sys_yield();
	}
}
