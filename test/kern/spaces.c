/* Tests of address spaces: kern/space.c and the page tables below it. */
#include <abi/error.h>
#include <arch/space.h>
#include <common/string.h>
#include <kern/request.h>
#include <kern/space_load.h>
#include <kern/space_page.h>
#include <kern/user.h>
#include "test.h"

#define READ (PTE_P | PTE_U)
#define WRITE (PTE_P | PTE_U | PTE_W)

/* --- Against a model: pieces of a space round the borders of tables, at both ends and in between --- */

#define PIECE 48 /* pages */

static const uintptr_t pieces[] = { 0, 5 * PTSIZE - PIECE / 2 * PGSIZE, 200u * PTSIZE - PGSIZE, UTOP - PIECE * PGSIZE };
#define PIECES ARRAY_SIZE(pieces)

struct entry {
	pfn_t pfn;
	uint32_t perm;
};

static struct entry model[2][PIECES * PIECE];
static struct space *spaces[2];

static uintptr_t address(unsigned i)
{
	return pieces[i / PIECE] + i % PIECE * PGSIZE;
}

static uint32_t random_perm(void)
{
	static const uint32_t perms[] = { READ, WRITE, READ | PTE_COW, WRITE | PTE_SHARE, READ | PTE_AVAIL };

	return perms[test_random(ARRAY_SIZE(perms))];
}

static void check_entry(unsigned s, unsigned i)
{
	uint32_t perm;
	pfn_t pfn = space_lookup(spaces[s], address(i), &perm);
	const struct entry *entry = &model[s][i];

	if (pfn != entry->pfn || perm != entry->perm)
		test_fail(__FILE__, __LINE__, "at %08x expected page %x with %x, found %x with %x", (uint32_t)address(i),
			  entry->pfn, entry->perm, pfn, perm);
}

static uint32_t mappings_of(pfn_t pfn)
{
	uint32_t count = 0;

	for (unsigned i = 0; i < PIECES * PIECE; i++)
		count += (model[0][i].pfn == pfn) + (model[1][i].pfn == pfn);
	return count;
}

/* Every entry, and every page's number of references. */
static void check_all(void)
{
	for (unsigned s = 0; s < 2; s++) {
		for (unsigned i = 0; i < PIECES * PIECE && !test_failed(); i++)
			check_entry(s, i);
	}
	for (unsigned i = 0; i < PIECES * PIECE && !test_failed(); i++) {
		for (unsigned s = 0; s < 2; s++) {
			if (model[s][i].pfn)
				EXPECT_IS(page_references(model[s][i].pfn), mappings_of(model[s][i].pfn));
		}
	}
}

/* These are for a space that is loaded. */
static bool alloc_page(struct space *space, uintptr_t va, uint32_t perm)
{
	space_load(space);
	bool done = space_alloc_page(space, va, perm);
	space_load(NULL);
	return done;
}

static bool unmap_page(struct space *space, uintptr_t va)
{
	space_load(space);
	bool done = space_unmap_page(space, va);
	space_load(NULL);
	return done;
}

static void model_alloc(unsigned s, unsigned at, unsigned n)
{
	uint32_t perm = random_perm();
	bool fast = n == 1 && test_random(2) && alloc_page(spaces[s], address(at), perm);
	int done = fast ? 1 : space_alloc(spaces[s], address(at), perm, n);

	EXPECT(done > 0 && done <= (int)n);
	for (int i = 0; i < done; i++) {
		uint32_t have;
		pfn_t pfn = space_lookup(spaces[s], address(at + i), &have);
		EXPECT_IS(page_references(pfn), 1);
		model[s][at + i] = (struct entry){ pfn, perm };
	}
}

/* Pages up to the end of a table. */
static unsigned to_border(unsigned i)
{
	return LARGE_PAGES - address(i) % PTSIZE / PGSIZE;
}

static void model_map(unsigned from, unsigned srcat, unsigned to, unsigned dstat, unsigned n)
{
	uint32_t perm = random_perm();
	unsigned good = 0;
	int done = space_map(spaces[from], address(srcat), spaces[to], address(dstat), perm, n);
	while (good < n && model[from][srcat + good].pfn && !(perm & PTE_W & ~model[from][srcat + good].perm))
		good++;
	EXPECT(good ? done > 0 && done <= (int)good : done == -E_INVAL);
	/* Should the ranges overlap: piece by piece, up to where on either side a table ends, it is as it was before. */
	for (unsigned i = 0, slice; (int)i < done; i += slice) {
		slice = MIN((unsigned)done - i, MIN(to_border(srcat + i), to_border(dstat + i)));
		memmove(&model[to][dstat + i], &model[from][srcat + i], slice * sizeof model[to][0]);
	}
	for (int i = 0; i < done; i++)
		model[to][dstat + i].perm = perm;
}

