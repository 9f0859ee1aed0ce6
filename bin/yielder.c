/*
 * yielder [COUNT [TURNS]]: COUNT processes (default 3) that each say TURNS times (default 4) which turn it is, and let
 * the others run. On one CPU they come one after the other, round by round; on more CPUs as it happens.
 */
#include <finch/process.h>
#include <inc/lib.h>

#define COUNT_MAX 100

static void take_turns(int turns)
{
	for (int turn = 1; turn <= turns; turn++) {
		cprintf("%08x: turn %d of %d\n", thisenv->env_id, turn, turns);
		sys_yield();
	}
}

void umain(int argc, char **argv)
{
	int count = argc > 1 ? (int)strtol(argv[1], NULL, 0) : 3;
	int turns = argc > 2 ? (int)strtol(argv[2], NULL, 0) : 4;
	envid_t children[COUNT_MAX];

	if (count < 1 || count > COUNT_MAX) {
		cprintf("yielder: the count must be 1 to %d\n", COUNT_MAX);
		exit_status(1);
	}
	for (int i = 0; i < count; i++) {
		children[i] = fork();
		if (children[i] < 0)
			panic("fork: %e", children[i]);
		if (children[i] == 0) {
			take_turns(turns);
			return;
		}
	}
	for (int i = 0; i < count; i++)
		wait(children[i]);
	cprintf("yielder: all right\n");
}
