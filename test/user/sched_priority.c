/*
 * Fixed priorities: the highest run, on all CPUs, and no others; one that wakes runs at once, in place of the lowest; what is
 * set counts at once; and a caller lends its level to whom it waits for. Told by who has run, not by clocks.
 *
 * The test itself, at level TOP, keeps one CPU while it looks.
 */
#include <finch/ipc.h>

#include "child.h"

enum { LOW = 3, MIDDLE = 10, HIGH = 20, TOP = 25 };

#define SPINNERS 40

static volatile uint32_t ran[SPINNERS];
static uint32_t cpus;

static const volatile struct Env *record(envid_t envid)
{
	return &envs[ENVX(envid)];
}

static uint32_t level(envid_t envid)
{
	return record(envid)->env_priority;
}

static void set(envid_t envid, uint32_t priority)
{
	expect_is(sys_env_set(envid, ENV_SET_PRIORITY, priority), 0);
}

static envid_t run_at(uint32_t priority, child_function function, uint32_t arg)
{
	envid_t child = child_make(function, arg);

	set(child, priority);
	expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
	return child;
}

static void destroy(envid_t child)
{
	expect_is(sys_env_destroy(child), 0);
	expect_end(child, -E_KILLED);
}

static void spins(uint32_t n)
{
	for (;;)
		ran[n]++;
}

/* Until child n has run for a while from now on. */
static void await_progress(uint32_t n)
{
	for (uint32_t at = ran[n]; ran[n] - at < 100000;)
		continue;
}

static void await_waiting(envid_t child, uint32_t wait)
{
	while (record(child)->env_status != ENV_NOT_RUNNABLE || record(child)->env_wait != wait)
		sys_yield();
}

/* --- Order --- */

/*
 * As many of the high ones as there are other CPUs, and as many of the low ones again: those do not run at all, neither while
 * the others do, nor after one of them has been raised above another, which does not run from then on.
 */
static void order(void)
{
	uint32_t n = cpus - 1;
	envid_t high[SPINNERS], low[SPINNERS];

	memset((void *)ran, 0, sizeof ran);
	for (uint32_t i = 0; i < n; i++)
		high[i] = run_at(HIGH, spins, i);
	for (uint32_t i = 0; i < n; i++)
		await_progress(i);
	for (uint32_t i = 0; i < cpus; i++)
		low[i] = run_at(LOW, spins, n + i);
	for (uint32_t i = 0; i < n; i++)
		await_progress(i);
	for (uint32_t i = 0; i < cpus; i++)
		expect_is(ran[n + i], 0);
	/* Changed while it queues, and while it runs. */
	if (n) {
		set(low[0], HIGH + 1);
		await_progress(n);
		expect_kernel_sound();
		set(low[0], LOW);
		while (record(low[0])->env_status != ENV_RUNNABLE)
			continue;
		uint32_t at = ran[n];
		for (uint32_t i = 0; i < n; i++)
			await_progress(i);
		expect_is(ran[n], at);
	}
	expect_kernel_sound();
	for (uint32_t i = 0; i < n; i++)
		destroy(high[i]);
	for (uint32_t i = 0; i < cpus; i++)
		destroy(low[i]);
}

/* --- At once --- */

static volatile uint32_t woken;

static void answers(uint32_t arg)
{
	USED(arg);
	for (;;) {
		expect_is(sys_ipc_recv((void *)UTOP), 0);
		woken++;
	}
}

/*
 * Who is woken, and is lower than the test, has only the CPU of `low` to run on; and that has been told so when the call that
 * wakes it returns, else the kernel's own check would find that it is not.
 */
static void lowest_makes_way(envid_t waiter, envid_t low)
{
	set(waiter, TOP - 1);
	set(low, LOW);
	for (int i = 0; i < 20; i++) {
		uint32_t at = woken, runs = record(low)->env_runs;
		while (record(low)->env_status != ENV_RUNNING || record(waiter)->env_status != ENV_NOT_RUNNABLE)
			continue;
		expect_is(sys_ipc_try_send(waiter, 0, (void *)UTOP, 0), 0);
		expect_kernel_sound();
		while (woken == at || record(low)->env_runs == runs)
			continue;
	}
}