static void model_unmap(unsigned s, unsigned at, unsigned n)
{
	bool fast = n == 1 && test_random(2) && unmap_page(spaces[s], address(at));
	int done = fast ? 1 : space_unmap(spaces[s], address(at), n);

	EXPECT(done > 0 && done <= (int)n);
	memset(&model[s][at], 0, done * sizeof model[s][0]);
}

static void model_protect(unsigned s, unsigned at, unsigned n)
{
	uint32_t perm = random_perm();
	int done = space_protect(spaces[s], address(at), perm, n);
	unsigned good = 0;

	while (good < n && !(model[s][at + good].pfn && perm & PTE_W & ~model[s][at + good].perm))
		good++;
	EXPECT(good ? done > 0 && done <= (int)good : done == -E_INVAL);
	for (int i = 0; i < done; i++) {
		if (model[s][at + i].pfn)
			model[s][at + i].perm = perm;
	}
}

static void model_step(void)
{
	unsigned s = test_random(2), piece = test_random(PIECES), at = test_random(PIECE);
	unsigned n = 1 + test_random(test_random(2) ? 1 : PIECE - at);
	unsigned other_piece = test_random(PIECES), other = test_random(PIECE - n + 1);

	at += piece * PIECE;
	switch (test_random(5)) {
	case 0:
		model_alloc(s, at, n);
		break;
	case 1:
		model_unmap(s, at, n);
		break;
	case 2:
		model_protect(s, at, n);
		break;
	default:
		model_map(s, at, test_random(2), other_piece * PIECE + other, n);
	}
}

void test_space_model(void)
{
	uint32_t free = test_free_pages();

	memset(model, 0, sizeof model);
	spaces[0] = test_space();
	spaces[1] = test_space();
	for (unsigned step = 0; step < 3000 && !test_failed(); step++) {
		/* Now and then one of them is loaded here: what must be flushed then is looked for in space_shootdown. */
		if (step % 100 == 0)
			space_load(step / 100 % 3 ? spaces[step / 100 % 3 - 1] : NULL);
		model_step();
		if (step % 200 == 0)
			check_all();
	}
	check_all();
	space_load(NULL);
	test_space_end(spaces[0]);
	test_space_end(spaces[1]);
	/* A page of unused spaces may stay. */
	EXPECT(free - test_free_pages() <= 1);
}

void test_table_notes(void)
{
	pfn_t pfn = page_take_kernel();
	arch_pte_t *table = page_address(pfn);
	static bool used[NPTENTRIES];

	EXPECT_IS(arch_table_noted(table, 0), NPTENTRIES);
	memset(used, 0, sizeof used);
	for (unsigned round = 0; round < 40 && !test_failed(); round++) {
		unsigned index = round == 0 ? NPTENTRIES - 1 : round == 1 ? 0 : test_random(NPTENTRIES);
		used[index] = true;
		arch_table_note(&table[index]);
		/* Every used entry is come by, in order, and no group of 32 without one. */
		unsigned next = 0;
		for (unsigned i = 0; i < NPTENTRIES; i++) {
			if (i == next)
				next = arch_table_noted(table, i);
			EXPECT(next >= i);
			if (used[i])
				EXPECT_IS(next, i);
			if (next == i)
				next = i + 1;
		}
		EXPECT_IS(arch_table_noted(table, NPTENTRIES), NPTENTRIES);
	}
	page_drop(pfn);
}

/* A range over many tables, most of them missing or empty. */
void test_space_large_range(void)
{
	uint32_t free = test_free_pages(), all = UTOP / PGSIZE, perm;
	struct space *space = test_space();

	for (uintptr_t va = PTSIZE / 2; va < UTOP; va += 64 * PTSIZE)
		EXPECT_IS(space_alloc(space, va, WRITE, 1), 1);
	EXPECT_IS(space_alloc(space, UTOP - PGSIZE, WRITE, 1), 1);
	for (uint32_t done = 0; done < all;) {
		int n = space_protect(space, done * PGSIZE, READ, all - done);
		EXPECT(n > 0);
		done += n > 0 ? (uint32_t)n : all;
	}
	EXPECT(space_lookup(space, UTOP - PGSIZE, &perm) && perm == READ);
	EXPECT(space_lookup(space, PTSIZE / 2, &perm) && perm == READ);
	EXPECT_IS(space_protect(space, 0, WRITE, PTSIZE / 2 / PGSIZE), PTSIZE / 2 / PGSIZE);
	EXPECT_IS(space_protect(space, PTSIZE / 2, WRITE, 1), -E_INVAL);
	for (uint32_t done = 0; done < all;)
		done += space_unmap(space, done * PGSIZE, all - done);
	for (uintptr_t va = PTSIZE / 2; va < UTOP; va += 64 * PTSIZE)
		EXPECT_IS(space_lookup(space, va, &perm), NO_PAGE);
	EXPECT_IS(space_lookup(space, UTOP - PGSIZE, &perm), NO_PAGE);
	test_space_end(space);
	EXPECT(free - test_free_pages() <= 1);
}

