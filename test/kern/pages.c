/* Tests of the allocator: kern/buddy.c, kern/page.c. */
#include <common/string.h>
#include <kern/buddy.h>
#include <kern/reclaim.h>
#include <kern/verify.h>
#include "test.h"

/* --- The buddy allocator against a model --- */

#define BLOCKS 200
#define GIVEN_OUT 0xEE /* in page_states[].order, which is of no use in a page that is not free: our mark */

struct block {
	pfn_t pfn;
	unsigned order;
	enum page_zone zone;
};

/* How many free blocks there are of each order, and whether two free buddies are not joined. */
static void histogram(uint32_t counts[BUDDY_ORDERS])
{
	memset(counts, 0, BUDDY_ORDERS * sizeof *counts);
	spin_lock(&buddy_lock);
	for (pfn_t pfn = 0; pfn < page_limit; pfn++) {
		const struct page_state *state = &page_states[pfn];
		if (!state->block_free)
			continue;
		counts[state->order]++;
		pfn_t buddy = pfn ^ 1u << state->order;
		if (state->order + 1 < BUDDY_ORDERS && buddy < page_limit && page_states[buddy].block_free)
			EXPECT(page_states[buddy].order != state->order);
	}
	spin_unlock(&buddy_lock);
}

static void check_taken(const struct block *block)
{
	EXPECT_IS(block->pfn % (1u << block->order), 0);
	for (pfn_t pfn = block->pfn; pfn < block->pfn + (1u << block->order); pfn++) {
		EXPECT(page_managed(pfn) && page_references(pfn) == 0 && !page_states[pfn].block_free);
		EXPECT_IS(pfn >= DIRECT_MAP_LIMIT >> PGSHIFT, block->zone == PAGE_HIGH);
		EXPECT(page_states[pfn].order != GIVEN_OUT);
		page_states[pfn].order = GIVEN_OUT;
	}
}

static bool take(struct block *block, enum page_zone zone, unsigned order)
{
	spin_lock(&buddy_lock);
	pfn_t pfn = buddy_take(zone, order);
	spin_unlock(&buddy_lock);
	*block = (struct block){ pfn, order, zone };
	if (pfn)
		check_taken(block);
	return pfn != NO_PAGE;
}

static void give(const struct block *block)
{
	for (unsigned i = 0; i < 1u << block->order; i++)
		page_states[block->pfn + i].order = 0;
	spin_lock(&buddy_lock);
	buddy_give(block->pfn, block->order);
	spin_unlock(&buddy_lock);
}

void test_buddy_random(void)
{
	static struct block blocks[BLOCKS];
	uint32_t before[BUDDY_ORDERS], after[BUDDY_ORDERS], free = buddy_free_pages(), taken = 0;
	unsigned count = 0;

	histogram(before);
	for (unsigned step = 0; step < 5000 && !test_failed(); step++) {
		if (count < BLOCKS && test_random(100) < (step / 500 % 2 ? 40 : 60)) {
			if (take(&blocks[count], test_random(2), test_random(test_random(BUDDY_ORDERS) + 1)))
				taken += 1u << blocks[count++].order;
		} else if (count) {
			unsigned i = test_random(count);
			taken -= 1u << blocks[i].order;
			give(&blocks[i]);
			blocks[i] = blocks[--count];
		}
		if (cpu_count == 1)
			EXPECT_IS(buddy_free_pages() + taken, free);
	}
	while (count)
		give(&blocks[--count]);
	histogram(after);
	if (cpu_count == 1)
		EXPECT_IS(memcmp(before, after, sizeof before), 0);
	EXPECT_IS(verify_all(), 0);
}

/* Take all pages of a zone one by one, in lists through their links; give them back in an odd order. */
static void exhaust(enum page_zone zone)
{
	pfn_t lists[3] = { NO_PAGE };
	struct block block;
	uint32_t count = 0;

	while (take(&block, zone, 0)) {
		pfn_t *list = &lists[block.pfn * 2654435761u % 3];
		page_links[block.pfn].next = *list;
		*list = block.pfn;
		count++;
	}
	EXPECT(count > 0 || zone == PAGE_HIGH);
	for (unsigned order = 0; order < BUDDY_ORDERS; order++)
		EXPECT(!take(&block, zone, order));
	for (unsigned i = 0; i < ARRAY_SIZE(lists); i++) {
		for (pfn_t pfn = lists[i], next; pfn; pfn = next) {
			next = page_links[pfn].next;
			give(&(struct block){ pfn, 0, zone });
		}
	}
}

