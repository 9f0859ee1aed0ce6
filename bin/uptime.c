/* uptime: how long the machine has been running. */
#include <finch/machine.h>
#include <finch/process.h>
#include <inc/lib.h>

void umain(int argc, char **argv)
{
	struct info_machine machine;
	int err = machine_info(&machine);

	USED(argc);
	USED(argv);
	if (err < 0) {
		printf("uptime: %e\n", err);
		exit_status(1);
	}
	uint64_t ms = machine.uptime_ns / 1000000;
	uint32_t s = (uint32_t)(ms / 1000);
	printf("up ");
	if (s >= 86400)
		printf("%u d ", s / 86400);
	printf("%u:%02u:%02u.%03u, %u CPUs, %u environments, %s\n", s / 3600 % 24, s / 60 % 60, s % 60,
	       (uint32_t)(ms % 1000), machine.cpus, machine.envs_live, machine.version);
}
