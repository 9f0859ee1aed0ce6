/* Superpages in address spaces: see space.h for what is promised, space_slice.h for what stands here. */
#include <abi/error.h>
#include <kern/budget.h>
#include <kern/space_slice.h>

/* --- Tables in reserve. Their content is of no use. --- */

static void spare_push(struct space *space, pfn_t table)
{
	*page_note(table) = space->spare;
	space->spare = table;
}

/* There is one: the space has a superpage. */
static pfn_t spare_pop(struct space *space)
{
	pfn_t table = space->spare;

	assert(table);
	space->spare = *page_note(table);
	return table;
}

/* --- Mapping --- */

/* All entries of a table, with the notes. */
static void table_copy(arch_pte_t *to, const arch_pte_t *from)
{
	arch_page_copy(to, from);
	arch_table_note_groups(to, arch_table_notes(from));
}

int space_large_put(struct space *space, uintptr_t va, arch_pte_t pte, pfn_t *spare, struct replaced *replaced)
{
	arch_pte_t *slot = arch_space_slot_make(&space->arch, va);

	if (!slot)
		return -E_NO_MEM;
	arch_pte_t old = entry_exchange(slot, pte);
	if (!arch_pte_present(old)) {
		spare_push(space, *spare);
		*spare = NO_PAGE;
		return 0;
	}
	replaced_add_slot(replaced, va);
	if (arch_pte_large(old)) {
		replaced->large = arch_pte_pfn(old);
	} else {
		/* The old table itself is the reserve: other CPUs may still look into it. */
		if (*spare)
			table_copy(page_address(*spare), page_address(arch_pte_pfn(old)));
		spare_push(space, arch_pte_pfn(old));
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
	return !arch_pte_large(*slot) && !table_empty(page_address(arch_pte_pfn(*slot)));
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
	pfn_t pfn = spare_pop(space);
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
	pfn_t table = spare_pop(space);

	arch_page_zero(page_address(table));
	*page_note(table) = 0;
	replaced->large = arch_pte_pfn(entry_exchange(slot, arch_pte_make_table(table)));
	replaced_add_slot(replaced, va);
}

void space_large_destroy(struct space *space, uintptr_t va)
{
	large_drop(arch_pte_pfn(*arch_space_slot(&space->arch, va)));
	page_drop(spare_pop(space));
}
