/* What the machine is and does. */
#include <finch/machine.h>
#include <finch/syscall.h>

int machine_info(struct info_machine *machine)
{
	int err = sys_info(INFO_MACHINE, 0, machine, sizeof(*machine));
	return err < 0 ? err : 0;
}

int machine_cpu(uint32_t cpu, struct info_cpu *info)
{
	int err = sys_info(INFO_CPU, cpu, info, sizeof(*info));
	return err < 0 ? err : 0;
}
