/*
 * For programs: ranges of pages, done whole or not at all. Counts are pages; addresses are page-aligned; each returns 0
 * or an error. The calls underneath may do a part of a long range at a time: these go on until all is done.
 */
#ifndef FINCH_MEMORY_H
#define FINCH_MEMORY_H

#include <abi/types.h>
#include <arch/mmu.h>
#include <common/names.h>

/*
 * What maps the page at va: its word of uvpt or, with PTE_PS, the word of uvpd of the superpage that it is in; 0 where
 * nothing is mapped. Looks into the page tables, without a call.
 */
pte_t page_entry(const void *va) LINKED_NAME(page_entry);
/* Is a page mapped at va? */
bool page_mapped(const void *va) LINKED_NAME(page_mapped);

/* Fresh zeroed pages. After an error nothing of the range is mapped. */
int pages_alloc(envid_t envid, void *va, int perm, size_t count) LINKED_NAME(pages_alloc);
/*
 * The same with superpages, of PTSIZE bytes and at a multiple of that: less memory for page tables, fewer misses of the
 * TLB, one call for a thousand pages. -E_NOT_SUPP: this CPU has none; -E_NO_MEM: no such pieces are free.
 */
int pages_alloc_large(envid_t envid, void *va, int perm, size_t count) LINKED_NAME(pages_alloc_large);
/*
 * 1 to 1,024 pages, one behind the other in memory too, for a device: the first is at *physical. They get the mark
 * PTE_SHARE: else a program that forks would leave the device with the page that it has copied. As sys_page_alloc_dma.
 */
int pages_alloc_dma(void *va, size_t count, uint32_t *physical) LINKED_NAME(pages_alloc_dma);
/* Map what stands at srcva of this environment at dstva of envid. After an error nothing of that range is mapped. */
int pages_share(const void *srcva, envid_t envid, void *dstva, int perm, size_t count) LINKED_NAME(pages_share);
int pages_unmap(envid_t envid, void *va, size_t count) LINKED_NAME(pages_unmap);
/*
 * Map in envid, at the same addresses, what this environment has of a range: of it the pages with any of the bits
 * `only` (0: all); those with any of `keep` as they are; of the others those that may be written get the bits `mark` in
 * place of PTE_W, on both sides. After an error a part may have been done.
 */
int pages_copy(envid_t envid, void *va, int only, int keep, int mark, size_t count) LINKED_NAME(pages_copy);

/* --- In pieces, beside malloc and free. Weak: a program may have its own. --- */

/* Room for count things of size bytes, zeroed; NULL if there is not so much. */
void *calloc(size_t count, size_t size);
/* The same piece with another size, moved if need be; NULL, and the piece is as it was, if memory is short. */
void *realloc(void *piece, size_t size);

#endif
