/*
 * Out of memory, at every place: the first allocation that a call causes fails, then the second, and so on until it
 * succeeds. Each failure is -E_NO_MEM, changes nothing and leaves no page behind. Needs the boot word `test`.
 */
#include "child.h"

#define A ((char *)0x10000000)
#define TRIES_MAX 1000

static void fail_after(uint32_t n)
{
	int error = sys_test(TEST_FAIL_AFTER, n, NULL, 0);

	if (error)
		fail("TEST_FAIL_AFTER (with the boot word `test`): expected 0, saw %d", error);
}

static void fail_never(void)
{
	fail_after(~0u);
}

/* Do what attempt does with failures at every place. It returns >= 0 for success; undo follows that. */
static void at_every_place(const char *what, int (*attempt)(void), void (*undo)(int result))
{
	/* Once without failures: what it grows for good is there then. */
	undo(attempt());
	uint32_t before = free_pages();

	for (uint32_t n = 0; n < TRIES_MAX; n++) {
		fail_after(n);
		int result = attempt();
		fail_never();
		if (result >= 0) {
			undo(result);
			uint32_t after = free_pages();
			if (after != before)
				fail("%s, done and undone: expected %u free pages, saw %u", what, before, after);
			expect(n > 0);
			return;
		}
		if (result != -E_NO_MEM)
			fail("%s whose allocation %u fails: expected %d, saw %d", what, n, -E_NO_MEM, result);
		uint32_t after = free_pages();
		if (after != before)
			fail("%s whose allocation %u fails: expected %u free pages, saw %u", what, n, before, after);
		expect_kernel_sound();
	}
	fail("%s: it still fails with %d failures put off", what, TRIES_MAX);
}

/* --- A page in a new child, where nothing is: page tables are needed too --- */

static envid_t child;

static int alloc(void)
{
	int error = sys_page_alloc(child, A, RW);
	fail_never();
	/* Nothing there, after an error. */
	expect_is(sys_page_map(child, A, 0, A, RO), error ? -E_INVAL : 0);
	expect_is(sys_page_unmap(0, A), 0);
	return error;
}

static int map(void)
{
	uint32_t refs = refs_of((void *)UTEXT);
	int error = sys_page_map(0, (void *)UTEXT, child, A, RO);
	fail_never();
	expect_is(refs_of((void *)UTEXT), refs + (error == 0));
	return error;
}

/* In place of a page that is there: it stays, after an error. */
static int replace(void)
{
	uint32_t page = PTE_ADDR(uvpt[PGNUM(A)]);
	int error = sys_page_alloc(0, A, RW | PTE_AVAIL);

	fail_never();
	if (error) {
		expect_is(PTE_ADDR(uvpt[PGNUM(A)]), page);
		expect_is(perm_of(A), RW);
		expect_is(*(volatile char *)A, 'r');
	} else {
		expect_is(perm_of(A), RW | PTE_AVAIL);
		expect_is(*(volatile char *)A, 0);
		expect_is(sys_page_protect(0, A, RW), 0);
		*(volatile char *)A = 'r';
	}
	return error;
}

static void nothing(int result)
{
	USED(result);
}

/* Back to a child where nothing is. */
static void new_child(int result)
{
	uint32_t used = free_pages();

	USED(result);
	expect_is(sys_env_destroy(child), 0);
	expect_end(child, -E_KILLED);
	expect(free_pages() > used);
	child = sys_exofork();
	expect(child > 0);
}

static int exofork(void)
{
	return sys_exofork();
}

static void destroy(int id)
{
	expect_is(sys_env_destroy(id), 0);
	expect_end(id, -E_KILLED);
}

static void child_function_(uint32_t arg)
{
	USED(arg);
}

static int make_child(void)
{
	return child_try(child_function_, 0);
}

static int start_program(void)
{
	return spawnl("sys_nomem", "sys_nomem", "-ends", "with", "arguments", 0);
}

static void wait_for(int id)
{
	expect_end(id, 0);
}

/* A range: what fits is done and counted, an error comes only when nothing was. */
static void range(void)
{
	char *base = (char *)0x20000000 - 4 * PGSIZE; /* across tables: both are there once it was used */

	expect_is(sys_page_alloc_range(0, base, RW, 8), 8);
	expect_is(sys_page_unmap_range(0, base, 8), 8);
	for (uint32_t n = 0; n <= 8; n++) {
		uint32_t before = free_pages();
		fail_after(n);
		int done = sys_page_alloc_range(0, base, RW, 8);
		fail_never();
		expect_is(done, n == 0 ? -E_NO_MEM : (int)n);
		for (uint32_t i = 0; i < 8; i++)
			expect_is(perm_of(base + i * PGSIZE), i < n ? RW : 0);
		expect_is(free_pages(), before - n);
		expect_is(sys_page_unmap_range(0, base, 8), 8);
		expect_is(free_pages(), before);
	}
}

void umain(int argc, char **argv)
{
	if (argc > 1)
		return;
	grow_records(20);
	at_every_place("exofork", exofork, destroy);
	at_every_place("making a child", make_child, destroy);
	at_every_place("spawn", start_program, wait_for);
	expect_is(sys_page_alloc(0, A, RW), 0);
	*(volatile char *)A = 'r';
	at_every_place("page_alloc in place of a page", replace, nothing);
	expect_is(sys_page_unmap(0, A), 0);
	child = sys_exofork();
	expect(child > 0);
	at_every_place("page_alloc", alloc, new_child);
	at_every_place("page_map", map, new_child);
	destroy(child);
	range();
	expect_kernel_sound();
}
