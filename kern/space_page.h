/*
 * One page of the space that is loaded on this CPU, the caller's own: page_alloc and page_unmap where nothing is unusual.
 * Inline, for kern/sys_page.c, for they are the most frequent calls about memory. What they return false for is the
 * business of space_alloc and space_unmap.
 */
#ifndef FINCH_KERN_SPACE_PAGE_H
#define FINCH_KERN_SPACE_PAGE_H

#include <kern/space_slice.h>

/* Make all CPUs forget what they know of va, and drop the page that `old` mapped there. No lock is held. */
static inline void space_release(struct space *space, uintptr_t va, arch_pte_t old)
{
	uint32_t others = atomic_load(&space->loaded) ^ this_cpu()->bit; /* which is set */

	arch_tlb_flush_page(va);
	if (unlikely(others))
		space_flush_others(others);
	if (likely(!arch_pte_is_device(old)))
		page_drop(arch_pte_pfn(old));
}

/* Map a fresh zeroed page. False, and nothing has changed: no page is free, or there is no table for it. */
static inline bool space_alloc_page(struct space *space, uintptr_t va, uint32_t perm)
{
	assert(space == this_cpu()->space);
	pfn_t pfn = budget_page(space->budget, page_take_user);
	if (unlikely(!pfn))
		return false;
	arch_pte_t pte = arch_pte_make(pfn, perm);
	spin_lock(&space->lock);
	arch_pte_t *entry = arch_space_entry(&space->arch, va);
	if (unlikely(!entry)) {
		spin_unlock(&space->lock);
		page_drop(arch_pte_pfn(pte));
		return false;
	}
	arch_table_note(entry);
	arch_pte_t old = entry_exchange(entry, pte);
	spin_unlock(&space->lock);
	if (unlikely(arch_pte_present(old)))
		space_release(space, va, old);
	return true;
}

/* Unmap what is at va, if anything. False, and nothing has changed: there is no table, but perhaps a superpage. */
static inline bool space_unmap_page(struct space *space, uintptr_t va)
{
	assert(space == this_cpu()->space);
	spin_lock(&space->lock);
	arch_pte_t *entry = arch_space_entry(&space->arch, va);
	if (unlikely(!entry)) {
		spin_unlock(&space->lock);
		return false;
	}
	arch_pte_t old = entry_exchange(entry, 0);
	spin_unlock(&space->lock);
	if (likely(arch_pte_present(old)))
		space_release(space, va, old);
	return true;
}

#endif
