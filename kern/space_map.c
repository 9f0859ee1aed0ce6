/* Mapping and unmapping: see space.h. Each call loops over slices; a slice works under the lock, then flushes, then drops. */
#include <abi/error.h>
#include <kern/space_slice.h>

/* How many of n pages from va on one slice deals with: no more than one table maps. */
static inline uint32_t slice_of(uintptr_t va, uint32_t n)
{
	return MIN(MIN(n, (uint32_t)SPACE_SLICE), (uint32_t)(LARGE_PAGES - va % PTSIZE / PGSIZE));
}

/* Map n pages at va, which has this entry; all of them are in its table. */
static inline void install(arch_pte_t *entry, uintptr_t va, uint32_t perm, uint32_t n, const pfn_t pages[],
			   struct replaced *replaced)
{
	for (uint32_t i = 0; i < n; i++, entry++, va += PGSIZE) {
		if (i == 0 || va % (ARCH_TABLE_GROUP * PGSIZE) == 0)
			arch_table_note(entry); /* for all of its group */
		arch_pte_t pte = arch_pte_make(pages[i], perm);
		if (likely(!arch_pte_present(*entry)))
			*entry = pte;
		else
			replaced_add(replaced, va, entry_exchange(entry, pte), true);
	}
}

/*
 * Map a slice of n pages, whose references pass to the space (device memory has none). False: there was no memory for a
 * table; they are dropped then.
 */
static bool install_slice(struct space *space, uintptr_t va, uint32_t perm, uint32_t n, const pfn_t pages[])
{
	struct replaced replaced;

	replaced_init(&replaced);
	spin_lock(&space->lock);
	arch_pte_t *entry = arch_space_entry(&space->arch, va);
	if (unlikely(!entry))
		entry = space_entry_make(space, va, &replaced);
	if (unlikely(perm & PTE_DEVICE))
		space->has_devices = true;
	if (likely(entry))
		install(entry, va, perm, n, pages, &replaced);
	spin_unlock(&space->lock);
	for (uint32_t i = 0; unlikely(!entry) && i < n && !(perm & PTE_DEVICE); i++)
		page_drop(pages[i]);
	replaced_finish(&replaced, space);
	return entry;
}

int space_alloc(struct space *space, uintptr_t va, uint32_t perm, uint32_t n)
{
	pfn_t pages[SPACE_SLICE];
	uint32_t done = 0, most = n;

	do {
		uintptr_t at = va + done * PGSIZE;
		uint32_t got = 0, slice = slice_of(at, MIN(n - done, most));
		while (got < slice && (pages[got] = budget_page(space->budget, page_take_user)))
			got++;
		if (got && install_slice(space, at, perm, got, pages))
			done += got;
		else if (got > 1)
			most = 1; /* that page and a table may be all the memory that there is */
		else
			return done ? (int)done : -E_NO_MEM;
	} while (done < n && (!done || !space_interrupted()));
	return done;
}

int space_map_frames(struct space *space, uintptr_t va, uint32_t perm, uint32_t n, pfn_t first)
{
	pfn_t pages[SPACE_SLICE];

	for (uint32_t done = 0, slice; done < n; done += slice) {
		slice = slice_of(va + done * PGSIZE, n - done);
		for (uint32_t i = 0; i < slice; i++)
			pages[i] = first + done + i;
		if (!install_slice(space, va + done * PGSIZE, perm, slice, pages))
			return done ? (int)done : -E_NO_MEM;
		arch_poll_interrupts();
	}
	return n;
}

/* Take a reference to what pte maps, if it does and may be mapped on with perm. */
static inline bool take_mapped(arch_pte_t pte, uint32_t perm, pfn_t *page)
{
	if (!arch_pte_present(pte) || arch_pte_is_device(pte) || entry_refuses(pte, perm))
		return false;
	*page = arch_pte_pfn(pte);
	page_hold(*page);
	return true;
}

/*
 * Take references to a slice of n pages that src maps at va. Returns how many come before one that is not there, or may not
 * be mapped on with perm: -E_INVAL in *error.
 */
static uint32_t gather(struct space *src, uintptr_t va, uint32_t perm, uint32_t n, pfn_t pages[], int *error)
{
	uint32_t got = 0;

	spin_lock(&src->lock);
	const arch_pte_t *entry = arch_space_entry(&src->arch, va);
	while (got < n && take_mapped(entry ? entry[got] : space_large_page(src, va + got * PGSIZE), perm, &pages[got]))
		got++;
	spin_unlock(&src->lock);
	if (got < n)
		*error = -E_INVAL;
	return got;
}

/* space_map of a slice, or of a superpage. Returns how many pages are done; *error says why none follows. */
static uint32_t map_slice(struct space *src, uintptr_t srcva, struct space *dst, uintptr_t dstva, uint32_t perm,
			  uint32_t n, int *error)
{
	pfn_t pages[SPACE_SLICE];

	if (unlikely(n >= LARGE_PAGES && srcva % PTSIZE == 0 && dstva % PTSIZE == 0)) {
		int done = space_large_map(src, srcva, dst, dstva, perm);
		*error = MIN(done, 0);
		if (done)
			return done > 0 ? LARGE_PAGES : 0;
	}
	uint32_t got = gather(src, srcva, perm, slice_of(srcva, slice_of(dstva, n)), pages, error);
	if (got && !install_slice(dst, dstva, perm, got, pages)) {
		*error = -E_NO_MEM;
		return 0;
	}
	return got;
}

int space_map(struct space *src, uintptr_t srcva, struct space *dst, uintptr_t dstva, uint32_t perm, uint32_t n)
{
	uint32_t done = 0;
	int error = 0;

	do {
		done += map_slice(src, srcva + done * PGSIZE, dst, dstva + done * PGSIZE, perm, n - done, &error);
	} while (!error && done < n && !space_interrupted());
	return done ? (int)done : error;
}

