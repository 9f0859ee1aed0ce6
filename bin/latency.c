/*
 * latency [BURNERS]: how late one comes that sleeps, when BURNERS (2) processes for each CPU burn: whether a program
 * that waits for people feels quick on a busy machine. Compare ./finch run --sched unix, where who sleeps is above who
 * burns, with rr.
 */
#include <finch/ipc.h>

#include "number.h"
#include "policy.h"

#define BURNERS_MAX 8
#define NAPS 50
#define NAP_MS 20

void umain(int argc, char **argv)
{
	uint32_t count = (uint32_t)number_argument(argc, argv, 1, (struct number){ "BURNERS", 2, 1, BURNERS_MAX });
	envid_t burners[BURNERS_MAX * CPUS_SHOWN];
	struct info_machine machine;
	uint32_t late = 0, most = 0;

	must(machine_info(&machine));
	count *= MIN(machine.cpus, (uint32_t)CPUS_SHOWN);
	for (uint32_t i = 0; i < count; i++)
		burners[i] = burner();
	sleep_ms(1000);
	for (int i = 0; i < NAPS; i++) {
		uint64_t begun = read_tsc();
		sleep_ms(NAP_MS);
		uint32_t took = (uint32_t)((read_tsc() - begun) * 10 / machine.tsc_khz); /* in tenths of milliseconds */
		took = MAX(took, 10u * NAP_MS) - 10 * NAP_MS;
		late += took;
		most = MAX(most, took);
	}
	uint32_t own = thisenv->env_priority, theirs = envs[ENVX(burners[0])].env_priority;
	for (uint32_t i = 0; i < count; i++)
		end_of(burners[i]);
	printf("%u processes burn, and one sleeps for %d ms, %d times. It comes %u.%u ms late, at most %u.%u ms\n", count, NAP_MS,
	       NAPS, late / NAPS / 10, late / NAPS % 10, most / 10, most % 10);
	printf("its priority is %u then, that of a burner %u\n", own, theirs);
	if (strcmp(machine.policy, "unix") != 0)
		say_how_to_boot("latency", machine.policy, "unix");
	else
		printf("latency: %s\n", own > theirs ? "all right" : "wrong");
}
