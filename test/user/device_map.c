/*
 * Device memory: what may be mapped, and what may be done with such a mapping. No page is counted for it, and it stays
 * where it was put. The device is QEMU's edu, where there is a PCI bus; else the screen's memory.
 */
#include <finch/ipc.h>
#include "child.h"
#include "edu.h"

#define A ((char *)0x10000000)
#define B ((char *)0x20000000)
#define SCREEN 0xA0000 /* graphics memory, of which the console uses nothing */
#define SCREEN_PAGES 0x18
#define PERM (RW | PTE_PCD | PTE_PWT)

static struct edu edu;

static int map(envid_t envid, const void *va, uint32_t perm, uint32_t count, uint32_t physical)
{
	return libos_sys_device_map(envid, (uintptr_t)va, perm | count << PERM_COUNT_SHIFT, physical);
}

static uint32_t entry_of(const void *va)
{
	return perm_of(va) ? uvpt[PGNUM(va)] : 0;
}

static void expect_mapped(const char *va, uint32_t perm, uint32_t physical)
{
	expect_is(entry_of(va) & ~(PTE_A | PTE_D), physical | perm);
}

static void refused(void)
{
	struct info_machine machine;
	uint32_t ram = PTE_ADDR(uvpt[PGNUM(refused)]);

	expect(machine_info(&machine) >= 0);
	/* RAM, whoever has it; the kernel; what lies beside it. */
	expect_error(map(0, A, RW, 1, ram), E_INVAL);
	expect_error(map(0, A, RO, 1, 0x100000), E_INVAL);
	expect_error(map(0, A, RW, 1, 0), E_INVAL);
	expect_error(map(0, A, RW, 1, 0x7000), E_INVAL);
	expect_error(map(0, A, RW, 0xC0000, 0x40000000), E_INVAL); /* all of 1 GB to the end of 4: the APICs */
	expect_error(map(0, A, RW, 1, 0x9F000), E_INVAL);
	expect_error(map(0, A, RW, 2, 0x9F000), E_INVAL);
	/* Devices of the kernel's: local APIC, I/O APIC, the screen's text. */
	expect_error(map(0, A, RW, 1, 0xFEE00000), E_INVAL);
	expect_error(map(0, A, RW, 3, 0xFEDFF000), E_INVAL);
	expect_error(map(0, A, RW, 1, 0xB8000), E_INVAL);
	expect_error(map(0, A, RW, SCREEN_PAGES + 1, SCREEN), E_INVAL);
	expect_error(map(0, A, RW, 1, 0xF0000), E_INVAL);
	/* Not whole pages, not below 4 GB. */
	expect_error(map(0, A, RW, 1, SCREEN + 4), E_INVAL);
	expect_error(map(0, A + 4, RW, 1, SCREEN), E_INVAL);
	expect_error(map(0, A, RW, 2, 0xFFFFF000), E_INVAL);
	expect_error(map(0, A, RW, 0xFFFFF, 0x80000000), E_INVAL);
	expect_error(map(0, A, RW, 16385, 0x80000000), E_INVAL);
	/* Not where programs may map, not as they may. */
	expect_error(map(0, (void *)UTOP, RW, 1, SCREEN), E_INVAL);
	expect_error(map(0, (void *)(UTOP - PGSIZE), RW, 2, SCREEN), E_INVAL);
	expect_error(map(0, A, PTE_P, 1, SCREEN), E_INVAL);
	expect_error(map(0, A, RW | PTE_PCD, 1, SCREEN), E_INVAL);
	expect_error(map(-1, A, RW, 1, SCREEN), E_BAD_ENV);
	expect_error(map(thisenv->env_parent_id, A, RW, 1, SCREEN), E_BAD_ENV);
	expect(!page_mapped(A));
}

/* --- What can be done with a mapping, at A, of which two pages are mapped. --- */

static volatile int result;

static void tries_to_read(uint32_t va)
{
	result = 1;
	result = *(volatile int *)va;
	result = 2;
}

static void copies(uint32_t physical)
{
	envid_t child = child_make(tries_to_read, (uintptr_t)A);

	expect_error(sys_page_map(0, A, 0, B, RO), E_INVAL);
	expect_error(sys_page_map(0, A, child, A, RW), E_INVAL);
	/* A range ends before it. */
	expect_is(sys_page_alloc(0, A - PGSIZE, RW), 0);
	expect_is(sys_page_map_range(0, A - PGSIZE, child, A - PGSIZE, RW, 2), 1);
	expect_error(sys_ipc_try_send(child, 1, A, RO), E_INVAL);
	expect_error(libos_sys_page_replace((uintptr_t)A, entry_of(A), RW), E_INVAL);
	/* Copies leave it out, and do not mark it, even among pages that they take in eights. */
	expect_is(sys_page_alloc_range(0, A + 2 * PGSIZE, RW, 30), 30);
	expect_is(map(0, A + 12 * PGSIZE, RW, 1, physical), 1);
	expect_is(pages_copy(child, A - PGSIZE, 0, PTE_SHARE, PTE_COW, 33), 0);
	expect_kernel_sound();
	expect_is(perm_of(A + 11 * PGSIZE), RO | PTE_COW);
	expect_mapped(A + 12 * PGSIZE, PERM, physical);
	expect_is(perm_of(A - PGSIZE), RO | PTE_COW);
	expect_is(perm_of(A + 2 * PGSIZE), RO | PTE_COW);
	expect_mapped(A, PERM, physical);
	expect_is(pages_copy(0, A - PGSIZE, 0, 0, PTE_COW, 33), 0);
	expect_mapped(A, PERM, physical);
	expect_is(pages_unmap(0, A - PGSIZE, 1), 0);
	expect_is(pages_unmap(0, A + 2 * PGSIZE, 30), 0);
	expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
	expect_end(child, -E_KILLED);
	expect_is(result, 1);
}

