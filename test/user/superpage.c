/*
 * Superpages: allocated, shared, copied on write, taken apart by whatever changes a part, dropped; memory that ends, or that
 * is in pieces. With -none it checks that there is none to be had (a CPU without PSE, a small machine), and why.
 */
#include "check.h"
#include "child.h"
#include <finch/ipc.h>
#include <finch/thread.h>

#define A ((char *)0x10000000)
#define B ((char *)0x20000000)
#define C ((char *)0x30000000)
#define LARGE (PTSIZE / PGSIZE) /* pages */

/* A word of its own in each page. */
static volatile uint32_t *word(char *base, uint32_t page)
{
	return (volatile uint32_t *)(base + page * PGSIZE + page % 8 * 500);
}

static void fill(char *base, uint32_t what)
{
	for (uint32_t i = 0; i < LARGE; i++)
		*word(base, i) = what + i;
}

/* All pages but [from, after) are as filled. */
static void expect_filled(char *base, uint32_t what, uint32_t from, uint32_t after)
{
	for (uint32_t i = 0; i < LARGE; i++) {
		if ((i < from || i >= after) && *word(base, i) != what + i)
			fail("page %u at %08x: expected %u, saw %u", i, base, what + i, *word(base, i));
	}
}

static bool is_large(const void *va)
{
	return (page_entry(va) & (PTE_P | PTE_PS)) == (PTE_P | PTE_PS);
}

static void alloc_at(char *va)
{
	expect_is(sys_page_alloc_large(0, va, RW), 0);
	expect(is_large(va));
}

static void unmap_all(char *va)
{
	expect_is(pages_unmap(0, va, LARGE), 0);
	expect_is(perm_of(va), 0);
}

static void protect(char *va, int perm, uint32_t n)
{
	while (n > 0) {
		int done = sys_page_protect_range(0, va, perm, n);
		expect(done > 0);
		va += done * PGSIZE;
		n -= (uint32_t)done;
	}
}

static void arguments(int error)
{
	expect_error(sys_page_alloc_large(0x7ffff123, A + 1, RW), E_BAD_ENV);
	if (thisenv->env_parent_id)
		expect_error(sys_page_alloc_large(thisenv->env_parent_id, A, RW), E_BAD_ENV);
	expect_error(sys_page_alloc_large(0, A + PGSIZE, RW), E_INVAL);
	expect_error(sys_page_alloc_large(0, A + 1, RW), E_INVAL);
	expect_error(sys_page_alloc_large(0, (void *)UTOP, RW), E_INVAL);
	expect_error(sys_page_alloc_large(0, (void *)KERNBASE, RW), E_INVAL);
	expect_error(sys_page_alloc_large_range(0, (void *)(UTOP - PTSIZE), RW, 2), E_INVAL);
	expect_error(sys_page_alloc_large_range(0, A, RW, 0xFFFFF), E_INVAL);
	expect_error(sys_page_alloc_large(0, A, RW | PTE_PS), E_INVAL);
	expect_error(sys_page_alloc_large(0, A, RW | PTE_G), E_INVAL);
	expect_error(sys_page_alloc_large(0, A, PTE_P | PTE_W), E_INVAL);
	expect_error(sys_page_alloc_large(0, A, PTE_U), E_INVAL);
	expect_is(perm_of(A), 0);
	if (error) {
		expect_is(sys_page_alloc_large(0, A, RW), error);
		expect_is(sys_page_alloc_large_range(0, A, RW, 3), error);
		expect_is(perm_of(A), 0);
	}
}

static bool want_high; /* superpages beyond the direct map: there is much of that */

static void basics(void)
{
	uint32_t before = free_pages(), *words = (uint32_t *)A;

	expect_is(sys_page_alloc_large(0, A, RW | PTE_SHARE), 0);
	expect(is_large(A) && is_large(A + PTSIZE - 1) && !page_mapped(A + PTSIZE) && !page_mapped(A - PGSIZE));
	expect_is(perm_of(A), RW | PTE_SHARE);
	expect_is(PTE_ADDR(page_entry(A)) % PTSIZE, 0);
	expect(!want_high || PTE_ADDR(page_entry(A)) >= (1u << 28));
	for (uint32_t i = 0; i < PTSIZE / sizeof *words; i++)
		expect_is(words[i], 0);
	fill(A, 100);
	expect_filled(A, 100, 0, 0);
	expect_is(refs_of(A), 1);
	expect_is(refs_of(A + PTSIZE - PGSIZE), 1);
	expect_is(free_pages(), before - LARGE - 1); /* and a table in reserve, which stays */
	expect_kernel_sound();
	unmap_all(A);
	expect_is(free_pages(), before - 1);
}

