/*
 * Mutexes: see <finch/mutex.h>.
 *
 * state is 0, free; 1, locked; or, while some wait, the address of the last of them, with bit 0 as before. Who waits
 * puts itself there by compare-and-swap, in front of those before it. Only the holder takes anyone out: it takes all of
 * them at once, and turns them round into a queue. Who unlocks wakes the first of the queue, which tries again.
 *
 * Nobody is forgotten: as long as any wait, there is a holder, or one that was woken and has not tried yet.
 */
#include <finch/mutex.h>
#include <inc/lib.h>
#include "park.h"

#define LOCKED 1u
#define SPINS 200 /* looks at a mutex whose holder runs on another CPU */

static inline bool change(struct mutex *mutex, uint32_t from, uint32_t to)
{
	return __atomic_compare_exchange_n(&mutex->state, &from, to, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

/* Wait at the end of the line for one time that the mutex is unlocked. False: it has changed since it was state. */
static bool wait_in_line(struct mutex *mutex, uint32_t state)
{
	struct libos_waiter *waiter = &libos_self()->mutex_waiter;

	waiter->envid = thisenv->env_id;
	waiter->woken = 0;
	waiter->next = (struct libos_waiter *)(state & ~LOCKED);
	if (!change(mutex, state, (uintptr_t)waiter | LOCKED))
		return false;
	while (!__atomic_load_n(&waiter->woken, __ATOMIC_ACQUIRE))
		park(TIMEOUT_NEVER);
	return true;
}

static __attribute__((noinline)) void lock_slowly(struct mutex *mutex)
{
	unsigned spins = 0;

	for (;;) {
		uint32_t state = __atomic_load_n(&mutex->state, __ATOMIC_RELAXED);
		const volatile struct Env *holder = mutex->holder;
		if (!(state & LOCKED)) {
			if (change(mutex, state, state | LOCKED))
				return;
		} else if (spins < SPINS && holder && holder->env_status == ENV_RUNNING) {
			/* It will be free soon; where there is one CPU nobody but this thread runs. */
			spins++;
			__asm__ volatile("pause");
		} else if (wait_in_line(mutex, state)) {
			spins = 0;
		}
	}
}

void mutex_lock(struct mutex *mutex)
{
	if (!change(mutex, 0, LOCKED))
		lock_slowly(mutex);
	mutex->holder = thisenv;
}

bool mutex_trylock(struct mutex *mutex)
{
	uint32_t state = __atomic_load_n(&mutex->state, __ATOMIC_RELAXED);

	if ((state & LOCKED) || !change(mutex, state, state | LOCKED))
		return false;
	mutex->holder = thisenv;
	return true;
}

/* Who waits, the first in front: those of the state, which are in the order of their coming backwards. */
static struct libos_waiter *queue_made(struct mutex *mutex)
{
	uint32_t state = __atomic_exchange_n(&mutex->state, LOCKED, __ATOMIC_SEQ_CST);
	struct libos_waiter *waiter = (struct libos_waiter *)(state & ~LOCKED), *queue = NULL;

	while (waiter) {
		struct libos_waiter *before = waiter->next;
		waiter->next = queue;
		queue = waiter;
		waiter = before;
	}
	return queue;
}

static __attribute__((noinline)) void unlock_slowly(struct mutex *mutex)
{
	if (!(mutex->state & LOCKED))
		panic("mutex_unlock: %p is not locked", mutex);
	struct libos_waiter *first = mutex->queue ? mutex->queue : queue_made(mutex);
	mutex->queue = first ? first->next : NULL;
	/* From here on the mutex may be gone, and first goes when it is woken. */
	__atomic_and_fetch(&mutex->state, ~LOCKED, __ATOMIC_SEQ_CST);
	if (first) {
		envid_t envid = first->envid;
		__atomic_store_n(&first->woken, 1, __ATOMIC_RELEASE);
		unpark(envid);
	}
}

void mutex_unlock(struct mutex *mutex)
{
	if (mutex->queue || !change(mutex, LOCKED, 0))
		unlock_slowly(mutex);
}
