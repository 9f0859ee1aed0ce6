/* Time from the CPU's time-stamp counter. The TSCs of all CPUs must agree: see time.c. */
#ifndef FINCH_DEV_TIME_H
#define FINCH_DEV_TIME_H

#include <abi/types.h>

/* Time begins: start the interval timer, and remember the TSC. */
void time_init(void);
/*
 * Measure the TSC's rate by the interval timer, which runs since time_init; and, in the same window, that of another
 * counter (32 bits, counting up, running, not wrapping within 20 ms) into *other_khz. Waits only until a millisecond
 * of the boot has gone by, or for up to 5 ms where reading the timers is slow. If the interval timer is broken, prints
 * that and guesses. On the boot CPU, once. Until then platform_time_ns gives 0.
 */
void time_calibrate(uint32_t (*other_counter)(void), uint32_t *other_khz);
/* Wait so long, but not for ever even if the clock stands still. */
void time_wait_ns(uint32_t ns);

#endif
