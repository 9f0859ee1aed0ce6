/*
 * Superpages: allocated, shared, copied on write, taken apart by whatever changes a part, dropped. With -none it checks that
 * there is none to be had (a CPU without PSE, a small machine), and why.
 */
#include <finch/ipc.h>
#include "superpage.h"

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

void umain(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "-none") == 0) {
		arguments(strcmp(argv[2], "memory") == 0 ? -E_NO_MEM : -E_NOT_SUPP);
		expect_kernel_sound();
		printf("no superpages, as expected\n");
		return;
	}
	want_high = argc > 1 && strcmp(argv[1], "-high") == 0;
	grow_for_counts();
	arguments(0);
	basics();
	over_others();
	parts();
	shared();
	forks();
	copies();
	messages();
	ends();
}
