/*
 * The end of all in a budget, which takes more than one slice, and whose caller may be woken before.
 */
#include "budget.h"

/* --- The end in slices --- */

#define MANY_CHILDREN 150 /* more than pass on at once */
#define SENDERS 40        /* more than are refused at once */

static void has_many(uint32_t arg)
{
	for (uint32_t i = 0; i < arg; i++)
		expect(sys_exofork() > 0);
	step = 1;
	waits(0);
}

static uint32_t children_of(envid_t parent)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < NENV; i++)
		n += envs[i].env_status != ENV_FREE && envs[i].env_parent_id == parent;
	return n;
}

static void orphans(void)
{
	int32_t budget;
	envid_t child = limited(has_many, MANY_CHILDREN, 1000, MANY_CHILDREN + 1, &budget);

	step = 0;
	start(child);
	await(child, step);
	uint32_t before = children_of(sys_getenvid());
	kill(child);
	expect_is(children_of(child), 0);
	expect_is(children_of(sys_getenvid()), before - 1 + MANY_CHILDREN);
	expect_kernel_sound();
	expect_is(sys_budget_end(budget), 0);
	expect_is(children_of(sys_getenvid()), before - 1);
}

static void queues(uint32_t to)
{
	int error = sys_ipc_send((envid_t)to, 0, (void *)UTEXT, RO, TIMEOUT_NEVER);
	if (error == -E_BAD_ENV)
		__atomic_add_fetch(&step, 1, __ATOMIC_SEQ_CST);
}

static void senders(void)
{
	envid_t victim = child_run(waits, 0), sender = 0;

	step = 0;
	for (int i = 0; i < SENDERS; i++) {
		sender = child_run(queues, (uint32_t)victim);
		await(sender, envs[ENVX(sender)].env_wait == ENV_WAIT_SEND);
	}
	/* Its end is perhaps not known any more after so many others'. */
	expect_is(sys_env_destroy(victim), 0);
	wait_until(step == SENDERS);
	wait_until(children_of(sys_getenvid()) == 0);
	expect_kernel_sound();
}

/* --- Who is interrupted while it sleeps does not end it any more --- */

static void ends(uint32_t budget)
{
	result[0] = sys_budget_end((int32_t)budget);
	step = 2;
	waits(0);
}

/* Its end takes long. */
static void wide(uint32_t arg)
{
	USED(arg);
	expect_is(sys_page_alloc(0, A, RW), 0);
	for (uint32_t n = 1; n < 400; n++)
		expect_is(sys_page_map(0, A, 0, A + n * PTSIZE, RW), 0);
	step = 1;
	waits(0);
}

static void interrupted(void)
{
	for (int i = 0; i < 10; i++) {
		int32_t budget;
		envid_t child = limited(wide, 0, 600, 1, &budget);
		step = 0;
		start(child);
		await(child, step);
		envid_t ender = child_run(ends, (uint32_t)budget);
		await(ender, step == 2 || envs[ENVX(ender)].env_wait == ENV_WAIT_BUDGET);
		expect_is(sys_env_set_status(ender, ENV_RUNNABLE), 0);
		await(ender, step == 2);
		expect(result[0] == 0 || result[0] == -E_INTERRUPTED);
		expect_end(child, -E_KILLED);
		expect(unknown(budget));
		expect_kernel_sound();
		kill(ender);
	}
}

void umain(int argc, char **argv)
{
	grow_records(20);
	orphans();
	senders();
	interrupted();
	expect_kernel_sound();
}
