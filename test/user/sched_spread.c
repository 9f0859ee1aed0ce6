/*
 * Scheduling on many CPUs: who is woken goes to an idle CPU at once; the ready spread over the CPUs; one that spins for
 * ever is preempted, and destroyed by its parent; and nobody runs on two CPUs at once. Told by counters, not by clocks.
 */
#include "child.h"

#define SPREAD 64 /* children, at most */

static volatile uint32_t ran[SPREAD];
static volatile envid_t parent;

static uint32_t interrupts_of(uint32_t cpu)
{
	struct info_cpu info;

	expect(sys_info(INFO_CPU, cpu, &info, sizeof info) > 0);
	return (uint32_t)info.interrupts;
}

static uint32_t my_cpu(void)
{
	return envs[ENVX(sys_getenvid())].env_cpunum;
}

/* Until the other CPUs have slept for two ticks of this one: timers that they had set have come by then. */
static void await_quiet(void)
{
	uint32_t cpus = cpu_total(), mine, others = 0, at;

	do {
		mine = interrupts_of(my_cpu());
		at = others;
		while (interrupts_of(my_cpu()) - mine < 2)
			continue;
		others = 0;
		for (uint32_t n = 0; n < cpus; n++)
			others += n == my_cpu() ? 0 : interrupts_of(n);
	} while (at != others);
}

/* --- At once --- */

static void answers(uint32_t arg)
{
	USED(arg);
	for (;;) {
		expect_is(sys_ipc_recv((void *)UTOP), 0);
		ran[0]++;
	}
}

/*
 * The waker keeps its CPU busy until the other has run. If that needed a tick of this CPU, there would be an interrupt each
 * time; the host may stop one of its own CPUs for long, so it is enough that there is none now and then.
 */
static void wakes_at_once(void)
{
	envid_t child = child_run(answers, 0);
	const volatile struct Env *env = &envs[ENVX(child)];
	uint32_t good = 0;

	for (int i = 0; i < 100 && good < 3; i++) {
		wait_until(env->env_ipc_recving && env->env_status == ENV_NOT_RUNNABLE);
		await_quiet();
		uint32_t at = ran[0], cpu = my_cpu(), before = interrupts_of(cpu);
		expect_is(sys_ipc_try_send(child, 0, (void *)UTOP, 0), 0);
		while (ran[0] == at)
			continue;
		good += interrupts_of(cpu) == before && my_cpu() == cpu;
	}
	if (good < 3)
		fail("100 wake-ups with an idle CPU: expected 3 without a tick of the waker's CPU, saw %u", good);
	expect_is(sys_env_destroy(child), 0);
	expect_end(child, -E_KILLED);
}

/* --- Everywhere --- */

static void spins(uint32_t n)
{
	for (;;)
		ran[n]++;
}

/* Do the first n children all run at this moment, each on a CPU of its own? */
static bool all_run(const envid_t children[], uint32_t n)
{
	uint32_t used = 1u << my_cpu();

	for (uint32_t i = 0; i < n; i++) {
		const volatile struct Env *env = &envs[ENVX(children[i])];
		uint32_t bit = 1u << env->env_cpunum;
		if (env->env_status != ENV_RUNNING || used & bit)
			return false;
		used |= bit;
	}
	return true;
}

static void stop(envid_t child)
{
	expect_is(sys_env_destroy(child), 0);
	expect_end(child, -E_KILLED);
}

/* As many that spin as there are other CPUs: all run; also after there were more, and those that are left shared CPUs. */
static void spreads(void)
{
	uint32_t cpus = cpu_total(), n = MIN(3 * cpus, (uint32_t)SPREAD), left = 0;
	envid_t children[SPREAD];

	for (uint32_t i = 0; i < cpus - 1; i++)
		children[i] = child_run(spins, i);
	while (!all_run(children, cpus - 1))
		continue;
	for (uint32_t i = 0; i < cpus - 1; i++)
		stop(children[i]);
	for (uint32_t i = 0; i < n; i++)
		children[i] = child_run(spins, i);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = ran[i];
		wait_until(ran[i] != at);
	}
	/* Those that stay stood on few CPUs, on this one first: the others are destroyed. */
	for (uint32_t want = my_cpu(); left < cpus - 1; want++) {
		for (uint32_t i = left; i < n && left < cpus - 1; i++) {
			if (envs[ENVX(children[i])].env_cpunum != (int)(want % cpus))
				continue;
			envid_t child = children[i];
			children[i] = children[left];
			children[left++] = child;
		}
	}
	for (uint32_t i = left; i < n; i++)
		stop(children[i]);
	while (!all_run(children, left))
		continue;
	for (uint32_t i = 0; i < left; i++)
		stop(children[i]);
}

/* --- Nobody twice --- */

static uint32_t inside[SPREAD], turns[SPREAD], turns_wanted;

/*
 * It counts in a register and in memory, and says where it is: two of it would disagree. In its turns it gives up the CPU in
 * each way there is.
 */
static void once(uint32_t n)
{
	uint32_t count = 0, random = n + 1;

	while (count < turns_wanted) {
		if (xchg(&inside[n], 1) != 0 || turns[n] != count)
			fail("child %u runs twice: count %u in its register, %u in memory", n, count, turns[n]);
		turns[n] = ++count;
		for (volatile uint32_t i = next_random(&random) % 64; i; i--)
			continue;
		if (xchg(&inside[n], 0) != 1)
			fail("child %u runs twice: it has left where it is", n);
		switch (next_random(&random) % 4) {
		case 0:
			sys_ipc_try_send(parent, n, (void *)UTOP, 0);
			break;
		case 1: /* the parent goes on with it */
			sys_env_set_status(0, ENV_NOT_RUNNABLE);
			break;
		default:
			sys_yield();
		}
	}
}

static void nobody_twice(void)
{
	uint32_t n = MIN(2 * cpu_total() + 1, 8u), random = 1;
	envid_t children[SPREAD];
	bool left = true;

	memset(inside, 0, sizeof inside);
	memset(turns, 0, sizeof turns);
	parent = sys_getenvid();
	turns_wanted = 1200 / cpu_total();
	for (uint32_t i = 0; i < n; i++)
		children[i] = child_run(once, i);
	while (left) {
		left = false;
		for (uint32_t i = 0; i < n; i++) {
			if (!env_alive(children[i]))
				continue;
			left = true;
			if (next_random(&random) % 4 == 0)
				sys_env_set_status(children[i], ENV_NOT_RUNNABLE);
			sys_env_set_status(children[i], ENV_RUNNABLE);
		}
		sys_yield();
	}
	for (uint32_t i = 0; i < n; i++)
		expect_end(children[i], 0);
}

/* --- For ever --- */

/* It never enters the kernel. With one CPU, its parent gets that back only by the tick. */
static void for_ever(void)
{
	for (uint32_t i = 0; i < 4; i++) {
		envid_t child = child_run(spins, 0);
		uint32_t at = ran[0];
		wait_until(ran[0] != at);
		/* In the second half there is another one for each CPU, so that it is often destroyed from its own. */
		envid_t others[SPREAD];
		uint32_t n = i < 2 ? 0 : MIN(cpu_total(), (uint32_t)SPREAD - 1);
		for (uint32_t k = 0; k < n; k++)
			others[k] = child_run(spins, 1 + k);
		stop(child);
		for (uint32_t k = 0; k < n; k++)
			stop(others[k]);
	}
}

void umain(int argc, char **argv)
{
	if (cpu_total() > 1)
		wakes_at_once();
	spreads();
	nobody_twice();
	for_ever();
	expect_kernel_sound();
}
