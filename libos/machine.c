/* What the machine is and does. */
#include <finch/machine.h>
#include <finch/syscall.h>
#include <inc/string.h>

/* Clear it first: the kernel stores into what can be written by now, not into pages that are still to be copied. */
int machine_info(struct info_machine *machine)
{
	memset(machine, 0, sizeof(*machine));
	int err = sys_info(INFO_MACHINE, 0, machine, sizeof(*machine));
	return err < 0 ? err : 0;
}

int machine_cpu(uint32_t cpu, struct info_cpu *info)
{
	memset(info, 0, sizeof(*info));
	int err = sys_info(INFO_CPU, cpu, info, sizeof(*info));
	return err < 0 ? err : 0;
}
