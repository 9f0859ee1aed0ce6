/*
 * Rights: who has which, who may take them away, and that nobody gets one back. A program without a right gets -E_BAD_ENV
 * from the call that needs it. Runs with all rights.
 */
#include <finch/budget.h>
#include <finch/rights.h>
#include <finch/spawn.h>
#include "child.h"

#define ROUNDS 300

static volatile uint32_t saw, step;
static volatile int32_t result[4];

/* The rights of envid, or an error. */
static int32_t rights_of(envid_t envid)
{
	struct info_env info = { 0 };
	int error = sys_info(INFO_ENV, (uint32_t)envid, &info, sizeof info);

	if (error < 0)
		return error;
	expect_is(error, sizeof info);
	expect_is(info.env_id, envid ? envid : sys_getenvid());
	return (int32_t)info.rights;
}

static void tells(uint32_t arg)
{
	USED(arg);
	saw = (uint32_t)rights_of(0);
}

static void inherited(void)
{
	expect_is(rights_of(0), RIGHTS_ALL);
	expect_is(rights_own(), RIGHTS_ALL);
	envid_t child = child_make(tells, 0);
	expect_is(rights_of(child), RIGHTS_ALL);
	expect_is(sys_env_set(child, ENV_SET_RIGHTS, RIGHT_POWER | RIGHT_IRQ), 0);
	expect_is(rights_of(child), RIGHT_POWER | RIGHT_IRQ);
	expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
	expect_end(child, 0);
	expect_is(saw, RIGHT_POWER | RIGHT_IRQ);
	/* Its own are as they were. */
	expect_is(rights_of(0), RIGHTS_ALL);
}

/* What one with RIGHT_POWER and RIGHT_TYPE can and cannot do. */
static void lowers(uint32_t arg)
{
	USED(arg);
	result[0] = sys_env_set(0, ENV_SET_RIGHTS, RIGHTS_ALL);
	result[1] = sys_env_set(0, ENV_SET_RIGHTS, RIGHT_POWER);
	result[2] = sys_env_set(0, ENV_SET_RIGHTS, RIGHT_POWER | RIGHT_TYPE);
	envid_t child = child_make(tells, 0);
	result[3] = sys_env_set(child, ENV_SET_RIGHTS, RIGHT_TYPE);
	expect_is(rights_of(child), RIGHT_POWER);
	expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
	expect_end(child, 0);
}

static void never_raised(void)
{
	envid_t child = child_make(lowers, 0);

	expect_is(sys_env_set(child, ENV_SET_RIGHTS, RIGHT_POWER | RIGHT_TYPE), 0);
	expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
	expect_end(child, 0);
	expect_is(result[0], -E_INVAL);
	expect_is(result[1], 0);
	expect_is(result[2], -E_INVAL);
	expect_is(result[3], -E_INVAL);
	expect_is(saw, RIGHT_POWER);
}

static void waits(uint32_t arg)
{
	USED(arg);
	for (;;)
		libos_sys_park(0, TIMEOUT_NEVER);
}

static void makes_one(uint32_t arg)
{
	USED(arg);
	step = (uint32_t)child_run(waits, 0);
	waits(0);
}

static void whose(void)
{
	step = 0;
	envid_t child = child_run(makes_one, 0);
	wait_until(step);
	envid_t grandchild = (envid_t)step;

	expect_is(rights_of(child), RIGHTS_ALL);
	expect_error(rights_of(grandchild), E_BAD_ENV);
	expect_error(rights_of(thisenv->env_parent_id), E_BAD_ENV);
	expect_error(rights_of(0x7ffff000), E_BAD_ENV);
	expect_error(sys_env_set(grandchild, ENV_SET_RIGHTS, 0), E_BAD_ENV);
	expect_error(sys_env_set(child, ENV_SET_RIGHTS, RIGHTS_ALL + 1), E_INVAL);
	expect_error(sys_env_set(child, ENV_SET_RIGHTS, ~0u), E_INVAL);
	/* What a child loses, its children keep: it was theirs. */
	expect_is(sys_env_set(child, ENV_SET_RIGHTS, 0), 0);
	expect_is(sys_env_destroy(child), 0);
	wait_until(envs[ENVX(grandchild)].env_parent_id == sys_getenvid());
	expect_is(rights_of(grandchild), RIGHTS_ALL);
	end_orphan(grandchild);
}