static void over_others(void)
{
	expect_is(pages_alloc(0, A, RW, LARGE), 0);
	unmap_all(A);
	alloc_at(B);
	unmap_all(B);
	uint32_t before = free_pages();
	/* In place of pages, of a superpage and of nothing. */
	expect_is(sys_page_alloc_range(0, A - PTSIZE + 3 * PGSIZE, RW, 40), 40);
	alloc_at(A);
	fill(A, 5);
	expect_is(pages_alloc_large(0, A - PTSIZE, RW, 3), 0);
	for (uint32_t i = 0; i < 3 * LARGE; i++)
		expect_is(*(volatile uint32_t *)(A - PTSIZE + i * PGSIZE), 0);
	expect(is_large(A - PTSIZE) && is_large(A) && is_large(A + PTSIZE));
	expect_kernel_sound();
	expect_is(pages_unmap(0, A - PTSIZE, 3 * LARGE), 0);
	expect_is(free_pages(), before - 2); /* tables that were not there before */
}

/* Changes of a part: the rest stays as it was. */
static void parts(void)
{
	uint32_t before = free_pages();

	alloc_at(A);
	fill(A, 1000);
	uint32_t first = PTE_ADDR(page_entry(A));
	expect_is(sys_page_unmap(0, A + 7 * PGSIZE), 0);
	expect(!is_large(A));
	expect_is(perm_of(A + 7 * PGSIZE), 0);
	for (uint32_t i = 0; i < LARGE; i += 9)
		expect_is(PTE_ADDR(page_entry(A + i * PGSIZE)), i == 7 ? 0 : first + i * PGSIZE);
	expect_filled(A, 1000, 7, 8);
	expect_is(free_pages(), before - LARGE + 1);
	unmap_all(A);
	expect_is(free_pages(), before);

	alloc_at(A);
	fill(A, 2000);
	protect(A + PGSIZE, RO | PTE_AVAIL, 700);
	expect_is(perm_of(A), RW);
	expect_is(perm_of(A + PGSIZE), RO | PTE_AVAIL);
	expect_is(perm_of(A + 701 * PGSIZE), RW);
	expect_error(sys_page_protect(0, A + 700 * PGSIZE, RW), E_INVAL);
	expect_filled(A, 2000, 0, 0);
	unmap_all(A);

	/* As a whole it stays one; read-only, no part of it becomes writable. */
	alloc_at(A);
	fill(A, 3000);
	expect_is(sys_page_protect_range(0, A, RO, LARGE), LARGE);
	expect(is_large(A));
	expect_is(perm_of(A), RO);
	expect_error(sys_page_protect(0, A + PGSIZE, RW), E_INVAL);
	expect_error(sys_page_protect_range(0, A, RW, LARGE), E_INVAL);
	expect_error(sys_page_map(0, A + PGSIZE, 0, B, RW), E_INVAL);
	expect_error(sys_page_map_range(0, A, 0, B, RW, LARGE), E_INVAL);
	expect(is_large(A));

	/* A fresh page and another mapping in it. */
	expect_is(sys_page_alloc(0, A + 5 * PGSIZE, RW), 0);
	expect_is(*word(A, 5), 0);
	expect_is(sys_page_map(0, A + 6 * PGSIZE, 0, A + 4 * PGSIZE, RO), 0);
	expect_is(refs_of(A + 6 * PGSIZE), 2);
	expect_filled(A, 3000, 4, 6);
	expect_is(pages_alloc(0, A + 1000 * PGSIZE, RW, 100), 0);
	expect_filled(A, 3000, 4, 6 + LARGE);
	expect_kernel_sound();
	expect_is(pages_unmap(0, A, 2 * LARGE), 0);
	expect_is(free_pages(), before);
}

