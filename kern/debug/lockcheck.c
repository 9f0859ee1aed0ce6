/* Lock checks of debug builds. Everything here belongs to the calling CPU, or to a lock that it holds. */
#include <kern/cpu.h>
#include <kern/lock.h>
#include <kern/print.h>
#include <kern/symbols.h>

void lock_check_init(struct lock_check *check, const char *name)
{
	*check = (struct lock_check)LOCK_CHECK(name);
}

/* Return addresses up the kernel stack; frame pointers on this CPU's stack alone are followed. */
static void chain_record(uintptr_t chain[LOCK_CHAIN])
{
	const uintptr_t *frame = __builtin_frame_address(0);
	const uintptr_t *start = frame;

	for (unsigned i = 0; i < LOCK_CHAIN; i++) {
		chain[i] = 0;
		if (frame < start || frame >= start + KSTKSIZE / sizeof *frame || (uintptr_t)frame % sizeof *frame)
			continue;
		/* The stack's end: nothing above it is ours. */
		if ((uintptr_t)(frame + 2) > this_cpu()->arch.stack_top && this_cpu()->arch.stack_top)
			continue;
		chain[i] = frame[1];
		frame = (const uintptr_t *)frame[0];
	}
}

static void chain_print(const struct spinlock *lock)
{
	kprintf("  %s %u, rank %u, taken by CPU %d from\n", lock->check.name, lock->index, lock->rank,
		lock->check.holder - 1);
	for (unsigned i = 0; i < LOCK_CHAIN && lock->check.chain[i]; i++)
		symbols_print_location(lock->check.chain[i]);
}

void lock_check_order(const struct spinlock *lock)
{
	struct cpu *cpu = this_cpu();

	if (cpu->panic_depth || cpu->locks_held == 0)
		return;
	const struct spinlock *last = cpu->locks[cpu->locks_held - 1];

	if (last->rank < lock->rank || (last->rank == lock->rank && last->index < lock->index))
		return;
	cpu->panic_depth++; /* so that printing does not check again */
	kprintf("lock order: %s %u (rank %u) is wanted while these are held:\n", lock->check.name, lock->index, lock->rank);
	for (unsigned i = 0; i < cpu->locks_held; i++)
		chain_print(cpu->locks[i]);
	cpu->panic_depth--;
	panic("lock order violated");
}

void lock_check_taken(struct spinlock *lock)
{
	struct cpu *cpu = this_cpu();

	lock->check.holder = cpu->number + 1;
	chain_record(lock->check.chain);
	if (cpu->locks_held < CPU_LOCKS_MAX)
		cpu->locks[cpu->locks_held] = lock;
	cpu->locks_held++;
}

void lock_check_release(struct spinlock *lock)
{
	struct cpu *cpu = this_cpu();

	if (!cpu->panic_depth && lock->check.holder != (int)cpu->number + 1)
		panic("%s %u is released but CPU %d holds it", lock->check.name, lock->index,
		      lock->check.holder - 1);
	lock->check.holder = 0;
	for (unsigned i = cpu->locks_held; i-- > 0;) {
		if (cpu->locks[i] != lock)
			continue;
		for (; i + 1 < cpu->locks_held; i++)
			cpu->locks[i] = cpu->locks[i + 1];
		cpu->locks_held--;
		return;
	}
}

void lock_check_none(void)
{
	struct cpu *cpu = this_cpu();

	for (unsigned i = 0; i < cpu->locks_held; i++) {
		const struct spinlock *lock = cpu->locks[i];
		if (lock->rank != RANK_BIG && !cpu->panic_depth) {
			chain_print(lock);
			panic("a lock is held where none may be");
		}
	}
}

bool lock_check_held(const struct spinlock *lock)
{
	return lock->check.holder == (int)this_cpu()->number + 1;
}

void lock_check_each(unsigned cpu, void (*visit)(const char *name, uint32_t index, const uintptr_t *chain))
{
	struct cpu *c = cpu < cpu_count ? cpus[cpu] : NULL;

	/* Another CPU may change its list meanwhile: a stale entry costs a wrong line, nothing more. */
	for (unsigned i = 0; c && i < c->locks_held && i < CPU_LOCKS_MAX; i++) {
		const struct spinlock *lock = c->locks[i];
		if (lock)
			visit(lock->check.name, lock->index, lock->check.chain);
	}
}