/*
 * A superpage takes the place of a table, and before other CPUs have flushed, so that they may still walk through that
 * table, another superpage is taken apart, or unmapped: it gets a table that none of them can know.
 */
#define HERE (4 * PTSIZE)

static void replace_table(struct space *space, pfn_t large, pfn_t page, bool unmap)
{
	pfn_t table = arch_pte_pfn(*arch_space_slot(&space->arch, HERE));
	pfn_t spare = page ? page_take_kernel() : NO_PAGE;
	const arch_pte_t *entry = page_address(table);
	struct replaced replaced, others;

	replaced_init(&replaced);
	replaced_init(&others);
	spin_lock(&space->lock);
	EXPECT_IS(space_large_needs_spare(space, HERE), page != NO_PAGE);
	EXPECT_IS(space_large_put(space, HERE, arch_pte_make_large(large, WRITE), &spare, &replaced), 0);
	if (unmap)
		space_large_unmap(space, PTSIZE, &others);
	else
		space_split(space, PTSIZE, &others);
	EXPECT(arch_pte_pfn(*arch_space_slot(&space->arch, PTSIZE)) != table);
	EXPECT(page ? arch_pte_pfn(*entry) == page && page_references(page) == 1 : !arch_pte_present(*entry));
	spin_unlock(&space->lock);
	replaced_finish(&others, space);
	space_large_finish(space, &replaced, spare);
	/* Without a spare, that table is the reserve of this place. */
	space_split_now(space, HERE);
	EXPECT(page || arch_pte_pfn(*arch_space_slot(&space->arch, HERE)) == table);
}

void test_space_table_replaced(void)
{
	uint32_t free = test_free_pages(), perm;

	for (unsigned i = 0; arch_large_supported() && i < 4; i++) {
		struct space *space = test_space();
		bool empty = i & 1, unmap = i & 2;
		pfn_t large = NO_PAGE;
		EXPECT_IS(space_alloc(space, HERE, WRITE, 1), 1);
		pfn_t page = space_lookup(space, HERE, &perm);
		if (empty)
			unmap_page(space, HERE);
		/* In a small machine there are no two. */
		if (space_alloc_large(space, PTSIZE, WRITE, 1) == 1 && (large = large_take(NULL)))
			replace_table(space, large, empty ? NO_PAGE : page, unmap);
		test_space_end(space);
	}
	EXPECT(free - test_free_pages() <= 1); /* the pool may keep its page */
}

/* --- Out of memory --- */

/* Each allocation that an operation makes fails once; it then leaves no trace. */
void test_space_failing(void)
{
	struct space *space = test_space(), *other = test_space(), *third = NULL;
	uint32_t perm, free;
	int done;

	EXPECT_IS(space_alloc(space, PTSIZE, WRITE, 1), 1);
	pfn_t pfn = space_lookup(space, PTSIZE, &perm);
	free = test_free_pages();
	for (unsigned n = 0; !third && n < 5; n++) {
		page_fail_after(n);
		third = space_create(NULL);
		bool ended = page_fail_ends();
		page_fail_never();
		EXPECT_IS(ended, !third);
		/* The pool may keep its page. */
		EXPECT(free - test_free_pages() <= (third ? 2 : 1));
	}
	EXPECT(third);
	if (third)
		space_abandon(third);
	free = test_free_pages();
	for (unsigned n = 0, failures = 0; n < 3; n++) {
		page_fail_after(n);
		done = space_alloc(space, 8 * PTSIZE + PGSIZE, WRITE, 1);
		failures += done == -E_NO_MEM;
		page_fail_never();
		EXPECT_IS(failures, MIN(n + 1, 2u)); /* a page and a table */
		EXPECT(done == 1 || done == -E_NO_MEM);
		if (done != 1)
			EXPECT_IS(test_free_pages(), free);
		EXPECT_IS(space_lookup(space, 8 * PTSIZE + PGSIZE, &perm) != NO_PAGE, done == 1);
	}
	free = test_free_pages();
	page_fail_after(0);
	EXPECT_IS(space_map(space, PTSIZE, other, 3 * PTSIZE, READ, 1), -E_NO_MEM);
	page_fail_after(0);
	EXPECT_IS(space_insert(other, 3 * PTSIZE, &pfn, 1, READ), -E_NO_MEM);
	page_fail_never();
	EXPECT_IS(page_references(pfn), 1);
	EXPECT_IS(test_free_pages(), free);
	/* A range does what it can; what it replaces is gone only where it came that far. */
	EXPECT_IS(space_alloc(space, PTSIZE + PGSIZE, WRITE, 9), 9);
	free = test_free_pages();
	page_fail_after(4);
	EXPECT_IS(space_alloc(space, PTSIZE, WRITE, 10), 4);
	page_fail_after(0);
	EXPECT_IS(space_alloc(space, PTSIZE, WRITE, 10), -E_NO_MEM);
	page_fail_never();
	EXPECT_IS(test_free_pages(), free);
	test_space_end(space);
	test_space_end(other);
}

