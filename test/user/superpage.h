/*
 * What the tests of superpages share: one at A, filled and compared page by page.
 */
#ifndef TEST_SUPERPAGE_H
#define TEST_SUPERPAGE_H

#include "child.h"

#define A ((char *)0x10000000)
#define B ((char *)0x20000000)
#define C ((char *)0x30000000)
#define LARGE (PTSIZE / PGSIZE) /* pages */

/* A word of its own in each page. */
static __attribute__((unused)) volatile uint32_t *word(char *base, uint32_t page)
{
	return (volatile uint32_t *)(base + page * PGSIZE + page % 8 * 500);
}

static __attribute__((unused)) void fill(char *base, uint32_t what)
{
	for (uint32_t i = 0; i < LARGE; i++)
		*word(base, i) = what + i;
}

/* All pages but [from, after) are as filled. */
static __attribute__((unused)) void expect_filled(char *base, uint32_t what, uint32_t from, uint32_t after)
{
	for (uint32_t i = 0; i < LARGE; i++) {
		if ((i < from || i >= after) && *word(base, i) != what + i)
			fail("page %u at %08x: expected %u, saw %u", i, base, what + i, *word(base, i));
	}
}

static __attribute__((unused)) bool is_large(const void *va)
{
	return (page_entry(va) & (PTE_P | PTE_PS)) == (PTE_P | PTE_PS);
}

static __attribute__((unused)) void alloc_at(char *va)
{
	expect_is(sys_page_alloc_large(0, va, RW), 0);
	expect(is_large(va));
}

static __attribute__((unused)) void unmap_all(char *va)
{
	expect_is(pages_unmap(0, va, LARGE), 0);
	expect_is(perm_of(va), 0);
}

/* After that free pages are the same before and after. */
static __attribute__((unused)) void grow_for_counts(void)
{
	grow_records(8);
	expect_is(sys_page_alloc(0, UTEMP, RW), 0); /* for its table */
	expect_is(sys_page_unmap(0, UTEMP), 0);
}

#endif
