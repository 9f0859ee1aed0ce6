/*
 * Pages for DMA: one behind the other, zeroed, where uvpt says, all or none; each goes back by itself. QEMU's device
 * edu copies from and to them, where there is a PCI bus, and its interrupt ends a wait that nothing else could.
 */
#include <finch/ipc.h>
#include "child.h"
#include "edu.h"

#define A ((char *)0x10000000 - 512 * PGSIZE) /* a range of 1024 lies across tables */
#define REGISTERS ((void *)0x20000000)
#define MOST 1024

static int alloc(envid_t envid, const void *va, uint32_t perm, uint32_t count)
{
	return libos_sys_page_alloc_dma(envid, (uintptr_t)va, perm | count << PERM_COUNT_SHIFT);
}

static uint32_t physical(const volatile void *va)
{
	return PTE_ADDR(uvpt[PGNUM(va)]);
}

static void expect_block(uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		const volatile uint32_t *page = (const volatile uint32_t *)(A + i * PGSIZE);
		expect_is(perm_of(page), RW);
		expect_is(physical(page), physical(A) + i * PGSIZE);
		expect_is(refs_of(page), 1);
		for (unsigned n = 0; n < NPTENTRIES; n += 31)
			expect_is(page[n], 0);
	}
}

static void sizes(void)
{
	static const uint16_t counts[] = { 1, 2, 3, 5, 64, 65, 511, 1023, MOST };

	/* Once with the most: what the tables take is there then. */
	expect_is(alloc(0, A, RW, MOST), MOST);
	expect_block(MOST);
	memset(A, 0x55, MOST * PGSIZE);
	expect_is(sys_page_map(0, A, 0, UTEMP, RO), 0);
	expect_is(pages_unmap(0, A, MOST), 0);
	expect_is(sys_page_unmap(0, UTEMP), 0);
	uint32_t before = free_pages();
	for (unsigned i = 0; i < ARRAY_SIZE(counts); i++) {
		expect_is(alloc(0, A, RW, counts[i]), counts[i]);
		expect_block(counts[i]);
		expect(!page_mapped(A + counts[i] * PGSIZE));
		expect_is(free_pages(), before - counts[i]);
		memset(A, 0xAA, counts[i] * PGSIZE);
		/* In pieces: the middle first, and a page that another mapping holds. */
		uint32_t half = counts[i] / 2;
		expect_is(sys_page_map(0, A, 0, UTEMP, RO), 0);
		expect_is(pages_unmap(0, A + half * PGSIZE, counts[i] - half), 0);
		expect_is(pages_unmap(0, A, counts[i]), 0);
		expect_is(free_pages(), before - 1);
		expect_is(*(volatile uint8_t *)UTEMP, 0xAA);
		expect_is(sys_page_unmap(0, UTEMP), 0);
		expect_is(free_pages(), before);
	}
	expect_kernel_sound();
}

static void refused(void)
{
	expect_error(alloc(0, A, RW, MOST + 1), E_INVAL);
	expect_error(alloc(0, A, RW, 0xFFFFF), E_INVAL);
	expect_error(alloc(0, A + 1, RW, 1), E_INVAL);
	expect_error(alloc(0, (void *)UTOP, RW, 1), E_INVAL);
	expect_error(alloc(0, (void *)(UTOP - PGSIZE), RW, 2), E_INVAL);
	expect_error(alloc(0, A, PTE_P | PTE_W, 1), E_INVAL);
	expect_error(alloc(0, A, RW | PTE_PCD, 1), E_INVAL);
	expect_error(alloc(-1, A, RW, 1), E_BAD_ENV);
	expect_error(alloc(thisenv->env_parent_id, A, RW, 1), E_BAD_ENV);
	expect_error(alloc(thisenv->env_parent_id, A + 1, 0, 1), E_BAD_ENV);
	expect(!page_mapped(A));
}

/* In place of others, in a child, and not counted. */
static void in_place(void)
{
	envid_t child = sys_exofork();

	expect(child > 0);
	expect_is(alloc(child, A, RW, 3), 3);
	uint32_t before = free_pages();
	expect_is(sys_page_alloc_range(0, A, RW, 4), 4);
	expect_is(alloc(0, A, RW, 3), 3);
	expect_block(3);
	expect_is(alloc(0, A, RW, 0), 0);
	expect_is(sys_page_map_range(child, A, 0, A, RO, 3), 3);
	expect_is(refs_of(A), 2);
	expect_is(physical(A + 2 * PGSIZE), physical(A) + 2 * PGSIZE);
	expect_is(pages_unmap(0, A, 4), 0);
	expect_is(free_pages(), before);
	expect_is(sys_env_destroy(child), 0);
	expect_end(child, -E_KILLED);
}

/* All or none, at each place where memory can run out. */
static void no_memory(void)
{
	envid_t child = sys_exofork();
	uint32_t before;

	expect(child > 0);
	for (uint32_t n = 0;; n++) {
		before = free_pages();
		if (sys_test(TEST_FAIL_AFTER, n, NULL, 0) < 0)
			break;
		int done = alloc(child, A, RW, MOST);
		sys_test(TEST_FAIL_AFTER, ~0u, NULL, 0);
		if (done == MOST) {
			expect(n == 3 || n == 4); /* two tables, and the block, of one zone or the other */
			break;
		}
		expect_error(done, E_NO_MEM);
		expect_error(sys_page_map(child, A, 0, UTEMP, RO), E_INVAL);
		expect_kernel_sound();
		expect(before - free_pages() <= 2); /* tables stay */
	}
	expect_is(sys_env_destroy(child), 0);
	expect_end(child, -E_KILLED);
}

