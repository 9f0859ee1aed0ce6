/*
 * Calls that race with what the parent does to the caller, and with its end: copies from and to memory that is unmapped
 * meanwhile, mapping out of a child that ends, a parent and a child that unmap the same, two that map into each other's
 * child. Every result but the documented ones is wrong; the kernel must be sound at the end.
 */
#include "child.h"

#define ITS ((char *)0x20000000) /* the child's page that comes and goes */
#define MINE ((char *)0x10000000)
#define ROUNDS 100

static volatile uint32_t rounds, faults;
static volatile bool finish;

/* Copies in and out at the border of its image and the page, so that a copy is under way when it goes. */
static void copier(uint32_t arg)
{
	USED(arg);
	while (!finish) {
		int error = sys_info(INFO_MACHINE, 0, ITS + 100, 200);
		if (error != -E_FAULT && error < 0)
			fail("info into a page that comes and goes: expected its size or %d, saw %d", -E_FAULT, error);
		faults += error == -E_FAULT;
		error = sys_env_set_label(0, ITS + PGSIZE - 10);
		if (error != -E_FAULT && error != 0)
			fail("a label from a page that comes and goes: expected 0 or %d, saw %d", -E_FAULT, error);
		faults += error == -E_FAULT;
		error = sys_env_wait(0x1000 * 5, (int *)(ITS + 8));
		expect(error == -E_BAD_ENV || error == -E_FAULT);
		rounds++;
	}
}

static void copies(void)
{
	finish = false;
	envid_t child = child_run(copier, 0);
	uint32_t before = rounds;
	for (int i = 0; i < ROUNDS; i++) {
		expect_is(sys_page_map(0, MINE, child, ITS, RW), 0);
		if (i % 7 == 0)
			wait_until(rounds != before);
		before = rounds;
		if (i % 3 == 0)
			expect_is(sys_page_protect(child, ITS, RO), 0);
		if (i % 2)
			expect_is(sys_page_alloc(child, ITS, RW), 0);
		expect_is(sys_page_unmap(child, ITS), 0);
		if (i % 11 == 0)
			wait_until(rounds != before);
	}
	finish = true;
	expect_end(child, 0);
	expect(faults > 0);
	expect_is(refs_of(MINE), 1);
}

/* Maps, unmaps and ends at some moment. */
static void short_lived(uint32_t number)
{
	for (uint32_t i = 0; i < number; i++) {
		expect_is(sys_page_alloc(0, ITS, RW), 0);
		int error = sys_page_map(0, ITS, 0, ITS + PTSIZE, RO);
		expect(error == 0 || error == -E_INVAL); /* the parent may have unmapped it */
		expect_is(sys_page_unmap(0, ITS + PTSIZE), 0);
	}
}

/* Out of, and into, the memory of a child that ends meanwhile. */
static void ending(void)
{
	for (uint32_t i = 0; i < ROUNDS / 5; i++) {
		envid_t child = child_run(short_lived, i % 20);
		int error = 0;
		while (error != -E_BAD_ENV) {
			error = sys_page_map(child, ITS, 0, MINE + PGSIZE, RW);
			if (error && error != -E_INVAL && error != -E_BAD_ENV)
				fail("page_map from a child that ends: expected 0, %d or %d, saw %d", -E_INVAL,
				     -E_BAD_ENV, error);
			if (error == -E_BAD_ENV)
				break;
			error = sys_page_map(0, MINE, child, ITS + 2 * PTSIZE, RW);
			expect(error == 0 || error == -E_BAD_ENV);
			if (error == 0)
				error = sys_page_unmap(child, ITS);
			expect(error == 0 || error == -E_BAD_ENV);
		}
		expect_end(child, 0);
		expect_is(sys_page_unmap(0, MINE + PGSIZE), 0);
		expect_is(refs_of(MINE), 1);
	}
}

static void unmapper(uint32_t arg)
{
	USED(arg);
	while (!finish) {
		sys_page_alloc(0, ITS, RW);
		sys_page_unmap(0, ITS);
		rounds++;
	}
}

/* Parent and child do the same to the same page of the child. */
static void both(void)
{
	finish = false;
	envid_t child = child_run(unmapper, 0);
	for (int i = 0; i < ROUNDS; i++) {
		int error;
		expect_is(sys_page_unmap(child, ITS), 0);
		expect_is(sys_page_alloc(child, ITS, RW), 0);
		error = sys_page_map(child, ITS, 0, MINE + PGSIZE, RW);
		expect(error == 0 || error == -E_INVAL);
		error = sys_page_map(child, ITS, child, ITS + PGSIZE, RO);
		expect(error == 0 || error == -E_INVAL);
		expect_is(sys_page_protect(child, ITS, RO), 0);
	}
	finish = true;
	expect_end(child, 0);
	expect_is(sys_page_unmap(0, MINE + PGSIZE), 0);
}

/* It makes children, and its own parent destroys it: they pass on while they do things to each other. */
static void family(uint32_t depth)
{
	for (;;) {
		envid_t child = child_try(depth ? family : unmapper, depth ? depth - 1 : 0);
		if (child < 0)
			continue;
		sys_env_set_status(child, ENV_RUNNABLE);
		sys_page_map(child, ITS, 0, ITS, RW);
		sys_page_map(0, CHILD_STACK, child, ITS, RO);
		sys_env_set_status(child, ENV_NOT_RUNNABLE);
		sys_env_set_status(child, ENV_RUNNABLE);
		sys_env_destroy(child);
		wait_status(child, NULL);
	}
}

static envid_t some_child(void)
{
	for (int i = 0; i < NENV; i++) {
		if (env_alive(envs[i].env_id) && envs[i].env_parent_id == sys_getenvid())
			return envs[i].env_id;
	}
	return 0;
}

static void families(void)
{
	envid_t child;

	finish = false;
	for (int round = 0; round < 6; round++) {
		for (int i = 0; i < 3; i++)
			child_run(family, 2);
		for (int i = 0; i < 2; i++)
			sys_yield();
		do {
			while ((child = some_child())) {
				int error = sys_env_destroy(child);
				expect(error == 0 || error == -E_BAD_ENV);
				wait_status(child, NULL);
			}
			free_pages(); /* waits for what is dying, and may pass on more */
		} while (some_child());
	}
}

void umain(int argc, char **argv)
{
	expect_is(sys_page_alloc(0, MINE, RW), 0);
	copies();
	ending();
	both();
	families();
	grow_records(200);
	uint32_t before = free_pages();
	copies();
	ending();
	both();
	families();
	expect_is(free_pages(), before);
	expect_kernel_sound();
}
