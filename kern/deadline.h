/*
 * Deadlines of waits: who is to be woken at what time, if nothing else wakes it before.
 *
 * One heap for all CPUs, under one lock. Of the CPUs one at least has its timer set to the earliest deadline or
 * before (cpu->wake_ns): the one that added it, or whoever found the heap changed when its timer came.
 */
#ifndef FINCH_KERN_DEADLINE_H
#define FINCH_KERN_DEADLINE_H

#include <kern/heap.h>

struct env;

#define WAIT_FOREVER 0xFFFFFFFF /* a timeout, in milliseconds, that never comes */

/* In struct env. */
struct deadline {
	struct heap_node node; /* [lock of the heap] the key is its time, in nanoseconds */
	uint32_t serial;       /* of the wait that it is for */
};

/* End the wait of env, which has begun just now and has no deadline, in timeout_ms from now. env's lock is held. */
void deadline_set(struct env *env, uint32_t timeout_ms);
/* env has no deadline any more, if it had one. Its lock is held. */
void deadline_cancel(struct env *env);
/* The timer of this CPU has come: wake those whose time is up. */
void deadline_expire(void);
/* What to set this CPU's timer to if it is to come in ns nanoseconds at the latest. */
uint64_t deadline_limit(uint64_t ns);

/* Whose deadline stands at this place (from 1 on), NULL: no more do. For tests. */
const struct env *deadline_at(uint32_t place);

#endif
