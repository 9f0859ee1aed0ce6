/* Loading an address space on this CPU: apart from space.h, for the scheduler's sake inline. */
#ifndef FINCH_KERN_SPACE_LOAD_H
#define FINCH_KERN_SPACE_LOAD_H

#include <kern/cpu.h>
#include <kern/space.h>

/* Use it on this CPU; NULL: the kernel's own. */
static inline void space_load_on(struct cpu *cpu, struct space *space)
{
	struct space *old = cpu->space;
	uint32_t bit = cpu->bit;

	if (old == space)
		return;
	/* In this order: whoever takes a mapping away sees the bit, or we see the mapping gone. */
	if (space)
		atomic_or(&space->loaded, bit);
	cpu->space = space;
	arch_space_load(space ? &space->arch : NULL);
	if (old)
		atomic_and(&old->loaded, ~bit);
}

static inline void space_load(struct space *space)
{
	space_load_on(this_cpu(), space);
}

#endif
