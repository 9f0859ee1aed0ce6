/* Addresses of the 64-bit machine that kern/ is compiled for as a check: see mmu.h. */
#ifndef FINCH_ARCH_LAYOUT_H
#define FINCH_ARCH_LAYOUT_H

#include <arch/mmu.h>

#define KERNBASE 0xFFFFFF0000000000ul
#define DIRECT_MAP_LIMIT 0x8000000000ul
#define KSTKSIZE (4 * PGSIZE)
#define UTOP 0x00007F0000000000ul
#define UENVS UTOP
#define UPAGES (UTOP + 0x100000000ul)
#define ULIM (UTOP + 0x1000000000ul)
#define USTACKTOP (UTOP - 2 * PGSIZE)
#define UXSTACKTOP UTOP
#define USTABDATA 0x200000ul
#define UTEMP ((void *)0x400000ul)
#define UARCHIVE 0x00000C0000000000ul

#endif