/*
 * All CPUs burn at a level above the test's; so one that is higher takes the test's own CPU, before the call that wakes it
 * returns. On several CPUs, one of them burns lower than the test: that is the one who makes way.
 */
static void at_once(void)
{
	uint32_t n = cpus - 1;
	envid_t children[SPINNERS], waiter = run_at(TOP + 2, answers, 0);

	await_waiting(waiter, ENV_WAIT_MESSAGE);
	for (uint32_t i = 0; i < n; i++)
		children[i] = run_at(TOP + 1, spins, i);
	for (uint32_t i = 0; i < n; i++)
		await_progress(i);
	for (uint32_t i = 1; i <= 100; i++) {
		expect_is(sys_ipc_try_send(waiter, 0, (void *)UTOP, 0), 0);
		expect_is(woken, i);
		await_waiting(waiter, ENV_WAIT_MESSAGE);
	}
	if (n)
		lowest_makes_way(waiter, children[0]);
	for (uint32_t i = 0; i < n; i++)
		destroy(children[i]);
	destroy(waiter);
}

static volatile envid_t listener;
static volatile uint32_t kept;

/* Wakes one who is higher, again and again, and counts how often the other of its level has not run before it goes on. */
static void wakes(uint32_t other)
{
	for (;;) {
		uint32_t at = ran[other];
		if (sys_ipc_try_send(listener, 0, (void *)UTOP, 0) == 0)
			kept += ran[other] == at;
	}
}

/* On one CPU: who is preempted goes on with its turn, before the other of its level. Now and then its time is just up. */
static void turn_kept(void)
{
	listener = sys_getenvid();
	envid_t other = run_at(LOW, spins, 0), waker = run_at(LOW, wakes, 0);

	for (int i = 0; i < 100; i++)
		expect_is(sys_ipc_recv((void *)UTOP), 0);
	if (kept < 3)
		fail("100 times preempted: expected to go on as the next 3 times, saw %u", kept);
	destroy(other);
	destroy(waker);
}

/* Those of one level take turns. */
static void turns(void)
{
	envid_t children[SPINNERS];
	uint32_t n = cpus + 1;

	for (uint32_t i = 0; i < n; i++)
		children[i] = run_at(LOW, spins, i);
	for (uint32_t i = 0; i < n; i++) {
		for (uint32_t at = ran[i]; ran[i] - at < 100000;)
			sleep_ms(1);
	}
	for (uint32_t i = 0; i < n; i++)
		destroy(children[i]);
}

/* --- Lending --- */

static volatile uint32_t saw_level, asked, hold;
static volatile envid_t next_server;

/* Answers calls, after asking the next server if there is one; holds its answer as long as `hold` says. */
static void serves(uint32_t chain)
{
	envid_t server = sys_getenvid(), to = 0;

	for (;;) {
		expect_is(sys_ipc_reply_wait(to, 0, NULL, 0, IPC_NO_PAGES), 0);
		to = record(server)->env_ipc_from;
		asked++;
		if (chain)
			expect_is(sys_ipc_call(next_server, 0, NULL, 0, IPC_NO_PAGES), 0);
		else
			saw_level = level(server);
		while (hold)
			continue;
	}
}

static void calls(uint32_t server)
{
	expect_is(sys_ipc_call((envid_t)server, 0, NULL, 0, IPC_NO_PAGES), 0);
}

/* The same, but it is interrupted. */
static void calls_in_vain(uint32_t server)
{
	expect_error(sys_ipc_call((envid_t)server, 0, NULL, 0, IPC_NO_PAGES), E_INTERRUPTED);
}

static void sends(uint32_t server)
{
	expect_is(sys_ipc_send((envid_t)server, 0, (void *)UTOP, 0, TIMEOUT_NEVER), 0);
}

static void await_receiving(envid_t envid)
{
	while (!record(envid)->env_ipc_recving || record(envid)->env_status != ENV_NOT_RUNNABLE)
		sleep_ms(1);
}

static void await_level(envid_t envid, uint32_t wanted)
{
	while (level(envid) != wanted)
		sleep_ms(1);
}

