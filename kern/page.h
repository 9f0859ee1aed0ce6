/*
 * Pages of physical memory: who holds each, and where free ones come from.
 *
 * A page is named by its frame number (physical address / PGSIZE); 0 is no page. It is free, or has a
 * reference count: one for each mapping in an address space and one for each holder in the kernel. Counts are
 * public (pages[] of programs). Two zones: PAGE_DIRECT has a kernel address; PAGE_HIGH lies beyond the direct
 * map and is reached through windows. Programs get high pages first.
 *
 * Free pages stand in a buddy allocator (one lock) or in per-CPU caches, which take and give in batches without
 * a lock in the common case. Idle CPUs zero some ahead of need.
 */
#ifndef FINCH_KERN_PAGE_H
#define FINCH_KERN_PAGE_H

#include <abi/env.h>
#include <arch/layout.h>
#include <kern/check.h>

typedef uint32_t pfn_t;
#define NO_PAGE 0

enum page_zone { PAGE_DIRECT, PAGE_HIGH, PAGE_ZONES };

/* One CPU's free pages. */
#define PAGE_CACHE_MAX 64
struct page_stack {
	uint32_t count;
	pfn_t pages[PAGE_CACHE_MAX + 1]; /* one too many for a moment */
};

struct page_cache {
	struct page_stack plain[PAGE_ZONES];
	struct page_stack zeroed[PAGE_ZONES]; /* [PAGE_HIGH]: for programs first, though not all may be high ones */
};

/* The place of a block, given by its first page, in a free list of the buddy allocator; see also page_note. */
struct page_links {
	pfn_t next, prev;
};

struct page_state {
	uint16_t budget;   /* index of the budget that it is charged to; 0: none, as if it is free */
	uint8_t order;     /* of a block that is free in the buddy allocator, for its first page */
	bool block_free : 1; /* this is the first page of such a block */
	bool managed : 1;  /* RAM that is or was free at boot */
	bool boot : 1;     /* tests: the kernel holds it since then */
};

/* The arrays that describe every page: public at UPAGES, and the kernel's own. */
extern struct PageInfo *page_refs;
extern struct page_state *page_states;
extern struct page_links *page_links;
extern pfn_t page_limit; /* frames below this have an entry in each */

struct boot_info;

/* Take over memory as the boot code describes it. */
void page_init(const struct boot_info *boot);
/* Once the CPUs are counted: how much each may cache. */
void page_init_caches(unsigned cpus);

/* A zeroed page for a program, or for the kernel (which has a kernel address), with one reference. NO_PAGE: none. */
pfn_t page_take_user(void) must_use;
pfn_t page_take_kernel(void) must_use;
/* The same as page_take_user, with any contents: the caller overwrites all of it. */
pfn_t page_take_user_plain(void) must_use;
/*
 * n pages (1 to PAGE_BLOCK_MAX) one behind the other, each with one reference, with any contents, of this zone. Returns
 * the first; each goes back by itself. NO_PAGE: no block is free that is large enough.
 */
#define PAGE_BLOCK_MAX 1024
pfn_t page_take_block(uint32_t n, enum page_zone zone) must_use;
/* Give back 2^order pages in one piece, as large_take had them, that nobody else has a reference to. */
void page_give_block(pfn_t first, unsigned order);
/* A word that the holder of a page from page_take_kernel or page_take_block may use as it likes; 0 at first. */
static inline uint32_t *page_note(pfn_t pfn)
{
	return &page_links[pfn].prev;
}

/* A page without references goes back to where free ones come from. */
void page_free(pfn_t pfn);

/*
 * One reference more; one less, and the page is freed with the last. For loops over many pages, which keep page_refs in
 * a register: refs is that.
 */
static inline void page_hold_in(struct PageInfo *refs, pfn_t pfn)
{
	assert(refs[pfn].pp_ref > 0);
	__atomic_add_fetch(&refs[pfn].pp_ref, 1, __ATOMIC_RELAXED);
}
static inline void page_drop_in(struct PageInfo *refs, pfn_t pfn)
{
	assert(refs[pfn].pp_ref > 0);
	if (__atomic_sub_fetch(&refs[pfn].pp_ref, 1, __ATOMIC_ACQ_REL) == 0)
		page_free(pfn);
}
static inline void page_hold(pfn_t pfn)
{
	page_hold_in(page_refs, pfn);
}
static inline void page_drop(pfn_t pfn)
{
	page_drop_in(page_refs, pfn);
}

uint32_t page_references(pfn_t pfn);
/* Is pfn a page of RAM that the allocator manages? */
bool page_managed(pfn_t pfn);

static inline enum page_zone page_zone_of(pfn_t pfn)
{
	return unlikely(pfn >= DIRECT_MAP_LIMIT >> PGSHIFT) ? PAGE_HIGH : PAGE_DIRECT;
}

/* The kernel address of a PAGE_DIRECT page, and back. */
static inline void *page_address(pfn_t pfn)
{
	return (void *)(KERNBASE + ((uintptr_t)pfn << PGSHIFT));
}
static inline pfn_t page_of(const void *address)
{
	return ((uintptr_t)address - KERNBASE) >> PGSHIFT;
}

/* For an idle CPU: zero one page ahead of need. False: enough are zeroed, or none is free. */
bool page_zero_ahead(void);
/* Give this CPU's cached pages back. */
void page_drain(void);

struct page_counts {
	uint32_t total, free, zeroed;
};
/* How many pages there are. Exact while no other CPU takes or drops. */
void page_count(struct page_counts *counts);

/* Pages without a reference, looked at one by one: unlike page_count right while idle CPUs zero some. For tests. */
uint32_t page_count_unused(void);

/*
 * Tests: make the allocation after the next n that the current environment causes fail, and those after it until
 * reclaim, which then brings nothing. One environment at a time.
 */
void page_fail_after(uint32_t n);
void page_fail_never(void);
/* Is it failing by a test's wish? If so, that ends here. */
bool page_fail_ends(void);

#endif
