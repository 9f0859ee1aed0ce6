/*
 * Superpages that several CPUs and threads use while they are unmapped, protected, copied and replaced: no CPU uses what is
 * not mapped any more, and no write is lost.
 */
#include <finch/thread.h>
#include "superpage.h"

/* --- No CPU uses what is not mapped any more --- */

#define BAD 0xBADBAD

static volatile uint32_t seen, rounds;

static void look_on(uint32_t writes)
{
	for (;;) {
		if (writes)
			*word(B, 5) = rounds;
		seen = *word(B, 5);
		rounds++;
	}
}

/* A child that uses page 5 of the superpage all the time, perhaps on another CPU. */
static envid_t start_looking(uint32_t writes)
{
	envid_t child = child_make(look_on, writes);
	uint32_t before = rounds;

	alloc_at(A);
	expect_is(pages_share(A, child, B, RW, LARGE), 0);
	expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
	wait_until(rounds - before > 2);
	return child;
}

static void wait_rounds(void)
{
	uint32_t before = rounds;

	wait_until(rounds - before > 2);
}

static void other_cpus(void)
{
	for (uint32_t i = 0; i < 6; i++) {
		/* A part becomes another page, or what was a part is unmapped. */
		envid_t child = start_looking(0);
		if (i % 2)
			expect_is(sys_page_unmap(child, B + 900 * PGSIZE), 0);
		expect_is(sys_page_alloc(child, B + 5 * PGSIZE, RW), 0);
		*word(A, 5) = BAD;
		wait_rounds();
		expect_is(seen, 0);
		expect_is(sys_page_unmap(child, B + 5 * PGSIZE), 0);
		expect_end(child, -E_KILLED);

		/* The whole goes. */
		child = start_looking(0);
		expect_is(pages_unmap(child, B, LARGE), 0);
		*word(A, 5) = BAD;
		expect_end(child, -E_KILLED);
		expect_is(seen, 0);

		/* Another in its place. */
		child = start_looking(0);
		expect_is(sys_page_alloc_large(child, B, RW), 0);
		*word(A, 5) = BAD;
		wait_rounds();
		expect_is(seen, 0);
		expect_is(sys_env_destroy(child), 0);
		expect_end(child, -E_KILLED);

		/* Read-only, the whole or a part. */
		child = start_looking(1);
		expect_is(sys_page_protect_range(child, B, RO, i % 2 ? LARGE : 6), i % 2 ? LARGE : 6);
		*word(A, 5) = BAD;
		expect_end(child, -E_KILLED);
		expect_is(*word(A, 5), BAD);
		unmap_all(A);
	}
}

/* The same on this CPU. */
static void this_cpu(void)
{
	alloc_at(A);
	alloc_at(B);
	fill(A, 100);
	fill(B, 200);
	expect_is(pages_share(A, 0, B, RW, LARGE), 0);
	expect_filled(B, 100, 0, 0);
	expect_is(sys_page_alloc(0, B + 6 * PGSIZE, RW), 0);
	expect_is(*word(B, 6), 0);
	expect_is(page_entry(B + 7 * PGSIZE) & RW, RW);
	expect_is(sys_page_map(0, A + PGSIZE, 0, B + 7 * PGSIZE, RO), 0);
	expect_is(*(volatile uint32_t *)(B + 7 * PGSIZE + 500), 101);
	alloc_at(B);
	expect_is(*word(B, 8), 0);
	unmap_all(A);
	expect_is(sys_page_alloc(0, A + 8 * PGSIZE, RW), 0);
	expect_is(*word(A, 8), 0);
	expect_is(sys_page_unmap(0, A + 8 * PGSIZE), 0);
	unmap_all(B);
}

/* --- Threads --- */

#define THREADS 3
#define FORKS 4

static volatile bool stop;

static void *write_on(void *arg)
{
	uint32_t own = (uint32_t)(uintptr_t)arg, rounds = 0;

	while (!stop) {
		for (uint32_t i = own; i < LARGE; i += 37)
			((volatile uint32_t *)(A + i * PGSIZE))[own] = rounds;
		for (uint32_t i = own; i < LARGE; i += 37)
			expect_is(((volatile uint32_t *)(A + i * PGSIZE))[own], rounds);
		rounds++;
		sys_yield();
	}
	return NULL;
}

/* They write all the time, while it is copied, marked, taken apart and made anew: no write is lost. */
static void threads(void)
{
	int ids[THREADS];

	alloc_at(A);
	stop = false;
	for (uint32_t i = 0; i < THREADS; i++)
		expect((ids[i] = thread_create(write_on, (void *)i)) > 0);
	for (uint32_t round = 0; round < FORKS; round++) {
		envid_t child = fork();
		if (child == 0) {
			volatile uint32_t *seen = (volatile uint32_t *)(A + 999 * PGSIZE + 3000);
			expect_is(*seen, round);
			*seen = 77;
			exit();
		}
		expect(child > 0);
		expect_is(sys_page_protect(0, A + 38 * PGSIZE + PTSIZE / 2, perm_of(A + 38 * PGSIZE + PTSIZE / 2) & RO), 0);
		sys_page_alloc(0, A + 38 * PGSIZE + PTSIZE / 2, RW);
		*(volatile uint32_t *)(A + 999 * PGSIZE + 3000) = round + 1;
		expect_end(child, 0);
	}
	stop = true;
	for (uint32_t i = 0; i < THREADS; i++)
		expect_is(thread_join(ids[i], NULL), 0);
	unmap_all(A);
	expect_kernel_sound();
}

/* Two map superpages and pages in the same place, for ever replacing what the other has. */
static void *replace_on(void *arg)
{
	uint32_t state = (uint32_t)(uintptr_t)arg;

	for (uint32_t i = 0; i < 30; i++) {
		switch (next_random(&state) % 5) {
		case 0:
			expect_is(sys_page_alloc_large(0, A, RW), 0);
			break;
		case 1:
			expect_is(pages_unmap(0, A, LARGE), 0);
			break;
		case 2:
			expect_is(sys_page_unmap(0, A + next_random(&state) % LARGE * PGSIZE), 0);
			break;
		case 3:
			expect_is(pages_copy(0, A, 0, 0, PTE_COW, LARGE), 0);
			break;
		default:
			expect(sys_page_map_range(0, A, 0, B, RO, LARGE) != 0);
		}
	}
	return NULL;
}

static void races(void)
{
	int ids[THREADS];

	for (uint32_t i = 0; i < THREADS; i++)
		expect((ids[i] = thread_create(replace_on, (void *)(i + 1))) > 0);
	for (uint32_t i = 0; i < THREADS; i++)
		expect_is(thread_join(ids[i], NULL), 0);
	expect_kernel_sound();
	expect_is(pages_unmap(0, A, LARGE), 0);
	expect_is(pages_unmap(0, B, LARGE), 0);
}

void umain(int argc, char **argv)
{
	grow_for_counts();
	other_cpus();
	this_cpu();
	threads();
	races();
}
