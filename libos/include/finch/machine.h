/* For programs: what the machine is and does. Each returns 0 or an error. */
#ifndef FINCH_MACHINE_H
#define FINCH_MACHINE_H

#include <abi/info.h>
#include <abi/syscall.h>
#include <common/names.h>

int machine_info(struct info_machine *machine) LINKED_NAME(machine_info);
/* cpu is 0 to info_machine.cpus - 1; -E_INVAL beyond. */
int machine_cpu(uint32_t cpu, struct info_cpu *info) LINKED_NAME(machine_cpu);

#endif
