/*
 * The system at rest: nothing runs, nothing is ready, and nothing that is waited for can still come.
 */
#ifndef FINCH_KERN_REST_H
#define FINCH_KERN_REST_H

/*
 * Say so and enter the monitor, or, under the boot word `batch`, end the machine with the first program's status.
 * Called by an idle CPU; others that come meanwhile just return.
 */
void rest_begin(void);

/* The time that the one who started the machine gave it is up: print what everyone does, and end the machine. */
void rest_time_up(void);

/* The statuses that the machine ends with through the test device (boot word `batch`). */
enum { REST_EXITED = 16, REST_DESTROYED = 17, REST_PANIC = 18, REST_TIME_UP = 19 };

#endif
