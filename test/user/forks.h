/*
 * What the tests of fork share: a block that the child does, and forks while memory ends.
 */
#ifndef TEST_FORKS_H
#define TEST_FORKS_H

#include "child.h"

/* Fork; what stands in the block is done by the child, which then ends with status 0. */
#define IN_CHILD(id) for ((id) = forked(); (id) == 0; (id) = end_child())

static __attribute__((unused)) envid_t end_child(void)
{
	sys_env_exit(0);
}

static __attribute__((unused)) envid_t forked(void)
{
	envid_t id = fork();

	if (id < 0)
		fail("fork: %e", id);
	return id;
}

#define FORK_DONE 7 /* statuses of who tried it */
#define FORK_REFUSED 6

/* The status of child, which forked while memory ended; those that it has left behind end too. */
static __attribute__((unused)) int status_in_need(envid_t child)
{
	int status = 0;

	expect_is(wait_status(child, &status), 0);
	for (int i = 0; i < NENV; i++) {
		if (env_alive(envs[i].env_id) && envs[i].env_parent_id == sys_getenvid())
			sys_env_destroy(envs[i].env_id);
	}
	return status;
}

/*
 * attempt(n) has a child fork when after n more pages none is left, and returns its status_in_need: for each n up to where it
 * succeeds no page is lost.
 */
static __attribute__((unused)) void out_of_memory(const char *what, int (*attempt)(uint32_t n))
{
	uint32_t refused = 0;

	attempt(~0u);
	uint32_t before = free_pages();
	for (uint32_t n = 0; n < 200; n++) {
		int status = attempt(n);
		expect_is(free_pages(), before);
		if (status == FORK_DONE) {
			expect(refused > 0);
			return;
		}
		expect(status == FORK_REFUSED || status == -E_KILLED);
		refused += status == FORK_REFUSED;
	}
	fail("%s still fails", what);
}

#endif
