/* Superpages of physical memory: see large.h. The count of entries stands in the note of the first page. */
#include <kern/budget.h>
#include <kern/large.h>

#define ORDER __builtin_ctz(LARGE_PAGES)

pfn_t large_take(struct budget *budget)
{
	pfn_t first = budget_take_block(budget, LARGE_PAGES, false);

	if (first)
		*page_note(first) = 1;
	return first;
}

void large_hold(pfn_t first)
{
	assert(large_entries(first) > 0);
	__atomic_add_fetch(page_note(first), 1, __ATOMIC_RELAXED);
}

/* Does no page have a reference beside the one for the whole? Then none can get one but through the whole. */
static bool pages_alone(pfn_t first)
{
	uint32_t i = 0;

	while (i < LARGE_PAGES && page_references(first + i) == 1)
		i++;
	return i == LARGE_PAGES;
}

bool large_alone(pfn_t first)
{
	return large_entries(first) == 1 && pages_alone(first);
}

void large_drop(pfn_t first)
{
	assert(large_entries(first) > 0);
	if (__atomic_sub_fetch(page_note(first), 1, __ATOMIC_ACQ_REL))
		return;
	if (pages_alone(first)) {
		page_give_block(first, ORDER);
		return;
	}
	for (uint32_t i = 0; i < LARGE_PAGES; i++)
		page_drop(first + i);
}

void large_to_pages(pfn_t first)
{
	/* The references for the whole become the table's: nobody else can add an entry. */
	if (large_entries(first) == 1) {
		*page_note(first) = 0;
		return;
	}
	for (uint32_t i = 0; i < LARGE_PAGES; i++)
		page_hold(first + i);
	large_drop(first);
}
