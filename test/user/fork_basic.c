/*
 * fork: what the child has and what it shares, faults and handlers in parent and child, forks of forks; and that all
 * memory and all environments are back afterwards.
 */
#include "forks.h"

#define A ((char *)0x10000000)
#define BIG ((char *)0x20000000)
#define BIG_PAGES 4096 /* 16 MB */
#define SHARED ((volatile uint32_t *)0x30000000)

static uint32_t data = 1;
static uint32_t bss[3000];
static volatile uint32_t faults;

static void reset(uint32_t value)
{
	data = value;
	bss[2000] = value;
	strcpy(A, "parent");
}

static void copy_on_write_both_ways(void)
{
	volatile uint32_t local = 1;
	envid_t child;

	reset(1);
	SHARED[0] = 0;
	/* The child writes; the parent does not see it. */
	IN_CHILD(child) {
		expect_is(thisenv->env_id, sys_getenvid());
		expect_is(thisenv->env_parent_id, envs[ENVX(sys_getenvid())].env_parent_id);
		expect_is(data, 1);
		expect_is(bss[2000], 1);
		expect_is(strcmp(A, "parent"), 0);
		reset(2);
		strcpy(A, "child");
		local = 2;
		expect_is(data, 2);
		expect_is(strcmp(A, "child"), 0);
	}
	expect_is(thisenv->env_id, sys_getenvid());
	expect_end(child, 0);
	expect(data == 1 && bss[2000] == 1 && local == 1);
	expect_is(strcmp(A, "parent"), 0);
	/* The parent writes; the child, which looks after that, does not. */
	IN_CHILD(child) {
		wait_until(SHARED[0] == 1);
		expect(data == 1 && bss[2000] == 1 && local == 1);
		expect_is(strcmp(A, "parent"), 0);
	}
	reset(3);
	strcpy(A, "later");
	local = 3;
	SHARED[0] = 1;
	expect_end(child, 0);
	expect(data == 3 && bss[2000] == 3 && local == 3);
}

static void shared_and_read_only(void)
{
	char *read_only = A + PGSIZE, *shared_read_only = A + 2 * PGSIZE;
	envid_t child;

	SHARED[1] = 5;
	expect_is(sys_page_map(0, A, 0, read_only, RO), 0);
	expect_is(sys_page_map(0, A, 0, shared_read_only, RO | PTE_SHARE), 0);
	uint32_t refs = refs_of((void *)SHARED);
	IN_CHILD(child) {
		expect_is(SHARED[1], 5);
		expect_is(refs_of((void *)SHARED), refs + 1);
		expect_is(perm_of(SHARED), RW | PTE_SHARE);
		expect_is(perm_of(read_only), RO);
		expect_is(perm_of(shared_read_only), RO | PTE_SHARE);
		expect(!(perm_of(A) & PTE_W) || refs_of(A) == 1);
		SHARED[1] = 6;
	}
	expect_end(child, 0);
	expect_is(SHARED[1], 6);
	expect_is(perm_of(SHARED), RW | PTE_SHARE);
	expect_is(perm_of(read_only), RO);
	/* Read-only stays that: a write ends it. */
	IN_CHILD(child) {
		*(volatile char *)read_only = 1;
		sys_env_exit(1);
	}
	expect_end(child, -E_KILLED);
	expect_is(sys_page_unmap_range(0, read_only, 2), 2);
}

/* --- A handler of the program beside copy on write. --- */

static void on_demand(struct UTrapframe *utf)
{
	faults++;
	expect_is(sys_page_alloc(0, (void *)ROUNDDOWN(utf->utf_fault_va, PGSIZE), RW), 0);
}

static void use_handler(void)
{
	uint32_t before = faults;

	data++; /* a copy; not the handler's business */
	bss[1000]++;
	expect_is(faults, before);
	A[5 * PGSIZE] = 1;
	expect_is(faults, before + 1);
	expect_is(sys_page_unmap(0, A + 5 * PGSIZE), 0);
}

static void handlers(void)
{
	envid_t child, grandchild;

	/* Set after fork, in both. */
	IN_CHILD(child) {
		set_pgfault_handler(on_demand);
		use_handler();
	}
	expect(!_pgfault_handler);
	set_pgfault_handler(on_demand);
	use_handler();
	expect_end(child, 0);
	/* Before. */
	IN_CHILD(child) {
		use_handler();
		IN_CHILD(grandchild) {
			use_handler();
		}
		use_handler();
		expect_end(grandchild, 0);
	}
	use_handler();
	expect_end(child, 0);
	_pgfault_handler = NULL;
}

/* --- Forks of forks. --- */

static void generations(uint32_t depth)
{
	volatile uint32_t local = depth;
	envid_t child;

	if (depth == 0)
		return;
	data = depth;
	IN_CHILD(child) {
		expect_is(data, depth);
		generations(depth - 1);
		expect_is(data, depth > 1 ? depth - 1 : 1);
	}
	/* Changes that the grandchildren must not see, though they share pages with them. */
	data = depth * 1000;
	expect_end(child, 0);
	expect_is(data, depth * 1000);
	expect_is(local, depth);
	data = depth;
}

