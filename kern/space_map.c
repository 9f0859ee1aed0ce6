/* Mapping and unmapping: see space.h. Each call loops over slices; a slice works under the lock, then flushes, then drops. */
#include <abi/error.h>
#include <kern/space_slice.h>

/* The entry after this one, for va (already advanced): the next word, but for the end of a table. */
static inline arch_pte_t *entry_next(arch_pte_t *entry, uintptr_t va)
{
	return va % PTSIZE ? entry + 1 : NULL;
}

/* The entry for va, noted as about to be used. *entry is it if known. NULL: no memory for a table. */
static inline arch_pte_t *entry_get(struct space *space, arch_pte_t *entry, uintptr_t va, struct replaced *replaced)
{
	if (likely(entry) && va % (ARCH_TABLE_GROUP * PGSIZE))
		return entry; /* noted with the one before */
	if (!entry && !(entry = arch_space_entry(&space->arch, va)) && !(entry = space_entry_make(space, va, replaced)))
		return NULL;
	arch_table_note(entry);
	return entry;
}

/*
 * Map n pages, whose references pass to the space (device memory has none); those that find no room are dropped. Returns
 * how many were mapped.
 */
static uint32_t install_slice(struct space *space, uintptr_t va, uint32_t perm, uint32_t n, const pfn_t pages[])
{
	struct replaced replaced;
	arch_pte_t *entry = NULL;
	const pfn_t *page = pages, *end = pages + n;

	replaced_init(&replaced);
	spin_lock(&space->lock);
	if (unlikely(perm & PTE_DEVICE))
		space->has_devices = true;
	while (page < end && (entry = entry_get(space, entry, va, &replaced))) {
		arch_pte_t pte = arch_pte_make(*page++, perm);
		if (likely(!arch_pte_present(*entry)))
			*entry = pte;
		else
			replaced_add(&replaced, va, entry_exchange(entry, pte), true);
		va += PGSIZE;
		entry = entry_next(entry, va);
	}
	spin_unlock(&space->lock);
	uint32_t done = page - pages;
	for (; page < end && !(perm & PTE_DEVICE); page++)
		page_drop(*page);
	replaced_finish(&replaced, space);
	return done;
}

int space_alloc(struct space *space, uintptr_t va, uint32_t perm, uint32_t n)
{
	pfn_t pages[SPACE_SLICE];
	uint32_t done = 0;

	do {
		uintptr_t at = va + done * PGSIZE;
		/* Where a table is missing, one page alone first: it and the table may be all the memory that there is. */
		uint32_t got = 0, slice = arch_space_entry(&space->arch, at) ? MIN(n - done, (uint32_t)SPACE_SLICE) : 1;
		while (got < slice && (pages[got] = budget_page(space->budget, page_take_user)))
			got++;
		uint32_t did = install_slice(space, at, perm, got, pages);
		done += did;
		if (did < slice)
			return done ? (int)done : -E_NO_MEM;
	} while (done < n && !space_interrupted());
	return done;
}

int space_map_frames(struct space *space, uintptr_t va, uint32_t perm, uint32_t n, pfn_t first)
{
	pfn_t pages[SPACE_SLICE];

	for (uint32_t done = 0; done < n; arch_poll_interrupts()) {
		uint32_t slice = MIN(n - done, (uint32_t)SPACE_SLICE);
		for (uint32_t i = 0; i < slice; i++)
			pages[i] = first + done + i;
		uint32_t did = install_slice(space, va + done * PGSIZE, perm, slice, pages);
		done += did;
		if (did < slice)
			return done ? (int)done : -E_NO_MEM;
	}
	return n;
}

/* Take a reference to what pte maps, if it does and, for PTE_W in perm, may be written. */
static inline bool take_mapped(arch_pte_t pte, uint32_t perm, pfn_t *page)
{
	if (!arch_pte_present(pte) || arch_pte_is_device(pte) || entry_refuses(pte, perm))
		return false;
	*page = arch_pte_pfn(pte);
	page_hold(*page);
	return true;
}

