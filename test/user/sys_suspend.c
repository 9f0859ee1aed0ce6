/*
 * Suspending, resuming and redirecting children that run (on this or another CPU), are ready, or wait; and an
 * environment that suspends itself. When the call returns, the child stands still.
 */
#include "child.h"

#define COUNTERS 3
#define ROUNDS 9

static volatile uint32_t count[COUNTERS], other[COUNTERS];

static void counter(uint32_t i)
{
	for (;;)
		count[i]++;
}

static void other_counter(uint32_t i)
{
	for (;;)
		other[i]++;
}

static void yielding_counter(uint32_t i)
{
	for (;;) {
		count[i]++;
		sys_yield();
	}
}

static void stops_itself(uint32_t i)
{
	for (;;) {
		count[i]++;
		int error = sys_env_set_status(0, ENV_NOT_RUNNABLE);
		if (error)
			sys_env_exit(100 - error);
	}
}

/* It was counting; now it does not, however long others run. */
static void expect_still(volatile uint32_t *counter)
{
	uint32_t before = *counter;

	for (int i = 0; i < 3; i++)
		sys_yield();
	for (volatile int i = 0; i < 20000; i++)
		continue;
	if (*counter != before)
		fail("a suspended child: expected the count %u to stay, saw %u", before, *counter);
}

static void expect_going(volatile uint32_t *counter)
{
	uint32_t before = *counter;

	wait_until(*counter != before);
}

static void destroy(envid_t child)
{
	expect_is(sys_env_destroy(child), 0);
	expect_end(child, -E_KILLED);
}

static void suspend_and_resume(child_function function)
{
	envid_t children[COUNTERS];

	for (int i = 0; i < COUNTERS; i++)
		children[i] = child_run(function, i);
	for (int round = 0; round < ROUNDS; round++) {
		int i = round % COUNTERS;
		const volatile struct Env *env = &envs[ENVX(children[i])];
		expect_going(&count[i]);
		expect_is(sys_env_set_status(children[i], ENV_NOT_RUNNABLE), 0);
		expect_still(&count[i]);
		expect_is(env->env_status, ENV_NOT_RUNNABLE);
		expect_is(env->env_wait, ENV_WAIT_SUSPENDED);
		/* Its registers are those with which it goes on. */
		expect(env->env_tf.tf_eip >= UTEXT && env->env_tf.tf_eip < (uintptr_t)etext);
		expect_is(sys_env_set_status(children[i], ENV_NOT_RUNNABLE), 0); /* again: no change */
		expect_is(env->env_status, ENV_NOT_RUNNABLE);
		expect_is(sys_env_set_status(children[i], ENV_RUNNABLE), 0);
		expect_going(&count[i]);
		expect_is(sys_env_set_status(children[i], ENV_RUNNABLE), 0); /* again: no change */
	}
	for (int i = 0; i < COUNTERS; i++)
		destroy(children[i]);
}

/* A child that never had a CPU: ready, then not. */
static void before_its_first_run(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		count[0] = 0;
		envid_t child = child_make(counter, 0);
		expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
		expect_is(sys_env_set_status(child, ENV_NOT_RUNNABLE), 0);
		expect_still(&count[0]);
		expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
		expect_going(&count[0]);
		destroy(child);
	}
}

static void suspends_itself(void)
{
	envid_t child = child_run(stops_itself, 0);

	count[0] = 0;
	wait_until(envs[ENVX(child)].env_status == ENV_NOT_RUNNABLE);
	for (uint32_t i = 0; i < ROUNDS; i++) {
		uint32_t before = count[0];
		expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
		wait_until(count[0] == before + 1 && envs[ENVX(child)].env_status == ENV_NOT_RUNNABLE);
	}
	destroy(child);
}

/* New registers for one that runs: from then on it does only the other thing. */
static void redirect(bool suspended)
{
	for (int round = 0; round < ROUNDS; round++) {
		struct Trapframe tf = { .tf_eip = (uintptr_t)other_counter, .tf_esp = USTACKTOP - 16,
					.tf_ds = GD_UD | 3, .tf_es = GD_UD | 3 };
		envid_t child = child_run(counter, 1);
		expect_going(&count[1]);
		if (suspended)
			expect_is(sys_env_set_status(child, ENV_NOT_RUNNABLE), 0);
		expect_is(sys_env_set_trapframe(child, &tf), 0);
		uint32_t before = count[1];
		if (suspended) {
			expect_still(&other[1]);
			expect_is(envs[ENVX(child)].env_tf.tf_eip, (uintptr_t)other_counter);
			expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
		}
		expect_going(&other[1]);
		expect_is(count[1], before);
		destroy(child);
	}
}

void umain(int argc, char **argv)
{
	suspend_and_resume(counter);
	suspend_and_resume(yielding_counter);
	before_its_first_run();
	suspends_itself();
	redirect(false);
	redirect(true);
	uint32_t before = free_pages();
	suspend_and_resume(counter);
	redirect(false);
	expect_is(free_pages(), before);
	expect_kernel_sound();
}
