/*
 * page_alloc, page_map, page_unmap, page_protect, a page at a time: every argument wrong in every way, what is allowed,
 * and that uvpt and the reference counts in pages[] tell the truth after each step.
 */
#include "child.h"

#define A ((char *)0x10000000)
#define B ((char *)0x10001000)
#define FAR ((char *)0x20400000) /* another page table */
#define BYTE(at) (*(volatile char *)(at))
#define LAST ((char *)UTOP - PGSIZE)

/* One of each: permission words that no call may take. */
static const uint32_t bad_perms[] = {
	0, PTE_P, PTE_U, PTE_W, PTE_P | PTE_W, PTE_U | PTE_W, RW | PTE_PWT, RW | PTE_PCD, RW | PTE_A, RW | PTE_D,
	RW | PTE_PS, RW | PTE_G, 0xFFF,
};
static void *const bad_addresses[] = {
	(void *)1, A + 1, A + 0x800, A + PGSIZE - 1, (void *)UTOP, (void *)UENVS, (void *)(UTOP + PGSIZE),
	(void *)UPAGES, (void *)UVPT, (void *)ULIM, (void *)KERNBASE, (void *)0xFFFFF000, (void *)0xFFFFFFFF,
	(void *)(UTOP - 1),
};

static volatile envid_t parent, sibling;
static char *volatile zero; /* so that the compiler does not see through it */
static envid_t bad_envs[8];

static void sleeper(uint32_t arg)
{
	USED(arg);
	for (;;)
		sys_env_set_status(0, ENV_NOT_RUNNABLE);
}

/* Ids that are nobody's: never used, used up, negative, of a slot that is there under another generation. */
static void make_bad_envs(void)
{
	envid_t ended = child_run(sleeper, 0);

	expect_is(sys_env_destroy(ended), 0);
	wait(ended);
	bad_envs[0] = ended;
	bad_envs[1] = -1;
	bad_envs[2] = (envid_t)0x80001000;
	bad_envs[3] = sys_getenvid() + NENV;
	bad_envs[4] = ENVX(sys_getenvid());
	bad_envs[5] = 0x7fffffff;
	bad_envs[6] = NENV - 1;
	bad_envs[7] = 1 << LOG2NENV | (NENV - 1);
}

static void bad_arguments(void)
{
	BYTE(A) = 'a';
	for (unsigned i = 0; i < ARRAY_SIZE(bad_envs); i++) {
		envid_t bad = bad_envs[i];
		expect_error(sys_page_alloc(bad, B, RW), E_BAD_ENV);
		expect_error(sys_page_map(bad, A, 0, B, RW), E_BAD_ENV);
		expect_error(sys_page_map(0, A, bad, B, RW), E_BAD_ENV);
		expect_error(sys_page_unmap(bad, A), E_BAD_ENV);
		expect_error(sys_page_protect(bad, A, RO), E_BAD_ENV);
		/* The environment is looked at first. */
		expect_error(sys_page_alloc(bad, A + 1, 0), E_BAD_ENV);
		expect_error(sys_page_map(0, A + 1, bad, B + 1, 0), E_BAD_ENV);
		expect_error(sys_page_unmap(bad, A + 1), E_BAD_ENV);
		expect_error(sys_page_protect(bad, A + 1, 0), E_BAD_ENV);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(bad_addresses); i++) {
		void *bad = bad_addresses[i];
		expect_error(sys_page_alloc(0, bad, RW), E_INVAL);
		expect_error(sys_page_map(0, A, 0, bad, RW), E_INVAL);
		expect_error(sys_page_map(0, bad, 0, B, RO), E_INVAL);
		expect_error(sys_page_unmap(0, bad), E_INVAL);
		expect_error(sys_page_protect(0, bad, RO), E_INVAL);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(bad_perms); i++) {
		expect_error(sys_page_alloc(0, A, bad_perms[i]), E_INVAL);
		expect_error(sys_page_alloc(0, B, bad_perms[i]), E_INVAL);
		expect_error(sys_page_map(0, A, 0, B, bad_perms[i]), E_INVAL);
		expect_error(sys_page_protect(0, A, bad_perms[i]), E_INVAL);
	}
	expect_error(sys_page_map(0, B, 0, A, RO), E_INVAL); /* nothing there */
	expect_error(sys_page_map(0, FAR, 0, A, RO), E_INVAL); /* not even a table */
	expect_is(perm_of(B), 0);
	expect_is(perm_of(A), RW);
	expect_is(refs_of(A), 1);
	expect_is(BYTE(A), 'a');
}

static void alloc(void)
{
	expect_is(sys_page_alloc(0, A, RW), 0);
	expect_is(perm_of(A), RW);
	expect_is(refs_of(A), 1);
	for (int i = 0; i < PGSIZE; i++)
		expect(A[i] == 0);
	memset(A, 0x5A, PGSIZE);
	/* In place of what stood there, which is kept by who else has it. */
	expect_is(sys_page_map(0, A, 0, B, RO), 0);
	expect_is(refs_of(A), 2);
	expect_is(sys_page_alloc(0, A, RW | PTE_AVAIL), 0);
	expect_is(perm_of(A), RW | PTE_AVAIL);
	expect_is(refs_of(A), 1);
	expect_is(refs_of(B), 1);
	expect(A[0] == 0 && A[PGSIZE - 1] == 0 && B[0] == 0x5A && B[PGSIZE - 1] == 0x5A);
	expect_is(sys_page_unmap(0, B), 0);
	expect_is(perm_of(B), 0);
	expect_is(sys_page_alloc(0, A, RW), 0);
	/* The first and the last page there are. */
	expect_is(sys_page_alloc(0, LAST, RW), 0);
	LAST[PGSIZE - 1] = 1;
	expect_is(sys_page_unmap(0, LAST), 0);
	expect_is(sys_page_alloc(0, 0, RW), 0);
	BYTE(zero) = 1;
	expect_is(refs_of(0), 1);
	expect_is(sys_page_unmap(0, 0), 0);
}

