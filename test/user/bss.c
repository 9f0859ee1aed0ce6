/*
 * A large program: 8 MB that the file does not hold are zero at the start, and each page is one of its own; so is the
 * rest of the last page of data. What is initialised is as it should be.
 */
#include "check.h"

#define WORDS (2 * 1024 * 1024)

static uint32_t large[WORDS];
static uint32_t initialised[3] = { 1, 0xDEADBEEF, 3 };
static uint32_t small;

void umain(int argc, char **argv)
{
	for (int i = 0; i < WORDS; i++) {
		if (large[i])
			fail("word %d of bss: expected 0, saw 0x%x", i, large[i]);
	}
	expect_is(small, 0);
	expect(initialised[0] == 1 && initialised[1] == 0xDEADBEEF && initialised[2] == 3);
	for (char *p = edata; p < (char *)ROUNDUP((uintptr_t)edata, PGSIZE) && p < end; p++)
		expect(p >= (char *)&small && p < (char *)(&small + 1) ? true : *p == 0);
	for (int i = 0; i < WORDS; i++)
		large[i] = i ^ 0x5A5A5A5A;
	for (int i = 0; i < WORDS; i++) {
		if (large[i] != ((uint32_t)i ^ 0x5A5A5A5A))
			fail("word %d of bss: expected 0x%x, saw 0x%x", i, i ^ 0x5A5A5A5A, large[i]);
	}
	for (char *p = (char *)large; p < (char *)(large + WORDS); p += PGSIZE)
		expect_is(refs_of(p), 1);
	/* Nothing is mapped behind the end but what libos needs for itself. */
	expect_is(perm_of((char *)ROUNDUP((uintptr_t)end, PGSIZE)), 0);
	cprintf("bss: %u words are as they should be\n", WORDS);
}
