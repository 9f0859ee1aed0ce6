/*
 * Budgets: who can be given one, environments, budgets below budgets; who sees which, and may end it. Whatever is done, the
 * kernel's counts are those that TEST_CHECK finds.
 */
#include "budget.h"

/* --- Who can be given one --- */

static void makes_one(uint32_t arg)
{
	USED(arg);
	step = (uint32_t)child_run(waits, 0);
	waits(0);
}

static void makes_thread(uint32_t arg)
{
	USED(arg);
	/* It never runs. */
	step = (uint32_t)sys_env_thread(UTEXT, USTACKTOP - 64);
	waits(0);
}

static void not_with_family(child_function function)
{
	step = 0;
	envid_t child = child_run(function, 0);
	await(child, step);
	expect_error(sys_budget_create(child, 0, MANY, 10), E_INVAL); /* it may run */
	expect_is(sys_env_set_status(child, ENV_NOT_RUNNABLE), 0);
	expect_error(sys_budget_create(child, 0, MANY, 10), E_INVAL);
	expect_error(sys_budget_create((envid_t)step, 0, MANY, 10), E_BAD_ENV);
	kill(child);
	/* Of a thread, the space's end was the end too. */
	if (envs[ENVX(step)].env_status != ENV_FREE && envs[ENVX(step)].env_id == (envid_t)step)
		end_orphan((envid_t)step);
}

static void who(void)
{
	int32_t budget;

	expect(unknown(0) && unknown(1) && unknown(-1) && unknown(0x7fffffff));
	expect_is(budget_of(0), 0);
	expect_error(sys_budget_create(0x7ffff000, 0, MANY, 10), E_BAD_ENV);
	expect_error(sys_budget_create(thisenv->env_parent_id, 0, MANY, 10), E_BAD_ENV);
	not_with_family(makes_one);
	not_with_family(makes_thread);
	envid_t child = child_make(waits, 0);
	expect_error(sys_budget_create(child, 0, MANY, 0), E_INVAL);
	expect_error(sys_budget_create(child, 1, MANY, 10), E_INVAL);
	expect_error(sys_budget_create(child, -1, MANY, 10), E_INVAL);
	budget = sys_budget_create(child, 0, MANY, 10);
	expect(budget > 0);
	expect_is(budget_of(child), budget);
	/* Once: it is not of our budget any more. */
	expect_error(sys_budget_create(child, 0, MANY, 10), E_INVAL);
	kill(child);
	expect(unknown(budget));
	expect_error(sys_budget_end(budget), E_INVAL);
	expect_error(sys_budget_create(0, budget, MANY, 10), E_INVAL);
	/* The next one has another number, though the record may be the same. */
	child = limited(waits, 0, MANY, 10, (int32_t *)&result[0]);
	expect(result[0] != budget && unknown(budget));
	kill(child);
}

/* --- Environments --- */

static void forks(uint32_t arg)
{
	envid_t first = child_make(waits, 0), second = sys_exofork();

	USED(arg);
	expect(second > 0);
	result[0] = sys_exofork();
	result[1] = sys_env_thread(UTEXT, USTACKTOP - 64);
	kill(second);
	result[2] = sys_env_thread(UTEXT, USTACKTOP - 64);
	result[3] = sys_exofork();
	kill(first);
	result[4] = sys_exofork();
	result[5] = (int32_t)info_of(0).envs;
	step = 1;
	waits(0);
}

static void envs_are_counted(void)
{
	int32_t budget;

	step = 0;
	envid_t child = limited(forks, 0, 1000, 3, &budget);
	start(child);
	await(child, step);
	expect_is(result[0], -E_NO_FREE_ENV);
	expect_is(result[1], -E_NO_FREE_ENV);
	expect(result[2] > 0);
	expect_is(result[3], -E_NO_FREE_ENV);
	expect(result[4] > 0);
	expect_is(result[5], 3);
	/* Orphans stay where they are. */
	kill(child);
	expect_is(info_of(budget).envs, 1);
	expect_is(envs[ENVX(result[4])].env_parent_id, sys_getenvid());
	expect_kernel_sound();
	expect_is(sys_budget_end(budget), 0);
	expect_is(envs[ENVX(result[4])].env_status, ENV_FREE);
	expect(unknown(budget));
}

/* --- Budgets below budgets --- */

static void grows(uint32_t arg)
{
	USED(arg);
	uint32_t n = 0;
	while (sys_page_alloc(0, A + n * PGSIZE, RW) == 0)
		n++;
	step++;
	waits(0);
}

