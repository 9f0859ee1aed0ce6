/*
 * What an IDE bus master reads from memory: a table of regions. Source: SFF-8038i 1.0, section 1.1 ("Physical Region
 * Descriptor Table"); Intel 82371AB (PIIX4), 2.7.
 */
#ifndef DRV_IDE_PRD_H
#define DRV_IDE_PRD_H

#include <abi/types.h>

#define PRD_MOST 64 /* in our tables */

struct prd {
	uint32_t address; /* even; the region does not cross a multiple of 64 KB */
	uint16_t bytes;   /* even; 0: 64 KB */
	uint16_t flags;
};

#define PRD_LAST 0x8000

static_assert(sizeof(struct prd) == 8, "SFF-8038i 1.1");
static_assert(0x10000 % (PRD_MOST * sizeof(struct prd)) == 0, "a table does not cross a multiple of 64 KB");

static inline struct prd prd_make(physaddr_t address, uint32_t bytes, bool last)
{
	return (struct prd){ .address = address, .bytes = (uint16_t)bytes, .flags = last ? PRD_LAST : 0 };
}

#endif
