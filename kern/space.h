/*
 * Address spaces: page tables, their lock, and the promise that a mapping that was taken away is gone on every CPU.
 *
 * A space is used by the environment it was made for, and perhaps others that joined. `envs` counts them; `pins` counts
 * calls of others that work on it at the moment. Its user part is unmapped when the first has left, which is the last
 * to leave, the rest freed when no pin is left.
 *
 * A superpage is mapped by one entry where else a table would stand, and that table is there in reserve: so a superpage
 * of which a part is to be another turns into a table of its pages, of which some change, without need for memory.
 * Calls for whole superpages treat them whole. Where once a table stood, or its reserve, it is to the end of the space.
 *
 * Calls work in slices of at most SPACE_SLICE pages under the lock; the translations they replace are flushed on
 * all CPUs, without the lock, before the pages are dropped and before the call returns.
 *
 * Device memory (entries with PTE_DEVICE) is mapped for one space: no page is counted for it, and it is neither copied
 * nor mapped on, sent or replaced by a copy.
 *
 * Addresses here are page aligned and ranges lie below UTOP: callers have checked. `perm` is PTE_ bits within
 * PTE_SYSCALL, PTE_P and PTE_U among them.
 */
#ifndef FINCH_KERN_SPACE_H
#define FINCH_KERN_SPACE_H

#include <kern/arch.h>
#include <kern/budget.h>
#include <kern/lock.h>
#include <kern/page.h>

#define SPACE_SLICE 64 /* pages that are worked on under the lock at once */

struct space {
	struct spinlock lock;
	struct arch_space arch;  /* the entries: lock; the hardware sets accessed and dirty bits on its own */
	atomic_t loaded;         /* bit n: CPU n has it loaded (perhaps idly) */
	atomic_t unflushed;      /* calls that have lowered permissions, or do, and have not flushed yet */
	uint32_t lowered;        /* lock; slices of such calls that have done so: read without it too */
	atomic_t envs;
	atomic_t pins;
	pfn_t spare;             /* lock; tables in reserve, one for each superpage, linked through their notes */
	bool has_devices;        /* lock; device memory is or was mapped in it */
	struct budget *budget;   /* that of the first environment: what its pages are charged to; NULL: none */
	uintptr_t cursor;        /* how far space_destroy_slice has come */
	struct env *last;        /* lock; the first environment, once it waits for the others to leave */
};

/* Unused ones, linked through cursor; for tests. */
extern struct space *space_pool;

/* A new space with nothing mapped and one environment, of this budget. NULL: out of memory. */
struct space *space_create(struct budget *budget) must_use;
/* Give back a new space that nothing was mapped in and no environment used. */
void space_abandon(struct space *space);

/* Keep it (but not its mappings) while it is worked on; let it go. */
static inline void space_pin(struct space *space)
{
	atomic_add(&space->pins, 1);
}
static inline void space_unpin(struct space *space)
{
	atomic_add(&space->pins, -1u);
}

/*
 * Map n fresh zeroed pages. Returns how many of them, from the start, are mapped now: at least 1, fewer than n when
 * memory ran out or the CPU is wanted for something else; or -E_NO_MEM and nothing changed.
 */
int space_alloc(struct space *space, uintptr_t va, uint32_t perm, uint32_t n);
/*
 * Map at dstva what src has at srcva, for n pages. Returns how many, or when it did none -E_INVAL (no page mapped at
 * srcva, or writing asked for where src may not write) or -E_NO_MEM.
 */
int space_map(struct space *src, uintptr_t srcva, struct space *dst, uintptr_t dstva, uint32_t perm, uint32_t n);
/*
 * Map n fresh zeroed superpages. Returns how many are mapped now: at least 1, fewer than n for the reasons of
 * space_alloc; or -E_NO_MEM and nothing changed.
 */
int space_alloc_large(struct space *space, uintptr_t va, uint32_t perm, uint32_t n);
/*
 * Make sure that there are tables for n pages (1 to 1024) from va on: space_insert there cannot fail then. -E_NO_MEM.
 */
