/*
 * forktree [DEPTH]: a tree of processes. Each one forks two children until the tree is DEPTH (default 3) forks deep,
 * says where it stands in the tree, and tells its parent by its exit status how many there are from itself on down.
 */
#include "number.h"

#define DEPTH_MAX 10

static int grow(char *place, int depth);

/* Fork the child that stands at place. Only the parent returns. */
static envid_t fork_child(char *place, int depth)
{
	envid_t child = fork();

	if (child < 0)
		panic("fork: %e", child);
	if (child == 0)
		exit_status(grow(place, depth));
	return child;
}

/* Be the tree's node at place, with depth more levels below it. The number of nodes from here downwards. */
static int grow(char *place, int depth)
{
	size_t n = strlen(place);
	envid_t children[2];
	int total = 1, status;

	cprintf("%08x: I am '%s'\n", thisenv->env_id, place);
	if (depth == 0)
		return total;
	for (int i = 0; i < 2; i++) {
		place[n] = "LR"[i];
		place[n + 1] = 0;
		children[i] = fork_child(place, depth - 1);
	}
	for (int i = 0; i < 2; i++) {
		int err = wait_status(children[i], &status);
		if (err < 0 || status < 0)
			panic("child %08x: %e", children[i], err < 0 ? err : status);
		total += status;
	}
	return total;
}

void umain(int argc, char **argv)
{
	char place[DEPTH_MAX + 1] = "";
	int depth = number_argument(argc, argv, 1, (struct number){ "DEPTH", 3, 0, DEPTH_MAX });
	int total = grow(place, depth);
	cprintf("forktree: %d processes, %s\n", total, total == (2 << depth) - 1 ? "all right" : "wrong");
}
