/* Page tables: see paging.h, and kern/arch.h for what each arch_ function promises. */
#include <abi/error.h>
#include <arch/space.h>
#include <common/string.h>
#include <kern/boot.h>
#include <kern/buddy.h>
#include <kern/budget.h>
#include <kern/cpu.h>
#include <kern/lock.h>
#include <kern/space.h>
#include <arch/features.h>
#include "paging.h"

#define KERNEL_FIRST PDX(UTOP) /* directory entries from here on are the kernel's */
#define WINDOWS_PER_CPU (NPTENTRIES / CPUS_MAX)
#define PAGES_ALIGNED __attribute__((aligned(PGSIZE), section(".bss.pages")))

extern char kernel_text_end[], kernel_rodata_end[], kernel_end[];

static pde_t kernel_directory[NPDENTRIES] PAGES_ALIGNED;
static pte_t first_table[NPTENTRIES] PAGES_ALIGNED;  /* physical memory below 4 MB */
static pte_t envs_table[NPTENTRIES] PAGES_ALIGNED;
static pte_t pages_table[NPTENTRIES] PAGES_ALIGNED;
static pte_t device_table[NPTENTRIES] PAGES_ALIGNED;
static pte_t stack_table[NPTENTRIES] PAGES_ALIGNED;
static pte_t window_table[NPTENTRIES] PAGES_ALIGNED;

static uint32_t direct_end; /* physical memory below this is in the direct map */
static uint32_t global;     /* PTE_G, where there is such a thing */

static struct spinlock device_lock = SPINLOCK(RANK_DEVICE, "device mappings");
static uint32_t device_next GUARDED_BY(device_lock); /* index in device_table of the first free page */

static uint32_t physical_of(const void *kernel_address)
{
	return (uintptr_t)kernel_address - KERNBASE;
}

uint32_t paging_kernel_cr3(void)
{
	return physical_of(kernel_directory);
}

/* --- At boot --- */

static void map_table(uintptr_t va, pte_t *table, uint32_t user)
{
	kernel_directory[PDX(va)] = physical_of(table) | PTE_P | PTE_W | user;
}

static void fill_table(pte_t *table, uint32_t physical)
{
	for (unsigned i = 0; i < NPTENTRIES; i++, physical += PGSIZE) {
		uintptr_t va = KERNBASE + physical;
		bool fixed = va >= KERNBASE + EXTPHYSMEM && va < (uintptr_t)kernel_rodata_end;
		table[i] = physical | PTE_P | global | (fixed ? 0 : PTE_W);
	}
}

static uint32_t ram_end(void)
{
	uint64_t end = 0;

	for (unsigned i = 0; i < boot_info.ram_count; i++)
		end = MAX(end, boot_info.ram[i].end);
	return MIN(end, 0xFFFFF000ull);
}

static void map_direct(void)
{
	uint32_t end = MIN(ram_end(), (uint32_t)DIRECT_MAP_LIMIT);

	direct_end = MIN(ROUNDUP(end, (uint32_t)PTSIZE), (uint32_t)DIRECT_MAP_LIMIT);
	fill_table(first_table, 0);
	map_table(KERNBASE, first_table, 0);
	for (uint32_t physical = PTSIZE; physical < direct_end; physical += PTSIZE) {
		if (features.large_pages) {
			kernel_directory[PDX(KERNBASE + physical)] = physical | PTE_P | PTE_W | PTE_PS | global;
			continue;
		}
		/* From low memory, which the boot tables reach. */
		pte_t *table = boot_alloc(PGSIZE);
		fill_table(table, physical);
		map_table(KERNBASE + physical, table, 0);
	}
}

