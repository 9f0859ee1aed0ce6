/*
 * What copy on write is made of: copying mappings from one space to another, and replacing one that was copied. The
 * promises stand in space.h.
 */
#include <abi/error.h>
#include <kern/space_slice.h>

/* What is copied where. */
struct copy {
	struct space *src, *dst;
	uint32_t only, keep, mark; /* as space_copy's; only is never 0 */
	uint32_t not_simple;       /* what may be written and has none of these bits is marked */
};

/* Is this entry one to be copied? Device memory is not. */
static inline bool wanted(const struct copy *copy, arch_pte_t pte)
{
	return pte & copy->only && !arch_pte_is_device(pte);
}

/* What dst is to have for src's entry, which is changed to the same if need be. */
static inline arch_pte_t entry_lower(const struct copy *copy, arch_pte_t *entry)
{
	arch_pte_t pte = *entry;

	if (pte & PTE_W && !(pte & copy->keep)) {
		arch_pte_t flip = pte ^ ((pte & ~(arch_pte_t)PTE_W) | copy->mark);
		/* Nothing but these bits, for the hardware may set others meanwhile. */
		pte = __atomic_xor_fetch(entry, flip, __ATOMIC_SEQ_CST);
	}
	return pte;
}

#define BLOCK 16 /* entries that are looked at together; the number stands in the pragmas too */

/* Are the entries of a block all to be marked, none of them in an unusual way? */
static inline bool block_simple(const struct copy *copy, const arch_pte_t *entries)
{
	arch_pte_t all = PTE_W, any = 0;

#pragma GCC unroll 16
	for (unsigned i = 0; i < BLOCK; i++)
		all &= entries[i];
	__asm__ volatile("" : "+r"(entries) : : "memory"); /* cheaper to read again than to keep what was read */
#pragma GCC unroll 16
	for (unsigned i = 0; i < BLOCK; i++)
		any |= entries[i];
	return all && !(any & copy->not_simple);
}

/*
 * Copy entries to where nothing is mapped, by blocks as long as they are simple; returns how many. This is most of the cost
 * of a large fork, eight instructions each: see doc/performance.md.
 */
static __attribute__((noinline)) unsigned copy_simple(const struct copy *copy, arch_pte_t *from, arch_pte_t *to, unsigned n)
{
	struct PageInfo *refs = page_refs;
	arch_pte_t *start = from, *end = from + n - n % BLOCK;
	arch_pte_t flip = PTE_W | copy->mark;

	for (; from < end && block_simple(copy, from); from += BLOCK, to += BLOCK) {
		__asm__("" : "+r"(from)); /* nor are sixteen addresses worth keeping */
#pragma GCC unroll 16
		for (unsigned i = 0; i < BLOCK; i++) {
			__atomic_fetch_xor(&from[i], flip, __ATOMIC_SEQ_CST);
			arch_pte_t pte = from[i]; /* nobody else has changed more than the accessed and dirty bits */
			to[i] = pte;
			page_hold_in(refs, arch_pte_pfn(pte));
		}
	}
	return (unsigned)(from - start);
}

/* n entries to where nothing is mapped. */
static void copy_fresh(const struct copy *copy, arch_pte_t *from, arch_pte_t *to, unsigned n)
{
	struct PageInfo *refs = page_refs;

	for (unsigned i = 0; i < n;) {
		i += copy_simple(copy, from + i, to + i, n - i);
		for (unsigned after = MIN(i + BLOCK, n); i < after; i++) {
			if (wanted(copy, from[i])) {
				to[i] = entry_lower(copy, &from[i]);
				page_hold_in(refs, arch_pte_pfn(to[i]));
			}
		}
	}
}

/* n entries from va on to where something may be mapped; perhaps to where they are already. */
static void copy_over(const struct copy *copy, arch_pte_t *from, arch_pte_t *to, unsigned n, uintptr_t va,
		      struct replaced *replaced)
{
	for (unsigned i = 0; i < n; i++, va += PGSIZE) {
		if (!wanted(copy, from[i]))
			continue;
		arch_pte_t pte = entry_lower(copy, &from[i]);
		page_hold(arch_pte_pfn(pte));
		arch_pte_t old = entry_exchange(&to[i], pte);
		if (arch_pte_present(old))
			replaced_add(replaced, va, old, true);
	}
}

/* The index after the group of entries that entry i is in. */
static inline unsigned group_end(unsigned i)
{
	return (i | (ARCH_TABLE_GROUP - 1)) + 1;
}

/* Bits for the groups that entries from i to, but not, `last` are in. */
static inline uint32_t groups_of(unsigned i, unsigned last)
{
	return (~0u >> (31 - (last - 1) / ARCH_TABLE_GROUP)) & ~0u << i / ARCH_TABLE_GROUP;
}

