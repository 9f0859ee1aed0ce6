/*
 * A 64-bit machine that exists for the compiler alone: `make check-arch64` compiles kern/ against these headers, so that
 * nothing in it takes a pointer for 32 bits. The numbers are x86-64's where there is such a number.
 */
#ifndef FINCH_ARCH_MMU_H
#define FINCH_ARCH_MMU_H

#include <abi/types.h>

#define PGSIZE 4096
#define PGSHIFT 12
#define NPTENTRIES 512
#define PTSIZE (PGSIZE * NPTENTRIES)

#define PTE_P 0x001
#define PTE_W 0x002
#define PTE_U 0x004
#define PTE_PCD 0x010
#define PTE_DEVICE 0x018
#define PTE_PS 0x080
#define PTE_G 0x100
#define PTE_AVAIL 0xE00
#define PTE_SHARE 0x400
#define PTE_COW 0x800
#define PTE_SYSCALL (PTE_AVAIL | PTE_P | PTE_W | PTE_U)

typedef uint64_t pte_t;

#define PGNUM(la) ((uintptr_t)(la) >> PGSHIFT)

#endif
