/* No lock checks in release builds: see kern/debug/lockcheck.h. */
#ifndef FINCH_LOCKCHECK_H
#define FINCH_LOCKCHECK_H

struct spinlock;
#define LOCK_CHAIN 1

struct lock_check {};
#define LOCK_CHECK(name) {}

static inline void lock_check_init(struct lock_check *check, const char *name)
{
	(void)check, (void)name;
}
static inline void lock_check_order(const struct spinlock *lock) { (void)lock; }
static inline void lock_check_taken(struct spinlock *lock) { (void)lock; }
static inline void lock_check_release(struct spinlock *lock) { (void)lock; }
static inline void lock_check_none(void) {}
static inline bool lock_check_held(const struct spinlock *lock)
{
	(void)lock;
	return true;
}
/* Call visit for each lock that CPU number cpu holds. None are known here. */
static inline void lock_check_each(unsigned cpu, void (*visit)(const char *name, uint32_t index, const uintptr_t *chain))
{
	(void)cpu, (void)visit;
}

#endif