static void map(void)
{
	BYTE(A) = 'm';
	expect_is(sys_page_map(0, A, 0, FAR, RW | PTE_COW), 0);
	expect_is(perm_of(FAR), RW | PTE_COW);
	expect_is(refs_of(FAR), 2);
	expect(PTE_ADDR(uvpt[PGNUM(FAR)]) == PTE_ADDR(uvpt[PGNUM(A)]));
	BYTE(FAR) = 'n';
	expect_is(BYTE(A), 'n');
	/* Onto itself: the permissions change, the count does not. */
	expect_is(sys_page_map(0, FAR, 0, FAR, RO), 0);
	expect_is(perm_of(FAR), RO);
	expect_is(refs_of(FAR), 2);
	expect_error(sys_page_map(0, FAR, 0, FAR, RW), E_INVAL);
	expect_error(sys_page_map(0, FAR, 0, B, RW), E_INVAL);
	expect_is(perm_of(B), 0);
	expect_is(refs_of(FAR), 2);
	expect_is(sys_page_map(0, FAR, 0, B, RO | PTE_SHARE), 0);
	expect_is(refs_of(FAR), 3);
	expect_is(sys_page_unmap(0, FAR), 0);
	expect_is(sys_page_unmap(0, FAR), 0);
	expect_is(sys_page_unmap(0, B), 0);
	expect_is(sys_page_unmap(0, B), 0);
	expect_is(refs_of(A), 1);
}

static void protect(void)
{
	expect_is(sys_page_protect(0, B, RW), 0); /* nothing there: passed over */
	expect_is(perm_of(B), 0);
	expect_is(sys_page_protect(0, A, RO | PTE_COW), 0);
	expect_is(perm_of(A), RO | PTE_COW);
	expect_is(refs_of(A), 1);
	expect_error(sys_page_protect(0, A, RW), E_INVAL);
	expect_is(perm_of(A), RO | PTE_COW);
	expect_is(sys_page_protect(0, A, RO), 0);
	expect_is(perm_of(A), RO);
	expect_is(sys_page_alloc(0, A, RW), 0);
	expect_is(sys_page_protect(0, A, RW | PTE_SHARE), 0);
	expect_is(perm_of(A), RW | PTE_SHARE);
	BYTE(A) = 'p';
	expect_is(sys_page_protect(0, A, RW), 0);
	expect_is(BYTE(A), 'p');
}

/* A page of a child: counted, and gone with it. */
static void child_pages(void)
{
	envid_t child = sys_exofork();

	expect(child > 0);
	expect_is(sys_page_map(0, A, child, A, RW), 0);
	expect_is(sys_page_map(child, A, child, FAR, RW), 0);
	expect_is(refs_of(A), 3);
	expect_is(sys_page_map(child, FAR, 0, B, RO), 0);
	expect_is(refs_of(B), 4);
	expect_is(sys_page_unmap(child, A), 0);
	expect_is(refs_of(A), 3);
	expect_is(sys_page_protect(child, FAR, RO), 0);
	expect_error(sys_page_map(child, FAR, 0, FAR, RW), E_INVAL);
	expect_is(sys_page_alloc(child, A, RW), 0);
	expect_is(sys_page_map(child, A, 0, FAR, RW), 0);
	expect_is(refs_of(FAR), 2);
	expect_is(sys_env_destroy(child), 0);
	expect_end(child, -E_KILLED);
	expect_is(refs_of(FAR), 1);
	expect_is(refs_of(A), 2);
	expect_is(sys_page_unmap(0, FAR), 0);
	expect_is(sys_page_unmap(0, B), 0);
	expect_is(refs_of(A), 1);
}

/* In a child: its parent and its sibling are none of its business. */
static void no_rights(uint32_t arg)
{
	envid_t others[2] = { parent, sibling };

	USED(arg);
	for (int i = 0; i < 2; i++) {
		expect_error(sys_page_alloc(others[i], B, RW), E_BAD_ENV);
		expect_error(sys_page_map(others[i], A, 0, B, RO), E_BAD_ENV);
		expect_error(sys_page_map(0, CHILD_STACK, others[i], B, RO), E_BAD_ENV);
		expect_error(sys_page_unmap(others[i], A), E_BAD_ENV);
		expect_error(sys_page_protect(others[i], A, RO), E_BAD_ENV);
	}
}

void umain(int argc, char **argv)
{
	parent = sys_getenvid();
	make_bad_envs();
	alloc();
	bad_arguments();
	map();
	protect();
	uint32_t before = 0;
	for (int i = 0; i < 3; i++) {
		child_pages();
		if (i == 1)
			before = free_pages();
	}
	expect_is(free_pages(), before);
	sibling = child_run(sleeper, 0);
	envid_t child = child_run(no_rights, 0);
	expect_end(child, 0);
	expect_is(sys_env_destroy(sibling), 0);
	expect_end(sibling, -E_KILLED);
	expect_is(perm_of(A), RW);
	expect_is(perm_of(B), 0);
	expect_kernel_sound();
}