void paging_init(void)
{
	global = features.global_pages ? PTE_G : 0;
	map_direct();
	map_table(UENVS, envs_table, PTE_U);
	map_table(UPAGES, pages_table, PTE_U);
	map_table(MMIOBASE, device_table, 0);
	map_table(MMIOLIM, stack_table, 0);
	map_table(KWINDOWS, window_table, 0);
	kernel_directory[PDX(UVPT)] = physical_of(kernel_directory) | PTE_P | PTE_U;
	lcr3(paging_kernel_cr3());

	page_limit = ram_end() >> PGSHIFT;
	page_refs = boot_alloc(page_limit * sizeof *page_refs);
	page_states = boot_alloc(page_limit * sizeof *page_states);
	page_links = boot_alloc(page_limit * sizeof *page_links);
	arch_space_publish(UPAGES, page_refs, page_limit * sizeof *page_refs);
}

void arch_space_publish(uintptr_t va, const void *from, size_t size)
{
	pte_t *table = va == UENVS ? envs_table : pages_table;
	static const void *zeros;

	if (!zeros)
		zeros = boot_alloc(PGSIZE);
	for (size_t i = 0; i < NPTENTRIES; i++) {
		uint32_t physical = i * PGSIZE < size ? physical_of(from) + i * PGSIZE : physical_of(zeros);
		table[i] = physical | PTE_P | PTE_U | global;
	}
}

/* --- Stacks, windows, devices --- */

bool paging_map_stack(uint32_t top, uint32_t size)
{
	for (uint32_t va = top - size; va != top; va += PGSIZE) {
		pfn_t pfn = page_take_kernel();
		if (!pfn)
			return false;
		stack_table[PTX(va)] = arch_pte_make(pfn, PTE_P | PTE_W | global);
	}
	return true;
}

void paging_windows_init(struct cpu *cpu)
{
	cpu->arch.windows = &window_table[cpu->number * WINDOWS_PER_CPU];
}

void *paging_window_set(struct cpu *cpu, unsigned slot, uint32_t pfn, uint32_t bits)
{
	pte_t *window = &cpu->arch.windows[slot];
	void *va = (void *)(KWINDOWS + (window - window_table) * PGSIZE);

	*window = arch_pte_make(pfn, bits);
	invlpg(va);
	return va;
}

void *arch_window_move(uint32_t pfn, unsigned slot)
{
	return paging_window_set(this_cpu(), slot, pfn, PTE_P | PTE_W);
}

static void *device_pages(uint32_t physical, size_t size, uint32_t bits)
{
	uint32_t offset = physical % PGSIZE;
	uint32_t pages = (offset + size + PGSIZE - 1) / PGSIZE;
	void *va = NULL;

	spin_lock(&device_lock);
	if (pages <= NPTENTRIES - device_next) {
		va = (void *)(MMIOBASE + device_next * PGSIZE + offset);
		for (uint32_t i = 0; i < pages; i++)
			device_table[device_next++] = (ROUNDDOWN(physical, PGSIZE) + i * PGSIZE) | bits | global;
	}
	spin_unlock(&device_lock);
	return va;
}

void *arch_device_map(uint64_t physical, size_t size)
{
	if (size == 0 || size > PTSIZE || physical + size > 1ull << 32)
		return NULL;
	return device_pages(physical, size, PTE_P | PTE_W | PTE_PCD | PTE_PWT);
}

const void *arch_table_map(uint32_t physical, size_t size)
{
	if (size == 0 || size > PTSIZE || (uint64_t)physical + size > 1ull << 32)
		return NULL;
	if (physical + size <= direct_end)
		return (const void *)(KERNBASE + physical);
	return device_pages(physical, size, PTE_P);
}

void arch_page_zero(void *page)
{
	if (unlikely(!features.sse)) {
		memset(page, 0, PGSIZE);
		return;
	}
	/* The program's xmm0 is kept: its FPU state is in the registers while the kernel runs. */
	__asm__ volatile("subl $16, %%esp\n\t"
			 "movups %%xmm0, (%%esp)\n\t"
			 "xorps %%xmm0, %%xmm0\n\t"
			 ".set offset, 0\n\t"
			 ".rept 256\n\t" /* a whole page: no instruction goes to a loop */
			 "movaps %%xmm0, offset(%0)\n\t"
			 ".set offset, offset + 16\n\t"
			 ".endr\n\t"
			 "movups (%%esp), %%xmm0\n\t"
			 "addl $16, %%esp"
			 :
			 : "r"(page)
			 : "memory", "cc");
}