/* In a budget of 200 pages and 10 environments, two children may have 150 each: together they have not. */
static void divides(uint32_t arg)
{
	int32_t first, second;
	envid_t a = limited(grows, 0, 150, 5, &first), b = limited(grows, 0, 150, 5, &second);

	USED(arg);
	expect_is(info_of(0).budgets, 2);
	expect_is(info_of(0).envs, 3);
	start(a);
	await(a, step == 1);
	expect_is(info_of(first).pages, 150);
	start(b);
	await(b, step == 2);
	expect(info_of(second).pages < 60);
	expect_is(info_of(0).pages, 200);
	/* Neither our own, nor what cannot be. */
	result[0] = sys_budget_end(info_of(0).number);
	result[1] = sys_budget_end(0);
	result[2] = sys_budget_end(first);
	expect(info_of(0).pages < 60);
	expect_is(info_of(0).envs, 2);
	/* As deep as it may be, and no deeper; and as many as environments. */
	int32_t below = second;
	for (result[3] = 0;; result[3]++) {
		int32_t next = sys_budget_create(0, below, 1, 100);
		if (next < 0)
			break;
		below = next;
	}
	result[4] = second;
	step = 3;
	waits(0);
}

static void tree(void)
{
	int32_t budget;

	step = 0;
	envid_t child = limited(divides, 0, 200, 10, &budget);
	start(child);
	await(child, step == 3);
	expect_is(result[0], -E_INVAL);
	expect_is(result[1], -E_INVAL);
	expect_is(result[2], 0);
	expect(result[3] >= 4 && result[3] < 10);
	expect_kernel_sound();
	/* We see, and can end, what is below what is below. */
	expect_is(info_of(result[4]).envs, 1);
	expect_is(sys_budget_end(result[4]), 0);
	expect_is(info_of(budget).envs, 1);
	expect_is(sys_budget_end(budget), 0);
	expect_end(child, -E_KILLED);
	expect(unknown(budget));
}

/* What others have is neither seen nor ended, nor built upon. */
static void pries(uint32_t other)
{
	struct info_budget info;

	result[0] = budget_info((int32_t)other, &info);
	result[1] = sys_budget_end((int32_t)other);
	result[2] = sys_budget_create(0, (int32_t)other, 1, 1);
	result[3] = sys_budget_end(info_of(0).number);
	envid_t child = child_make(waits, 0);
	result[4] = sys_budget_create(child, info_of(0).number, 1, 1);
	/* All that there could be, and not one is ours. */
	for (uint32_t n = 0; n < 4000; n++) {
		int32_t number = (int32_t)(n / 100 << 13 | n % 100); /* as the kernel makes them */
		expect_error(sys_budget_end(number), E_INVAL);
	}
	kill(child);
}

static void apart(void)
{
	int32_t first, second;
	envid_t a = limited(waits, 0, 100, 5, &first), b = limited(pries, (uint32_t)first, 200, 5, &second);

	start(a);
	start(b);
	expect_end(b, 0);
	for (int i = 0; i < 5; i++)
		expect_is(result[i], -E_INVAL);
	expect_is(info_of(first).envs, 1);
	kill(a);
}

/* --- One that is held for children to come --- */

static void holds(uint32_t arg)
{
	USED(arg);
	result[0] = sys_budget_create(0, 0, 100, 5);
	result[1] = sys_budget_create(0, result[0], 50, 3);
	expect_is(info_of(result[0]).budgets, 1);
	envid_t child = child_make(waits, 0);
	/* In ours, but where it is put. */
	expect_is(budget_of(child), budget_of(0));
	expect(sys_budget_create(child, result[1], 20, 1) > 0);
	expect_is(info_of(result[1]).envs, 1);
	expect_is(info_of(result[0]).envs, 1);
	step = 1;
	wait_until(go);
	/* Another in their place: they go with the last in them. */
	result[2] = sys_budget_create(0, 0, 1, 1);
	expect(!unknown(result[0]));
	kill(child);
	result[3] = unknown(result[1]);
	expect_is(info_of(0).envs, 1);
}

static void held(void)
{
	int32_t budget;

	step = go = 0;
	envid_t child = limited(holds, 0, 200, 10, &budget);
	start(child);
	await(child, step);
	expect_kernel_sound();
	expect_is(info_of(budget).envs, 2);
	expect_is(info_of(budget).budgets, 3);
	go = 1;
	expect_end(child, 0);
	expect_is(result[3], true);
	expect(result[2] > 0);
	/* What it held went with it. */
	expect(unknown(result[2]) && unknown(budget));
}

void umain(int argc, char **argv)
{
	grow_records(20);
	who();
	envs_are_counted();
	tree();
	apart();
	held();
	expect_kernel_sound();
}
