/*
 * Lock checks of debug builds: order by rank and index, holder, double release; and the call chain that took each
 * held lock, for the monitor and for messages.
 */
#ifndef FINCH_LOCKCHECK_H
#define FINCH_LOCKCHECK_H

#define LOCK_CHAIN 4 /* callers kept of the place that took a lock */

struct spinlock;
struct lock_check {
	const char *name;
	int holder;                  /* CPU number + 1, 0 if free */
	uintptr_t chain[LOCK_CHAIN]; /* return addresses, innermost first */
};
#define LOCK_CHECK(name_) { .name = (name_), .holder = 0, .chain = { 0 } }

void lock_check_init(struct lock_check *check, const char *name);
void lock_check_order(const struct spinlock *lock);
void lock_check_taken(struct spinlock *lock);
void lock_check_release(struct spinlock *lock);
/* Panic if the calling CPU holds any lock (but the big one). */
void lock_check_none(void);
bool lock_check_held(const struct spinlock *lock);
/* Call visit for each lock that CPU number cpu holds, outermost first. */
void lock_check_each(unsigned cpu, void (*visit)(const char *name, uint32_t index, const uintptr_t *chain));

#endif