/* gather where no table is: from the superpage at va, if there is one. */
static uint32_t gather_large(struct space *src, uintptr_t va, uint32_t perm, uint32_t n, pfn_t pages[])
{
	uint32_t got = 0, end = MIN(n, LARGE_PAGES - va % PTSIZE / PGSIZE);

	while (got < end && take_mapped(space_large_page(src, va + got * PGSIZE), perm, &pages[got]))
		got++;
	return got;
}

/* Read up to n mappings of src, at most a slice, with a reference to each page. Returns how many; *error says why none follows. */
static uint32_t gather(struct space *src, uintptr_t va, uint32_t perm, uint32_t n, pfn_t pages[], int *error)
{
	arch_pte_t *entry = NULL;
	uint32_t got;

	spin_lock(&src->lock);
	for (got = 0; got < n; got++, va += PGSIZE) {
		if (!entry && !(entry = arch_space_entry(&src->arch, va))) {
			uint32_t large = gather_large(src, va, perm, n - got, pages + got);
			got += large;
			if (!large)
				*error = -E_INVAL;
			break;
		}
		if (!take_mapped(*entry, perm, &pages[got])) {
			*error = -E_INVAL;
			break;
		}
		entry = entry_next(entry, va + PGSIZE);
	}
	spin_unlock(&src->lock);
	return got;
}

int space_map(struct space *src, uintptr_t srcva, struct space *dst, uintptr_t dstva, uint32_t perm, uint32_t n)
{
	pfn_t pages[SPACE_SLICE];
	uint32_t done = 0;
	int error = 0;

	do {
		uintptr_t from = srcva + done * PGSIZE, to = dstva + done * PGSIZE;
		bool whole = n - done >= LARGE_PAGES && from % PTSIZE == 0 && to % PTSIZE == 0;
		int large = unlikely(whole) ? space_large_map(src, from, dst, to, perm) : 0;
		if (large) {
			done += large > 0 ? LARGE_PAGES : 0;
			error = MIN(large, 0);
			continue;
		}
		uint32_t got = gather(src, from, perm, MIN(n - done, (uint32_t)SPACE_SLICE), pages, &error);
		uint32_t did = install_slice(dst, to, perm, got, pages);
		done += did;
		if (did < got)
			error = -E_NO_MEM;
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

	while (got < n && !error)
		got += gather(space, va + got * PGSIZE, perm, MIN(n - got, (uint32_t)SPACE_SLICE), pages + got, &error);
	while (error && got > 0)
		page_drop(pages[--got]);
	return error;
}

int space_insert(struct space *space, uintptr_t va, const pfn_t pages[], uint32_t n, uint32_t perm)
{
	for (uint32_t done = 0; done < n;) {
		uint32_t slice = MIN(n - done, (uint32_t)SPACE_SLICE);
		for (uint32_t i = 0; i < slice; i++)
			page_hold(pages[done + i]); /* install_slice drops those that it does not map */
		if (install_slice(space, va + done * PGSIZE, perm, slice, pages + done) < slice)
			return -E_NO_MEM;
		done += slice;
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
 * change_slice where no table stands: for all of a superpage, or what is empty. Returns where to go on; if that is va, there
 * is a table now, or an error.
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
 * Unmap what is mapped from va to end (perm 0) or give it permissions: at most a slice, of at most SPACE_LOOKS addresses.
 * Returns where it stopped.
 */
static inline __attribute__((always_inline)) uintptr_t change_slice(struct space *space, uintptr_t va, uintptr_t end,
								     uint32_t perm, int *error)
{
	struct replaced replaced;
	arch_pte_t *entry = NULL;
	uint32_t changed = 0;

	replaced_init(&replaced);
	spin_lock(&space->lock);
	for (uint32_t looks = 0; va < end && changed < SPACE_SLICE && looks < SPACE_LOOKS; looks++) {
		if (!entry && !(entry = arch_space_entry(&space->arch, va))) {
			va = change_slot(space, va, end, perm, &replaced, error);
			if (*error || replaced.large)
				break;
			continue;
		}
		if (arch_pte_present(*entry)) {
			if (entry_refuses(*entry, perm)) {
				*error = -E_INVAL;
				break;
			}
			replaced_add(&replaced, va, perm ? entry_protect(entry, perm) : entry_exchange(entry, 0), !perm);
			changed++;
		}
		va += PGSIZE;
		entry = entry_next(entry, va);
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
