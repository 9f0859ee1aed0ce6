/* Address spaces: see space.h. Each call loops over slices; a slice works under the lock, then flushes, then drops. */
#include <abi/error.h>
#include <arch/space.h>
#include <kern/cpu.h>
#include <kern/request.h>
#include <kern/space_load.h>
#include <kern/space_slice.h>

#define LOOKS 1024     /* entries, mapped or not, that are looked at under the lock at once */

static struct spinlock pool_lock = SPINLOCK(RANK_POOL, "space pool");
struct space *space_pool; /* [pool_lock] */

static struct space *pool_take(void)
{
	spin_lock(&pool_lock);
	struct space *space = space_pool;
	if (space)
		space_pool = (struct space *)space->cursor;
	spin_unlock(&pool_lock);
	return space;
}

static void pool_give(struct space *space)
{
	spin_lock(&pool_lock);
	space->cursor = (uintptr_t)space_pool;
	space_pool = space;
	spin_unlock(&pool_lock);
}

/* Add a page's worth of unused ones. False: out of memory. */
static bool pool_grow(void)
{
	pfn_t pfn = page_take_kernel();

	if (!pfn)
		return false;
	struct space *spaces = page_address(pfn);
	for (size_t i = 0; i < PGSIZE / sizeof *spaces; i++) {
		/* The number for the lock order comes from the address: it is unique, and never changes. */
		spin_init(&spaces[i].lock, RANK_SPACE, "space", ((uintptr_t)&spaces[i] - KERNBASE) / sizeof *spaces);
		pool_give(&spaces[i]);
	}
	return true;
}

struct space *space_create(struct budget *budget)
{
	struct space *space = pool_take();

	if (!space && (!pool_grow() || !(space = pool_take())))
		return NULL;
	if (arch_space_create(&space->arch, budget) < 0) {
		pool_give(space);
		return NULL;
	}
	space->budget = budget;
	space->loaded.value = 0;
	space->unflushed.value = 0;
	space->lowered = 0;
	space->envs.value = 1;
	space->pins.value = 0;
	space->spare = NO_PAGE;
	space->cursor = 0;
	space->last = NULL;
	space->has_devices = false;
	return space;
}

void space_abandon(struct space *space)
{
	arch_space_destroy(&space->arch);
	pool_give(space);
}

void space_flush_others(uint32_t others)
{
	/* An idle CPU flushes when it stops being idle: it looks at flush_pending after it has cleared lazy. */
	for (unsigned n = 0; n < cpu_count; n++) {
		if (!(others & 1u << n))
			continue;
		atomic_exchange(&cpus[n]->flush_pending, 1);
		if (atomic_load(&cpus[n]->lazy))
			others &= ~(1u << n);
	}
	request_all(others);
}

void replaced_flush(struct replaced *replaced, struct space *space)
{
	space_flush(space, replaced->first, replaced->last);
	if (replaced->large)
		large_drop(replaced->large);
	for (uint32_t i = 0; i < replaced->count; i++)
		page_drop(replaced->pages[i]);
}

/* The entry after this one, for va (already advanced): the next word, but for the end of a table. */
static inline arch_pte_t *entry_next(arch_pte_t *entry, uintptr_t va)
{
	return va % PTSIZE ? entry + 1 : NULL;
}

/* Install page pfn, whose reference passes to the space. *entry is va's if known. False: no memory for a table. */
static inline bool install(struct space *space, arch_pte_t **entry, uintptr_t va, pfn_t pfn, uint32_t perm,
			   struct replaced *replaced)
{
	if (!*entry && !(*entry = arch_space_entry(&space->arch, va)) &&
	    !(*entry = space_entry_make(space, va, replaced)))
		return false;
	arch_table_note(*entry);
	arch_pte_t old = **entry;
	if (likely(!arch_pte_present(old))) {
		**entry = arch_pte_make(pfn, perm);
		return true;
	}
	old = entry_exchange(*entry, arch_pte_make(pfn, perm));
	replaced_add(replaced, va, old, true);
	return true;
}

/* The entry `old` of va has been replaced: flush, and drop what it maps. No lock is held. */
static inline void release(struct space *space, uintptr_t va, arch_pte_t old)
{
	space_flush(space, va, va);
	if (likely(!arch_pte_is_device(old)))
		page_drop(arch_pte_pfn(old));
}

