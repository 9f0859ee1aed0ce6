/*
 * The system calls under fork: page_copy, which maps a part of the address space in another and marks what both may
 * write, and page_replace, which gives the caller a page of its own in place of a marked one. Arguments, what is
 * mapped how, references, memory that ends.
 */
#include "check.h"
#include "child.h"

#define A ((char *)0x10000000)
#define FAR ((char *)(0x10000000 + 5 * PTSIZE))
#define TOP ((char *)UTOP - 3 * PGSIZE) /* the last page below the stack's end */
#define ALL (UTOP / PGSIZE)
#define OTHER 0x200 /* the bit of PTE_AVAIL that the library gives no meaning */

static envid_t child;

static int copy(void *va, int only, int keep, int mark, size_t count)
{
	return sys_page_copy_range(child, va, only, keep, mark, count);
}

static int copy_raw(envid_t envid, uintptr_t va, uint32_t range, uint32_t filter)
{
	return libos_sys_page_copy(envid, va, range, filter);
}

static void new_child(void)
{
	child = sys_exofork();
	expect(child > 0);
}

static void end_child(void)
{
	expect_is(sys_env_destroy(child), 0);
	expect_is(wait_status(child, NULL), 0);
}

static void arguments(void)
{
	new_child();
	expect_error(copy_raw(0x7ffff123, 0, 1 << 12, 0), E_BAD_ENV);
	expect_error(copy_raw(0x7ffff123, 1, 1 << 12, 0), E_BAD_ENV);
	if (thisenv->env_parent_id)
		expect_error(copy_raw(thisenv->env_parent_id, (uintptr_t)A, 1 << 12, 0), E_BAD_ENV);
	expect_error(copy_raw(child, 1, 1 << 12, 0), E_INVAL);
	expect_error(copy_raw(child, UTOP, 1 << 12, 0), E_INVAL);
	expect_error(copy_raw(child, UTOP - PGSIZE, 2 << 12, 0), E_INVAL);
	expect_error(copy_raw(child, PGSIZE, 0xFFFFF << 12, 0), E_INVAL);
	expect_error(copy_raw(child, (uintptr_t)A, 1 << 12 | PTE_W, 0), E_INVAL);
	expect_error(copy_raw(child, (uintptr_t)A, 1 << 12 | PTE_P, 0), E_INVAL);
	expect_error(copy_raw(child, (uintptr_t)A, 1 << 12 | PTE_A, 0), E_INVAL);
	expect_error(copy_raw(child, (uintptr_t)A, 1 << 12, PTE_A), E_INVAL);
	expect_error(copy_raw(child, (uintptr_t)A, 1 << 12, PTE_A << 12), E_INVAL);
	expect_error(copy_raw(child, (uintptr_t)A, 1 << 12, 1u << 24), E_INVAL);
	/* Nothing has changed by that; nothing mapped is no error; a single page has the result 0. */
	expect_is(perm_of(A), RW);
	expect_is(copy(FAR, 0, 0, PTE_COW, 10), 10);
	expect_is(copy_raw(child, (uintptr_t)FAR, PTE_COW, 0), 0);
	expect_is(copy_raw(child, (uintptr_t)A, PTE_COW, 0), 0);
	expect_is(perm_of(A), RO | PTE_COW);
	expect_is(refs_of(A), 2);
	end_child();
	expect_is(refs_of(A), 1);

	expect_error(sys_page_replace(A + 1, uvpt[PGNUM(A)], RW), E_INVAL);
	expect_error(sys_page_replace((void *)UTOP, uvpt[PGNUM(A)], RW), E_INVAL);
	expect_error(sys_page_replace(A, uvpt[PGNUM(A)], RW | PTE_A), E_INVAL);
	expect_error(sys_page_replace(A, uvpt[PGNUM(A)], PTE_P | PTE_W), E_INVAL);
	expect_error(sys_page_replace(A, uvpt[PGNUM(A)] | PTE_W, RW), E_INVAL);
	expect_error(sys_page_replace(A, 0, RW), E_INVAL);
	/* Another page, other permissions, nothing there: left alone. */
	expect_is(sys_page_replace(A, uvpt[PGNUM(A)] + PGSIZE, RW), 1);
	expect_is(sys_page_replace(A, uvpt[PGNUM(A)] & ~PTE_COW, RW), 1);
	expect_is(sys_page_replace(FAR, uvpt[PGNUM(A)], RW), 1);
	expect_is(perm_of(A), RO | PTE_COW);
}

