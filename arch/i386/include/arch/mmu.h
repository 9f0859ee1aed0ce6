/*
 * The i386's page-table entries, flags, control registers and selectors, as numbers. For C and assembler.
 * Source: Intel SDM vol. 3A, sections 2.3 (EFLAGS), 2.5 (control registers), 4.3 (32-bit paging).
 */
#ifndef FINCH_ARCH_MMU_H
#define FINCH_ARCH_MMU_H

#define PGSIZE 4096
#define PGSHIFT 12
#define PTSIZE (PGSIZE * NPTENTRIES) /* what one page table maps: 4 MB */
#define PTSHIFT 22
#define PTXSHIFT 12
#define PDXSHIFT 22
#define NPDENTRIES 1024
#define NPTENTRIES 1024

#define PTE_P 0x001
#define PTE_W 0x002
#define PTE_U 0x004
#define PTE_PWT 0x008
#define PTE_PCD 0x010
#define PTE_A 0x020
#define PTE_D 0x040
#define PTE_PS 0x080
#define PTE_G 0x100
#define PTE_AVAIL 0xE00 /* for software */
#define PTE_SHARE 0x400 /* library: stays shared across fork and spawn */
#define PTE_COW 0x800   /* library: copy on write */
#define PTE_DEVICE (PTE_PCD | PTE_PWT) /* device memory: uncached, no page that is counted (section 4.9) */
#define PTE_SYSCALL (PTE_AVAIL | PTE_P | PTE_W | PTE_U)

#define CR0_PE 0x00000001
#define CR0_MP 0x00000002
#define CR0_EM 0x00000004
#define CR0_TS 0x00000008
#define CR0_ET 0x00000010
#define CR0_NE 0x00000020
#define CR0_WP 0x00010000
#define CR0_AM 0x00040000
#define CR0_NW 0x20000000
#define CR0_CD 0x40000000
#define CR0_PG 0x80000000

#define CR4_VME 0x00000001
#define CR4_PVI 0x00000002
#define CR4_TSD 0x00000004
#define CR4_DE 0x00000008
#define CR4_PSE 0x00000010
#define CR4_MCE 0x00000040
#define CR4_PGE 0x00000080
#define CR4_PCE 0x00000100
#define CR4_OSFXSR 0x00000200
#define CR4_OSXMMEXCPT 0x00000400
#define CR4_OSXSAVE 0x00040000
#define CR4_SMEP 0x00100000
#define CR4_SMAP 0x00200000

#define FL_CF 0x00000001
#define FL_MBS 0x00000002 /* always set */
#define FL_PF 0x00000004
#define FL_AF 0x00000010
#define FL_ZF 0x00000040
#define FL_SF 0x00000080
#define FL_TF 0x00000100
#define FL_IF 0x00000200
#define FL_DF 0x00000400
#define FL_OF 0x00000800
#define FL_IOPL_MASK 0x00003000
#define FL_IOPL_0 0x00000000
#define FL_IOPL_1 0x00001000
#define FL_IOPL_2 0x00002000
#define FL_IOPL_3 0x00003000
#define FL_NT 0x00004000
#define FL_RF 0x00010000
#define FL_VM 0x00020000
#define FL_AC 0x00040000
#define FL_VIF 0x00080000
#define FL_VIP 0x00100000
#define FL_ID 0x00200000

/* The debug status register (section 17.2.3). */
#define DR6_STEP 0x4000     /* a step by FL_TF */
#define DR6_NONE 0xFFFF0FF0 /* what it holds after a reset */

/* The error code of a page fault (section 4.7). */
#define FEC_PR 0x1 /* a protection fault, else not present */
#define FEC_WR 0x2 /* a write */
#define FEC_U 0x4  /* from user mode */

/* Selectors. User ones are used with RPL 3. */
#define GD_KT 0x08  /* kernel text */
#define GD_KD 0x10  /* kernel data */
#define GD_UT 0x18  /* user text */
#define GD_UD 0x20  /* user data */
#define GD_TSS 0x28 /* this CPU's task segment */
#define GD_CPU 0x30 /* this CPU's data: %fs in the kernel */
#define GD_DF 0x38  /* the task that a double fault switches to */
#define GD_TLS 0x40 /* the environment's thread-local segment: %gs in programs */
#define GD_COUNT 9

#ifndef __ASSEMBLER__
#include <abi/types.h>

typedef uint32_t pte_t;
typedef uint32_t pde_t;

#define PGNUM(la) ((uintptr_t)(la) >> PTXSHIFT)
#define PDX(la) (((uintptr_t)(la) >> PDXSHIFT) & 0x3FF)
#define PTX(la) (((uintptr_t)(la) >> PTXSHIFT) & 0x3FF)
#define PGOFF(la) ((uintptr_t)(la) & 0xFFF)
#define PGADDR(d, t, o) ((void *)((d) << PDXSHIFT | (t) << PTXSHIFT | (o)))
#define PTE_ADDR(pte) ((physaddr_t)(pte) & ~0xFFF)
#endif

#endif