void arch_page_copy(void *to, const void *from)
{
	if (unlikely(!features.sse)) {
		memcpy(to, from, PGSIZE);
		return;
	}
	uint8_t saved[16];
	int32_t at = -PGSIZE;
	__asm__ volatile("movups %%xmm0, %0\n"
			 "1:\n\t"
			 ".set offset, 0\n\t"
			 ".rept 32\n\t"
			 "movaps offset(%3, %1), %%xmm0\n\t"
			 "movaps %%xmm0, offset(%2, %1)\n\t"
			 ".set offset, offset + 16\n\t"
			 ".endr\n\t"
			 "addl $512, %1\n\t"
			 "jnz 1b\n\t"
			 "movups %0, %%xmm0"
			 : "+m"(saved), "+r"(at)
			 : "r"((char *)to + PGSIZE), "r"((const char *)from + PGSIZE)
			 : "memory", "cc");
}

/* --- Address spaces --- */

int arch_space_create(struct arch_space *space, struct budget *budget)
{
	pfn_t pfn = budget_page(budget, page_take_kernel);

	if (!pfn)
		return -E_NO_MEM;
	space->directory = page_address(pfn);
	space->physical = pfn << PGSHIFT;
	memcpy(&space->directory[KERNEL_FIRST], &kernel_directory[KERNEL_FIRST],
	       (NPDENTRIES - KERNEL_FIRST) * sizeof(pde_t));
	space->directory[PDX(UVPT)] = space->physical | PTE_P | PTE_U;
	return 0;
}

void arch_space_destroy(struct arch_space *space)
{
	page_drop(space->physical >> PGSHIFT);
}

arch_pte_t *arch_space_entry_make(struct arch_space *space, uintptr_t va, struct budget *budget)
{
	pte_t *entry = arch_space_entry(space, va);
	pde_t *pde = &space->directory[PDX(va)];

	if (entry)
		return entry;
	assert(!(*pde & PTE_P));
	pfn_t pfn = budget_page(budget, page_take_kernel);
	if (!pfn)
		return NULL;
	arch_table_note(pde);
	*pde = arch_pte_make_table(pfn);
	return (pte_t *)page_address(pfn) + PTX(va);
}

uintptr_t arch_space_next_table(const struct arch_space *space, uintptr_t va)
{
	const pde_t *directory = space->directory;
	unsigned i = PDX(va);

	if (directory[i] & PTE_P)
		return va;
	for (uint32_t groups = arch_table_notes(directory) & ~0u << i / ARCH_TABLE_GROUP; groups; groups &= groups - 1) {
		i = MAX(i, __builtin_ctz(groups) * (unsigned)ARCH_TABLE_GROUP);
		do {
			if (directory[i] & PTE_P)
				return (uintptr_t)i << PDXSHIFT;
		} while (++i % ARCH_TABLE_GROUP != 0);
	}
	return UTOP;
}

void arch_space_free_table(struct arch_space *space, uintptr_t va)
{
	pde_t *pde = &space->directory[PDX(va)];

	if (!arch_pte_large(*pde))
		page_drop(*pde >> PGSHIFT);
	*pde = 0;
}

bool arch_space_user_readable(uintptr_t va)
{
	const struct space *space = this_cpu()->space;
	const pde_t *directory = space ? space->arch.directory : kernel_directory;
	pde_t pde = directory[PDX(va)];

	if (PDX(va) == PDX(UVPT)) /* the page is the table of directory entry PTX(va) */
		return (directory[PTX(va)] & (PTE_P | PTE_U | PTE_PS)) == (PTE_P | PTE_U);
	if ((pde & (PTE_P | PTE_U)) != (PTE_P | PTE_U))
		return false;
	pte_t pte = ((const pte_t *)page_address(pde >> PGSHIFT))[PTX(va)];
	return (pte & (PTE_P | PTE_U)) == (PTE_P | PTE_U);
}

void arch_tlb_flush_user(void)
{
	lcr3(rcr3());
}
