/*
 * All memory there is: taken until -E_NO_MEM, while another program goes on; what needs none still works; given back,
 * it is all there again. Then the same by a family of children.
 */
#include "child.h"

#define BASE ((char *)0x10000000)
#define LIMIT ((char *)0xA0000000)
#define CHUNK 1024

static volatile uint32_t count;
static volatile bool full;

static void counter(uint32_t arg)
{
	USED(arg);
	for (;;)
		count++;
}

/* Take pages from at on until there are none; returns the address after the last. */
static char *take_all(char *at)
{
	while (at < LIMIT) {
		uint32_t room = ((uintptr_t)LIMIT - (uintptr_t)at) / PGSIZE;
		int done = sys_page_alloc_range(0, at, RW, MIN(room, (uint32_t)CHUNK));
		if (done == -E_NO_MEM)
			return at;
		if (done < 1 || done > CHUNK)
			fail("page_alloc of a range: expected 1 to %d pages or %d, saw %d", CHUNK, -E_NO_MEM, done);
		*(volatile uint32_t *)at = 1;
		at += done * PGSIZE;
	}
	return at;
}

static void with_nothing_left(char *after)
{
	char *table = (char *)ROUNDUP((uintptr_t)after, PTSIZE) + PTSIZE; /* where no page table is */

	uint32_t before = count;
	wait_until(count != before);
	expect_is(perm_of(after), 0);
	/* What idle CPUs had put by may have come free since. */
	int error = sys_page_alloc(0, table, RW);
	if (error == 0)
		sys_page_unmap(0, table);
	else
		expect_is(error, -E_NO_MEM);
	/* Without memory these work. */
	expect_is(sys_page_map(0, BASE, 0, BASE + PGSIZE, RW), 0);
	expect_is(refs_of(BASE), 2);
	expect_is(sys_page_protect(0, BASE, RO), 0);
	expect_is(sys_page_alloc(0, BASE, RW), 0);
	cprintf("sys_full: no memory is left\n");
}

static void alone(void)
{
	uint32_t before = free_pages();
	char *after = take_all(BASE);

	expect(after > BASE + 100 * PGSIZE);
	with_nothing_left(after);
	expect_kernel_sound();
	expect_is(pages_unmap(0, BASE, (after - BASE) / PGSIZE), 0);
	if (before) {
		uint32_t now = free_pages(), tables = (after - BASE) / PTSIZE + 4;
		if (now > before || now + tables < before)
			fail("after all was given back: expected %u free pages less at most %u for page tables, saw %u",
			     before, tables, now);
	}
}

/* A child: takes what it can, by and by, and says when there is no more. */
static void greedy(uint32_t arg)
{
	char *at = BASE;

	USED(arg);
	for (;;) {
		int done = sys_page_alloc_range(0, at, RW, 16);
		if (done > 0) {
			at += done * PGSIZE;
			continue;
		}
		expect_is(done, -E_NO_MEM);
		full = true;
		sys_yield();
	}
}

static void by_a_family(void)
{
	envid_t children[6];

	full = false;
	for (unsigned i = 0; i < ARRAY_SIZE(children); i++)
		children[i] = child_make(greedy, i);
	for (unsigned i = 0; i < ARRAY_SIZE(children); i++)
		expect_is(sys_env_set_status(children[i], ENV_RUNNABLE), 0);
	wait_until(full);
	for (unsigned i = 0; i < ARRAY_SIZE(children); i++) {
		int error = sys_exofork();
		if (error >= 0) {
			expect_is(sys_env_destroy(error), 0);
			wait(error);
		} else if (error != -E_NO_MEM) {
			fail("exofork with no memory: expected %d, saw %d", -E_NO_MEM, error);
		}
	}
	for (unsigned i = 0; i < ARRAY_SIZE(children); i++)
		expect_is(sys_env_destroy(children[i]), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(children); i++)
		expect_end(children[i], -E_KILLED);
}

void umain(int argc, char **argv)
{
	envid_t beside = child_run(counter, 0);

	alone();
	by_a_family();
	uint32_t before = free_pages();
	alone();
	by_a_family();
	expect_is(free_pages(), before);
	expect_is(sys_env_destroy(beside), 0);
	expect_end(beside, -E_KILLED);
	expect_kernel_sound();
}
