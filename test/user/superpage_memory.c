/*
 * Superpages when memory ends, at each place where some is needed; and when it is in pieces.
 */
#include "superpage.h"

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

void umain(int argc, char **argv)
{
	grow_for_counts();
	no_memory();
	fragments();
}
