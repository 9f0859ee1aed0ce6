/*
 * For those who change mappings (kern/space.c, kern/space_copy.c): a slice of a call replaces entries under the lock
 * of the space and remembers here what it has replaced; then, without the lock, translations are flushed, and only then
 * pages dropped.
 */
#ifndef FINCH_KERN_SPACE_SLICE_H
#define FINCH_KERN_SPACE_SLICE_H

#include <arch/space.h>
#include <kern/cpu.h>
#include <kern/space.h>

#define FLUSH_SINGLY 8 /* up to so many pages are flushed one by one on this CPU */

/* What a slice has replaced: translations to forget, pages to drop after that. */
struct replaced {
	uintptr_t first, last; /* addresses; last < first: none */
	uint32_t count;
	pfn_t pages[SPACE_SLICE];
};

/* Make the CPUs in the mask forget what they know of user space. No lock is held. */
void space_flush_others(uint32_t others);

/* The other CPUs that have space loaded. */
static inline uint32_t space_loaded_elsewhere(struct space *space)
{
	uint32_t others = atomic_load(&space->loaded);

	if (likely(this_cpu()->space == space))
		others &= ~(1u << this_cpu()->number);
	return others;
}

/* Make all CPUs forget what they know of [first, last] of space. No lock is held. */
static inline void space_flush(struct space *space, uintptr_t first, uintptr_t last)
{
	uint32_t others = space_loaded_elsewhere(space);

	if (likely(this_cpu()->space == space)) {
		if (last - first < FLUSH_SINGLY * PGSIZE) {
			for (uintptr_t va = first; va <= last; va += PGSIZE)
				arch_tlb_flush_page(va);
		} else {
			arch_tlb_flush_user();
		}
	}
	if (unlikely(others))
		space_flush_others(others);
}

static inline void replaced_init(struct replaced *replaced)
{
	replaced->first = UTOP;
	replaced->last = 0;
	replaced->count = 0;
}

/* Entry old of va has been replaced; the page that it maps, if it is one, is dropped too if `page`. */
static inline void replaced_add(struct replaced *replaced, uintptr_t va, arch_pte_t old, bool page)
{
	replaced->first = MIN(replaced->first, va);
	replaced->last = MAX(replaced->last, va);
	if (page && likely(!arch_pte_is_device(old)))
		replaced->pages[replaced->count++] = arch_pte_pfn(old);
}

/* The slow half of replaced_finish. */
void replaced_flush(struct replaced *replaced, struct space *space);

/* Flush and drop, if there is anything. No lock is held. */
static inline void replaced_finish(struct replaced *replaced, struct space *space)
{
	if (replaced->last >= replaced->first)
		replaced_flush(replaced, space);
}

/* Exchange an entry; the hardware may set its accessed and dirty bits meanwhile. */
static inline arch_pte_t entry_exchange(arch_pte_t *entry, arch_pte_t value)
{
	return __atomic_exchange_n(entry, value, __ATOMIC_SEQ_CST);
}

/* Is it time to stop between two slices? Interrupts that wait are handled first. */
static inline bool space_interrupted(void)
{
	arch_poll_interrupts();
	return this_cpu()->attention != 0;
}

#endif
