/*
 * Switching the machine off, and starting it anew: platform_poweroff and platform_reboot of kern/platform.h.
 */
#ifndef FINCH_DEV_PC_POWER_H
#define FINCH_DEV_PC_POWER_H

#include <dev/pc/machine.h>

/* Remember how it is done on this machine (power is copied), and map what is needed for it. */
void power_init(const struct machine_power *power);

#endif
