/*
 * What of the machine is the kernel's own, and so is not given to programs: ports, interrupt lines, memory of devices.
 * platform_ports_are_kernel, platform_irq_usable and platform_memory_is_kernel of kern/platform.h.
 */
#ifndef FINCH_DEV_PC_CLAIMS_H
#define FINCH_DEV_PC_CLAIMS_H

#include <dev/pc/machine.h>

/* Note what the firmware told of chips that the kernel uses. At boot. */
void claims_init(const struct machine *m);

#endif