/* Is there a table for va, perhaps in reserve, or room for one? */
static bool prepare_table(struct space *space, uintptr_t va)
{
	return space_large(space, va) || arch_space_entry_make(&space->arch, va, space->budget);
}

int space_prepare(struct space *space, uintptr_t va, uint32_t n)
{
	spin_lock(&space->lock);
	bool there = prepare_table(space, va) && (n == 1 || prepare_table(space, va + (n - 1) * PGSIZE));
	spin_unlock(&space->lock);
	return there ? 0 : -E_NO_MEM;
}

int space_take(struct space *space, uintptr_t va, uint32_t perm, uint32_t n, pfn_t pages[])
{
	int error = 0;
	uint32_t got = 0;

	while (got < n && !error) {
		uintptr_t at = va + got * PGSIZE;
		got += gather(space, at, perm, slice_of(at, n - got), pages + got, &error);
	}
	while (error && got > 0)
		page_drop(pages[--got]);
	return error;
}

int space_insert(struct space *space, uintptr_t va, const pfn_t pages[], uint32_t n, uint32_t perm)
{
	for (uint32_t done = 0, slice; done < n; done += slice) {
		slice = slice_of(va + done * PGSIZE, n - done);
		for (uint32_t i = 0; i < slice; i++)
			page_hold(pages[done + i]);
		if (!install_slice(space, va + done * PGSIZE, perm, slice, pages + done))
			return -E_NO_MEM;
	}
	return 0;
}

/* Set new permissions in an entry, keeping accessed and dirty as the hardware sets them meanwhile. */
static arch_pte_t entry_protect(arch_pte_t *entry, uint32_t perm)
{
	arch_pte_t old = *entry;

	while (!__atomic_compare_exchange_n(entry, &old, (old & ~PTE_SYSCALL) | perm, false, __ATOMIC_SEQ_CST,
					    __ATOMIC_RELAXED))
		continue;
	return old;
}

/*
 * The same where no table stands: for all of a superpage, or what is empty. Returns where to go on; if that is va, there is
 * a table now, or an error.
 */
static uintptr_t change_slot(struct space *space, uintptr_t va, uintptr_t end, uint32_t perm, struct replaced *replaced,
			     int *error)
{
	arch_pte_t *slot = space_large(space, va);

	if (!slot) {
		uintptr_t next = arch_space_next_table(&space->arch, va);
		return MIN(next, end);
	}
	if (entry_refuses(*slot, perm)) {
		*error = -E_INVAL;
		return va;
	}
	if (va % PTSIZE || end - va < PTSIZE) {
		space_split(space, va, replaced);
		return va;
	}
	if (perm) {
		entry_protect(slot, perm);
		replaced_add_slot(replaced, va);
	} else {
		space_large_unmap(space, va, replaced);
	}
	return va + PTSIZE;
}

/*
 * Unmap what is mapped from va to end (perm 0) or give it permissions: at most a slice of it, within one table. Returns
 * where it stopped.
 */
static inline __attribute__((always_inline)) uintptr_t change_slice(struct space *space, uintptr_t va, uintptr_t end,
								     uint32_t perm, int *error)
{
	struct replaced replaced;
	uint32_t changed = 0;

	replaced_init(&replaced);
	spin_lock(&space->lock);
	arch_pte_t *entry = arch_space_entry(&space->arch, va);
	if (unlikely(!entry)) {
		va = change_slot(space, va, end, perm, &replaced, error);
		if (!*error && va < end)
			entry = arch_space_entry(&space->arch, va);
	}
	uintptr_t stop = entry ? MIN(ROUNDDOWN(va, (uintptr_t)PTSIZE) + PTSIZE, end) : va;
	for (; va < stop && changed < SPACE_SLICE; va += PGSIZE, entry++) {
		if (!arch_pte_present(*entry))
			continue;
		if (entry_refuses(*entry, perm)) {
			*error = -E_INVAL;
			break;
		}
		replaced_add(&replaced, va, perm ? entry_protect(entry, perm) : entry_exchange(entry, 0), !perm);
		changed++;
	}
	if (perm)
		space->lowered++;
	spin_unlock(&space->lock);
	replaced_finish(&replaced, space);
	return va;
}

int space_unmap(struct space *space, uintptr_t va, uint32_t n)
{
	uintptr_t at = va, end = va + n * PGSIZE;
	int error = 0;

	do {
		at = change_slice(space, at, end, 0, &error);
	} while (at < end && !space_interrupted());
	return (at - va) / PGSIZE;
}

int space_protect(struct space *space, uintptr_t va, uint32_t perm, uint32_t n)
{
	uintptr_t at = va, end = va + n * PGSIZE;
	int error = 0;

	atomic_add(&space->unflushed, 1);
	do {
		at = change_slice(space, at, end, perm, &error);
	} while (!error && at < end && !space_interrupted());
	atomic_add(&space->unflushed, -1u);
	return at > va ? (int)((at - va) / PGSIZE) : error;
}

pfn_t space_lookup(struct space *space, uintptr_t va, uint32_t *perm)
{
	pfn_t pfn = NO_PAGE;

	*perm = 0;
	spin_lock(&space->lock);
	const arch_pte_t *entry = arch_space_entry(&space->arch, va);
	arch_pte_t pte = entry ? *entry : space_large_page(space, va);
	if (arch_pte_present(pte)) {
		pfn = arch_pte_pfn(pte);
		*perm = arch_pte_perm(pte);
	}
	spin_unlock(&space->lock);
	return pfn;
}
