/* Priority and tickets under any policy: who may set them, and how far; who inherits them; and what CPU time is counted. */
#include <abi/rights.h>

#include "child.h"

static volatile uint32_t counter;
static volatile int results[8];

static const volatile struct Env *self(void)
{
	return &envs[ENVX(sys_getenvid())];
}

static void idles(uint32_t arg)
{
	USED(arg);
	sys_ipc_recv((void *)UTOP);
}

static void burns(uint32_t arg)
{
	USED(arg);
	for (;;)
		counter++;
}

/* --- Ranges and rights --- */

static void ranges(void)
{
	expect_error(sys_env_set(0, ENV_SET_PRIORITY, PRIORITY_MAX + 1), E_INVAL);
	expect_error(sys_env_set(0, ENV_SET_PRIORITY, (uintptr_t)-1), E_INVAL);
	expect_error(sys_env_set(0, ENV_SET_TICKETS, 0), E_INVAL);
	expect_error(sys_env_set(0, ENV_SET_TICKETS, TICKETS_MAX + 1), E_INVAL);
	expect_error(sys_env_set(1, ENV_SET_TICKETS, 1), E_BAD_ENV);
	if (self()->env_parent_id)
		expect_error(sys_env_set(self()->env_parent_id, ENV_SET_PRIORITY, 1), E_BAD_ENV);
	for (uint32_t tickets = 1; tickets <= TICKETS_MAX; tickets *= 10) {
		expect_is(sys_env_set(0, ENV_SET_TICKETS, tickets), 0);
		expect_is(self()->env_tickets, tickets);
	}
	expect_is(sys_env_set(0, ENV_SET_TICKETS, 100), 0);
}

static void inherits(void)
{
	expect_is(sys_env_set(0, ENV_SET_TICKETS, 123), 0);
	envid_t child = child_make(idles, 0);
	expect_is(envs[ENVX(child)].env_tickets, 123);
	expect_is(sys_env_set(0, ENV_SET_TICKETS, 100), 0);
	expect_is(envs[ENVX(child)].env_tickets, 123);
	expect_is(sys_env_set(child, ENV_SET_TICKETS, 7), 0);
	expect_is(envs[ENVX(child)].env_tickets, 7);
	expect_is(sys_env_destroy(child), 0);
	expect_end(child, -E_KILLED);
}

/* Without the right: less than it has itself, and not back again. */
static void lowers(uint32_t arg)
{
	USED(arg);
	results[0] = sys_env_set(0, ENV_SET_PRIORITY, 17);
	results[1] = sys_env_set(0, ENV_SET_TICKETS, 101);
	results[2] = sys_env_set(0, ENV_SET_PRIORITY, 15);
	results[3] = sys_env_set(0, ENV_SET_TICKETS, 50);
	results[4] = sys_env_set(0, ENV_SET_PRIORITY, 16);
	results[5] = sys_env_set(0, ENV_SET_TICKETS, 51);
	results[6] = sys_env_set(0, ENV_SET_PRIORITY, 15);
	results[7] = sys_env_set(0, ENV_SET_TICKETS, 50);
}

static void without_right(void)
{
	static const int wanted[] = { -E_BAD_ENV, -E_BAD_ENV, 0, 0, -E_BAD_ENV, -E_BAD_ENV, 0, 0 };
	envid_t child = child_make(lowers, 0);

	expect_is(sys_env_set(child, ENV_SET_RIGHTS, RIGHTS_ALL & ~RIGHT_SCHED), 0);
	expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
	expect_end(child, 0);
	for (int i = 0; i < 8; i++)
		expect_is(results[i], wanted[i]);
}

/* --- CPU time --- */

/* Its time goes up while it runs, and only then; it has not had more than has passed. */
static void counts_time(void)
{
	uint64_t started = read_tsc();
	envid_t burner = child_run(burns, 0), idle = child_run(idles, 0);
	const volatile struct Env *burning = &envs[ENVX(burner)], *idling = &envs[ENVX(idle)];

	wait_until(idling->env_ipc_recving && idling->env_status == ENV_NOT_RUNNABLE);
	uint64_t idled = env_cpu_time(idle);
	expect(idled > 0);
	wait_until(env_cpu_time(burner) > 50000000);
	uint64_t had = env_cpu_time(burner);
	expect(had <= read_tsc() - started);
	expect(env_cpu_time(idle) == idled);
	/* One that is suspended gets none, once its CPU has put it away. */
	expect_is(sys_env_set_status(burner, ENV_NOT_RUNNABLE), 0);
	expect(burning->env_status == ENV_NOT_RUNNABLE);
	do {
		had = env_cpu_time(burner);
		for (volatile uint32_t i = 0; i < 1000000; i++)
			continue;
	} while (env_cpu_time(burner) != had);
	expect_is(sys_env_destroy(burner), 0);
	expect_end(burner, -E_KILLED);
	expect_is(sys_env_destroy(idle), 0);
	expect_end(idle, -E_KILLED);
}

/* Change what queues and what runs, all the time, from all sides. */
static void changes(void)
{
	uint32_t random = 1;
	envid_t children[8];

	expect_is(sys_env_set(0, ENV_SET_TICKETS, TICKETS_MAX), 0);
	for (int i = 0; i < 8; i++)
		children[i] = child_run(burns, 0);
	for (int i = 0; i < 600; i++) {
		envid_t child = children[next_random(&random) % 8];
		expect_is(sys_env_set(child, ENV_SET_PRIORITY, next_random(&random) % 16), 0);
		expect_is(sys_env_set(child, ENV_SET_TICKETS, 1 + next_random(&random) % TICKETS_MAX), 0);
		if (i % 8 == 0)
			expect_is(sys_env_set_status(child, i % 16 ? ENV_RUNNABLE : ENV_NOT_RUNNABLE), 0);
		if (i % 64 == 0)
			expect_kernel_sound();
		if (i % 25 == 0)
			sys_yield();
	}
	for (int i = 0; i < 8; i++) {
		expect_is(sys_env_destroy(children[i]), 0);
		expect_end(children[i], -E_KILLED);
	}
}

void umain(int argc, char **argv)
{
	ranges();
	inherits();
	without_right();
	counts_time();
	changes();
	expect_kernel_sound();
}