static uint32_t alloc_slice(struct space *space, uintptr_t va, uint32_t perm, uint32_t n)
{
	struct replaced replaced;
	arch_pte_t *entry = NULL;
	uint32_t done;

	replaced_init(&replaced);
	spin_lock(&space->lock);
	for (done = 0; done < n; done++, va += PGSIZE) {
		pfn_t pfn = budget_page(space->budget, page_take_user);
		if (!pfn)
			break;
		if (!install(space, &entry, va, pfn, perm, &replaced)) {
			page_drop(pfn);
			break;
		}
		entry = entry_next(entry, va + PGSIZE);
	}
	spin_unlock(&space->lock);
	replaced_finish(&replaced, space);
	return done;
}

/* Map n pages whose references are given; those that find no room are dropped. Returns how many were mapped. */
static uint32_t install_slice(struct space *dst, uintptr_t va, uint32_t perm, uint32_t n, const pfn_t pages[])
{
	struct replaced replaced;
	arch_pte_t *entry = NULL;
	uint32_t done;

	replaced_init(&replaced);
	spin_lock(&dst->lock);
	for (done = 0; done < n; done++, va += PGSIZE) {
		if (!install(dst, &entry, va, pages[done], perm, &replaced))
			break;
		entry = entry_next(entry, va + PGSIZE);
	}
	spin_unlock(&dst->lock);
	for (uint32_t i = done; i < n; i++)
		page_drop(pages[i]);
	replaced_finish(&replaced, dst);
	return done;
}

/* Map the fresh page pfn, whose reference passes to the space; NO_PAGE: there was none. */
static inline int install_fresh(struct space *space, uintptr_t va, uint32_t perm, pfn_t pfn)
{
	if (unlikely(!pfn))
		return -E_NO_MEM;
	spin_lock(&space->lock);
	arch_pte_t *entry = arch_space_entry(&space->arch, va);
	if (unlikely(!entry)) { /* a table has to be made, or takes the place of a superpage */
		pfn_t page = pfn;
		spin_unlock(&space->lock);
		return install_slice(space, va, perm, 1, &page) ? 0 : -E_NO_MEM;
	}
	arch_table_note(entry);
	arch_pte_t old = entry_exchange(entry, arch_pte_make(pfn, perm));
	spin_unlock(&space->lock);
	if (arch_pte_present(old))
		release(space, va, old);
	return 0;
}

/* Apart, so that the common case need not keep what it has in registers. */
static __attribute__((noinline)) int alloc_page_charged(struct space *space, uintptr_t va, uint32_t perm)
{
	return install_fresh(space, va, perm, budget_take_page(space->budget, page_take_user));
}

int space_alloc_page(struct space *space, uintptr_t va, uint32_t perm)
{
	if (unlikely(space->budget))
		return alloc_page_charged(space, va, perm);
	return install_fresh(space, va, perm, page_take_user());
}

void space_unmap_page(struct space *space, uintptr_t va)
{
	arch_pte_t old = 0;

	spin_lock(&space->lock);
	arch_pte_t *entry = arch_space_entry(&space->arch, va);
	if (unlikely(!entry)) { /* no table, but perhaps a superpage */
		spin_unlock(&space->lock);
		space_unmap(space, va, 1);
		return;
	}
	if (likely(arch_pte_present(*entry)))
		old = entry_exchange(entry, 0);
	spin_unlock(&space->lock);
	if (likely(arch_pte_present(old)))
		release(space, va, old);
}

int space_alloc(struct space *space, uintptr_t va, uint32_t perm, uint32_t n)
{
	uint32_t done = 0;

	for (;;) {
		uint32_t slice = MIN(n - done, (uint32_t)SPACE_SLICE);
		uint32_t did = alloc_slice(space, va + done * PGSIZE, perm, slice);
		done += did;
		if (did < slice)
			return done ? (int)done : -E_NO_MEM;
		if (done == n || space_interrupted())
			return done;
	}
}

/* Take a reference to what pte maps, if it does and, for PTE_W in perm, may be written. */
static inline bool take_mapped(arch_pte_t pte, uint32_t perm, pfn_t *page)
{
	if (!arch_pte_present(pte) || arch_pte_is_device(pte) || (perm & PTE_W && !(pte & PTE_W)))
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

/* Read up to n mappings of src, taking a reference to each page. Returns how many; *error says why none follows. */
static uint32_t gather(struct space *src, uintptr_t va, uint32_t perm, uint32_t n, pfn_t pages[], int *error)
{
	const arch_pte_t *entry = NULL;
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
		entry = (va + PGSIZE) % PTSIZE ? entry + 1 : NULL;
	}
	spin_unlock(&src->lock);
	return got;
}