/* Mapped elsewhere: page by page, and as a whole. */
static void shared(void)
{
	uint32_t before = free_pages();

	alloc_at(A);
	fill(A, 4000);
	expect_is(sys_page_map(0, A + 9 * PGSIZE, 0, B + 2 * PGSIZE, RW), 0);
	expect_is(pages_share(A + PGSIZE, 0, B + PGSIZE * LARGE, RO, LARGE - 1), 0);
	expect(is_large(A) && !is_large(B) && !is_large(B + PTSIZE));
	expect_is(refs_of(A + 9 * PGSIZE), 3);
	expect_is(refs_of(A), 1);
	*word(A, 1) = 7;
	expect_is(*(volatile uint32_t *)((char *)word(A, 1) - A + B + PTSIZE - PGSIZE), 7);
	expect_is(pages_unmap(0, B + PTSIZE, LARGE), 0);
	unmap_all(A);
	/* The one page is left. */
	expect_is(*(volatile uint32_t *)((char *)word(A, 9) - A - 7 * PGSIZE + B), 4009);
	expect_is(free_pages(), before - 2); /* and a table */
	expect_kernel_sound();
	expect_is(sys_page_unmap(0, B + 2 * PGSIZE), 0);

	alloc_at(A);
	fill(A, 5000);
	expect_is(sys_page_map_range(0, A, 0, B, RO | PTE_AVAIL, LARGE), LARGE);
	expect(is_large(B) && PTE_ADDR(page_entry(A)) == PTE_ADDR(page_entry(B)));
	expect_is(perm_of(B), RO | PTE_AVAIL);
	expect_filled(B, 5000, 0, 0);
	expect_is(refs_of(A), 1);
	/* One is taken apart, then the other; both go. */
	expect_is(sys_page_unmap(0, A + PGSIZE), 0);
	expect(!is_large(A) && is_large(B));
	expect_is(refs_of(A), 2);
	expect_is(refs_of(B + PGSIZE), 1);
	expect_filled(B, 5000, 0, 0);
	expect_is(sys_page_unmap(0, B + 2 * PGSIZE), 0);
	expect_is(refs_of(A), 2);
	expect_is(refs_of(B + PGSIZE), 1);
	expect_filled(A, 5000, 1, 2);
	expect_kernel_sound();
	unmap_all(A);
	expect_filled(B, 5000, 2, 3);
	unmap_all(B);
	/* The other order: the whole goes while the other is in pages. */
	alloc_at(A);
	fill(A, 6000);
	expect_is(pages_share(A, 0, B, RW, LARGE), 0);
	expect_is(sys_page_protect(0, B, RO), 0);
	unmap_all(A);
	expect_is(refs_of(B), 1);
	expect_filled(B, 6000, 0, 0);
	unmap_all(B);
	expect_is(free_pages(), before - 1);
}

/* fork: neither sees what the other writes; who is alone keeps it whole. */
static void forks_shared(void)
{
	alloc_at(A);
	expect_is(sys_page_alloc_large(0, B, RW | PTE_SHARE), 0);
	fill(A, 7000);
	envid_t child = fork();
	if (child == 0) {
		volatile uint32_t *shared = (volatile uint32_t *)B;
		expect(is_large(A) && is_large(B));
		expect_is(perm_of(A), RO | PTE_COW);
		expect_filled(A, 7000, 0, 0);
		*word(A, 3) = 1;
		expect(!is_large(A));
		expect_is(refs_of(A + 3 * PGSIZE), 1);
		expect_filled(A, 7000, 3, 4);
		shared[0] = 1;
		wait_until(shared[1]);
		expect_filled(A, 7000, 3, 4);
		expect_is(*word(A, 3), 1);
		*word(A, 8) = 2;
		shared[0] = 2;
		wait_until(shared[1] == 2);
		exit();
	}
	volatile uint32_t *shared = (volatile uint32_t *)B;
	expect(child > 0);
	expect(is_large(A) && is_large(B));
	wait_until(shared[0]);
	expect_filled(A, 7000, 0, 0);
	*word(A, 8) = 9;
	*word(A, 9) = 9;
	expect_kernel_sound();
	shared[1] = 1;
	wait_until(shared[0] == 2);
	expect_filled(A, 7000, 8, 10);
	expect_is(*word(A, 8), 9);
	shared[1] = 2;
	expect_end(child, 0);
	unmap_all(A);
}

static void forks_alone(void)
{
	envid_t child;

	alloc_at(A);
	fill(A, 8000);
	if ((child = fork()) == 0)
		exit();
	expect_end(child, 0);
	expect_is(perm_of(A), RO | PTE_COW);
	*word(A, 5) = 8005;
	expect(is_large(A));
	expect_is(perm_of(A), RW);
	expect_filled(A, 8000, 0, 0);
	/* Not so if somebody has one of its pages. */
	expect_is(sys_page_map(0, A + 100 * PGSIZE, 0, C, RO), 0);
	if ((child = fork()) == 0)
		exit();
	expect_end(child, 0);
	*word(A, 100) = 1;
	expect(!is_large(A));
	expect_is(*(volatile uint32_t *)((char *)word(A, 100) - A - 100 * PGSIZE + C), 8100);
	expect_is(refs_of(A + 100 * PGSIZE), 1);
	expect_kernel_sound();
	unmap_all(A);
}

