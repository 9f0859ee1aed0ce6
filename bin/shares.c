/*
 * shares [SECONDS [TICKETS...]]: CPU time by tickets. For each number of tickets (90 60 30 if none is given; more than
 * it has itself it may give only with the right sched) it starts a process for each CPU, lets them burn for SECONDS
 * (10) of CPU time, all together, and says what each number got.
 *
 * Under the policy stride that is the part that it has of all tickets, nearly exactly; under lottery, by chance.
 */
#include <finch/ipc.h>
#include <finch/rights.h>

#include "number.h"
#include "policy.h"

#define KINDS_MAX 8

static struct kind {
	uint32_t tickets;
	envid_t processes[CPUS_SHOWN];
	uint64_t before; /* their CPU time when the measuring began */
	uint64_t had;    /* since then, when it ended */
} kinds[KINDS_MAX];
static int count;
static uint32_t cpus;

static uint64_t time_of(const struct kind *kind)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < cpus; i++)
		sum += env_cpu_time(kind->processes[i]);
	return sum - kind->before;
}

static uint64_t time_of_all(void)
{
	uint64_t sum = 0;

	for (int i = 0; i < count; i++)
		sum += time_of(&kinds[i]);
	return sum;
}

static void start(void)
{
	for (int i = 0; i < count; i++) {
		for (uint32_t k = 0; k < cpus; k++) {
			kinds[i].processes[k] = burner();
			must(sys_env_set(kinds[i].processes[k], ENV_SET_TICKETS, kinds[i].tickets));
		}
	}
}

/* Begin to measure from now on. */
static void mark(void)
{
	for (int i = 0; i < count; i++)
		kinds[i].before += time_of(&kinds[i]);
}

static void stop(void)
{
	for (int i = 0; i < count; i++)
		for (uint32_t k = 0; k < cpus; k++)
			end_of(kinds[i].processes[k]);
}

/* Say what each got. Returns by how much, in thousandths, the worst is off. */
static int show(uint32_t khz)
{
	uint64_t sum = 0;
	uint32_t tickets = 0;
	int worst = 0;

	/* All at once first: they go on meanwhile. */
	for (int i = 0; i < count; i++)
		kinds[i].had = time_of(&kinds[i]);
	for (int i = 0; i < count; i++) {
		sum += kinds[i].had;
		tickets += kinds[i].tickets;
	}
	printf("TICKETS  SHARE    CPU TIME   OF ALL\n");
	for (int i = 0; i < count; i++) {
		int wanted = (int)(1000 * kinds[i].tickets / tickets), got = (int)(1000 * kinds[i].had / sum);
		printf("%7u  %3d.%d%%  %7llu ms  %3d.%d%%\n", kinds[i].tickets, wanted / 10, wanted % 10, kinds[i].had / khz,
		       got / 10, got % 10);
		worst = MAX(worst, got > wanted ? got - wanted : wanted - got);
	}
	return worst;
}

void umain(int argc, char **argv)
{
	static const uint32_t usual[] = { 90, 60, 30 };
	int seconds = number_argument(argc, argv, 1, (struct number){ "SECONDS", 10, 1, 1000 });
	struct info_machine machine;

	must(machine_info(&machine));
	cpus = MIN(machine.cpus, (uint32_t)CPUS_SHOWN);
	count = argc > 2 ? MIN(argc - 2, KINDS_MAX) : 3;
	for (int i = 0; i < count; i++)
		kinds[i].tickets = argc > 2 ? (uint32_t)number_argument(argc, argv, 2 + i,
				   (struct number){ "TICKETS", 100, 1, TICKETS_MAX }) : usual[i];
	for (int i = 0; i < count; i++) {
		if (kinds[i].tickets > thisenv->env_tickets && !rights_need(RIGHT_SCHED))
			exit_status(1);
	}
	start();
	/* Each is half a slice ahead of its share, once they are at it: that is to be so at the beginning too. */
	while (time_of_all() < (uint64_t)machine.tsc_khz * 1000 * cpus)
		sleep_ms(20);
	mark();
	while (time_of_all() < (uint64_t)machine.tsc_khz * 1000 * (uint32_t)seconds)
		sleep_ms(20);
	int off = show(machine.tsc_khz), allowed = strcmp(machine.policy, "stride") == 0 ? 10 : 50;
	stop();
	if (strcmp(machine.policy, "stride") != 0 && strcmp(machine.policy, "lottery") != 0)
		say_how_to_boot("shares", machine.policy, "stride");
	else
		printf("shares: %d.%d points off under %s: %s\n", off / 10, off % 10, machine.policy,
		       off <= allowed ? "all right" : "wrong");
}