/* --- What needs a right --- */

static void tries(uint32_t arg)
{
	USED(arg);
	result[0] = sys_machine(MACHINE_POWEROFF);
	result[1] = sys_machine(MACHINE_REBOOT);
	result[2] = sys_machine(0);
	result[3] = sys_env_set(0, ENV_SET_TYPE, ENV_TYPE_FS);
	saw = thisenv ? envs[ENVX(sys_getenvid())].env_type : 99;
}

static void refused(void)
{
	envid_t child = child_make(tries, 0);

	expect_is(sys_env_set(child, ENV_SET_RIGHTS, RIGHTS_ALL & ~(RIGHT_POWER | RIGHT_TYPE)), 0);
	expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
	expect_end(child, 0);
	for (int i = 0; i < 4; i++)
		expect_is(result[i], -E_BAD_ENV);
	expect_is(saw, ENV_TYPE_USER);
	expect_error(sys_machine(0), E_INVAL);
	/* The right is that of who sets it. */
	child = child_make(waits, 0);
	expect_is(sys_env_set(child, ENV_SET_RIGHTS, 0), 0);
	expect_is(sys_env_set(child, ENV_SET_TYPE, ENV_TYPE_NS), 0);
	expect_is(envs[ENVX(child)].env_type, ENV_TYPE_NS);
	expect_is(sys_env_destroy(child), 0);
	expect_end(child, -E_KILLED);
}

/* --- One that gives itself what it has, again and again, while that is taken away --- */

static void clings(uint32_t arg)
{
	USED(arg);
	for (;;) {
		step++;
		sys_env_set(0, ENV_SET_RIGHTS, RIGHT_POWER);
	}
}

static void race(void)
{
	envid_t child = child_run(clings, 0);
	int rounds = cpu_total() > 1 ? ROUNDS : 20; /* on one CPU they take turns, a slice each */

	for (int i = 0; i < rounds; i++) {
		expect_is(sys_env_set(child, ENV_SET_RIGHTS, RIGHTS_ALL), 0);
		uint32_t before = step;
		wait_until(step > before + i % 3);
		expect_is(sys_env_set(child, ENV_SET_RIGHTS, 0), 0);
		expect_is(rights_of(child), 0);
		before = step;
		wait_until(step > before + 1);
		expect_is(rights_of(child), 0);
	}
	expect_is(sys_env_destroy(child), 0);
	expect_end(child, -E_KILLED);
}

static void words(void)
{
	uint32_t rights;
	char text[80];

	expect_is(rights_parse("power", &rights), 0);
	expect_is(rights, RIGHT_POWER);
	expect_is(rights_parse("irq,ports,irq", &rights), 0);
	expect_is(rights, RIGHT_IRQ | RIGHT_PORTS);
	expect_is(rights_parse("all", &rights), 0);
	expect_is(rights, RIGHTS_ALL);
	expect_error(rights_parse("", &rights), E_INVAL);
	expect_error(rights_parse("power,", &rights), E_INVAL);
	expect_error(rights_parse("powe", &rights), E_INVAL);
	rights_print(RIGHT_IRQ | RIGHT_SCHED, text, sizeof text);
	expect_is(strcmp(text, "irq,sched"), 0);
	rights_print(RIGHTS_ALL, text, 8);
	expect_is(strlen(text), 7);
	expect(rights_need(RIGHTS_ALL));
}

/* A program that is started with less has less from its first instruction. */
static void spawned(void)
{
	struct spawn_limits limits = { .rights = RIGHT_TRACE, .pages = 100, .envs = 3 };
	const char *argv[] = { "spin", "1", "600000", NULL };
	envid_t child = spawn_limited("spin", argv, &limits);

	expect(child > 0);
	expect_is(rights_of(child), RIGHT_TRACE);
	expect_is(budget_end(limits.budget), 0);
	expect_end(child, -E_KILLED);
	limits.rights = RIGHTS_ALL << 1;
	expect_error(spawn_limited("spin", argv, &limits), E_INVAL);
}

void umain(int argc, char **argv)
{
	USED(argc);
	USED(argv);
	inherited();
	never_raised();
	whose();
	refused();
	race();
	words();
	spawned();
	expect_kernel_sound();
}
