/*
 * pingpong [COUNT]: a number goes back and forth between two processes as a message, one more each time, until it is
 * COUNT (default 10). Neither polls: who waits for a message sleeps.
 */
#include "number.h"

/* Take the number, say so, send the next one back, until it is limit. */
static void play(const char *name, int limit)
{
	for (;;) {
		envid_t from;
		int number = ipc_recv(&from, NULL, NULL);
		if (number < 0)
			panic("ipc_recv: %e", number);
		cprintf("%s: %d\n", name, number);
		if (number < limit)
			ipc_send(from, (uint32_t)number + 1, NULL, 0);
		if (number >= limit - 1)
			return;
	}
}

void umain(int argc, char **argv)
{
	int limit = number_argument(argc, argv, 1, (struct number){ "COUNT", 10, 1, 1000000 });
	envid_t child = fork();

	if (child < 0)
		panic("fork: %e", child);
	if (child == 0) {
		play("ping", limit);
		return;
	}
	ipc_send(child, 1, NULL, 0);
	if (limit > 1)
		play("pong", limit);
	wait(child);
	cprintf("pingpong: all right\n");
}
