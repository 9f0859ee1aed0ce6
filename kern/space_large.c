/* Superpages in address spaces: see space.h for what is promised, space_slice.h for what stands here. */
#include <abi/error.h>
#include <kern/budget.h>
#include <kern/request.h>
#include <kern/space_slice.h>

/*
 * --- Tables in reserve ---
 *
 * One may be for one slot alone: then its first entry, which is not present, says for which. Else that is 0. Nothing
 * else in them is of use.
 */

static inline arch_pte_t *first_entry(pfn_t table)
{
	return page_address(table);
}

static inline arch_pte_t mark_of(uintptr_t va)
{
	return ROUNDDOWN(va, (uintptr_t)PTSIZE) + PGSIZE;
}

static void spare_push(struct space *space, pfn_t table)
{
	*page_note(table) = space->spare;
	space->spare = table;
}

/* The one for the slot of va, or one for any. It is there: each superpage of the space has one. */
static pfn_t spare_pop(struct space *space, uintptr_t va)
{
	pfn_t *found = NULL;

	for (pfn_t *link = &space->spare; *link; link = page_note(*link)) {
		arch_pte_t mark = *first_entry(*link);
		if (mark == mark_of(va) || (!mark && !found))
			found = link;
		if (mark == mark_of(va))
			break;
	}
	assert(found);
	pfn_t table = *found;
	*found = *page_note(table);
	return table;
}

/* --- Mapping --- */

int space_large_put(struct space *space, uintptr_t va, arch_pte_t pte, pfn_t *spare, struct replaced *replaced)
{
	arch_pte_t *slot = arch_space_slot_make(&space->arch, va);

	if (!slot)
		return -E_NO_MEM;
	arch_pte_t old = entry_exchange(slot, pte);
	if (arch_pte_present(old))
		replaced_add_slot(replaced, va);
	if (arch_pte_large(old)) {
		replaced->large = arch_pte_pfn(old);
	} else if (*spare) {
		spare_push(space, *spare);
		*spare = arch_pte_present(old) ? arch_pte_pfn(old) : NO_PAGE;
	} else {
		/* Other CPUs may still look into it, and are to find nothing there but what is to be found at this address. */
		pfn_t table = arch_pte_pfn(old);
		*first_entry(table) = mark_of(va);
		spare_push(space, table);
	}
	return 0;
}

static bool table_empty(const arch_pte_t *entries)
{
	for (unsigned i = 0; (i = arch_table_noted(entries, i)) < LARGE_PAGES; i++) {
		if (arch_pte_present(entries[i]))
			return false;
	}
	return true;
}

bool space_large_needs_spare(const struct space *space, uintptr_t va)
{
	const arch_pte_t *slot = arch_space_slot(&space->arch, va);

	if (!slot || !arch_pte_present(*slot))
		return true;
	return !arch_pte_large(*slot) && !table_empty(first_entry(arch_pte_pfn(*slot)));
}

void space_drop_table(struct space *space, pfn_t table)
{
	/* Idle CPUs have not flushed: none is to walk through a page that has become something else. */
	request_all(space_loaded_elsewhere(space));
	space_drop_mapped(space, first_entry(table));
	page_drop(table);
}

/* One fresh superpage. -E_NO_MEM. */
static int alloc_one(struct space *space, uintptr_t va, uint32_t perm)
{
	struct replaced replaced;
	pfn_t spare = budget_page(space->budget, page_take_kernel);
	pfn_t first = spare ? large_take(space->budget) : NO_PAGE;

	replaced_init(&replaced);
	int error = -E_NO_MEM;
	if (first) {
		spin_lock(&space->lock);
		error = space_large_put(space, va, arch_pte_make_large(first, perm), &spare, &replaced);
		spin_unlock(&space->lock);
		if (error)
			large_drop(first);
	}
	space_large_finish(space, &replaced, spare);
	return error;
}

int space_alloc_large(struct space *space, uintptr_t va, uint32_t perm, uint32_t n)
{
	uint32_t done = 0;

	do {
		if (alloc_one(space, va + done * PTSIZE, perm))
			return done ? (int)done : -E_NO_MEM;
		done++;
	} while (done < n && !space_interrupted());
	return done;
}

int space_large_map(struct space *src, uintptr_t srcva, struct space *dst, uintptr_t dstva, uint32_t perm)
{
	struct replaced replaced;
	pfn_t spare;
	int result;

	if (!space_large(src, srcva)) /* a look without the lock, since it is rare */
		return 0;
	if (!(spare = budget_page(dst->budget, page_take_kernel)))
		return -E_NO_MEM;
	replaced_init(&replaced);
	space_lock_both(src, dst);
	const arch_pte_t *slot = space_large(src, srcva);
	if (!slot) {
		result = 0;
	} else if (entry_refuses(*slot, perm)) {
		result = -E_INVAL;
	} else {
		pfn_t first = arch_pte_pfn(*slot);
		large_hold(first);
		result = space_large_put(dst, dstva, arch_pte_make_large(first, perm), &spare, &replaced);
		if (result == 0)
			result = 1;
		else
			large_drop(first);
	}
	space_unlock_both(src, dst);
	space_large_finish(dst, &replaced, spare);
	return result;
}

/* --- Unmapping --- */

arch_pte_t *space_split(struct space *space, uintptr_t va, struct replaced *replaced)
{
	uintptr_t start = ROUNDDOWN(va, (uintptr_t)PTSIZE);
	arch_pte_t *slot = arch_space_slot(&space->arch, va);
	pfn_t pfn = spare_pop(space, va);
	arch_pte_t large = *slot, *table = page_address(pfn);

	for (uint32_t i = 0; i < LARGE_PAGES; i++)
		table[i] = arch_pte_of_page(large, start + i * PGSIZE);
	arch_table_note_groups(table, ~0u);
	large_to_pages(arch_pte_pfn(large));
	entry_exchange(slot, arch_pte_make_table(pfn));
	replaced_add_slot(replaced, va);
	return &table[(va - start) / PGSIZE];
}

void space_split_now(struct space *space, uintptr_t va)
{
	struct replaced replaced;

	replaced_init(&replaced);
	spin_lock(&space->lock);
	if (space_large(space, va))
		space_split(space, va, &replaced);
	spin_unlock(&space->lock);
	replaced_finish(&replaced, space);
}

void space_large_unmap(struct space *space, uintptr_t va, struct replaced *replaced)
{
	arch_pte_t *slot = arch_space_slot(&space->arch, va);
	pfn_t table = spare_pop(space, va);

	arch_page_zero(page_address(table));
	*page_note(table) = 0;
	replaced->large = arch_pte_pfn(entry_exchange(slot, arch_pte_make_table(table)));
	replaced_add_slot(replaced, va);
}

void space_large_destroy(struct space *space, uintptr_t va)
{
	large_drop(arch_pte_pfn(*arch_space_slot(&space->arch, va)));
	page_drop(spare_pop(space, va));
}
