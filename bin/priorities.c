/*
 * priorities: what the policy `priority` promises. The highest run, on all CPUs, and nobody else; who wakes runs at
 * once; and a server that is low does not keep a caller waiting who is high, though others burn in between: it is lent
 * the level of its caller until it has answered.
 */
#include <finch/ipc.h>
#include <finch/rights.h>

#include "policy.h"

enum { LOW = 3, MIDDLE = 10, HIGH = 20, TOP = 25 };

#define WAKES 100

/* One page, shared by all. */
#define SHARED ((volatile struct shared *)0x10000000)
struct shared {
	uint64_t woken_at;
	uint32_t level_seen;
};

static struct info_machine machine;
static uint32_t cpus;
static bool good = true;

static uint64_t now(void)
{
	return read_tsc();
}

static uint32_t microseconds(uint64_t ticks)
{
	return (uint32_t)(ticks * 1000 / machine.tsc_khz);
}

static void verdict(bool right)
{
	printf("%s\n", right ? "" : " -- not as promised");
	good &= right;
}

static void start_burners(envid_t burners[], uint32_t priority)
{
	for (uint32_t i = 0; i < cpus; i++) {
		burners[i] = burner();
		must(sys_env_set(burners[i], ENV_SET_PRIORITY, priority));
	}
}

static void stop_burners(const envid_t burners[])
{
	for (uint32_t i = 0; i < cpus; i++)
		end_of(burners[i]);
}

static uint32_t time_of(const envid_t burners[])
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < cpus; i++)
		sum += env_cpu_time(burners[i]);
	return microseconds(sum) / 1000;
}

/* A child that does this for ever. */
static envid_t start(uint32_t priority, void (*act)(void))
{
	envid_t child = fork();

	must(child);
	if (child == 0) {
		must(sys_env_set(0, ENV_SET_PRIORITY, priority));
		for (;;)
			act();
	}
	return child;
}

static void await_receiving(envid_t child)
{
	while (!envs[ENVX(child)].env_ipc_recving)
		sleep_ms(1);
}

/* --- Order --- */

/* Until those of the lower priorities have stopped: CPUs may be slow to hear that there are higher ones. */
static void await_stop(envid_t burners[3][CPUS_SHOWN])
{
	uint32_t had, before = 0;

	for (int i = 0; i < 100; i++) {
		sleep_ms(50);
		had = time_of(burners[1]) + time_of(burners[2]);
		if (i && had == before)
			return;
		before = had;
	}
}

static void order(void)
{
	static const uint32_t priorities[] = { HIGH, MIDDLE, LOW };
	envid_t burners[3][CPUS_SHOWN];
	uint32_t before[3], had[3];

	for (int i = 0; i < 3; i++)
		start_burners(burners[i], priorities[i]);
	await_stop(burners);
	for (int i = 0; i < 3; i++)
		before[i] = time_of(burners[i]);
	sleep_ms(500);
	for (int i = 0; i < 3; i++) {
		had[i] = time_of(burners[i]) - before[i];
		printf("%2u processes of priority %2u had %5u ms of CPU time", cpus, priorities[i], had[i]);
		verdict(i == 0 ? had[0] > 0 : had[i] == 0);
	}
	for (int i = 0; i < 3; i++)
		stop_burners(burners[i]);
}

/* --- At once --- */

static void note_when(void)
{
	must(sys_ipc_wait(IPC_NO_PAGES, 0, TIMEOUT_NEVER));
	SHARED->woken_at = now();
}

static void at_once(void)
{
	envid_t burners[CPUS_SHOWN], waiter = start(TOP + 1, note_when);
	uint64_t all = 0, most = 0;

	start_burners(burners, HIGH);
	for (int i = 0; i < WAKES; i++) {
		await_receiving(waiter);
		SHARED->woken_at = 0;
		uint64_t sent = now();
		must(sys_ipc_send(waiter, 0, (void *)UTOP, 0, TIMEOUT_NEVER));
		while (!SHARED->woken_at)
			continue;
		all += SHARED->woken_at - sent;
		most = MAX(most, SHARED->woken_at - sent);
	}
	printf("Who wakes, while all CPUs burn, runs after %u microseconds; the longest of %d: %u", microseconds(all / WAKES), WAKES,
	       microseconds(most));
	verdict(true);
	stop_burners(burners);
	end_of(waiter);
}

/* --- No inversion --- */

static void serve(void)
{
	must(sys_ipc_wait(IPC_NO_PAGES, 0, TIMEOUT_NEVER));
	for (;;) {
		SHARED->level_seen = thisenv->env_priority;
		must(sys_ipc_reply_wait(thisenv->env_ipc_from, 0, NULL, 0, IPC_NO_PAGES));
	}
}

static void no_inversion(void)
{
	envid_t burners[CPUS_SHOWN], server = start(LOW, serve);

	await_receiving(server);
	start_burners(burners, MIDDLE);
	must(sys_env_set(0, ENV_SET_PRIORITY, HIGH));
	uint64_t begun = now();
	for (int i = 0; i < WAKES; i++)
		must(sys_ipc_call(server, 0, NULL, 0, IPC_NO_PAGES));
	uint32_t took = microseconds(now() - begun);
	printf("A server of priority %u answers a caller of %u within %u microseconds, at level %u, while %u burn at %u", LOW, HIGH,
	       took / WAKES, SHARED->level_seen, cpus, MIDDLE);
	verdict(SHARED->level_seen == HIGH && envs[ENVX(server)].env_priority == LOW);
	must(sys_env_set(0, ENV_SET_PRIORITY, TOP));
	stop_burners(burners);
	end_of(server);
}

void umain(int argc, char **argv)
{
	must(machine_info(&machine));
	if (strcmp(machine.policy, "priority") != 0) {
		printf("priorities: the policy here is %s, under which priorities are not such. Boot with ./finch run --sched priority\n",
		       machine.policy);
		exit_status(1);
	}
	if (!rights_need(RIGHT_SCHED))
		exit_status(1);
	cpus = MIN(machine.cpus, (uint32_t)CPUS_SHOWN);
	must(sys_page_alloc(0, (void *)SHARED, PTE_P | PTE_U | PTE_W | PTE_SHARE));
	must(sys_env_set(0, ENV_SET_PRIORITY, TOP));
	order();
	at_once();
	no_inversion();
	printf("priorities: %s\n", good ? "all right" : "wrong");
}