static void changes(uint32_t physical)
{
	expect_is(map(0, A, RW, 2, physical), 2);
	expect_mapped(A, PERM, physical);
	expect_mapped(A + PGSIZE, PERM, physical + PGSIZE);
	copies(physical);
	/* Protected: uncached as before. */
	expect_is(sys_page_protect_range(0, A, RO | PTE_SHARE, 2), 2);
	expect_mapped(A, RO | PTE_SHARE | PTE_PCD | PTE_PWT, physical);
	expect_error(sys_page_protect(0, A, RW), E_INVAL);
	expect_error(libos_sys_page_replace((uintptr_t)A, entry_of(A), RW), E_INVAL);
	expect_is(libos_sys_page_replace((uintptr_t)A, physical | RO | PTE_SHARE, RW), 1);
	expect_mapped(A, RO | PTE_SHARE | PTE_PCD | PTE_PWT, physical);
	expect_kernel_sound();
	/* In its place: itself, a page, a page of another, a message's; each in place of a page too. */
	uint32_t before = free_pages();
	expect_is(map(0, A, RW, 1, physical + PGSIZE), 1);
	expect_mapped(A, PERM, physical + PGSIZE);
	expect_is(sys_page_alloc(0, A, RW), 0);
	expect_is(*A, 0);
	expect_is(refs_of(A), 1);
	expect_is(map(0, A, RW, 0, physical), 0);
	expect_is(sys_page_alloc_range(0, A, RW, 2), 2);
	expect_is(map(0, A, RW, 2, physical), 2);
	expect_is(sys_page_map(0, (void *)UTEXT, 0, A, RO), 0);
	expect_is(map(0, A, RW, 1, physical), 1);
	expect_is(free_pages(), before);
	expect_kernel_sound();
	expect_is(sys_page_unmap(0, A), 0);
	expect_is(map(0, A, RW, 1, physical), 1);
	expect_is(sys_page_unmap_range(0, A, 2), 2);
	expect(!page_mapped(A) && !page_mapped(A + PGSIZE));
	expect_is(free_pages(), before);
}

/* --- The end of a space that has some; also among its pages, in many tables. --- */

static void nothing(uint32_t arg)
{
	USED(arg);
}

static void ends(uint32_t physical, uint32_t pages)
{
	uint32_t before = free_pages();

	for (int round = 0; round < 3; round++) {
		envid_t child = child_make(nothing, 0);
		for (uintptr_t va = 0x10000000; va < 0x18000000; va += 3 * PTSIZE / 2) {
			expect_is(map(child, (void *)va, RW, pages, physical), pages);
			expect_is(sys_page_alloc_range(child, (void *)(va + pages / 2 * PGSIZE), RW, 3), 3);
			expect_is(sys_page_alloc_range(child, (void *)(va + pages * PGSIZE), RW, 3), 3);
		}
		expect_kernel_sound();
		expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
		expect_end(child, 0);
		expect_kernel_sound();
		expect_is(free_pages(), before);
	}
}

static void no_memory(uint32_t physical)
{
	char *va = (char *)0x40000000 - 2 * PGSIZE;

	/* The first table is there, the second is not, and then is. */
	expect_is(sys_page_alloc(0, va - PGSIZE, RW), 0);
	if (sys_test(TEST_FAIL_AFTER, 0, NULL, 0) < 0)
		return;
	int done = map(0, va, RW, 4, physical);
	sys_test(TEST_FAIL_AFTER, ~0u, NULL, 0);
	expect_is(done, 2);
	sys_test(TEST_FAIL_AFTER, 0, NULL, 0);
	done = map(0, va + 2 * PGSIZE, RW, 2, physical);
	sys_test(TEST_FAIL_AFTER, ~0u, NULL, 0);
	expect_error(done, E_NO_MEM);
	expect(!page_mapped(va + 2 * PGSIZE));
	expect_is(map(0, va, RW, 4, physical), 4);
	expect_kernel_sound();
	expect_is(pages_unmap(0, va - PGSIZE, 5), 0);
}

static void without_right(uint32_t arg)
{
	USED(arg);
	result = map(0, A, RW, 1, SCREEN);
}

static void rights(void)
{
	child_run_without_rights(without_right);
	expect_error(result, E_BAD_ENV);
}

/* The device itself answers, not a cache, and to a child too that was given it. */
static void asks(uint32_t arg)
{
	volatile uint32_t *registers = (volatile uint32_t *)A;

	for (uint32_t i = 0; i < 100; i++) {
		registers[EDU_ALIVE] = arg + i;
		if (registers[EDU_ALIVE] != ~(arg + i))
			sys_env_exit(1);
	}
	sys_env_exit(2);
}

static void device(void)
{
	edu_map(&edu, A);
	volatile uint32_t *registers = (volatile uint32_t *)A;
	registers[EDU_ALIVE] = 0x600D;
	expect_is(registers[EDU_ALIVE], ~0x600D);
	envid_t child = child_make(asks, 7);
	expect_is(map(child, A, RW, 0, edu.physical), 0);
	expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
	expect_end(child, 2);
	expect_is(sys_page_unmap(0, A), 0);
	changes(edu.physical);
	ends(edu.physical, EDU_SIZE / PGSIZE);
}

void umain(int argc, char **argv)
{
	grow_records(4);
	refused();
	changes(SCREEN);
	ends(SCREEN, SCREEN_PAGES);
	no_memory(SCREEN);
	rights();
	expect_is(libos_sys_port_allow(0, PCI_ADDRESS, PCI_PORTS, 1), 0);
	if (edu_find(&edu)) /* it has to be there where there is a PCI bus: see irq.c */
		device();
	expect_kernel_sound();
}
