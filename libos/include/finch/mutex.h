/*
 * For programs: mutexes and condition variables, for the threads of one address space. All zeros is a good one.
 *
 * The kernel is entered only by who has to wait, and by who wakes one that waits. They are not fair: who comes while
 * a mutex is free takes it, whoever has been woken for it.
 */
#ifndef FINCH_MUTEX_H
#define FINCH_MUTEX_H

#include <abi/types.h>
#include <common/names.h>

struct Env;
struct libos_waiter;

struct mutex {
	uint32_t state;             /* bit 0: locked; the rest: the last of those who came to wait since the queue was made */
	struct libos_waiter *queue; /* the holder's: who waits, in order */
	const volatile struct Env *holder; /* or the last one: a hint */
};

struct cond {
	struct mutex lock;
	struct libos_waiter *first, *last; /* [lock] */
};

/* Lock; a thread that has it locked already waits for ever. */
void mutex_lock(struct mutex *mutex) LINKED_NAME(mutex_lock);
/* Lock it if it is free. True: it is locked now. */
bool mutex_trylock(struct mutex *mutex) LINKED_NAME(mutex_trylock);
/* Unlock what this thread has locked. Panics if it is not locked. */
void mutex_unlock(struct mutex *mutex) LINKED_NAME(mutex_unlock);

/* Unlock mutex, sleep until woken, and lock it again. May return early: look again for what was waited for. */
void cond_wait(struct cond *cond, struct mutex *mutex) LINKED_NAME(cond_wait);
/* The same, for at most timeout_ms milliseconds (below 2^31). 0, or -E_TIMEOUT; the mutex is locked either way. */
int cond_wait_for(struct cond *cond, struct mutex *mutex, uint32_t timeout_ms) LINKED_NAME(cond_wait_for);
/* Wake the one that has waited longest, or all. The mutex need not be locked. */
void cond_signal(struct cond *cond) LINKED_NAME(cond_signal);
void cond_broadcast(struct cond *cond) LINKED_NAME(cond_broadcast);

#endif
