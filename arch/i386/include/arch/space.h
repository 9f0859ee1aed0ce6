/*
 * The part of an address space's page tables that is inline, for kern/space.c: what each function promises stands in
 * kern/arch.h.
 */
#ifndef FINCH_ARCH_SPACE_H
#define FINCH_ARCH_SPACE_H

#include <arch/features.h>
#include <kern/arch.h>
#include <kern/page.h>

#define ARCH_TABLE_GROUP (NPTENTRIES / 32)

/* A table's note has a bit for each 32 of its entries: set where one was ever used. */
static inline void arch_table_note(arch_pte_t *entry)
{
	*page_note(page_of(entry)) |= 1u << ((uintptr_t)entry >> 7 & 31);
}

static inline void arch_table_note_groups(arch_pte_t *table, uint32_t groups)
{
	*page_note(page_of(table)) |= groups;
}

static inline uint32_t arch_table_notes(const arch_pte_t *table)
{
	return *page_note(page_of(table));
}

static inline unsigned arch_table_noted(const arch_pte_t *table, unsigned index)
{
	if (index >= NPTENTRIES)
		return NPTENTRIES;
	uint32_t groups = arch_table_notes(table) & ~0u << index / ARCH_TABLE_GROUP;
	if (!groups)
		return NPTENTRIES;
	unsigned group = __builtin_ctz(groups);
	return group == index / ARCH_TABLE_GROUP ? index : group * ARCH_TABLE_GROUP;
}

static inline arch_pte_t *arch_space_entry(const struct arch_space *space, uintptr_t va)
{
	pde_t pde = space->directory[PDX(va)] - PTE_P; /* which spares an instruction */

	if (unlikely(pde & (PTE_P | PTE_PS)))
		return NULL;
	pte_t *entry = (pte_t *)page_address(pde >> PGSHIFT) + PTX(va);
	if (!entry)
		__builtin_unreachable(); /* so that callers do not look again */
	return entry;
}

static inline bool arch_large_supported(void)
{
	return features.large_pages;
}

static inline arch_pte_t *arch_space_slot(const struct arch_space *space, uintptr_t va)
{
	return &space->directory[PDX(va)];
}

static inline arch_pte_t *arch_space_slot_make(const struct arch_space *space, uintptr_t va)
{
	arch_table_note(&space->directory[PDX(va)]);
	return &space->directory[PDX(va)];
}

/* With PTE_PS an entry of the directory maps 4 MB (SDM vol. 3A, table 4-4). */
static inline bool arch_pte_large(arch_pte_t pte)
{
	return (pte & (PTE_P | PTE_PS)) == (PTE_P | PTE_PS);
}

static inline arch_pte_t arch_pte_make_large(uint32_t pfn, uint32_t perm)
{
	return pfn << PGSHIFT | PTE_PS | perm;
}

static inline arch_pte_t arch_pte_make_table(uint32_t pfn)
{
	return pfn << PGSHIFT | PTE_P | PTE_W | PTE_U;
}

static inline arch_pte_t arch_pte_of_page(arch_pte_t pte, uintptr_t va)
{
	return pte & PTE_PS ? (pte & ~PTE_PS) + PTX(va) * PGSIZE : pte;
}

static inline void arch_tlb_flush_page(uintptr_t va)
{
	/* What programs see of their page tables at UVPT is translated by slots, which change with all that they map. */
	invlpg((void *)va);
}

#endif