void test_buddy_exhaustion(void)
{
	uint32_t before[BUDDY_ORDERS], after[BUDDY_ORDERS];

	page_drain();
	histogram(before);
	exhaust(PAGE_DIRECT);
	exhaust(PAGE_HIGH);
	histogram(after);
	if (cpu_count == 1)
		EXPECT_IS(memcmp(before, after, sizeof before), 0);
	EXPECT_IS(verify_all(), 0);
}

/* --- Pages --- */

void test_page_references(void)
{
	uint32_t free = test_free_pages();
	pfn_t pfn = page_take_user();

	EXPECT(pfn && page_managed(pfn));
	EXPECT_IS(page_references(pfn), 1);
	EXPECT_IS(test_free_pages(), free - 1);
	for (unsigned i = 0; i < 100000; i++)
		page_hold(pfn);
	EXPECT_IS(page_references(pfn), 100001);
	for (unsigned i = 0; i < 100000; i++)
		page_drop(pfn);
	EXPECT_IS(page_references(pfn), 1);
	page_drop(pfn);
	EXPECT_IS(page_references(pfn), 0);
	EXPECT_IS(test_free_pages(), free);
	pfn = page_take_kernel();
	EXPECT(pfn && pfn < DIRECT_MAP_LIMIT >> PGSHIFT);
	EXPECT_IS(*page_note(pfn), 0);
	*page_note(pfn) = 0xFFFFFFFF;
	page_drop(pfn);
	EXPECT_IS(test_free_pages(), free);
	EXPECT_IS(verify_all(), 0);
}

static bool is_zero(pfn_t pfn)
{
	const uint32_t *words = arch_window(pfn, 1);

	for (unsigned i = 0; i < PGSIZE / sizeof *words; i++) {
		if (words[i])
			return false;
	}
	return true;
}

/* Whatever stood in them, pages come zeroed; by both ways, also when zeroed ones run out. */
void test_page_zeroed(void)
{
	static pfn_t pages[600];

	while (page_zero_ahead())
		continue;
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < ARRAY_SIZE(pages); i++) {
			pages[i] = i % 3 ? page_take_user() : page_take_kernel();
			if (!pages[i])
				continue;
			EXPECT(is_zero(pages[i]));
			memset(arch_window(pages[i], 1), 0xA5 + round, PGSIZE);
		}
		for (unsigned i = 0; i < ARRAY_SIZE(pages); i++) {
			if (pages[i])
				page_drop(pages[i]);
		}
	}
	pfn_t pfn = page_take_user_plain();
	EXPECT_IS(page_references(pfn), 1);
	page_drop(pfn);
}

static uint32_t cached(const struct cpu *cpu)
{
	const struct page_cache *cache = &cpu->pages;
	uint32_t count = 0;

	for (unsigned zone = 0; zone < PAGE_ZONES; zone++)
		count += cache->plain[zone].count + cache->zeroed[zone].count;
	return count;
}

void test_page_drain(void)
{
	uint32_t free = test_free_pages();

	while (page_zero_ahead())
		continue;
	EXPECT(cached(this_cpu()) > 0);
	page_drain();
	EXPECT_IS(cached(this_cpu()), 0);
	EXPECT_IS(verify_all(), 0);
	EXPECT(reclaim());
	EXPECT_IS(test_free_pages(), free);
}

/* All CPUs take and drop for themselves, and drop what others took. */

#define EXCHANGE 64

static atomic_t exchange[EXCHANGE];

static void take_and_drop(void *argument)
{
	uint32_t seed = this_cpu()->number * 7919 + 1;

	(void)argument;
	for (unsigned i = 0; i < 4000; i++) {
		seed = seed * 1664525 + 1013904223;
		pfn_t pfn = seed >> 30 ? page_take_user() : page_take_kernel();
		if (pfn)
			EXPECT_IS(page_references(pfn), 1);
		pfn = atomic_exchange(&exchange[(seed >> 20) % EXCHANGE], pfn);
		if (pfn)
			page_drop(pfn);
		if (seed % 512 == 0)
			page_drain();
		if (seed % 300 == 0)
			reclaim();
	}
}

void test_page_all_cpus(void)
{
	uint32_t free = test_free_pages();

	test_on_all(take_and_drop, NULL);
	for (unsigned i = 0; i < EXCHANGE; i++) {
		pfn_t pfn = atomic_exchange(&exchange[i], NO_PAGE);
		if (pfn)
			page_drop(pfn);
	}
	EXPECT_IS(test_free_pages(), free);
	EXPECT_IS(verify_all(), 0);
}
