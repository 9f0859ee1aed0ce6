/*
 * What a budget must hold against: programs that take all that they can get, in all ways at once, and who end budgets at
 * the worst moments. Each time all is gone that belonged to it, every page is back, and the kernel's counts are right.
 */
#include <finch/budget.h>
#include <finch/ipc.h>
#include <finch/spawn.h>
#include "child.h"

#define ENVS 40
#define PAGES 1200
#define ROUNDS 2

static volatile int32_t number;
static volatile uint32_t calls;

static struct info_budget info_of(int32_t budget)
{
	struct info_budget info;

	memset(&info, 0, sizeof info);
	budget_info(budget, &info);
	return info;
}

static uint32_t live(void)
{
	struct info_machine machine = { 0 };

	expect_is(machine_info(&machine), 0);
	return machine.envs_live;
}

static envid_t attack(const char **argv, int32_t *budget)
{
	struct spawn_limits limits = { .pages = PAGES, .envs = ENVS };
	envid_t child = spawn_limited(argv[0], argv, &limits);

	if (child < 0)
		fail("%s: expected that it starts, saw %e", argv[0], child);
	*budget = limits.budget;
	return child;
}

/* It has all that it may, but for what is too little for what it asks for at once. */
static bool is_full(int32_t budget)
{
	struct info_budget info = info_of(budget);
	return info.envs == ENVS || info.pages > PAGES - 100;
}

static void alive(uint32_t arg)
{
	USED(arg);
}

/* A program does its worst, and ends whole: if it is one that takes all, first when it has, else in the midst of it. */
static void program(const char *name, const char *word, bool takes_all, uint32_t patience)
{
	const char *argv[] = { name, word, NULL };
	uint32_t before = 0, others = live();

	for (uint32_t i = 0; i < ROUNDS; i++) {
		int32_t budget;
		envid_t child = attack(argv, &budget);
		for (uint32_t n = 0; takes_all && i < 2 ? !is_full(budget) : n < i * patience; n++)
			sys_yield();
		/* Others live meanwhile. */
		expect_end(child_run(alive, 0), 0);
		int error = budget_end(budget);
		if (error != 0 && (takes_all || error != -E_INVAL)) /* it may be over */
			fail("%s: budget_end: saw %e", name, error);
		/* However many others have become our children and ended since, its own end is known. */
		expect_is(wait_status(child, NULL), 0);
		expect(!info_of(budget).number);
		expect_is(live(), others);
		expect_kernel_sound();
		uint32_t after = free_pages();
		/* The kernel's records have grown by the first. */
		if (i > 0 && after != before)
			fail("%s, round %u: expected %u free pages, saw %u", name, i, before, after);
		before = after;
	}
	expect_error(sys_ipc_wait(IPC_NO_PAGES, 0, 0), E_TIMEOUT);
}

/* --- Who end it get in each other's way --- */

static void ender(uint32_t arg)
{
	USED(arg);
	for (;;) {
		calls++;
		int error = sys_budget_end(number);
		if (error != 0 && error != -E_INTERRUPTED && error != -E_INVAL)
			fail("sys_budget_end: saw %e", error);
		sys_yield();
	}
}

static void start_attack(void)
{
	static const char *argv[] = { "forkbomb", "spin", NULL };
	int32_t budget;

	attack(argv, &budget);
	number = budget;
}

/* Several end one; they are destroyed, suspended and interrupted in the midst of it. */
static void enders(void)
{
	for (uint32_t i = 0; i < ROUNDS; i++) {
		envid_t who[3];

		start_attack();
		for (uint32_t n = 0; n < i; n++)
			sys_yield();
		calls = 0;
		for (int n = 0; n < 3; n++)
			who[n] = child_run(ender, 0);
		wait_until(calls);
		expect_is(sys_env_set_status(who[0], ENV_RUNNABLE), 0);
		expect_is(sys_env_destroy(who[1]), 0);
		expect_is(sys_env_set_status(who[2], ENV_NOT_RUNNABLE), 0);
		expect_is(sys_env_destroy(who[0]), 0);
		expect_kernel_sound();
		expect_is(sys_env_destroy(who[2]), 0);
		for (int n = 0; n < 3; n++)
			wait_until(!env_alive(who[n]));
		/* Nothing of them is left: it can be ended, and others made. */
		int error = budget_end(number);
		expect(error == 0 || error == -E_INVAL);
		expect(!info_of(number).number);
		expect_kernel_sound();
	}
}

/* One that tells a child to make more the moment the end has begun gets no more. */
static void makes_many(uint32_t arg)
{
	USED(arg);
	for (;;) {
		envid_t child = sys_exofork();
		if (child > 0 && sys_env_thread(UTEXT, USTACKTOP) > 0)
			calls++;
		if (child > 0)
			sys_budget_create(child, 0, 10, 10);
		sys_budget_create(0, 0, 10, 10);
	}
}

static void made_meanwhile(void)
{
	for (uint32_t i = 0; i < ROUNDS; i++) {
		envid_t child = child_make(makes_many, 0);
		int32_t budget = sys_budget_create(child, 0, 300, 20);
		expect(budget > 0);
		calls = 0;
		expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
		wait_until(calls > i);
		expect_is(sys_budget_end(budget), 0);
		expect_is(info_of(budget).envs, 0);
		expect(!env_alive(child));
		expect_kernel_sound();
	}
}

/* Budgets below budgets, each made by a member of the one above. */
static void nests(uint32_t depth)
{
	envid_t child;

	while ((child = child_try(nests, depth + 1)) > 0) {
		sys_budget_create(child, 0, 200, 20);
		if (sys_env_set_status(child, ENV_RUNNABLE) < 0)
			break;
	}
	calls++;
	for (;;)
		sys_yield();
}

static void nested(void)
{
	for (uint32_t i = 0; i < ROUNDS; i++) {
		calls = 0;
		envid_t child = child_make(nests, 0);
		int32_t budget = sys_budget_create(child, 0, 400, 30);
		expect(budget > 0);
		expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
		wait_until(calls > 3);
		expect_kernel_sound();
		expect_is(sys_budget_end(budget), 0);
		expect(!env_alive(child));
		expect(!info_of(budget).number);
		expect_kernel_sound();
	}
}

void umain(int argc, char **argv)
{
	USED(argc);
	USED(argv);
	program("forkbomb", NULL, true, 20);
	program("forkbomb", "spin", true, 1);
	program("pagehog", NULL, true, 5);
	program("flood", NULL, false, 200);
	program("threads", "8", false, 2);
	program("storm", "1000000", false, 5);
	enders();
	made_meanwhile();
	nested();
}
