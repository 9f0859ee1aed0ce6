/* For programs: page-table entries, flags, selectors, and taking an address apart. */
#ifndef INC_MMU_H
#define INC_MMU_H

#include <arch/mmu.h>

#endif
