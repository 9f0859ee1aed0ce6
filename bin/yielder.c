/*
 * yielder [COUNT [TURNS]]: COUNT processes (default 3) that each say TURNS times (default 4) which turn it is, and let
 * the others run. On one CPU they come one after the other, round by round; on more CPUs as it happens.
 */
#include "number.h"

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
	int count = number_argument(argc, argv, 1, (struct number){ "COUNT", 3, 1, COUNT_MAX });
	int turns = number_argument(argc, argv, 2, (struct number){ "TURNS", 4, 0, 1000000 });
	envid_t children[COUNT_MAX];

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