int space_prepare(struct space *space, uintptr_t va, uint32_t n);
/* Map n pages, which get references for that. -E_NO_MEM; some may be mapped then. */
int space_insert(struct space *space, uintptr_t va, const pfn_t pages[], uint32_t n, uint32_t perm);
/*
 * Map n frames, one behind the other from `first` on: of device memory, which need not be RAM's, with PTE_DEVICE in perm,
 * at most SPACE_DEVICE_MAX, of which it returns how many, fewer than n when memory ran out, or -E_NO_MEM; or pages whose
 * references pass to the space, where space_prepare has been and this cannot fail. Interrupts are handled meanwhile.
 */
#define SPACE_DEVICE_MAX 16384 /* 64 MB */
int space_map_frames(struct space *space, uintptr_t va, uint32_t perm, uint32_t n, pfn_t first);
/* Unmap n pages; returns how many addresses were dealt with (at least 1). */
int space_unmap(struct space *space, uintptr_t va, uint32_t n);
/* Change permissions of what is mapped; returns how many addresses were dealt with, or -E_INVAL as space_map. */
int space_protect(struct space *space, uintptr_t va, uint32_t perm, uint32_t n);

/* Which pages space_copy deals with, and how: PTE_ bits. */
struct space_filter {
	uint32_t only; /* those with any of these bits; 0: all */
	uint32_t keep; /* those with any of these bits are mapped as they are */
	uint32_t mark; /* others that may be written to get these bits in place of PTE_W, in both spaces */
};
/*
 * Map in dst, at the same addresses, what src has in n pages from va on; dst may be src, which only marks. Returns how
 * many addresses were dealt with, fewer than n, perhaps none, when memory ran out or the CPU is wanted for something
 * else, or -E_NO_MEM and nothing changed.
 */
int space_copy(struct space *src, struct space *dst, uintptr_t va, const struct space_filter *filter, uint32_t n);
/*
 * If the mapping at va is as expected (page and permissions, not writable), replace the page by a copy, mapped with
 * perm; a page that nothing else refers to stays, and so does all of a superpage, where expected is its entry. What is
 * written meanwhile through another mapping of the page may or may not be in the copy; but nothing written at va is
 * lost. 0; 1: the mapping is another, nothing changed; -E_NO_MEM; SPACE_AGAIN: nothing is done yet, and the CPU is wanted
 * for something else.
 */
#define SPACE_AGAIN 2
int space_replace(struct space *space, uintptr_t va, arch_pte_t expected, uint32_t perm);

/*
 * List what is mapped from *va on, at most n (up to SPACE_SLICE) mappings, in rising order, and move *va behind what
 * was looked at, which may be up to UTOP without any. Returns how many.
 */
struct page_record;
uint32_t space_list(struct space *space, uintptr_t *va, struct page_record *records, uint32_t n);

/* The n pages at va, with references for the caller. -E_INVAL: one is not there, or perm asks for more than its mapping
 * has; none is held then. */
int space_take(struct space *space, uintptr_t va, uint32_t perm, uint32_t n, pfn_t pages[]) must_use;
/* The page at va and its permissions (0: none). For the monitor and for tests. */
pfn_t space_lookup(struct space *space, uintptr_t va, uint32_t *perm);

/* One more environment uses it, whose maker does. */
static inline void space_join(struct space *space)
{
	atomic_add(&space->envs, 1);
}
/* One that joined leaves. Returns the first if it waits and is alone now, else NULL. */
struct env *space_part(struct space *space);
/* Is the first, which wants to leave, alone? False: it waits; space_part returns it in time. */
bool space_alone(struct space *space, struct env *first);
/* The first, which is alone, leaves. No CPU has the space loaded any more. */
void space_leave(struct space *space);
/*
 * For a space that was left: unmap and free some of it. Call again until it returns true:
 * the space is gone then.
 */
bool space_destroy_slice(struct space *space);

#endif
