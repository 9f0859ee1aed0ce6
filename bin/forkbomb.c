/*
 * forkbomb [spin|leave]: every process forks as often as it can, for ever. With `spin` it does not give way in
 * between; with `leave` the first process ends at once. It ends by kill alone, which must find them all:
 * doc/rights.md.
 *
 * Where pages are short before environments are, processes die that cannot copy a page any more which they share, and
 * in the end perhaps all. So there is a keeper, which keeps a few pages back from the others and lights the bomb anew
 * when the one that it started has gone.
 */
#include <finch/budget.h>
#include <finch/spawn.h>
#include <inc/lib.h>

#define PAGES_KEPT 32

static void bomb(bool spins)
{
	for (;;) {
		if (fork() < 0 && !spins)
			sys_yield();
	}
}

static void keeper(const char *how)
{
	const char *argv[] = { "forkbomb", "lit", how, NULL };

	for (;;) {
		struct spawn_limits limits = { 0 };
		envid_t child = -E_NO_MEM;
		if (budget_left(&limits.pages, &limits.envs) == 0 && limits.pages > PAGES_KEPT && limits.envs > 0) {
			limits.pages -= PAGES_KEPT;
			child = spawn_limited(argv[0], argv, &limits);
		}
		if (child > 0)
			wait(child);
		else
			sys_yield();
	}
}

void umain(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";

	if (strcmp(word, "lit") == 0)
		bomb(argc > 2);
	printf("forkbomb: here it goes\n");
	if (strcmp(word, "leave") != 0 || fork() == 0)
		keeper(strcmp(word, "spin") == 0 ? word : NULL);
}