static void forks(void)
{
	uint32_t before = free_pages();

	forks_shared();
	forks_alone();
	unmap_all(B);
	expect_is(sys_page_unmap(0, C), 0);
	expect(before - free_pages() <= 2); /* tables */
}

/* page_copy of a part, and over what is there. */
static void copies(void)
{
	alloc_at(A);
	fill(A, 9000);
	envid_t child = sys_exofork();
	expect(child > 0);
	/* Whoever looks into uvpt all the same sees the table as soon as there is one. */
	(void)uvpt[PGNUM(A)];
	expect_is(pages_copy(child, A + 10 * PGSIZE, 0, PTE_W, 0, 5), 0);
	expect(!is_large(A));
	expect_is(uvpt[PGNUM(A)] & RW, RW);
	expect_is(pages_copy(child, A + 10 * PGSIZE, 0, 0, PTE_COW, 5), 0);
	expect_is(perm_of(A + 9 * PGSIZE), RW);
	expect_is(perm_of(A + 10 * PGSIZE), RO | PTE_COW);
	expect_is(perm_of(A + 15 * PGSIZE), RW);
	expect_is(refs_of(A + 10 * PGSIZE), 2);
	expect_is(refs_of(A + 15 * PGSIZE), 1);
	unmap_all(A);
	/* A whole one over those five; then pages over a part of it. */
	alloc_at(A);
	fill(A, 9100);
	expect_is(pages_copy(child, A, 0, PTE_W, 0, LARGE), 0);
	expect(is_large(A));
	expect_is(perm_of(A), RW);
	expect_kernel_sound();
	expect_is(sys_page_map(child, A + 20 * PGSIZE, 0, C, RW), 0);
	expect_is(PTE_ADDR(page_entry(C)), PTE_ADDR(page_entry(A)) + 20 * PGSIZE);
	unmap_all(A);
	expect_is(sys_page_alloc(0, A + PGSIZE, RW), 0);
	expect_is(pages_copy(child, A, 0, PTE_W, 0, LARGE), 0);
	expect_is(refs_of(A + PGSIZE), 2);
	/* To oneself: it is marked as a whole. */
	alloc_at(A);
	expect_is(pages_copy(0, A, 0, 0, PTE_COW, LARGE), 0);
	expect(is_large(A));
	expect_is(perm_of(A), RO | PTE_COW);
	expect_is(sys_page_replace(A + 3 * PGSIZE, page_entry(A) + PTSIZE, RW), 1);
	expect_is(sys_page_replace(A + 3 * PGSIZE, page_entry(A) & ~PTE_COW, RW), 1);
	expect_is(sys_page_replace(A + 3 * PGSIZE, PTE_ADDR(page_entry(A)) + 3 * PGSIZE + (RO | PTE_COW), RW), 0);
	expect(!is_large(A));
	expect_is(perm_of(A + 3 * PGSIZE), RW);
	expect_is(perm_of(A), RO | PTE_COW);
	unmap_all(A);
	expect_is(sys_page_unmap(0, C), 0);
	expect_is(sys_env_destroy(child), 0);
	expect_end(child, -E_KILLED);
	expect_kernel_sound();
}

static void receive(uint32_t count)
{
	USED(count);
	expect_is(sys_ipc_recv(B), 0);
	expect_is(*word(B, 0), 11007);
	expect(!is_large(B) && *word(B, 1) == 0);
	*word(B, 0) = 5;
}

static void messages(void)
{
	uint32_t before = free_pages();

	alloc_at(A);
	fill(A, 11000);
	*(volatile uint32_t *)(A + 7 * PGSIZE) = 11007;
	/* In the place of a part of another. */
	envid_t child = child_make(receive, 0);
	expect_is(sys_page_alloc_large(child, B, RW), 0);
	expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
	ipc_send(child, 1234, A + 7 * PGSIZE, RW);
	expect_end(child, 0);
	expect(is_large(A));
	expect_is(*(volatile uint32_t *)(A + 7 * PGSIZE), 5);
	expect_is(refs_of(A + 7 * PGSIZE), 1);
	expect_kernel_sound();
	unmap_all(A);
	expect_is(free_pages(), before);
}

/* The end of an environment: everything is back. */
static void ends(void)
{
	uint32_t before = free_pages();
	envid_t child = sys_exofork();

	expect(child > 0);
	expect_is(pages_alloc(child, A, RW, 100), 0);
	expect_is(pages_alloc_large(child, A, RW, 3), 0);
	expect_is(sys_page_map(child, A + 5 * PGSIZE, 0, C, RW), 0);
	expect_is(sys_page_unmap(child, A + PTSIZE + PGSIZE), 0);
	expect_kernel_sound();
	expect_is(sys_env_destroy(child), 0);
	expect_end(child, -E_KILLED);
	expect_is(sys_page_unmap(0, C), 0);
	expect_is(free_pages(), before);
}

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

