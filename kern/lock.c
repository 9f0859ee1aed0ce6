/* Spin locks: the slow path. See lock.h for the order. */
#include <kern/lock.h>
#include <kern/request.h>
#include <kern/trace.h>

void spin_init(struct spinlock *lock, enum lock_rank rank, const char *name, uint32_t index)
{
	lock->held.value = 0;
	lock->rank = rank;
	lock->index = index;
	lock_check_init(&lock->check, name);
}

void spin_wait(struct spinlock *lock)
{
	uint64_t since = TRACE_BEGIN(LOCK);

	do {
		while (atomic_load(&lock->held)) {
			request_serve();
			arch_pause();
		}
	} while (arch_test_and_set(&lock->held.value));
	TRACE(LOCK, LOCK, lock->rank, lock->index, trace_took(since));
}