/* Take all there is in the largest pieces; then smaller ones are still to be had; and all of it comes back. */
static void all_there_is(void)
{
	uint32_t before = free_pages(), n = 0;
	envid_t child = sys_exofork();

	expect(child > 0);
	while (n < 100 && alloc(child, (char *)0x10000000 + n * PTSIZE, RW, MOST) == MOST)
		n++;
	expect_error(alloc(child, (void *)0x08000000, RW, MOST), E_NO_MEM);
	uint32_t small = 0;
	while (small < 1000 && alloc(child, (char *)0x80000000 + small * 2 * PGSIZE, RW, 2) == 2)
		small++;
	expect(n > 0 && small > 0); /* how many depends on where tests before this one have left records */
	expect_kernel_sound();
	expect_is(sys_env_destroy(child), 0);
	expect_end(child, -E_KILLED);
	expect_is(free_pages(), before);
	expect_is(alloc(0, A, RW, MOST), MOST);
	expect_is(pages_unmap(0, A, MOST), 0);
}

static volatile int result;

static void without_right(uint32_t arg)
{
	USED(arg);
	result = alloc(0, A, RW, 1);
}

static void rights(void)
{
	child_run_without_rights(without_right);
	expect_error(result, E_BAD_ENV);
}

/* By the library: where the device knows it, it stays, after a fork on both sides. */
static void forks(void)
{
	volatile uint32_t *memory = (volatile uint32_t *)A;
	uint32_t at = 0;
	envid_t child;

	expect_error(pages_alloc_dma(A, MOST + 1, &at), E_INVAL);
	expect_is(pages_alloc_dma(A, 3, &at), 0);
	expect_is(at, physical(A));
	expect((child = fork()) >= 0);
	if (child == 0) {
		memory[PGSIZE / 2] = 5;
		sys_env_exit(physical(A + 2 * PGSIZE) == at + 2 * PGSIZE);
	}
	memory[0] = 7;
	expect_end(child, 1);
	expect_is(memory[PGSIZE / 2], 5);
	expect_is(physical(A), at);
	expect_is(physical(A + 2 * PGSIZE), at + 2 * PGSIZE);
	expect_is(pages_unmap(0, A, 3), 0);
}

/* --- With a device. It takes its time, and then raises its interrupt. --- */

enum { DONE = 0x100, COMMAND_INTERRUPT = 4 };
#define BYTES (PGSIZE - 16) /* QEMU ends itself over a copy of all the buffer */

static void copy(const struct edu *edu, uint32_t from, uint32_t to, uint32_t bytes, uint32_t way)
{
	volatile uint32_t *registers = REGISTERS;

	registers[EDU_DMA_FROM] = from;
	registers[EDU_DMA_TO] = to;
	registers[EDU_DMA_COUNT] = bytes;
	registers[EDU_DMA_COMMAND] = EDU_DMA_START | COMMAND_INTERRUPT | way;
	/* Nothing else can happen on this machine now: it must not be taken for one at rest. */
	expect_is(sys_ipc_wait(IPC_NO_PAGES, 0, TIMEOUT_NEVER), 0);
	expect_is(thisenv->env_ipc_from, 0);
	expect_is(thisenv->env_ipc_value, 1 << edu->line);
	expect_is(registers[EDU_STATUS], DONE);
	registers[EDU_CLEAR] = DONE;
	expect_is(libos_sys_irq(0, edu->line, IRQ_DONE), 0);
}

static void device(struct edu *edu)
{
	edu_map(edu, REGISTERS);
	expect_is(alloc(0, A, RW, 4), 4);
	expect_is(libos_sys_irq(0, edu->line, IRQ_ATTACH), 0);
	for (uint32_t i = 0; i < BYTES / 4; i++)
		((volatile uint32_t *)A)[PGSIZE / 8 + i] = i * 0x01010101; /* across two pages */
	copy(edu, physical(A) + PGSIZE / 2, EDU_BUFFER, BYTES, 0);
	copy(edu, EDU_BUFFER, physical(A) + 2 * PGSIZE + PGSIZE / 2, BYTES, EDU_DMA_TO_MEMORY);
	for (uint32_t i = 0; i < BYTES / 4; i++)
		expect_is(((volatile uint32_t *)A)[(2 * PGSIZE + PGSIZE / 2) / 4 + i], i * 0x01010101);
	expect_is(libos_sys_irq(0, edu->line, IRQ_DETACH), 0);
	expect_is(pages_unmap(0, A, 4), 0);
}

void umain(int argc, char **argv)
{
	struct edu edu;

	grow_records(4);
	refused();
	sizes();
	in_place();
	no_memory();
	all_there_is();
	rights();
	forks();
	expect_is(libos_sys_port_allow(0, PCI_ADDRESS, PCI_PORTS, 1), 0);
	if (edu_find(&edu))
		device(&edu);
	expect_kernel_sound();
}