/* The first group from that of entry i on that is none of these, as its first entry. */
static inline unsigned groups_end(uint32_t groups, unsigned i)
{
	uint32_t others = ~groups & ~0u << i / ARCH_TABLE_GROUP;

	return others ? __builtin_ctz(others) * ARCH_TABLE_GROUP : NPTENTRIES;
}

/*
 * The entries of one table, from va to end. Returns the address where it stopped: end, or before if enough was replaced,
 * or if there is no memory for a table (*room: false).
 */
static uintptr_t copy_table(const struct copy *copy, uintptr_t va, uintptr_t end, struct replaced *replaced, bool *room)
{
	uintptr_t start = ROUNDDOWN(va, (uintptr_t)PTSIZE);
	arch_pte_t *from = arch_space_entry(&copy->src->arch, start), *to = arch_space_entry(&copy->dst->arch, start);
	unsigned i = (va - start) / PGSIZE, after, last = (end - start) / PGSIZE;
	uint32_t fresh = to ? ~arch_table_notes(to) : ~0u; /* groups where dst has nothing */

	for (; (i = arch_table_noted(from, i)) < last; i = after) {
		after = MIN(group_end(i), last);
		while (i < after && !wanted(copy, from[i]))
			i++;
		if (i == after)
			continue;
		if (!to && !(to = arch_space_entry_make(&copy->dst->arch, start, copy->dst->budget))) {
			*room = false;
			return start + i * PGSIZE;
		}
		if (fresh & groups_of(i, i + 1)) {
			/* Together with those that follow, as far as they are alike. */
			after = MIN(groups_end(fresh & arch_table_notes(from), i), last);
			arch_table_note_groups(to, groups_of(i, after));
			copy_fresh(copy, &from[i], &to[i], after - i);
			continue;
		}
		if (replaced->count + ARCH_TABLE_GROUP > SPACE_SLICE)
			return start + i * PGSIZE;
		copy_over(copy, &from[i], &to[i], after - i, start + i * PGSIZE, replaced);
	}
	return end;
}

/* The superpage in slot `from`, at va, as a whole; otherwise as copy_table. *spare: see space_large_put. */
static uintptr_t copy_large(const struct copy *copy, uintptr_t va, arch_pte_t *from, pfn_t *spare,
			    struct replaced *replaced, bool *room)
{
	if (*from & copy->only && copy->src == copy->dst) {
		entry_lower(copy, from);
	} else if (*from & copy->only) {
		bool ready = !space_large_needs_spare(copy->dst, va) ||
			     (*spare = budget_page(copy->dst->budget, page_take_kernel));
		if (!ready || !arch_space_slot_make(&copy->dst->arch, va)) {
			*room = false;
			return va;
		}
		large_hold(arch_pte_pfn(*from));
		space_large_put(copy->dst, va, entry_lower(copy, from), spare, replaced);
	}
	return va + PTSIZE;
}

/*
 * Deal with addresses from va on, at most a table of them; returns where it stopped. If that is at a superpage of *split,
 * that has to be taken apart first.
 */
static uintptr_t copy_locked(const struct copy *copy, uintptr_t va, uintptr_t end, pfn_t *spare, struct replaced *replaced,
			     bool *room, struct space **split)
{
	if ((va = MIN(arch_space_next_table(&copy->src->arch, va), end)) == end)
		return end;
	uintptr_t next = MIN(ROUNDDOWN(va, (uintptr_t)PTSIZE) + PTSIZE, end);
	arch_pte_t *slot = space_large(copy->src, va);
	if (slot && va % PTSIZE == 0 && next - va == PTSIZE)
		return copy_large(copy, va, slot, spare, replaced, room);
	if (slot)
		*split = copy->src;
	else if (space_large(copy->dst, va))
		*split = copy->dst;
	else
		return copy_table(copy, va, next, replaced, room);
	return va;
}

static uintptr_t copy_slice(const struct copy *copy, uintptr_t va, uintptr_t end, bool *room)
{
	struct replaced replaced;
	struct space *split = NULL;
	pfn_t spare = NO_PAGE;

	replaced_init(&replaced);
	space_lock_both(copy->src, copy->dst);
	va = copy_locked(copy, va, end, &spare, &replaced, room, &split);
	copy->src->lowered++;
	space_unlock_both(copy->src, copy->dst);
	space_large_finish(copy->dst, &replaced, spare);
	if (unlikely(split != NULL))
		space_split_now(split, va);
	return va;
}

int space_copy(struct space *src, struct space *dst, uintptr_t va, const struct space_filter *filter, uint32_t n)
{
	bool simple = !filter->only && !(filter->keep & ~PTE_AVAIL);
	uint32_t only = filter->only ? filter->only : PTE_P;
	const struct copy copy = {
		.src = src, .dst = dst, .only = only, .keep = filter->keep, .mark = filter->mark,
		.not_simple = simple ? filter->keep | filter->mark | PTE_DEVICE : ~0u,
	};
	uintptr_t at = va, end = va + n * PGSIZE;
	bool room = true;

	atomic_add(&src->unflushed, 1);
	do {
		at = copy_slice(&copy, at, end, &room);
	} while (room && at < end && !space_interrupted());
	/*
	 * Always, where pages may have to be read-only: one that was found so may have been made so by another thread, which
	 * has not come to flushing it.
	 */
	if (at > va && !(filter->keep & PTE_W) && only & ~filter->keep)
		space_flush(src, va, at - 1);
	atomic_add(&src->unflushed, -1u);
	return room || at > va ? (int)((at - va) / PGSIZE) : -E_NO_MEM;
}

