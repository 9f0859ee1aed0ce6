/* The interval timer i8254, channel 2 alone: a clock of known rate to measure others by. Its interrupt is not used. */
#ifndef FINCH_DEV_PIT_H
#define FINCH_DEV_PIT_H

#include <abi/types.h>

#define PIT_HZ 1193182
#define PIT_TICKS_MAX 0xFFFF /* how far it counts: 54.9 ms */

/* Start counting, from 0. Silences the speaker. */
void pit_start(void);
/* Hold the count of this moment, for pit_ticks. */
void pit_latch(void);
/* Ticks from pit_start to pit_latch (0 to PIT_TICKS_MAX), or -1 if it has counted to the end. */
int pit_ticks(void);

#endif