/* --- Memory that ends --- */

static envid_t other;

static int try_alloc(void)
{
	return sys_page_alloc_large(other, A, RW);
}

static int try_map(void)
{
	return sys_page_map_range(0, B, other, A, RO, LARGE);
}

static int try_copy(void)
{
	return sys_page_copy_range(other, B, 0, PTE_W, 0, LARGE);
}

static void at_every_place(const char *what, int (*attempt)(void))
{
	int result = -E_NO_MEM;

	for (uint32_t n = 0; result < 0; n++) {
		other = sys_exofork();
		expect(other > 0);
		uint32_t before = free_pages();
		expect_is(sys_test(TEST_FAIL_AFTER, n, NULL, 0), 0);
		result = attempt();
		sys_test(TEST_FAIL_AFTER, ~0u, NULL, 0);
		if (result < 0) {
			if (result != -E_NO_MEM || n > 5)
				fail("%s whose allocation %u fails: saw %d", what, n, result);
			expect_is(free_pages(), before);
			expect_error(sys_page_map(other, A, 0, C, RO), E_INVAL);
			expect_error(sys_page_map(other, B, 0, C, RO), E_INVAL);
			expect_kernel_sound();
		}
		expect_is(sys_env_destroy(other), 0);
		expect_end(other, -E_KILLED);
	}
}

/* What is changed in a part needs no memory. */
static void without_memory(void)
{
	expect_is(sys_test(TEST_FAIL_AFTER, 0, NULL, 0), 0);
	expect_is(sys_page_unmap(0, A + PGSIZE), 0);
	expect_is(sys_page_protect(0, B + PGSIZE, RO), 0);
	sys_test(TEST_FAIL_AFTER, ~0u, NULL, 0);
	expect(!is_large(A) && !is_large(B));
	expect_filled(A, 500, 1, 2);
	expect_filled(B, 600, LARGE, LARGE);
}

static void no_memory(void)
{
	alloc_at(A);
	alloc_at(B);
	fill(A, 500);
	fill(B, 600);
	at_every_place("page_alloc_large", try_alloc);
	at_every_place("page_map of a superpage", try_map);
	at_every_place("page_copy of a superpage", try_copy);
	without_memory();
	unmap_all(A);
	unmap_all(B);
}

/* Memory in pieces: of each block one page is held. In a child, for its page tables are all over the place too. */
static void break_up(void)
{
	uint32_t before = free_pages(), n = 0;
	char *after = C;
	int done;

	while ((done = sys_page_alloc_range(0, after, RW, 4 * LARGE)) > 0)
		after += done * PGSIZE;
	expect_is(done, -E_NO_MEM);
	for (char *va = C; va < after; va += PGSIZE) {
		if (PGNUM(PTE_ADDR(page_entry(va))) % LARGE)
			expect_is(sys_page_unmap(0, va), 0);
		else
			n++;
	}
	uint32_t fragmented = free_pages();
	expect(fragmented > before / 2);
	expect(n > before / LARGE / 2);
	expect_error(sys_page_alloc_large(0, A, RW), E_NO_MEM);
	expect_error(sys_page_alloc_large_range(0, A, RW, 2), E_NO_MEM);
	expect_is(perm_of(A), 0);
	expect_is(free_pages(), fragmented);
	expect_kernel_sound();
}

static void fragments(void)
{
	envid_t child = fork();

	if (child == 0) {
		break_up();
		exit();
	}
	expect_end(child, 0);
	/* Together again. */
	alloc_at(A);
	unmap_all(A);
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
	if (argc > 1 && strcmp(argv[1], "-none") == 0) {
		arguments(strcmp(argv[2], "memory") == 0 ? -E_NO_MEM : -E_NOT_SUPP);
		expect_kernel_sound();
		printf("no superpages, as expected\n");
		return;
	}
	want_high = argc > 1 && strcmp(argv[1], "-high") == 0;
	grow_records(8);
	expect_is(sys_page_alloc(0, UTEMP, RW), 0); /* for its table */
	expect_is(sys_page_unmap(0, UTEMP), 0);
	arguments(0);
	basics();
	over_others();
	parts();
	shared();
	forks();
	copies();
	messages();
	ends();
	other_cpus();
	this_cpu();
	no_memory();
	fragments();
	threads();
	races();
}