/* While the CPUs burn in the middle, a low server answers a high caller; through another one, too. */
static void inversion(uint32_t chain)
{
	envid_t burners[SPINNERS], last = run_at(LOW, serves, 0), first = chain ? run_at(LOW + 1, serves, 1) : last;

	next_server = last;
	await_receiving(last);
	await_receiving(first);
	for (uint32_t i = 0; i < cpus; i++)
		burners[i] = run_at(MIDDLE, spins, i);
	for (int i = 0; i < 10; i++) {
		saw_level = 0;
		envid_t caller = run_at(HIGH, calls, first);
		expect_end(caller, 0);
		expect_is(saw_level, HIGH);
		/* They have given it back; and each waits again, for it did so in the call in which it answered. */
		expect_is(level(first), chain ? LOW + 1 : LOW);
		expect_is(level(last), LOW);
		await_receiving(first);
		await_receiving(last);
	}
	for (uint32_t i = 0; i < cpus; i++)
		destroy(burners[i]);
	destroy(first);
	if (chain)
		destroy(last);
}

/* Callers that queue lend too, each until its wait is over in whatever way. */
static void queued(void)
{
	envid_t server = run_at(LOW, serves, 0);

	hold = 1;
	asked = 0;
	envid_t caller = run_at(LOW + 1, calls, server);
	while (!asked)
		sleep_ms(1);
	await_level(server, LOW + 1);
	envid_t high = run_at(HIGH, calls_in_vain, server), sender = run_at(HIGH + 1, sends, server);
	envid_t middle = run_at(MIDDLE, sends, server);
	await_level(server, HIGH + 1);
	destroy(sender); /* by its end */
	await_level(server, HIGH);
	await_waiting(high, ENV_WAIT_MESSAGE);
	expect_is(sys_env_set_status(high, ENV_NOT_RUNNABLE), 0); /* one that is suspended still waits */
	expect_is(level(server), HIGH);
	set(high, HIGH - 1); /* by a change of its own */
	expect_is(level(server), HIGH - 1);
	expect_is(sys_env_set_status(high, ENV_RUNNABLE), 0); /* that ends its wait */
	await_level(server, MIDDLE);
	set(server, MIDDLE + 1); /* its own is more */
	expect_is(level(server), MIDDLE + 1);
	set(server, LOW);
	expect_is(level(server), MIDDLE);
	expect_kernel_sound();
	hold = 0;
	expect_end(caller, 0);
	expect_end(middle, 0);
	expect_end(high, 0);
	await_level(server, LOW);
	destroy(server);
}

/* A call with a limit lends as long as it waits. */
static void timed(void)
{
	envid_t server = run_at(LOW, spins, 0);

	expect_error(sys_ipc_send(server, 0, (void *)UTOP, 0, 1), E_TIMEOUT);
	expect_is(level(server), LOW);
	destroy(server);
}

static volatile envid_t partner[2];

static void calls_partner(uint32_t n)
{
	expect_error(sys_ipc_call(partner[n], 0, NULL, 0, IPC_NO_PAGES), E_BAD_ENV);
}

/* Two that wait for each other: both have the highest level of the two, and the kernel comes to an end with that. */
static void circle(void)
{
	for (int i = 0; i < 2; i++)
		partner[!i] = child_make(calls_partner, (uint32_t)i);
	for (int i = 0; i < 2; i++) {
		set(partner[!i], i ? HIGH : LOW);
		expect_is(sys_env_set_status(partner[!i], ENV_RUNNABLE), 0);
	}
	await_level(partner[1], HIGH);
	await_receiving(partner[0]);
	await_receiving(partner[1]);
	set(partner[1], TOP + 1);
	expect_is(level(partner[0]), TOP + 1);
	envid_t third = run_at(TOP + 2, calls, partner[0]);
	await_level(partner[1], TOP + 2);
	expect_kernel_sound();
	destroy(third);
	destroy(partner[0]);
	expect_end(partner[1], 0);
	expect_kernel_sound();
}

void umain(int argc, char **argv)
{
	struct info_machine machine;

	expect_is(machine_info(&machine), 0);
	if (strcmp(machine.policy, "priority") != 0)
		return;
	cpus = MIN(machine.cpus, (uint32_t)SPINNERS / 2);
	set(0, TOP);
	order();
	at_once();
	turns();
	if (cpus == 1)
		turn_kept();
	inversion(0);
	inversion(1);
	queued();
	timed();
	circle();
	expect_kernel_sound();
}
