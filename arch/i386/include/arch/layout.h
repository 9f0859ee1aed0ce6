/*
 * Where things are in the i386's address space. For C and assembler.
 *
 *   4 GB ------------> +------------------------------+
 *                      |  (unused, 4 MB)              |
 *   0xffc00000 ------> +------------------------------+
 *   KWINDOWS           |  per-CPU windows on any page |  kernel
 *   0xff800000 ------> +------------------------------+
 *                      |  direct map: physical memory |  kernel
 *                      |  from 0, at most 248 MB      |
 *   KERNBASE --------> +------------------------------+ 0xf0000000   = KSTACKTOP
 *                      |  kernel stacks, gaps between |  kernel
 *   MMIOLIM ---------> +------------------------------+ 0xefc00000
 *                      |  device memory, uncached     |  kernel
 *   ULIM, MMIOBASE --> +------------------------------+ 0xef800000
 *                      |  page tables                 |  user may read
 *   UVPT ------------> +------------------------------+ 0xef400000
 *                      |  pages[]                     |  user may read
 *   UPAGES ----------> +------------------------------+ 0xef000000
 *                      |  envs[]                      |  user may read
 *   UTOP, UENVS -----> +------------------------------+ 0xeec00000   = UXSTACKTOP
 *                      |  exception stack             |  a program's own
 *                      |  (a page left empty)         |
 *   USTACKTOP -------> +------------------------------+ 0xeebfe000
 *                      |  stack, downwards            |  a program's own
 *                      |  ...                         |
 *   0xe0000000 ------> |  threads' stacks, to 0xeb... |  a program's own: libos/thread.c
 *   0xd0000000 ------> |  descriptors and pipes       |  shared with children: libos/fd.c
 *   UARCHIVE --------> |  the boot archive            |  read only
 *                      |  heap, upwards               |  a program's own
 *   UTEXT -----------> +------------------------------+ 0x00800000
 *   PFTEMP             |  a page for libos            |
 *                      |  ...                         |
 *   UTEMP -----------> +------------------------------+ 0x00400000
 *                      |  symbol table of the program |
 *   USTABDATA -------> +------------------------------+ 0x00200000
 *   0 ---------------> +------------------------------+
 */
#ifndef FINCH_ARCH_LAYOUT_H
#define FINCH_ARCH_LAYOUT_H

#include <arch/mmu.h>

#define KERNBASE 0xF0000000
#define DIRECT_MAP_LIMIT 0x0F800000 /* physical memory below this has a kernel address */
#define KWINDOWS 0xFF800000

#define IOPHYSMEM 0x0A0000
#define EXTPHYSMEM 0x100000

#define KSTACKTOP KERNBASE
#define KSTKSIZE (4 * PGSIZE) /* a CPU's kernel stack */
#define KSTKGAP (4 * PGSIZE)  /* unmapped below it */

#define MMIOLIM (KSTACKTOP - PTSIZE)
#define MMIOBASE (MMIOLIM - PTSIZE)
#define ULIM MMIOBASE
#define UVPT (ULIM - PTSIZE)
#define UPAGES (UVPT - PTSIZE)
#define UENVS (UPAGES - PTSIZE)

#define UTOP UENVS
#define UXSTACKTOP UTOP
#define USTACKTOP (UTOP - 2 * PGSIZE)
#define UTEXT (2 * PTSIZE)
#define USTABDATA (PTSIZE / 2)

/* Where the boot archive stands in the first programs and in what they start: at most 128 MB. */
#define UARCHIVE 0xC0000000

#ifndef __ASSEMBLER__
#define UTEMP ((void *)PTSIZE)
#define PFTEMP ((void *)(UTEXT - PGSIZE))
#endif

#endif