/* Do two entries map the same page with the same permissions? */
static inline bool entry_same(arch_pte_t a, arch_pte_t b)
{
	return arch_pte_pfn(a) == arch_pte_pfn(b) && !((a ^ b) & (PTE_SYSCALL | PTE_DEVICE));
}

/* The page at va gets its permissions, if it is still there as `made` says, and has not been copied on meanwhile. */
static void entry_raise(struct space *space, uintptr_t va, arch_pte_t made, uint32_t perm)
{
	spin_lock(&space->lock);
	arch_pte_t *entry = arch_space_entry(&space->arch, va);
	if (entry && entry_same(*entry, made) && page_references(arch_pte_pfn(made)) == 1)
		*entry = arch_pte_make(arch_pte_pfn(made), perm);
	spin_unlock(&space->lock);
}

/*
 * Lock the space when no CPU uses more than the entry at va allows. If it was made read-only just now, another CPU may
 * still write to the page. That can happen after this look too: the entry may have become writable, and then again
 * read-only. False: others do that all the time, and this CPU is wanted for something else.
 */
static inline bool lock_flushed(struct space *space, uintptr_t va) UNCHECKED_LOCKING
{
	do {
		uint32_t lowered = __atomic_load_n(&space->lowered, __ATOMIC_ACQUIRE);
		if (unlikely(atomic_load(&space->unflushed)))
			space_flush_page(space, va);
		spin_lock(&space->lock);
		if (likely(space->lowered == lowered))
			return true;
		spin_unlock(&space->lock);
	} while (!space_interrupted());
	return false;
}

#define SPLIT 2 /* not done: the superpage has to be taken apart first */

/* space_replace where no table is. */
static int replace_large(const struct space *space, uintptr_t va, arch_pte_t expected, uint32_t perm)
{
	arch_pte_t *slot = space_large(space, va);

	if (!slot || !entry_same(arch_pte_of_page(*slot, va), arch_pte_of_page(expected, va)))
		return 1;
	pfn_t first = arch_pte_pfn(*slot);
	if (!arch_pte_large(expected) || !large_alone(first))
		return SPLIT;
	*slot = arch_pte_make_large(first, perm);
	return 0;
}

int space_replace(struct space *space, uintptr_t va, arch_pte_t expected, uint32_t perm) UNCHECKED_LOCKING
{
	arch_pte_t *entry;

	if (unlikely(!lock_flushed(space, va)))
		return SPACE_AGAIN;
	while (unlikely(!(entry = arch_space_entry(&space->arch, va)))) {
		int result = replace_large(space, va, expected, perm);
		spin_unlock(&space->lock);
		if (result == 0)
			arch_tlb_flush_page(va);
		if (result != SPLIT)
			return result;
		space_split_now(space, va);
		/* Others may put a superpage there again, and again. */
		if (space_interrupted() || !lock_flushed(space, va))
			return SPACE_AGAIN;
	}
	expected = arch_pte_of_page(expected, va);
	if (unlikely(!entry_same(*entry, expected))) {
		spin_unlock(&space->lock);
		return 1;
	}
	pfn_t old = arch_pte_pfn(expected);
	/* New references come from this mapping alone, and need the lock. */
	if (page_references(old) == 1) {
		*entry = arch_pte_make(old, perm);
		spin_unlock(&space->lock);
		arch_tlb_flush_page(va);
		return 0;
	}
	pfn_t fresh = budget_page(space->budget, page_take_user_plain);
	if (unlikely(!fresh)) {
		spin_unlock(&space->lock);
		return -E_NO_MEM;
	}
	arch_page_copy(arch_window(fresh, 0), arch_window(old, 1));
	/*
	 * While one CPU may still read the old page, none may write to the new one: it has the permissions that the old
	 * one had until all have forgotten that. A CPU that loads the space from now on finds the new one.
	 */
	arch_pte_t made = arch_pte_make(fresh, arch_pte_perm(expected));
	atomic_add(&space->unflushed, 1);
	entry_exchange(entry, made);
	bool alone = !space_loaded_elsewhere(space);
	if (likely(alone))
		*entry = arch_pte_make(fresh, perm);
	spin_unlock(&space->lock);
	space_flush_page(space, va);
	atomic_add(&space->unflushed, -1u);
	if (unlikely(!alone))
		entry_raise(space, va, made, perm);
	page_drop(old);
	return 0;
}
