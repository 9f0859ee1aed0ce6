/* For programs: where things are in the address space, and the records that the kernel shows there. */
#ifndef INC_MEMLAYOUT_H
#define INC_MEMLAYOUT_H

#include <abi/env.h>
#include <arch/layout.h>

/*
 * The page tables of this address space as one array, and the page directory: entry PGNUM(va) and PDX(va). Look into
 * uvpt only where uvpd has PTE_P, and not PTE_PS: that is one of the superpages that a program may ask for, whose
 * memory would be taken for a table.
 */
extern const volatile pte_t uvpt[];
extern const volatile pde_t uvpd[];

#endif
