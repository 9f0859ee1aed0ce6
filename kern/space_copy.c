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
	uint32_t test, flip;       /* an entry of whose `test` bits just PTE_P and PTE_W are set gets the `flip` bits turned */
};

/* Two spaces are locked in the order of their numbers, which is that of their addresses; one and the same once. */
static void lock_both(struct space *a, struct space *b) UNCHECKED_LOCKING
{
	spin_lock(a < b ? &a->lock : &b->lock);
	if (a != b)
		spin_lock(a < b ? &b->lock : &a->lock);
}

static void unlock_both(struct space *a, struct space *b) UNCHECKED_LOCKING
{
	spin_unlock(&a->lock);
	if (a != b)
		spin_unlock(&b->lock);
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

/* An entry to where nothing is mapped. This is most of what a fork costs: see doc/performance.md. */
static inline __attribute__((always_inline)) void entry_copy(const struct copy *copy, arch_pte_t *from, arch_pte_t *to,
							     struct PageInfo *refs)
{
	arch_pte_t pte = *from;

	if (likely((pte & copy->test) == (PTE_P | PTE_W))) {
		pte ^= copy->flip;
		__atomic_xor_fetch(from, (arch_pte_t)copy->flip, __ATOMIC_SEQ_CST);
	} else if (!(pte & copy->only)) {
		return;
	} else {
		pte = entry_lower(copy, from);
	}
	*to = pte;
	page_hold_in(refs, arch_pte_pfn(pte));
}

static void copy_fresh(const struct copy *copy, arch_pte_t *from, arch_pte_t *to, unsigned n)
{
	struct PageInfo *refs = page_refs;

	for (; n >= 4; n -= 4, from += 4, to += 4) {
		entry_copy(copy, &from[0], &to[0], refs);
		entry_copy(copy, &from[1], &to[1], refs);
		entry_copy(copy, &from[2], &to[2], refs);
		entry_copy(copy, &from[3], &to[3], refs);
	}
	for (; n > 0; n--)
		entry_copy(copy, from++, to++, refs);
}

/* n entries from va on to where something may be mapped; perhaps to where they are already. */
static void copy_over(const struct copy *copy, arch_pte_t *from, arch_pte_t *to, unsigned n, uintptr_t va,
		      struct replaced *replaced)
{
	for (unsigned i = 0; i < n; i++, va += PGSIZE) {
		if (!(from[i] & copy->only))
			continue;
		arch_pte_t pte = entry_lower(copy, &from[i]);
		if (from == to)
			continue;
		page_hold(arch_pte_pfn(pte));
		arch_pte_t old = entry_exchange(&to[i], pte);
		if (arch_pte_present(old))
			replaced_add(replaced, va, old, true);
	}
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

	for (; (i = arch_table_noted(from, i)) < last; i = after) {
		after = MIN(i - i % ARCH_TABLE_GROUP + ARCH_TABLE_GROUP, last);
		while (i < after && !(from[i] & copy->only))
			i++;
		if (i == after)
			continue;
		uintptr_t at = start + i * PGSIZE;
		if (!to && !(to = arch_space_entry_make(&copy->dst->arch, start))) {
			*room = false;
			return at;
		}
		if (replaced->count + ARCH_TABLE_GROUP > SPACE_SLICE)
			return at;
		if (arch_table_group_noted(&to[i])) {
			copy_over(copy, &from[i], &to[i], after - i, at, replaced);
		} else {
			arch_table_note(&to[i]);
			copy_fresh(copy, &from[i], &to[i], after - i);
		}
	}
	return end;
}

/* Deal with addresses from va on, at most a table of them; returns where it stopped. */
static uintptr_t copy_slice(const struct copy *copy, uintptr_t va, uintptr_t end, bool *room)
{
	struct replaced replaced;

	replaced_init(&replaced);
	lock_both(copy->src, copy->dst);
	va = MIN(arch_space_next_table(&copy->src->arch, va), end);
	if (va < end) {
		uintptr_t next = ROUNDDOWN(va, (uintptr_t)PTSIZE) + PTSIZE;
		va = copy_table(copy, va, MIN(next, end), &replaced, room);
	}
	unlock_both(copy->src, copy->dst);
	replaced_finish(&replaced, copy->dst);
	return va;
}

int space_copy(struct space *src, struct space *dst, uintptr_t va, const struct space_filter *filter, uint32_t n)
{
	bool simple = !filter->only && !(filter->keep & ~PTE_AVAIL);
	uint32_t only = filter->only ? filter->only : PTE_P;
	const struct copy copy = {
		.src = src, .dst = dst, .only = only, .keep = filter->keep, .mark = filter->mark,
		.test = simple ? PTE_P | PTE_W | filter->keep | filter->mark : 0, .flip = PTE_W | filter->mark,
	};
	uintptr_t at = va, end = va + n * PGSIZE;
	bool room = true;

	do {
		at = copy_slice(&copy, at, end, &room);
	} while (room && at < end && !space_interrupted());
	/*
	 * Always, where pages may have to be read-only: one that was found so may have been made so by another thread, which
	 * has not come to flushing it.
	 */
	if (!(filter->keep & PTE_W) && only & ~filter->keep)
		space_flush(src, va, at - 1);
	return at > va ? (int)((at - va) / PGSIZE) : -E_NO_MEM;
}

/* Do two entries map the same page with the same permissions? */
static inline bool entry_same(arch_pte_t a, arch_pte_t b)
{
	return arch_pte_pfn(a) == arch_pte_pfn(b) && arch_pte_perm(a) == arch_pte_perm(b);
}

/* The second half of giving the page at va: it may be written to, if it is still there as `made` says. */
static void entry_raise(struct space *space, uintptr_t va, arch_pte_t made, uint32_t perm)
{
	spin_lock(&space->lock);
	arch_pte_t *entry = arch_space_entry(&space->arch, va);
	if (entry && entry_same(*entry, made))
		__atomic_or_fetch(entry, perm & PTE_W, __ATOMIC_SEQ_CST);
	spin_unlock(&space->lock);
}

int space_replace(struct space *space, uintptr_t va, arch_pte_t expected, uint32_t perm)
{
	/* Another CPU may still write to the old page if a thread has made it read-only and not flushed that yet. */
	if (unlikely(space_loaded_elsewhere(space)))
		space_flush(space, va, va);
	spin_lock(&space->lock);
	arch_pte_t *entry = arch_space_entry(&space->arch, va);
	if (unlikely(!entry || !entry_same(*entry, expected))) {
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
	pfn_t fresh = page_take_user_plain();
	if (unlikely(!fresh)) {
		spin_unlock(&space->lock);
		return -E_NO_MEM;
	}
	arch_page_copy(arch_window(fresh, 0), arch_window(old, 1));
	/*
	 * While one CPU may still read the old page, none may write to the new one: it is read-only until all have
	 * forgotten the old. A CPU that loads the space from now on finds the new one.
	 */
	arch_pte_t made = arch_pte_make(fresh, perm & ~PTE_W);
	entry_exchange(entry, made);
	bool alone = !space_loaded_elsewhere(space);
	if (likely(alone))
		*entry = arch_pte_make(fresh, perm);
	spin_unlock(&space->lock);
	space_flush(space, va, va);
	if (unlikely(!alone))
		entry_raise(space, va, made, perm);
	page_drop(old);
	return 0;
}
