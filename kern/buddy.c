/*
 * The buddy allocator. A free block of order k starts at a multiple of 2^k; two free buddies are always joined. A
 * block never spans the two zones, since the border is a multiple of the largest block.
 */
#include <kern/arch.h>
#include <kern/boot.h>
#include <kern/buddy.h>

static_assert((DIRECT_MAP_LIMIT >> PGSHIFT) % (1 << (BUDDY_ORDERS - 1)) == 0, "zones meet at a largest block");

struct spinlock buddy_lock = SPINLOCK(RANK_PAGES, "pages");
struct PageInfo *page_refs;
struct page_state *page_states;
struct page_links *page_links;
pfn_t page_limit;
uint32_t page_total;

pfn_t buddy_blocks[PAGE_ZONES][BUDDY_ORDERS];
uint32_t buddy_free[PAGE_ZONES];

static void block_insert(pfn_t pfn, unsigned order) REQUIRES(buddy_lock)
{
	pfn_t *head = &buddy_blocks[page_zone_of(pfn)][order];

	page_states[pfn].order = order;
	page_states[pfn].block_free = true;
	page_links[pfn] = (struct page_links){ .next = *head, .prev = NO_PAGE };
	if (*head)
		page_links[*head].prev = pfn;
	*head = pfn;
}

static void block_remove(pfn_t pfn) REQUIRES(buddy_lock)
{
	const struct page_links *links = &page_links[pfn];

	page_states[pfn].block_free = false;
	if (links->prev)
		page_links[links->prev].next = links->next;
	else
		buddy_blocks[page_zone_of(pfn)][page_states[pfn].order] = links->next;
	if (links->next)
		page_links[links->next].prev = links->prev;
}

pfn_t buddy_take(enum page_zone zone, unsigned order)
{
	unsigned have = order;

	while (have < BUDDY_ORDERS && !buddy_blocks[zone][have])
		have++;
	if (have == BUDDY_ORDERS)
		return NO_PAGE;
	pfn_t pfn = buddy_blocks[zone][have];
	block_remove(pfn);
	while (have > order) {
		have--;
		block_insert(pfn + (1u << have), have);
	}
	buddy_free[zone] -= 1u << order;
	return pfn;
}

void buddy_give(pfn_t pfn, unsigned order)
{
	buddy_free[page_zone_of(pfn)] += 1u << order;
	while (order + 1 < BUDDY_ORDERS) {
		pfn_t buddy = pfn ^ 1u << order;
		if (buddy >= page_limit || !page_states[buddy].block_free || page_states[buddy].order != order ||
		    page_zone_of(buddy) != page_zone_of(pfn))
			break;
		block_remove(buddy);
		pfn = MIN(pfn, buddy);
		order++;
	}
	block_insert(pfn, order);
}

bool page_managed(pfn_t pfn)
{
	return pfn < page_limit && page_states[pfn].managed;
}

/* --- At boot --- */

/* Give every whole page of [start, end) that no taken range touches. */
static void give_range(const struct boot_info *boot, uint64_t start, uint64_t end, unsigned from) REQUIRES(buddy_lock)
{
	for (unsigned i = from; i < boot->taken_count; i++) {
		const struct boot_range *taken = &boot->taken[i];
		if (taken->end <= start || taken->start >= end)
			continue;
		if (taken->start > start)
			give_range(boot, start, taken->start, i + 1);
		if (taken->end < end)
			give_range(boot, taken->end, end, i + 1);
		return;
	}
	pfn_t first = MAX((pfn_t)((start + PGSIZE - 1) >> PGSHIFT), 1u), last = end >> PGSHIFT;
	for (pfn_t pfn = first; pfn < last;) {
		unsigned order = 0;
		while (order + 1 < BUDDY_ORDERS && pfn % (2u << order) == 0 && pfn + (2u << order) <= last)
			order++;
		for (pfn_t i = pfn; i < pfn + (1u << order); i++)
			page_states[i].managed = true;
		page_total += 1u << order;
		buddy_give(pfn, order);
		pfn += 1u << order;
	}
}

void page_init(const struct boot_info *boot)
{
	spin_lock(&buddy_lock);
	for (unsigned i = 0; i < boot->ram_count; i++)
		give_range(boot, boot->ram[i].start, boot->ram[i].end, 0);
	spin_unlock(&buddy_lock);
	/* The kernel holds the boot archive, whose pages programs map. */
	for (pfn_t pfn = boot->archive.start >> PGSHIFT; pfn < (boot->archive.end + PGSIZE - 1) >> PGSHIFT; pfn++)
		page_refs[pfn].pp_ref = 1;
}
