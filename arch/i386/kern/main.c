/* The i386's part of the boot: from the boot loader's information to kernel_main; and the start of other CPUs. */
#include <common/string.h>
#include <kern/boot.h>
#include <kern/cpu.h>
#include <kern/platform.h>
#include <arch/features.h>
#include "multiboot.h"
#include "paging.h"
#include "tables.h"

#define DOUBLE_FAULT_STACK (2 * PGSIZE)
#define STACK_TOP(n) (KSTACKTOP - (n) * (KSTKSIZE + KSTKGAP))
/* In the gap below the stack, with an unmapped page on either side. */
#define DOUBLE_FAULT_TOP(n) (STACK_TOP(n) - KSTKSIZE - PGSIZE)

static_assert(KSTKGAP >= DOUBLE_FAULT_STACK + 2 * PGSIZE, "the double-fault stack fits the gap");
static_assert(CPUS_MAX * (KSTKSIZE + KSTKGAP) <= PTSIZE, "all stacks fit");

extern char kernel_start[], kernel_end[], trampoline[], trampoline_end[], boot_stack_end[];

void arch_main(uint32_t magic, uint32_t info) __attribute__((noreturn));
void arch_secondary(struct cpu *cpu) __attribute__((noreturn));
void arch_call_on_stack(uint32_t top, void (*function)(void)) __attribute__((noreturn));

/* What trampoline takes up: for one CPU at a time. */
uint32_t secondary_cr3, secondary_cr4, secondary_stack;
struct cpu *secondary_cpu;

static void *trampoline_page;
static struct arch_tables boot_tables_record;

void arch_halt(void)
{
	for (;;)
		__asm__ volatile("cli; hlt");
}

void arch_main(uint32_t magic, uint32_t info)
{
	struct cpu *cpu = cpu_boot();

	cpu->arch.tables = &boot_tables_record;
	tables_load(cpu, (uint32_t)boot_stack_end);
	platform_console_init();
	multiboot_read(magic, info);
	features_init();
	boot_take(EXTPHYSMEM, (uintptr_t)kernel_end - KERNBASE);
	if (boot_info.archive.end)
		boot_take(ROUNDDOWN(boot_info.archive.start, PGSIZE), ROUNDUP(boot_info.archive.end, PGSIZE));
	trampoline_page = boot_alloc(PGSIZE); /* the lowest page: below 1 MB */
	features_enable();
	paging_init();
	paging_windows_init(cpu);
	kernel_main();
}

/* Stacks with unmapped pages below them, and the tables that name them. */
static bool map_stacks(unsigned number)
{
	return paging_map_stack(STACK_TOP(number), KSTKSIZE) &&
	       paging_map_stack(DOUBLE_FAULT_TOP(number), DOUBLE_FAULT_STACK);
}

void arch_cpu_adopt_boot(struct cpu *cpu, void (*next)(void))
{
	if (!map_stacks(cpu->number))
		boot_fail("too little memory for a kernel stack");
	tables_load_again(cpu, DOUBLE_FAULT_TOP(cpu->number));
	tables_set_stack(cpu, STACK_TOP(cpu->number));
	arch_call_on_stack(STACK_TOP(cpu->number), next);
}

bool arch_cpu_start(struct cpu *cpu)
{
	pfn_t pfn = page_take_kernel();
	uint32_t page = (uintptr_t)trampoline_page - KERNBASE;

	if (!pfn || page >= EXTPHYSMEM || !map_stacks(cpu->number))
		return false;
	cpu->arch.tables = page_address(pfn);
	paging_windows_init(cpu);
	memcpy(trampoline_page, trampoline, trampoline_end - trampoline);
	secondary_cr3 = paging_kernel_cr3();
	secondary_cr4 = features_cr4();
	secondary_stack = STACK_TOP(cpu->number);
	secondary_cpu = cpu;
	atomic_fence();
	platform_cpu_start(cpu->platform_number, page);
	uint64_t deadline = platform_time_ns() + 1000000000;
	while (!atomic_load(&cpu->started)) {
		if (platform_time_ns() > deadline)
			return false;
		arch_pause();
	}
	return true;
}

void arch_secondary(struct cpu *cpu)
{
	features_enable();
	tables_load(cpu, DOUBLE_FAULT_TOP(cpu->number));
	tables_set_stack(cpu, STACK_TOP(cpu->number));
	cpu_main();
}
