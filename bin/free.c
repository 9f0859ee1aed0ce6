/* free: memory in KB, and environments. */
#include <finch/machine.h>
#include <finch/process.h>
#include <inc/lib.h>

static uint32_t kb(uint32_t pages_count)
{
	return pages_count * (PGSIZE / 1024);
}

void umain(int argc, char **argv)
{
	struct info_machine machine;
	int err = machine_info(&machine);

	USED(argc);
	USED(argv);
	if (err < 0) {
		printf("free: %e\n", err);
		exit_status(1);
	}
	printf("memory   %10u KB\n", kb(machine.pages_total));
	printf("used     %10u KB\n", kb(machine.pages_total - machine.pages_free));
	printf("free     %10u KB, %u KB of it zeroed\n", kb(machine.pages_free), kb(machine.pages_zeroed));
	printf("environments  %5u of %u\n", machine.envs_live, machine.envs_limit);
}