/* Map device memory from frame pfn on. Returns how many pages were mapped, fewer than n when memory ran out. */
static uint32_t device_slice(struct space *space, uintptr_t va, uint32_t perm, uint32_t n, pfn_t pfn)
{
	struct replaced replaced;
	arch_pte_t *entry = NULL;
	uint32_t done;

	replaced_init(&replaced);
	spin_lock(&space->lock);
	space->has_devices = true;
	for (done = 0; done < n; done++, va += PGSIZE) {
		if (!install(space, &entry, va, pfn + done, perm | PTE_DEVICE, &replaced))
			break;
		entry = entry_next(entry, va + PGSIZE);
	}
	spin_unlock(&space->lock);
	replaced_finish(&replaced, space);
	return done;
}

int space_map_device(struct space *space, uintptr_t va, uint32_t perm, uint32_t n, pfn_t pfn)
{
	for (uint32_t done = 0; done < n;) {
		uint32_t slice = MIN(n - done, (uint32_t)SPACE_SLICE);
		uint32_t did = device_slice(space, va + done * PGSIZE, perm, slice, pfn + done);
		done += did;
		if (did < slice)
			return done ? (int)done : -E_NO_MEM;
		arch_poll_interrupts();
	}
	return n;
}

/* Map up to n pages as space_map does, in one slice. Returns how many; *error says why not more. */
static uint32_t map_slice(struct space *src, uintptr_t srcva, struct space *dst, uintptr_t dstva, uint32_t perm,
			  uint32_t n, int *error)
{
	pfn_t pages[SPACE_SLICE];

	if (unlikely(n >= LARGE_PAGES && srcva % PTSIZE == 0 && dstva % PTSIZE == 0)) {
		int done = space_large_map(src, srcva, dst, dstva, perm);
		if (done < 0)
			*error = done;
		if (done)
			return done < 0 ? 0 : LARGE_PAGES;
	}
	uint32_t got = gather(src, srcva, perm, MIN(n, (uint32_t)SPACE_SLICE), pages, error);
	uint32_t did = install_slice(dst, dstva, perm, got, pages);
	if (did < got)
		*error = -E_NO_MEM;
	return did;
}

