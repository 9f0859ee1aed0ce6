/* Spin locks: the slow path. See lock.h for the order. */
#include <kern/cpu.h>
#include <kern/lock.h>
#include <kern/request.h>

void spin_init(struct spinlock *lock, enum lock_rank rank, const char *name, uint32_t index)
{
	lock->held.value = 0;
	lock_check_init(&lock->check, rank, name, index);
}

void spin_wait(struct spinlock *lock)
{
	do {
		while (atomic_load(&lock->held)) {
			request_serve();
			arch_pause();
		}
	} while (atomic_exchange(&lock->held, 1));
}
