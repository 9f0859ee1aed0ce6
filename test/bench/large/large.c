/*
 * large [wall]: what superpages save, beside the same done with small pages. Otherwise as bench, whose
 * test/bench/bench/measure.c it uses. It has no form on Linux.
 */
#include <finch/memory.h>
#include <test/bench/bench/measure.h>

#define AREA ((char *)0x20000000)
#define SUPERPAGES 4 /* 16 MB */
#define PAGES ((size_t)SUPERPAGES * NPTENTRIES)
#define PERM_WRITE (PTE_P | PTE_U | PTE_W)
#define WALK_STEPS 65536

static void touch(void)
{
	for (size_t i = 0; i < PAGES; i++)
		((volatile char *)AREA)[i * PGSIZE]++;
}

static bool area_gone(void)
{
	return pages_unmap(0, AREA, PAGES) == 0;
}

static bool small_there(void)
{
	return pages_alloc(0, AREA, PERM_WRITE, PAGES) == 0;
}

static bool large_there(void)
{
	return pages_alloc_large(0, AREA, PERM_WRITE, SUPERPAGES) == 0;
}

/* --- Mapped, each page written to, and unmapped --- */

static void small_alloc(void)
{
	check(pages_alloc(0, AREA, PERM_WRITE, PAGES), "pages_alloc");
	touch();
	check(pages_unmap(0, AREA, PAGES), "pages_unmap");
}

static void large_alloc(void)
{
	check(pages_alloc_large(0, AREA, PERM_WRITE, SUPERPAGES), "pages_alloc_large");
	touch();
	check(pages_unmap(0, AREA, PAGES), "pages_unmap");
}

/* --- fork with all of it, and a child that perhaps changes one page --- */

static void fork_and(bool change)
{
	envid_t child = fork();

	if (child == 0) {
		if (change)
			AREA[PTSIZE / 2] = 1;
		exit();
	}
	check(child, "fork");
	wait(child);
}

static void fork_wait(void)
{
	fork_and(false);
}

static void fork_change_wait(void)
{
	fork_and(true);
}

/* --- Reads all over it, in an order that no cache of translations holds --- */

static void walk(void)
{
	uint32_t at = 1;

	for (int i = 0; i < WALK_STEPS; i++) {
		at = at * 1664525 + 1013904223;
		(void)((volatile char *)AREA)[(at >> 8) % (PAGES * PGSIZE)];
	}
}

const struct operation operations[] = {
	{ "small-alloc", small_alloc, 1, SUPERPAGES, NULL, NULL },
	{ "large-alloc", large_alloc, 1, SUPERPAGES, NULL, NULL },
	{ "small-fork", fork_wait, 1, 1, small_there, area_gone },
	{ "large-fork", fork_wait, 1, 1, large_there, area_gone },
	{ "small-change", fork_change_wait, 1, 1, small_there, area_gone },
	{ "large-change", fork_change_wait, 1, 1, large_there, area_gone },
	{ "small-walk", walk, 1, WALK_STEPS, small_there, area_gone },
	{ "large-walk", walk, 1, WALK_STEPS, large_there, area_gone },
	{ .key = NULL },
};