/* Memory really out: a space that has it all, and then none. */
void test_space_out_of_memory(void)
{
	uint32_t free = test_free_pages(), got = 0;
	struct space *space = test_space();
	int done;

	while ((done = space_alloc(space, PTSIZE + got * PGSIZE, WRITE, 0x10000)) > 0 && got < 0x80000)
		got += done;
	EXPECT_IS(done, -E_NO_MEM);
	EXPECT(!alloc_page(space, 0, WRITE));
	EXPECT_IS(space_alloc(space, 0, WRITE, 1), -E_NO_MEM);
	EXPECT(!space_create(NULL));
	/* All that is left stands in caches of other CPUs, or has no kernel address for a table. */
	EXPECT(got > free / 2);
	test_space_end(space);
	EXPECT(free - test_free_pages() <= 1);
}

/* --- What other CPUs see --- */

#define SHOT 0x00C00000

static struct space *shot;
static atomic_t round, seen, stop;

/* A CPU that has the space loaded and reads a page of it all the time: it never sees an old one after the new was told. */
static void look(void *argument)
{
	(void)argument;
	space_load(shot);
	while (!atomic_load(&stop)) {
		uint32_t at_least = atomic_load(&round), word = 0;
		int error = user_read(&word, (uaddr_t){ SHOT }, sizeof word);
		/* Odd rounds: not mapped. One may have begun meanwhile. */
		if (at_least == atomic_load(&round) && at_least % 2)
			EXPECT_IS(error, -E_FAULT);
		else if (!error && word < at_least)
			test_fail(__FILE__, __LINE__, "expected a page of round %u or later, read %u", at_least, word);
		atomic_or(&seen, 1u << this_cpu()->number);
		request_serve();
	}
	space_load(NULL);
}

static void await_seen(void)
{
	uint32_t all = ((1ull << cpu_count) - 1) & ~1u;

	atomic_exchange(&seen, 0);
	while (atomic_load(&seen) != all) {
		request_serve();
		arch_pause();
	}
}

static void shoot_pages(unsigned from, unsigned to)
{
	for (unsigned i = from; i < to && !test_failed(); i += 2) {
		pfn_t pfn = page_take_user();
		*(uint32_t *)arch_window(pfn, 1) = i;
		/* Where nothing is mapped, the new one may be seen from now on. */
		if (atomic_load(&round) % 2)
			atomic_store_release(&round, i);
		EXPECT_IS(space_insert(shot, SHOT, &pfn, 1, WRITE), 0);
		page_drop(pfn);
		atomic_store_release(&round, i);
		if (i % 16 == 0)
			await_seen();
		/* Replaced, or gone for a while. */
		if (i % 8)
			continue;
		EXPECT_IS(space_unmap(shot, SHOT, 1), 1);
		atomic_store_release(&round, i + 1);
		if (i % 32 == 0)
			await_seen();
	}
}

void test_space_shootdown(void)
{
	if (cpu_count == 1)
		return;
	shot = test_space();
	atomic_exchange(&stop, 0);
	atomic_exchange(&round, 1);
	for (unsigned n = 1; n < cpu_count; n++)
		test_on(n, look, NULL);
	await_seen();
	EXPECT_IS(atomic_load(&shot->loaded), ((1ull << cpu_count) - 1) & ~1u);
	uint32_t rounds = 2 * test_share(600);
	shoot_pages(2, rounds);
	/* Once more with the space loaded here. */
	space_load(shot);
	shoot_pages(rounds, 2 * rounds);
	space_load(NULL);
	atomic_exchange(&stop, 1);
	test_await();
	EXPECT_IS(atomic_load(&shot->loaded), 0);
	test_space_end(shot);
}
