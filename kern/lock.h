/*
 * Spin locks, and the order in which they are taken.
 *
 * The ranks below are the lock order: a CPU takes locks only in rising rank; locks of one rank in order of their index
 * (an environment's slot, a space's or CPU's number). Debug builds check order, holder and double release.
 *
 * A waiting CPU spins with test-and-test-and-set and pause, and serves requests of other CPUs meanwhile
 * (kern/request.h). Not fair, on purpose: where there are more CPUs than the host has, handing a lock to
 * one waiter that is not running costs milliseconds.
 */
#ifndef FINCH_KERN_LOCK_H
#define FINCH_KERN_LOCK_H

#include <arch/kernel.h>
#include <kern/annotate.h>
#include <kern/atomic.h>
#include <kern/check.h>

enum lock_rank {
	RANK_BIG,     /* the whole kernel, with the boot word lock=big; taken at trap entry alone */
	RANK_FAMILY,  /* parents and children, slots, who waits for whose end */
	RANK_ENV,     /* one environment */
	RANK_DEADLINE, /* when waits end by themselves */
	RANK_MESSAGE, /* the queues of those who send */
	RANK_IRQ,     /* which lines programs are attached to */
	RANK_SPACE,   /* one address space */
	RANK_CONSOLE_INPUT, /* typed bytes and who waits for them */
	RANK_RUNQ,    /* one CPU's run queue, or that of all */
	RANK_TRACE,   /* making the event rings */
	RANK_POOL,    /* the pool of struct space */
	RANK_PAGES,   /* the buddy allocator */
	RANK_DEVICE,  /* a chip */
	RANK_CONSOLE, /* output: last, so that anything can print */
};

#include <lockcheck.h> /* from kern/debug or kern/release */

struct LOCK_TYPE spinlock {
	atomic_t held;
	uint32_t rank, index;
	struct lock_check check; /* empty in release builds */
};

/* To initialise a static lock: struct spinlock l = SPINLOCK(RANK_X, "name"). */
#define SPINLOCK(rank_, name) { .held = { 0 }, .rank = (rank_), .check = LOCK_CHECK(name) }

/* For others: index orders the locks of one rank. */
void spin_init(struct spinlock *lock, enum lock_rank rank, const char *name, uint32_t index);

/* The slow half of spin_lock. */
void spin_wait(struct spinlock *lock);

static inline void spin_lock(struct spinlock *lock) ACQUIRES(lock) UNCHECKED_LOCKING
{
	lock_check_order(lock);
	if (unlikely(arch_test_and_set(&lock->held.value)))
		spin_wait(lock);
	lock_check_taken(lock);
}

/* Take it if it is free, whatever the order: who does not wait is in nobody's way. */
static inline bool spin_try_lock(struct spinlock *lock) UNCHECKED_LOCKING
{
	if (unlikely(arch_test_and_set(&lock->held.value)))
		return false;
	lock_check_taken(lock);
	return true;
}

static inline void spin_unlock(struct spinlock *lock) RELEASES(lock) UNCHECKED_LOCKING
{
	lock_check_release(lock);
	atomic_store_release(&lock->held, 0);
}

/* Does anybody hold it? A hint. */
static inline bool spin_is_taken(const struct spinlock *lock)
{
	return atomic_load(&lock->held);
}

/* Does the calling CPU hold it? For assertions: true in release builds. */
static inline bool spin_held(const struct spinlock *lock)
{
	return lock_check_held(lock);
}

#endif
