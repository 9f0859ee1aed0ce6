/* cpus: each CPU, what it runs, and how busy it has been since it started. */
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
		printf("cpus: %e\n", err);
		exit_status(1);
	}
	printf("CPU  APIC  RUNS      QUEUED    SWITCHES  INTERRUPTS  IDLE  PROCESSOR\n");
	for (uint32_t i = 0; i < machine.cpus; i++) {
		struct info_cpu cpu;
		if ((err = machine_cpu(i, &cpu)) < 0) {
			printf("%3u  %e\n", i, err);
			continue;
		}
		uint32_t idle = (uint32_t)(cpu.idle_ns / (machine.uptime_ns / 100 + 1));
		printf("%3u  %4u  %08x  %6u  %10llu  %10llu  %3u%%  %s\n", cpu.number, cpu.hardware_id, cpu.env_id,
		       cpu.queued, cpu.switches, cpu.interrupts, MIN(idle, 100u), cpu.name);
	}
}
