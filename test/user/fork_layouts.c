/*
 * fork with memory anywhere: at both ends of what a program may map, sparse, across page tables, read-only, shared, one
 * page mapped twice, with an exception stack elsewhere, from a fault's handler. And that pages[] and uvpt[] say what is:
 * while the child lives, and after its end.
 */
#include "forks.h"

#define A ((char *)0x10000000)
#define SHARED ((volatile uint32_t *)0x30000000)
#define OTHER_STACK ((char *)0x60000000)

/* Write now: the compiler may not move it. */
static void poke(volatile char *at, char value)
{
	*at = value;
}

/* Below: pages here and there; the lowest, the highest, both sides of a table's end, and where the library is not used. */
static char *const places[] = {
	(char *)0, (char *)PGSIZE, (char *)0x00010000, (char *)PTSIZE - PGSIZE, (char *)0x7FFFF000,
	(char *)0x80000000, (char *)0xA0000000, (char *)0xAFFFF000, (char *)0xCAFEB000, (char *)0xDEADB000, (char *)0xCCCCC000,
	(char *)0xE8000000, (char *)0xEE000000, (char *)0xEE3FF000, (char *)0xEE400000,
};
#define PLACES ARRAY_SIZE(places)

static uint32_t *word(unsigned i)
{
	return (uint32_t *)(places[i] + 4 * i + 8);
}

static void sparse(void)
{
	envid_t child, grandchild;

	for (unsigned i = 0; i < PLACES; i++) {
		expect_is(sys_page_alloc(0, places[i], RW), 0);
		*word(i) = i * 111;
	}
	IN_CHILD(child) {
		for (unsigned i = 0; i < PLACES; i++) {
			expect_is(perm_of(places[i]), RO | PTE_COW);
			expect_is(*word(i), i * 111);
			*word(i) += 1000;
		}
		IN_CHILD(grandchild) {
			for (unsigned i = 0; i < PLACES; i++) {
				expect_is(*word(i), i * 111 + 1000);
				*word(i) += 1000;
				expect_is(*word(i), i * 111 + 2000);
			}
		}
		expect_end(grandchild, 0);
		for (unsigned i = 0; i < PLACES; i++)
			expect_is(*word(i), i * 111 + 1000);
		SHARED[0] = 1;
		wait_until(SHARED[1]);
	}
	wait_until(SHARED[0]);
	/* The child has pages of its own by now. */
	for (unsigned i = 0; i < PLACES; i++) {
		expect_is(*word(i), i * 111);
		expect_is(refs_of(places[i]), 1);
		expect_is(perm_of(places[i]), RO | PTE_COW);
		*word(i) = i;
		expect_is(perm_of(places[i]), RW);
	}
	SHARED[1] = 1;
	expect_end(child, 0);
	SHARED[0] = SHARED[1] = 0;
	for (unsigned i = 0; i < PLACES; i++)
		expect_is(sys_page_unmap(0, places[i]), 0);
}

/* One page at two addresses: each address gets a copy of its own once it is written to. */
static void aliases(void)
{
	char *other = A + 3 * PTSIZE;
	envid_t child;

	expect_is(sys_page_alloc(0, A, RW), 0);
	expect_is(sys_page_map(0, A, 0, other, RW), 0);
	strcpy(A, "both");
	IN_CHILD(child) {
		expect_is(refs_of(A), 4);
		expect_is(strcmp(other, "both"), 0);
		strcpy(A, "one");
		expect_is(strcmp(A, "one"), 0);
		expect_is(strcmp(other, "both"), 0);
		expect_is(refs_of(A), 1);
		expect_is(refs_of(other), 3);
	}
	expect_end(child, 0);
	expect_is(refs_of(A), 2);
	expect_is(strcmp(A, "both"), 0);
	strcpy(A, "mine");
	expect_is(strcmp(other, "both"), 0);
	expect_is(refs_of(A), 1);
	expect_is(refs_of(other), 1);
	expect_is(sys_page_unmap(0, A), 0);
	expect_is(sys_page_unmap(0, other), 0);
}

