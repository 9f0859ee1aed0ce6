/* Time from the CPU's time-stamp counter. The TSCs of all CPUs must agree: see time.c. */
#ifndef FINCH_DEV_TIME_H
#define FINCH_DEV_TIME_H

#include <abi/types.h>

/* Remember now as the start of time. Right after pit_start. */
void time_init(void);
/*
 * Measure the TSC's rate by the interval timer, which runs since pit_start, and with it the rate of another counter
 * (32 bits, counting up, already running, not wrapping within 10 ms) into *other_khz. If the boot took a while already,
 * this waits little or not; at most 5 ms unless the interval timer is broken, when it prints that and guesses.
 * On the boot CPU, once. Until then platform_time_ns gives 0.
 */
void time_calibrate(uint32_t (*other_counter)(void), uint32_t *other_khz);

#endif
