/*
 * The kernel's page tables. All of its tables exist from the boot on, so that every address space can share them: a
 * new directory copies their entries once and for ever.
 */
#ifndef FINCH_I386_PAGING_H
#define FINCH_I386_PAGING_H

#include <abi/types.h>

/* Build and load them: direct map, kernel text and read-only data unwritable. boot_info is filled in. */
void paging_init(void);
/* The physical address of the kernel's own directory. */
uint32_t paging_kernel_cr3(void);
/* Map fresh pages for a kernel stack that ends at top, size bytes. False: out of memory. */
bool paging_map_stack(uint32_t top, uint32_t size);
/*
 * Each CPU's windows: slots of one page each. The first two are arch_window's; then, one behind the other, the page of
 * its task segment and the pages of a bitmap of ports (ports.c).
 */
enum { WINDOW_TASK = 2, WINDOW_PORTS = 3 };
/* Set up cpu's windows. */
struct cpu;
void paging_windows_init(struct cpu *cpu);
/* Point a window of cpu, which is the calling one, at a page, with these PTE_ bits. Returns its address. */
void *paging_window_set(struct cpu *cpu, unsigned slot, uint32_t pfn, uint32_t bits);

#endif