/* page_replace: the same page if there is no other reference, else a copy; and what it then maps. */
static void replacing(void)
{
	pte_t before = uvpt[PGNUM(A)];

	*(volatile char *)A = 1; /* by the handler of fork, the page being ours alone */
	expect_is(perm_of(A), RW);
	expect_is(uvpt[PGNUM(A)] >> PGSHIFT, before >> PGSHIFT);
	for (uint32_t i = 0; i < PGSIZE / 4; i++)
		((uint32_t *)A)[i] = i * 77777;
	expect_is(sys_page_map(0, A, 0, FAR, RW), 0);
	new_child();
	expect_is(copy(A, 0, 0, OTHER, 1), 1);
	expect_is(perm_of(A), RO | OTHER);
	/* The other mapping of the page is none of it. */
	expect_is(perm_of(FAR), RW);
	expect_is(refs_of(A), 3);
	before = uvpt[PGNUM(A)];
	expect_is(sys_page_replace(A, before, RW | PTE_SHARE), 0);
	expect_is(perm_of(A), RW | PTE_SHARE);
	expect(uvpt[PGNUM(A)] >> PGSHIFT != before >> PGSHIFT);
	expect_is(refs_of(A), 1);
	expect_is(refs_of(FAR), 2);
	expect_is(memcmp(A, FAR, PGSIZE), 0);
	A[5]++;
	expect(A[5] != FAR[5]);
	/* Once more: it is not as it was. */
	expect_is(sys_page_replace(A, before, RW), 1);
	end_child();
	expect_is(refs_of(FAR), 1);
	expect_is(sys_page_unmap(0, FAR), 0);
	/* To a copy that is only read. */
	expect_is(sys_page_protect(0, A, RO), 0);
	expect_is(sys_page_map(0, A, 0, FAR, RO), 0);
	expect_is(sys_page_replace(A, uvpt[PGNUM(A)], RO | OTHER), 0);
	expect_is(perm_of(A), RO | OTHER);
	expect(uvpt[PGNUM(A)] >> PGSHIFT != uvpt[PGNUM(FAR)] >> PGSHIFT);
	expect_is(sys_page_unmap(0, FAR), 0);
	expect_is(sys_page_alloc(0, A, RW), 0);
}

/* What only, keep and mark do, in 40 pages of all kinds; the child's side is seen by the references. */
static void filters(void)
{
	static const int kinds[] = { RW, RO, RW | PTE_SHARE, RO | PTE_SHARE, RW | PTE_COW, RO | PTE_COW, RW | OTHER, 0 };
	const size_t n = 40;

	for (int round = 0; round < 5; round++) {
		const int only = round == 2 ? PTE_SHARE : round == 3 ? PTE_SHARE | OTHER : 0;
		const int keep = round == 0 ? PTE_SHARE : round == 4 ? PTE_W : round == 3 ? PTE_SHARE : 0;
		const int mark = round == 1 ? 0 : PTE_COW;
		for (size_t i = 0; i < n; i++)
			if (kinds[i % 8])
				expect_is(sys_page_alloc(0, A + i * PGSIZE, kinds[i % 8]), 0);
		new_child();
		expect_is(copy(A, only, keep, mark, n), n);
		for (size_t i = 0; i < n; i++) {
			const char *va = A + i * PGSIZE;
			int kind = kinds[i % 8], wanted = kind;
			bool copied = kind && (!only || kind & only);
			if (copied && kind & PTE_W && !(kind & keep))
				wanted = (kind & ~PTE_W) | mark;
			expect_is(perm_of(va), wanted);
			if (kind)
				expect_is(refs_of(va), copied ? 2 : 1);
		}
		end_child();
		for (size_t i = 0; i < n; i++)
			if (kinds[i % 8])
				expect_is(refs_of(A + i * PGSIZE), 1);
		expect_is(pages_unmap(0, A, n), 0);
	}
	expect_is(sys_page_alloc(0, A, RW), 0);
}

/* Many alike: the short path, if nothing is asked that it does not do. */
static void alike(void)
{
	static const struct {
		int only, keep, refs, perm;
	} cases[] = {
		{ 0, 0, 2, RO | PTE_COW }, { 0, PTE_SHARE, 2, RO | PTE_COW }, { PTE_SHARE, 0, 1, RW },
		{ OTHER, OTHER, 1, RW }, { 0, PTE_W, 2, RW }, { PTE_W, 0, 2, RO | PTE_COW }, { 0, PTE_U, 2, RW },
	};

	for (size_t k = 0; k < ARRAY_SIZE(cases); k++) {
		expect_is(pages_alloc(0, A, RW, 96), 0);
		expect_is(sys_page_protect_range(0, A, RW | PTE_SHARE | OTHER, 8), 8); /* so that no group is passed over */
		new_child();
		expect_is(pages_copy(child, A, cases[k].only, cases[k].keep, PTE_COW, 96), 0);
		for (int i = 8; i < 32; i++) {
			expect_is(refs_of(A + i * PGSIZE), cases[k].refs);
			expect_is(perm_of(A + i * PGSIZE), cases[k].perm);
		}
		end_child();
	}
	expect_is(pages_unmap(0, A, 96), 0);
	expect_is(sys_page_alloc(0, A, RW), 0);
}

