/* Loading an address space on this CPU: apart from space.h, for the scheduler's sake inline. */
#ifndef FINCH_KERN_SPACE_LOAD_H
#define FINCH_KERN_SPACE_LOAD_H

#include <kern/cpu.h>
#include <kern/space.h>

/* Use `space` on this CPU in place of `old`, which is loaded. */
static inline void space_exchange(struct cpu *cpu, struct space *old, struct space *space)
{
	uint32_t bit = cpu->bit;

	if (old == space)
		return;
	/* In this order: whoever takes a mapping away sees the bit, or we see the mapping gone. */
	atomic_or(&space->loaded, bit);
	cpu->space = space;
	arch_space_load(&space->arch);
	atomic_xor(&old->loaded, bit);
}

/* Use it on this CPU; NULL: the kernel's own. */
static inline void space_load(struct space *space)
{
	struct cpu *cpu = this_cpu();
	struct space *old = cpu->space;

	if (space && old) {
		space_exchange(cpu, old, space);
		return;
	}
	if (space)
		atomic_or(&space->loaded, cpu->bit);
	cpu->space = space;
	arch_space_load(space ? &space->arch : NULL);
	if (old)
		atomic_xor(&old->loaded, cpu->bit);
}

#endif
