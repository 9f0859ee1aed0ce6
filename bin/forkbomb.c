/*
 * forkbomb [spin]: every process forks as often as it can, for ever; with `spin` it does not give way in between. It ends by
 * kill alone, which must find them all. See doc/rights.md.
 */
#include <inc/lib.h>

void umain(int argc, char **argv)
{
	bool spins = argc > 1 && strcmp(argv[1], "spin") == 0;

	cprintf("forkbomb: here it goes\n");
	for (;;) {
		if (fork() < 0 && !spins)
			sys_yield();
	}
}
