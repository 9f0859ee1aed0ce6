/*
 * The range forms of page_alloc, page_map, page_unmap and page_protect: no page, one, many, across tables, up to UTOP,
 * counts that run past the end or wrap, and what is reported when only a part can be done.
 */
#include "check.h"

#define A ((char *)0x10000000)
#define B ((char *)0x30000000)
#define MANY 2500 /* more than two tables */
#define PAGE(base, n) ((base) + (size_t)(n) * PGSIZE)

/* Repeat a range call until all is done, checking what it says of itself. */
#define all_of(call, total)                                                                                      \
	do {                                                                                                     \
		size_t at = 0;                                                                                   \
		while (at < (total)) {                                                                           \
			size_t n = (total) - at;                                                                 \
			int did = (call);                                                                        \
			if (did < 1 || (size_t)did > n)                                                          \
				fail("%s: expected 1 to %u pages, saw %d", #call, (unsigned)n, did);             \
			at += did;                                                                               \
		}                                                                                                \
	} while (0)

static void expect_all(char *base, size_t from, size_t to, uint32_t perm, uint32_t refs)
{
	for (size_t i = from; i < to; i++) {
		uint32_t is = perm_of(PAGE(base, i)), references = refs_of(PAGE(base, i));
		if (is != perm || references != refs)
			fail("page %u of 0x%x: expected permissions %x and %u references, saw %x and %u", (unsigned)i,
			     (unsigned)(uintptr_t)base, perm, refs, is, references);
	}
}

static void many(void)
{
	uint32_t before = free_pages();

	all_of(sys_page_alloc_range(0, PAGE(A, at), RW, n), MANY);
	expect_all(A, 0, MANY, RW, 1);
	for (int i = 0; i < MANY; i++) {
		expect(*(uint32_t *)PAGE(A, i) == 0 && ((uint32_t *)PAGE(A, i))[1023] == 0);
		*(uint32_t *)PAGE(A, i) = i + 1;
	}
	all_of(sys_page_map_range(0, PAGE(A, at), 0, PAGE(B, 700 + at), RO, n), MANY);
	expect_all(B, 700, 700 + MANY, RO, 2);
	expect_all(B, 0, 700, 0, 0);
	expect_all(B, 700 + MANY, 800 + MANY, 0, 0);
	for (int i = 0; i < MANY; i++)
		expect_is(*(uint32_t *)PAGE(B, 700 + i), i + 1);
	all_of(sys_page_protect_range(0, PAGE(A, at), RW | PTE_COW, n), MANY);
	expect_all(A, 0, MANY, RW | PTE_COW, 2);
	/* Alloc over what is there: the old pages are B's alone now. */
	all_of(sys_page_alloc_range(0, PAGE(A, 100 + at), RW, n), 1200);
	expect_all(A, 100, 1300, RW, 1);
	expect_all(B, 800, 2000, RO, 1);
	expect_is(*(uint32_t *)PAGE(A, 100), 0);
	expect_is(*(uint32_t *)PAGE(B, 800), 101);
	/* Unmap, with holes, and far more than is there. */
	all_of(sys_page_unmap_range(0, PAGE(A, at), n), 50);
	all_of(sys_page_unmap_range(0, PAGE(A, at), n), MANY + 5000);
	expect_all(A, 0, MANY, 0, 0);
	expect_all(B, 700, 700 + MANY, RO, 1);
	all_of(sys_page_unmap_range(0, PAGE(B, at), n), MANY + 700);
	expect_all(B, 0, MANY + 800, 0, 0);
	/* The tables that they needed are kept. */
	expect(before == 0 || before - free_pages() <= 3 + 4);
}

static void overlapping(void)
{
	all_of(sys_page_alloc_range(0, PAGE(A, at), RW, n), 200);
	for (int i = 0; i < 200; i++)
		*(uint32_t *)PAGE(A, i) = i;
	/* Downwards onto itself: page n comes to stand at n - 1. */
	all_of(sys_page_map_range(0, PAGE(A, 1 + at), 0, PAGE(A, at), RW, n), 199);
	for (int i = 0; i < 199; i++)
		expect_is(*(uint32_t *)PAGE(A, i), i + 1);
	expect_is(refs_of(PAGE(A, 198)), 2);
	expect_is(refs_of(PAGE(A, 197)), 1);
	all_of(sys_page_unmap_range(0, PAGE(A, at), n), 200);
}

static void counts(void)
{
	/* 0 is one page with the result 0; 1 is a range with the result 1. */
	expect_is(sys_page_alloc_range(0, A, RW, 0), 0);
	expect_is(sys_page_alloc_range(0, PAGE(A, 1), RW, 1), 1);
	expect_all(A, 0, 2, RW, 1);
	expect_all(A, 2, 4, 0, 0);
	expect_is(sys_page_map_range(0, A, 0, B, RO, 0), 0);
	expect_is(sys_page_map_range(0, A, 0, B, RO, 1), 1);
	expect_all(B, 0, 1, RO, 2);
	expect_is(sys_page_protect_range(0, A, RO, 0), 0);
	expect_is(sys_page_protect_range(0, A, RO, 1), 1);
	expect_all(A, 0, 1, RO, 2);
	expect_all(A, 1, 2, RW, 1);
	expect_is(sys_page_unmap_range(0, B, 0), 0);
	expect_is(sys_page_unmap_range(0, B, 1), 1);
	/* Some, then an end: what was done is counted, an error comes when none was. */
	expect_is(sys_page_map_range(0, A, 0, B, RO, 5), 2);
	expect_all(B, 0, 2, RO, 2);
	expect_all(B, 2, 5, 0, 0);
	expect_error(sys_page_map_range(0, PAGE(A, 2), 0, B, RO, 5), E_INVAL);
	expect_all(B, 0, 1, RO, 2);
	expect_error(sys_page_map_range(0, A, 0, B, RW, 2), E_INVAL);
	expect_is(sys_page_map_range(0, PAGE(A, 1), 0, B, RW, 2), 1);
	expect_all(B, 0, 1, RW, 3);
	/* B is now: writable, read-only. */
	expect_is(sys_page_protect_range(0, B, RW, 2), 1);
	expect_error(sys_page_protect_range(0, PAGE(B, 1), RW, 3), E_INVAL);
	expect_is(sys_page_unmap_range(0, B, 3), 3);
	expect_is(sys_page_unmap_range(0, A, 2), 2);
	expect_all(A, 0, 4, 0, 0);
}

static void ends(void)
{
	char *last = (char *)UTOP - PGSIZE;
	const size_t most = (1u << (32 - PERM_COUNT_SHIFT)) - 1;

	expect_is(sys_page_alloc_range(0, last, RW, 1), 1);
	expect_error(sys_page_alloc_range(0, last, RW, 2), E_INVAL);
	expect_error(sys_page_alloc_range(0, last, RW, most), E_INVAL);
	expect_error(sys_page_unmap_range(0, last, 2), E_INVAL);
	expect_error(sys_page_protect_range(0, last, RO, 2), E_INVAL);
	expect_error(sys_page_map_range(0, last, 0, A, RO, 2), E_INVAL);
	expect_error(sys_page_map_range(0, last, 0, last, RO, most), E_INVAL);
	expect_error(sys_page_alloc_range(0, A, RW, most), E_INVAL);
	expect_error(sys_page_alloc_range(0, A, RW, (UTOP - (uintptr_t)A) / PGSIZE + 1), E_INVAL);
	expect_error(sys_page_unmap_range(0, A, (UTOP - (uintptr_t)A) / PGSIZE + 1), E_INVAL);
	/* A count that, as bytes, wraps round to a little. */
	expect_error(sys_page_unmap_range(0, PAGE(A, 1), (0u - (uintptr_t)A) / PGSIZE), E_INVAL);
	expect_error(sys_page_alloc_range(0, (void *)0, RW, most), E_INVAL);
	expect_all(last, 0, 1, RW, 1);
	expect_is(perm_of(A), 0);
	expect_is(sys_page_unmap_range(0, last, 1), 1);
	expect_is(perm_of(last), 0);
}

void umain(int argc, char **argv)
{
	counts();
	many();
	many();
	overlapping();
	ends();
	expect_kernel_sound();
}
