/*
 * What the tests of budgets share: children with a budget, and what the kernel says of one.
 */
#ifndef TEST_BUDGET_H
#define TEST_BUDGET_H

#include <finch/budget.h>
#include "child.h"

#define A ((char *)0x10000000)
#define MANY 1000000

static __attribute__((unused)) volatile int32_t result[8];
static __attribute__((unused)) volatile uint32_t step, go;

static __attribute__((unused)) struct info_budget info_of(int32_t number)
{
	struct info_budget info;

	expect_is(budget_info(number, &info), 0);
	return info;
}

/* No such budget, for us to see. */
static __attribute__((unused)) bool unknown(int32_t number)
{
	struct info_budget info;
	return budget_info(number, &info) == -E_INVAL;
}

static __attribute__((unused)) int32_t budget_of(envid_t envid)
{
	struct info_env info = { 0 };

	expect(sys_info(INFO_ENV, (uint32_t)envid, &info, sizeof info) > 0);
	return info.budget;
}

/* A child with a budget of its own, that will run function(arg). */
static __attribute__((unused)) envid_t limited(child_function function, uint32_t arg, uint32_t pages_limit,
					       uint32_t envs_limit, int32_t *budget)
{
	envid_t child = child_make(function, arg);

	*budget = sys_budget_create(child, 0, pages_limit, envs_limit);
	if (*budget <= 0)
		fail("sys_budget_create: expected a number, saw %e", *budget);
	return child;
}

static __attribute__((unused)) void start(envid_t child)
{
	expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
}

static __attribute__((unused)) void kill(envid_t child)
{
	expect_is(sys_env_destroy(child), 0);
	expect_end(child, -E_KILLED);
}

static __attribute__((unused)) void waits(uint32_t arg)
{
	USED(arg);
	for (;;)
		libos_sys_park(0, TIMEOUT_NEVER);
}

/* Wait until child, which is not to end, has done something. */
#define await(child, cond)                                                                                       \
	do {                                                                                                     \
		while (!(cond)) {                                                                                \
			if (!env_alive(child))                                                                   \
				fail("a child has ended; expected: %s", #cond);                                  \
			sys_yield();                                                                             \
		}                                                                                                \
	} while (0)

#endif