int space_map(struct space *src, uintptr_t srcva, struct space *dst, uintptr_t dstva, uint32_t perm, uint32_t n)
{
	uint32_t done = 0;
	int error = 0;

	for (;;) {
		done += map_slice(src, srcva + done * PGSIZE, dst, dstva + done * PGSIZE, perm, n - done, &error);
		if (error)
			return done ? (int)done : error;
		if (done == n || space_interrupted())
			return done;
	}
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

/* Does [va, end) begin with all that the slot for va maps? */
static inline bool whole_slot(uintptr_t va, uintptr_t end)
{
	return va % PTSIZE == 0 && end - va >= PTSIZE;
}

/* Deal with addresses from va to end, at most a slice of mapped ones and LOOKS in all; returns where it stopped. */
static uintptr_t unmap_slice(struct space *space, uintptr_t va, uintptr_t end)
{
	struct replaced replaced;
	arch_pte_t *entry = NULL;

	replaced_init(&replaced);
	spin_lock(&space->lock);
	for (uint32_t looks = 0; va < end && replaced.count < SPACE_SLICE && looks < LOOKS; looks++) {
		if (!entry && !(entry = arch_space_entry(&space->arch, va))) {
			if (!space_large(space, va)) {
				uintptr_t next = arch_space_next_table(&space->arch, va);
				va = MIN(next, end);
				continue;
			}
			if (whole_slot(va, end)) {
				space_large_unmap(space, va, &replaced);
				va += PTSIZE;
				break;
			}
			entry = space_split(space, va, &replaced);
		}
		if (arch_pte_present(*entry))
			replaced_add(&replaced, va, entry_exchange(entry, 0), true);
		va += PGSIZE;
		entry = entry_next(entry, va);
	}
	spin_unlock(&space->lock);
	replaced_finish(&replaced, space);
	return va;
}

int space_unmap(struct space *space, uintptr_t va, uint32_t n)
{
	uintptr_t at = va, end = va + n * PGSIZE;

	do {
		at = unmap_slice(space, at, end);
	} while (at < end && !space_interrupted());
	return (at - va) / PGSIZE;
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

static uintptr_t protect_slice(struct space *space, uintptr_t va, uintptr_t end, uint32_t perm, int *error)
{
	struct replaced replaced;
	arch_pte_t *entry = NULL;
	uint32_t changed = 0;

	replaced_init(&replaced);
	spin_lock(&space->lock);
	for (uint32_t looks = 0; va < end && changed < SPACE_SLICE && looks < LOOKS; looks++) {
		if (!entry && !(entry = arch_space_entry(&space->arch, va))) {
			arch_pte_t *slot = space_large(space, va);
			if (!slot) {
				uintptr_t next = arch_space_next_table(&space->arch, va);
				va = MIN(next, end);
				continue;
			}
			if (perm & PTE_W && !(*slot & PTE_W)) {
				*error = -E_INVAL;
				break;
			}
			if (whole_slot(va, end)) {
				entry_protect(slot, perm);
				replaced_add_slot(&replaced, va);
				changed++;
				va += PTSIZE;
				continue;
			}
			entry = space_split(space, va, &replaced);
		}
		if (arch_pte_present(*entry)) {
			if (perm & PTE_W && !(*entry & PTE_W)) {
				*error = -E_INVAL;
				break;
			}
			replaced_add(&replaced, va, entry_protect(entry, perm), false);
			changed++;
		}
		va += PGSIZE;
		entry = entry_next(entry, va);
	}
	space->lowered++;
	spin_unlock(&space->lock);
	replaced_finish(&replaced, space);
	return va;
}

int space_protect(struct space *space, uintptr_t va, uint32_t perm, uint32_t n)
{
	uintptr_t at = va, end = va + n * PGSIZE;
	int error = 0;

	atomic_add(&space->unflushed, 1);
	do {
		at = protect_slice(space, at, end, perm, &error);
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

struct env *space_part(struct space *space)
{
	spin_lock(&space->lock);
	struct env *last = atomic_add(&space->envs, -1u) == 1 ? space->last : NULL;
	spin_unlock(&space->lock);
	return last;
}

bool space_alone(struct space *space, struct env *first)
{
	if (likely(atomic_load(&space->envs) == 1))
		return true;
	spin_lock(&space->lock);
	bool alone = atomic_load(&space->envs) == 1;
	if (!alone)
		space->last = first;
	spin_unlock(&space->lock);
	return alone;
}

void space_leave(struct space *space)
{
	atomic_store_release(&space->envs, 0);
	if (this_cpu()->space == space)
		space_load(NULL);
	request_all(atomic_load(&space->loaded));
}

static inline void entry_drop(struct PageInfo *refs, arch_pte_t pte)
{
	pfn_t pfn = arch_pte_pfn(pte);

	if (pfn != NO_PAGE)
		page_drop_in(refs, pfn);
}

static inline void drop_8(struct PageInfo *refs, const arch_pte_t *entry)
{
	entry_drop(refs, entry[0]);
	entry_drop(refs, entry[1]);
	entry_drop(refs, entry[2]);
	entry_drop(refs, entry[3]);
	entry_drop(refs, entry[4]);
	entry_drop(refs, entry[5]);
	entry_drop(refs, entry[6]);
	entry_drop(refs, entry[7]);
}

/* Drop what a group of entries maps: most of what the end of a large program costs. */
static void group_drop(const arch_pte_t *entry)
{
	const arch_pte_t *end = entry + ARCH_TABLE_GROUP;
	struct PageInfo *refs = page_refs;

	for (; entry < end; entry += 16) {
		drop_8(refs, entry);
		drop_8(refs, entry + 8);
	}
}

/* What a table maps of devices is no page to be dropped. */
static void forget_devices(arch_pte_t *table)
{
	for (unsigned i = 0; i < NPTENTRIES; i++) {
		if (arch_pte_is_device(table[i]))
			table[i] = 0;
	}
}

/* Unmap all that the table at va has, or the superpage. No CPU uses the space any more, but a pin may still look at it. */
static void destroy_table(struct space *space, uintptr_t va)
{
	spin_lock(&space->lock);
	arch_pte_t *table = arch_space_entry(&space->arch, ROUNDDOWN(va, (uintptr_t)PTSIZE));
	if (!table)
		space_large_destroy(space, va);
	else if (unlikely(space->has_devices))
		forget_devices(table);
	for (uint32_t groups = table ? arch_table_notes(table) : 0; groups; groups &= groups - 1)
		group_drop(&table[__builtin_ctz(groups) * ARCH_TABLE_GROUP]);
	arch_space_free_table(&space->arch, va);
	spin_unlock(&space->lock);
}

bool space_destroy_slice(struct space *space)
{
	/* A pin could still map something behind the cursor. */
	if (atomic_load(&space->pins))
		return false;
	space->cursor = arch_space_next_table(&space->arch, space->cursor);
	for (unsigned tables = 0; space->cursor < UTOP; tables++) {
		if (tables == 8)
			return false;
		destroy_table(space, space->cursor);
		space->cursor = arch_space_next_table(&space->arch, space->cursor);
	}
	arch_space_destroy(&space->arch);
	pool_give(space);
	return true;
}
