/*
 * Superpages of physical memory: PTSIZE bytes in one piece, that one entry above the page tables maps.
 *
 * A superpage is named by its first frame. It is whole as long as such entries map it, which are counted; while it is,
 * each of its pages has one reference for that, beside those of mappings of that page alone. So to map it once more, or
 * no more, is one count up or down. An entry that is replaced by a table leaves a reference to each page. When the last
 * entry is gone, its pages are pages like others.
 */
#ifndef FINCH_KERN_LARGE_H
#define FINCH_KERN_LARGE_H

#include <kern/page.h>

struct budget;

#define LARGE_PAGES (PTSIZE / PGSIZE)

/* A zeroed one, for one entry, as budget_take_block gives it. NO_PAGE: none is free in one piece. */
pfn_t large_take(struct budget *budget) must_use;
/*
 * One entry more, for one who holds the lock of a space that has one; one less: the last frees pages that none else
 * uses.
 */
void large_hold(pfn_t first);
void large_drop(pfn_t first);
/*
 * One entry less, and a reference to each page for the table that takes its place. The space that has both is locked.
 */
void large_to_pages(pfn_t first);
/* Does nothing else than one entry refer to any of it? The space that has that is locked. */
bool large_alone(pfn_t first);
/* How many entries map it. For tests. */
static inline uint32_t large_entries(pfn_t first)
{
	return __atomic_load_n(page_note(first), __ATOMIC_RELAXED);
}

#endif