/* To oneself: pages are only marked. Over what the child has already: that is gone. */
static void onto_something(void)
{
	expect_is(pages_alloc(0, A, RW, 100), 0);
	expect_is(pages_copy(0, A, 0, 0, PTE_COW, 100), 0);
	for (int i = 0; i < 100; i++) {
		expect_is(perm_of(A + i * PGSIZE), RO | PTE_COW);
		expect_is(refs_of(A + i * PGSIZE), 1);
	}
	expect_is(pages_alloc(0, A, RW, 100), 0);
	uint32_t before = free_pages();
	expect_is(pages_copy(sys_getenvid(), A, 0, 0, PTE_COW, 100), 0);
	expect_is(perm_of(A + 99 * PGSIZE), RO | PTE_COW);
	expect_is(free_pages(), before);

	new_child();
	expect_is(pages_alloc(0, FAR, RW, 200), 0);
	expect_is(pages_share(FAR, child, A, RW, 200), 0);
	expect_is(refs_of(FAR + 99 * PGSIZE), 2);
	/* Slices end where much is replaced, so it may take some calls. */
	expect_is(pages_copy(child, A, 0, 0, PTE_COW, 200), 0);
	for (int i = 0; i < 200; i++) {
		expect_is(refs_of(FAR + i * PGSIZE), i < 100 ? 1 : 2);
		if (i < 100)
			expect_is(refs_of(A + i * PGSIZE), 2);
	}
	/* Once more the same: nothing is lost and nothing counted twice. */
	expect_is(pages_copy(child, A, 0, 0, PTE_COW, 200), 0);
	expect_is(refs_of(A + 99 * PGSIZE), 2);
	end_child();
	expect_is(pages_unmap(0, FAR, 200), 0);
	expect_is(pages_unmap(0, A, 100), 0);
	expect_is(sys_page_alloc(0, A, RW), 0);
}

/* Parts of groups and tables, the last page, and all there is. */
static void bounds(void)
{
	char *edge = A + PTSIZE - 50 * PGSIZE;

	expect_is(pages_alloc(0, edge, RW, 100), 0);
	for (size_t from = 0; from < 70; from += 7) {
		for (size_t n = 1; n < 30; n += 4) {
			new_child();
			expect_is(pages_copy(child, edge + from * PGSIZE, 0, PTE_W, 0, n), 0);
			for (size_t i = 0; i < 100; i++)
				expect_is(refs_of(edge + i * PGSIZE), i >= from && i < from + n ? 2 : 1);
			end_child();
		}
	}
	expect_is(pages_unmap(0, edge, 100), 0);
	expect(perm_of(TOP) != 0);
	uint32_t refs = refs_of(TOP);
	new_child();
	expect_is(pages_copy(child, 0, 0, PTE_W, 0, ALL), 0);
	expect_is(refs_of(TOP), refs + 1);
	expect_is(refs_of(A), 2);
	end_child();
	expect_is(refs_of(A), 1);
}

/* Memory that ends: what was done is the result, what was not is not; and all is back. */
static void no_memory(void)
{
	expect_is(sys_page_alloc(0, FAR, RW), 0);
	new_child();
	expect_is(sys_test(TEST_FAIL_AFTER, 0, NULL, 0), 0);
	expect_error(copy(A, 0, 0, PTE_COW, 1), E_NO_MEM);
	sys_test(TEST_FAIL_AFTER, ~0u, NULL, 0);
	expect_is(perm_of(A), RW);
	expect_is(refs_of(A), 1);
	size_t n = (size_t)(FAR - A) / PGSIZE + 1;
	expect_is(sys_test(TEST_FAIL_AFTER, 1, NULL, 0), 0);
	int done, at = 0;
	while ((done = copy(A + at * PGSIZE, 0, 0, PTE_COW, n - at)) > 0)
		at += done;
	sys_test(TEST_FAIL_AFTER, ~0u, NULL, 0);
	expect_error(done, E_NO_MEM);
	expect_is(at, n - 1);
	expect_is(refs_of(A), 2);
	expect_is(perm_of(FAR), RW);
	pte_t pte = uvpt[PGNUM(A)];
	expect_is(sys_test(TEST_FAIL_AFTER, 0, NULL, 0), 0);
	expect_error(sys_page_replace(A, pte, RW), E_NO_MEM);
	sys_test(TEST_FAIL_AFTER, ~0u, NULL, 0);
	expect_is(uvpt[PGNUM(A)] >> PGSHIFT, pte >> PGSHIFT);
	expect_is(perm_of(A), RO | PTE_COW);
	expect_is(refs_of(A), 2);
	end_child();
	expect_is(sys_page_unmap(0, FAR), 0);
	expect_is(sys_page_alloc(0, A, RW), 0);
}

static void all(void)
{
	arguments();
	replacing();
	filters();
	alike();
	onto_something();
	bounds();
	no_memory();
}

void umain(int argc, char **argv)
{
	/* So that marked pages are dealt with. */
	envid_t first = fork();
	expect(first >= 0);
	if (first == 0)
		sys_env_exit(0);
	expect_end(first, 0);
	expect_is(sys_page_alloc(0, A, RW), 0);
	all();
	uint32_t before = free_pages();
	all();
	expect_is(free_pages(), before);
	expect_kernel_sound();
}
