/* The clock of a benchmark on Finch. */
#include <finch/machine.h>
#include <test/bench/bench/measure.h>

uint32_t tsc_khz(void)
{
	struct info_machine info;

	check(machine_info(&info), "machine_info");
	return info.tsc_khz;
}
