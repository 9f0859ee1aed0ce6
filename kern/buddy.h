/*
 * The buddy allocator: blocks of 2^order pages, from which page.c fills the per-CPU caches.
 *
 * Also owns the two arrays that describe every page (see page.h). All functions that take or give need buddy_lock.
 */
#ifndef FINCH_KERN_BUDDY_H
#define FINCH_KERN_BUDDY_H

#include <kern/lock.h>
#include <kern/page.h>

#define BUDDY_ORDERS 11 /* blocks of 1 page to 4 MB */

extern struct spinlock buddy_lock;
extern uint32_t page_total; /* managed pages */
extern pfn_t buddy_blocks[PAGE_ZONES][BUDDY_ORDERS] GUARDED_BY(buddy_lock); /* the first free block of each order */

/* A block of 2^order pages of a zone, NO_PAGE if there is none. */
pfn_t buddy_take(enum page_zone zone, unsigned order) REQUIRES(buddy_lock);
void buddy_give(pfn_t pfn, unsigned order) REQUIRES(buddy_lock);
/* How many pages are free: a zone's, which may be read without the lock, and both zones'. */
extern uint32_t buddy_free[PAGE_ZONES];
static inline uint32_t buddy_free_pages(void)
{
	return buddy_free[PAGE_DIRECT] + buddy_free[PAGE_HIGH];
}

#endif
