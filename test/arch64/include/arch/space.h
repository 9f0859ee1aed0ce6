/* Page tables of the 64-bit machine that kern/ is compiled for as a check: see mmu.h. */
#ifndef FINCH_ARCH_SPACE_H
#define FINCH_ARCH_SPACE_H

#include <kern/arch.h>

#define ARCH_TABLE_GROUP 64

void arch_table_note(arch_pte_t *entry);
bool arch_table_group_noted(const arch_pte_t *entry);
unsigned arch_table_noted(const arch_pte_t *table, unsigned index);
arch_pte_t *arch_space_entry(const struct arch_space *space, uintptr_t va);
void arch_tlb_flush_page(uintptr_t va);

#endif
