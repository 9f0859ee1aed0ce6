/* Address spaces, their life and what all that change them share: see space.h. Mappings are changed in space_map.c. */
#include <arch/space.h>
#include <kern/request.h>
#include <kern/space_load.h>
#include <kern/space_slice.h>

#define FLUSH_SINGLY 8 /* up to so many pages are flushed one by one on this CPU */

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
	*space = (struct space){ .lock = space->lock, .envs = { 1 }, .budget = budget };
	if (arch_space_create(&space->arch, budget) < 0) {
		pool_give(space);
		return NULL;
	}
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

void space_flush(struct space *space, uintptr_t first, uintptr_t last)
{
	uint32_t others = space_loaded_elsewhere(space);

	if (likely(this_cpu()->space == space)) {
		if (last - first < FLUSH_SINGLY * PGSIZE) {
			for (uintptr_t va = first; va <= last; va += PGSIZE)
				arch_tlb_flush_page(va);
		} else {
			arch_tlb_flush_user();
		}
	}
	if (others)
		space_flush_others(others);
}

void replaced_flush(struct replaced *replaced, struct space *space)
{
	space_flush(space, replaced->first, replaced->last);
	if (replaced->large)
		large_drop(replaced->large);
	for (uint32_t i = 0; i < replaced->count; i++)
		page_drop(replaced->pages[i]);
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

/* Drop what a group of entries maps: most of what the end of a large program costs. */
static void group_drop(const arch_pte_t *entry)
{
	struct PageInfo *refs = page_refs;

	for (const arch_pte_t *end = entry + ARCH_TABLE_GROUP; entry < end; entry += 16) {
#pragma GCC unroll 16
		for (unsigned i = 0; i < 16; i++) {
			if (arch_pte_pfn(entry[i]) != NO_PAGE)
				page_drop_in(refs, arch_pte_pfn(entry[i]));
		}
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

void space_drop_mapped(const struct space *space, arch_pte_t *table)
{
	if (unlikely(space->has_devices))
		forget_devices(table);
	for (uint32_t groups = arch_table_notes(table); groups; groups &= groups - 1)
		group_drop(&table[__builtin_ctz(groups) * ARCH_TABLE_GROUP]);
}

/* Unmap all that the table at va has, or the superpage. No CPU uses the space any more, but a pin may still look at it. */
static void destroy_table(struct space *space, uintptr_t va)
{
	spin_lock(&space->lock);
	arch_pte_t *table = arch_space_entry(&space->arch, ROUNDDOWN(va, (uintptr_t)PTSIZE));
	if (table)
		space_drop_mapped(space, table);
	else
		space_large_destroy(space, va);
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
