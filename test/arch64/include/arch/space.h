/* Page tables of the 64-bit machine that kern/ is compiled for as a check: see mmu.h. */
#ifndef FINCH_ARCH_SPACE_H
#define FINCH_ARCH_SPACE_H

#include <kern/arch.h>

#define ARCH_TABLE_GROUP (NPTENTRIES / 32)

void arch_table_note(arch_pte_t *entry);
uint32_t arch_table_notes(const arch_pte_t *table);
void arch_table_note_groups(arch_pte_t *table, uint32_t groups);
unsigned arch_table_noted(const arch_pte_t *table, unsigned index);
arch_pte_t *arch_space_entry(const struct arch_space *space, uintptr_t va);
bool arch_large_supported(void);
arch_pte_t *arch_space_slot(const struct arch_space *space, uintptr_t va);
arch_pte_t *arch_space_slot_make(const struct arch_space *space, uintptr_t va);
bool arch_pte_large(arch_pte_t pte);
arch_pte_t arch_pte_make_large(uint32_t pfn, uint32_t perm);
arch_pte_t arch_pte_make_table(uint32_t pfn);
arch_pte_t arch_pte_of_page(arch_pte_t pte, uintptr_t va);
void arch_tlb_flush_page(uintptr_t va);

#endif
