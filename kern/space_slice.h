/*
 * For those who change mappings (kern/space_*.c): a slice of a call replaces entries under the lock
 * of the space and remembers here what it has replaced; then, without the lock, translations are flushed, and only then
 * pages dropped.
 */
#ifndef FINCH_KERN_SPACE_SLICE_H
#define FINCH_KERN_SPACE_SLICE_H

#include <arch/space.h>
#include <kern/cpu.h>
#include <kern/large.h>
#include <kern/space.h>


/* What a slice has replaced: translations to forget, pages to drop after that. */
struct replaced {
	uintptr_t first, last; /* addresses; last < first: none */
	pfn_t large; /* a superpage to drop, or none */
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
		others &= ~this_cpu()->bit;
	return others;
}

/* Make all CPUs forget what they know of [first, last] of space; of one page. No lock is held. */
void space_flush(struct space *space, uintptr_t first, uintptr_t last);
static inline void space_flush_page(struct space *space, uintptr_t va)
{
	uint32_t others = atomic_load(&space->loaded);

	if (likely(this_cpu()->space == space)) {
		arch_tlb_flush_page(va);
		others ^= this_cpu()->bit; /* which is set */
	}
	if (unlikely(others))
		space_flush_others(others);
}

static inline void replaced_init(struct replaced *replaced)
{
	replaced->first = UTOP;
	replaced->last = 0;
	replaced->large = NO_PAGE;
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

/* What stood in the slot for va has been replaced. */
static inline void replaced_add_slot(struct replaced *replaced, uintptr_t va)
{
	replaced->first = MIN(replaced->first, ROUNDDOWN(va, (uintptr_t)PTSIZE));
	replaced->last = MAX(replaced->last, va | (PTSIZE - 1));
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

/* Would perm allow more than an entry does? */
static inline bool entry_refuses(arch_pte_t pte, uint32_t perm)
{
	return perm & PTE_W && !(pte & PTE_W);
}

/* --- Superpages: kern/space_large.c. The space is locked where nothing else is said. --- */

/* The slot for va if a superpage is mapped there, else NULL. */
static inline arch_pte_t *space_large(const struct space *space, uintptr_t va)
{
	arch_pte_t *slot = arch_space_slot(&space->arch, va);

	return slot && arch_pte_large(*slot) ? slot : NULL;
}

/* What the superpage at va, if one is there, maps at va: as an entry of a table; else 0. */
static inline arch_pte_t space_large_page(const struct space *space, uintptr_t va)
{
	const arch_pte_t *slot = space_large(space, va);

	return slot ? arch_pte_of_page(*slot, va) : 0;
}

/* Put a table in place of the superpage that is at va; the entry for va in it. */
arch_pte_t *space_split(struct space *space, uintptr_t va, struct replaced *replaced);
/* If there is one: the same, and flush. The space is not locked. */
void space_split_now(struct space *space, uintptr_t va);

/* The entry for va, in a table that is made or takes the place of a superpage if need be. NULL: out of memory. */
static inline arch_pte_t *space_entry_make(struct space *space, uintptr_t va, struct replaced *replaced)
{
	return space_large(space, va) ? space_split(space, va, replaced) : arch_space_entry_make(&space->arch, va, space->budget);
}

/* Drop a table that space has no more, and what it maps. No lock is held. */
void space_drop_table(struct space *space, pfn_t table);
/* Drop what a table that no CPU uses any more maps. */
void space_drop_mapped(const struct space *space, arch_pte_t *table);
/*
 * Map a superpage at va. pte, for its slot, has an entry counted; *spare, from page_take_kernel, is used up for the
 * table in reserve, and is afterwards the table that stood there, if one did: space_large_finish, without the lock, ends
 * the matter. NO_PAGE will do if space_large_needs_spare says so, for one that takes the place of another, or of an empty
 * table, which is the reserve then. -E_NO_MEM: nothing has happened.
 */
bool space_large_needs_spare(const struct space *space, uintptr_t va);
int space_large_put(struct space *space, uintptr_t va, arch_pte_t pte, pfn_t *spare, struct replaced *replaced);
static inline void space_large_finish(struct space *space, struct replaced *replaced, pfn_t spare)
{
	replaced_finish(replaced, space);
	if (unlikely(spare))
		space_drop_table(space, spare);
}
/* Put an empty table in place of the superpage that is in the slot for va. */
void space_large_unmap(struct space *space, uintptr_t va, struct replaced *replaced);
/* Drop the superpage that is at va, when the space ends. */
void space_large_destroy(struct space *space, uintptr_t va);
/*
 * space_map for PTSIZE from srcva on, if a superpage is there: 1 when that is done, 0 if none is, else an error. No
 * lock is held.
 */
int space_large_map(struct space *src, uintptr_t srcva, struct space *dst, uintptr_t dstva, uint32_t perm);

/* Two spaces are locked in the order of their numbers, which is that of their addresses; one and the same once. */
static inline void space_lock_both(struct space *a, struct space *b) UNCHECKED_LOCKING
{
	spin_lock(a < b ? &a->lock : &b->lock);
	if (a != b)
		spin_lock(a < b ? &b->lock : &a->lock);
}

static inline void space_unlock_both(struct space *a, struct space *b) UNCHECKED_LOCKING
{
	spin_unlock(&a->lock);
	if (a != b)
		spin_unlock(&b->lock);
}

/* Is it time to stop between two slices? Interrupts that wait are handled first. */
static inline bool space_interrupted(void)
{
	arch_poll_interrupts();
	return this_cpu()->attention != 0;
}

#endif