/* 2^6 processes; each leaf counts itself. */
static void tree(uint32_t depth)
{
	envid_t children[2];

	if (depth == 0) {
		__atomic_add_fetch((uint32_t *)&SHARED[2], 1, __ATOMIC_SEQ_CST);
		return;
	}
	for (uint32_t i = 0; i < 2; i++) {
		data = data * 2 + i;
		uint32_t is = data;
		IN_CHILD(children[i]) {
			expect_is(data, is);
			tree(depth - 1);
		}
		data /= 2;
	}
	for (uint32_t i = 0; i < 2; i++)
		expect_end(children[i], 0);
}

static void trees(void)
{
	generations(5);
	SHARED[2] = 0;
	data = 1;
	tree(6);
	expect_is(SHARED[2], 64);
	expect_is(data, 1);
}

/* --- Registers and flags over fork. --- */

static void registers(void)
{
	uint32_t ebx = 0x11111111, esi = 0x22222222, edi = 0x33333333;
	envid_t id;

	/* What the compiler must keep over the call, it keeps in these, in the parent and in the child. */
	__asm__ volatile("call fork" : "=a"(id), "+b"(ebx), "+S"(esi), "+D"(edi) : : "ecx", "edx", "memory", "cc");
	expect(id >= 0);
	expect(ebx == 0x11111111 && esi == 0x22222222 && edi == 0x33333333);
	if (id == 0)
		sys_env_exit(3);
	expect_end(id, 3);
}

/* --- 16 MB. --- */

static uint32_t content(uint32_t page)
{
	return page * 2654435761u + 17;
}

static void big(void)
{
	envid_t child;

	expect_is(pages_alloc(0, BIG, RW, BIG_PAGES), 0);
	for (uint32_t i = 0; i < BIG_PAGES; i++)
		*(uint32_t *)(BIG + i * PGSIZE + i % 1000 * 4) = content(i);
	uint32_t before = free_pages();
	IN_CHILD(child) {
		for (uint32_t i = 0; i < BIG_PAGES; i += 3)
			*(uint32_t *)(BIG + i * PGSIZE + i % 1000 * 4) ^= i;
		for (uint32_t i = 0; i < BIG_PAGES; i++)
			expect_is(*(uint32_t *)(BIG + i * PGSIZE + i % 1000 * 4), content(i) ^ (i % 3 ? 0 : i));
	}
	for (uint32_t i = 1; i < BIG_PAGES; i += 3)
		*(uint32_t *)(BIG + i * PGSIZE + i % 1000 * 4) ^= i;
	expect_end(child, 0);
	for (uint32_t i = 0; i < BIG_PAGES; i++)
		expect_is(*(uint32_t *)(BIG + i * PGSIZE + i % 1000 * 4), content(i) ^ (i % 3 == 1 ? i : 0));
	/* Nothing of this size has been copied for good. */
	expect(free_pages() + 100 > before);
	expect_is(pages_unmap(0, BIG, BIG_PAGES), 0);
}

/*
 * --- Out of memory, at every place: fork says so and leaves nothing, or a copy on write fails, which ends the program,
 * whose unfinished child passes to us. ---
 */

static int fork_in_need(uint32_t n)
{
	envid_t child;

	IN_CHILD(child) {
		data = 8;
		bss[2000] = 8;
		uint32_t before = free_pages();
		expect_is(sys_test(TEST_FAIL_AFTER, n, NULL, 0), 0);
		envid_t id = fork();
		if (id == 0)
			sys_env_exit(0);
		expect_is(sys_test(TEST_FAIL_AFTER, ~0u, NULL, 0), 0);
		if (id > 0) {
			expect_end(id, 0);
			sys_env_exit(FORK_DONE);
		}
		expect_is(id, -E_NO_MEM);
		expect(free_pages() + 3 >= before); /* but for copies of its own pages */
		expect_is(data, 8);
		expect_is(bss[2000], 8);
		sys_env_exit(FORK_REFUSED);
	}
	return status_in_need(child);
}

/* How many environments there are. */
static uint32_t live(void)
{
	uint32_t count = 0;

	for (int i = 0; i < NENV; i++)
		count += envs[i].env_status != ENV_FREE;
	return count;
}

static void all(void)
{
	copy_on_write_both_ways();
	shared_and_read_only();
	handlers();
	trees();
	registers();
	big();
}

void umain(int argc, char **argv)
{
	expect_is(sys_page_alloc(0, A, RW), 0);
	expect_is(sys_page_alloc(0, (void *)SHARED, RW | PTE_SHARE), 0);
	grow_records(140);
	all();
	out_of_memory("fork", fork_in_need);
	all();
	uint32_t before = free_pages(), environments = live();
	all();
	expect_is(free_pages(), before);
	expect_is(live(), environments);
	expect_kernel_sound();
}