/* References as they come and go, in a family that shares a page. */
static void references(void)
{
	envid_t children[5];

	expect_is(sys_page_alloc(0, A, RW), 0);
	*A = 7;
	for (uint32_t i = 0; i < 5; i++) {
		IN_CHILD(children[i]) {
			wait_until(SHARED[2] > i);
			expect_is(*A, 7);
		}
		expect_is(refs_of(A), 2 + i);
		expect_is(perm_of(A), RO | PTE_COW);
	}
	for (uint32_t i = 0; i < 5; i++) {
		SHARED[2] = i + 1;
		expect_end(children[i], 0);
		expect_is(refs_of(A), 5 - i);
	}
	SHARED[2] = 0;
	/* The last one keeps the page. */
	uint32_t page = uvpt[PGNUM(A)] >> PGSHIFT;
	poke(A, 8);
	expect_is(uvpt[PGNUM(A)] >> PGSHIFT, page);
	expect_is(perm_of(A), RW);
	expect_is(sys_page_unmap(0, A), 0);
}

/* Bits that the library gives no meaning stay, on both sides and over the copy. */
static void other_bits(void)
{
	envid_t child;

	expect_is(sys_page_alloc(0, A, RW | 0x200), 0);
	IN_CHILD(child) {
		expect_is(perm_of(A), RO | PTE_COW | 0x200);
		poke(A, 1);
		expect_is(perm_of(A), RW | 0x200);
	}
	expect_end(child, 0);
	poke(A, 1);
	expect_is(perm_of(A), RW | 0x200);
	expect_is(sys_page_unmap(0, A), 0);
}

/* --- The exception stack is another, within what is copied. --- */

static volatile uint32_t handled;

static void give_page(struct UTrapframe *utf)
{
	handled++;
	expect_is(sys_page_alloc(0, (void *)ROUNDDOWN(utf->utf_fault_va, PGSIZE), RW), 0);
}

static void other_stack(void)
{
	envid_t child;

	set_pgfault_handler(give_page);
	expect_is(sys_page_alloc(0, OTHER_STACK, RW), 0);
	expect_is(sys_page_alloc(0, OTHER_STACK + PGSIZE, RW), 0);
	expect_is(sys_env_set(0, ENV_SET_EXCEPTION_STACK, (uintptr_t)OTHER_STACK + PGSIZE), 0);
	IN_CHILD(child) {
		expect_is(refs_of(OTHER_STACK), 1);
		expect_is(perm_of(OTHER_STACK), RW);
		expect_is(perm_of(OTHER_STACK + PGSIZE), RO | PTE_COW);
		poke(OTHER_STACK + PGSIZE, 1);
		poke(A, 1);
		expect_is(handled, 1);
	}
	expect_is(refs_of(OTHER_STACK), 1);
	expect_is(perm_of(OTHER_STACK), RW);
	poke(A, 1);
	expect_is(handled, 1);
	expect_end(child, 0);
	expect_is(sys_env_set(0, ENV_SET_EXCEPTION_STACK, UXSTACKTOP), 0);
	expect_is(sys_page_unmap(0, A), 0);
	expect_is(sys_page_unmap(0, OTHER_STACK), 0);
	expect_is(sys_page_unmap(0, OTHER_STACK + PGSIZE), 0);
	_pgfault_handler = NULL;
	handled = 0;
}

/* --- A fork in the handler of a fault: both go on with what faulted. --- */

static envid_t forked_there;

static void fork_there(struct UTrapframe *utf)
{
	handled++;
	expect_is(sys_page_alloc(0, (void *)ROUNDDOWN(utf->utf_fault_va, PGSIZE), RW), 0);
	forked_there = forked();
}

static void in_handler(void)
{
	volatile uint32_t local = 5;

	set_pgfault_handler(fork_there);
	poke(A, 1);
	local++;
	expect_is(handled, 1);
	expect_is(local, 6);
	expect_is(A[0], 1);
	if (forked_there == 0)
		sys_env_exit(4);
	expect_end(forked_there, 4);
	expect_is(sys_page_unmap(0, A), 0);
	_pgfault_handler = NULL;
	handled = 0;
}

static void all(void)
{
	sparse();
	aliases();
	references();
	other_bits();
	other_stack();
	in_handler();
}

void umain(int argc, char **argv)
{
	expect_is(sys_page_alloc(0, (void *)SHARED, RW | PTE_SHARE), 0);
	grow_records(10);
	all();
	uint32_t before = free_pages();
	all();
	expect_is(free_pages(), before);
	expect_kernel_sound();
}
