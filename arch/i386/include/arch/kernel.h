/*
 * The part of the porting contract (kern/arch.h) that has to be inline: this CPU's data, waiting, page-table
 * entries, and a system call's registers. For the kernel alone.
 */
#ifndef FINCH_ARCH_KERNEL_H
#define FINCH_ARCH_KERNEL_H

#include <arch/layout.h>
#include <arch/offsets.h>
#include <arch/trapframe.h>
#include <arch/x86.h>

struct cpu;

/* What each CPU has of this architecture, within struct cpu. */
struct arch_cpu {
	uint32_t stack_top;        /* virtual address past the kernel stack */
	struct arch_tables *tables; /* descriptor tables and task segments */
	uint64_t *tls;             /* the descriptor of GD_TLS in them */
	pte_t *windows;            /* page-table entries of this CPU's windows */
	uint32_t ports;            /* the first page of the permission bitmap behind the task segment; 0: there is none */
	uint32_t fault_address;    /* where the last copy from or to user memory failed */
};

/* What each environment has of this architecture, within struct env. */
struct arch_env {
	uint32_t fs, gs; /* selectors; the others stand in the trap frame */
	uint64_t tls;    /* the descriptor of its segment GD_TLS */
	uint32_t ports;  /* the first page of its I/O permission bitmap; 0: it has none */
	uint8_t fpu[832] __attribute__((aligned(64))); /* image of xsave (x87, SSE, AVX), fxsave (512 bytes) or fnsave */
};

/* The frame of an entry from user mode, always at the top of the CPU's kernel stack. */
struct arch_frame {
	uint32_t fs;
	struct Trapframe tf;
};

/* Ports that programs may use: their bitmap has ARCH_PORT_PAGES pages, and the last byte none behind it (ports.c). */
#define ARCH_PORTS 0xFFF8
#define ARCH_PORT_PAGES 2

/* A page table of an address space: its top level. */
struct arch_space {
	pde_t *directory;   /* kernel address */
	uint32_t physical;
};

typedef pte_t arch_pte_t;

static inline struct cpu *arch_this_cpu(void)
{
	struct cpu *cpu;
	/* Not volatile: within one entry into the kernel the answer does not change. */
	__asm__("movl %%fs:0, %0" : "=r"(cpu));
	return cpu;
}

/* Point this CPU's window slot at a page, and return the window's address. */
void *arch_window_move(uint32_t pfn, unsigned slot);

static inline void *arch_window(uint32_t pfn, unsigned slot)
{
	if (pfn < DIRECT_MAP_LIMIT >> PGSHIFT)
		return (void *)(KERNBASE + (pfn << PGSHIFT));
	return arch_window_move(pfn, slot);
}

/* The physical address of the kernel's own directory. */
uint32_t paging_kernel_cr3(void);

static inline void arch_space_load(const struct arch_space *space)
{
	lcr3(space ? space->physical : paging_kernel_cr3());
}

static inline uint64_t arch_ticks(void)
{
	return read_tsc();
}

static inline uint32_t arch_ticks_low(void)
{
	uint32_t low;
	__asm__ volatile("rdtsc" : "=a"(low) : : "edx");
	return low;
}

/* *sum += n, in two instructions, which compilers do not find. */
static inline void arch_add_to(uint64_t *sum, uint32_t n)
{
	__asm__("addl %1, %0; adcl $0, 4+%0" : "+o"(*sum) : "r"(n) : "cc");
}

/* Set the lowest bit of a word that other CPUs change too; returns whether it was set. In one instruction. */
static inline bool arch_test_and_set(uint32_t *word)
{
	bool was;
	__asm__ volatile("lock btsl $0, %0" : "+m"(*word), "=@ccc"(was) : : "memory");
	return was;
}

static inline void arch_pause(void)
{
	__asm__ volatile("pause" : : : "memory");
}

/* Sleep until an interrupt comes, which is handled; returns with interrupts off. One that is pending is not missed. */
static inline void arch_idle(void)
{
	__asm__ volatile("sti; hlt; cli" : : : "memory");
}

/* Handle the interrupts that are pending, if any. No lock (but the big one) is held. */
static inline void arch_poll_interrupts(void)
{
	__asm__ volatile("sti; nop; cli" : : : "memory");
}

static inline bool arch_pte_present(arch_pte_t pte)
{
	return pte & PTE_P;
}

/* Does it map device memory? The frame is none that is counted then. */
static inline bool arch_pte_is_device(arch_pte_t pte)
{
	return pte & PTE_DEVICE;
}

static inline uint32_t arch_pte_pfn(arch_pte_t pte)
{
	return pte >> PGSHIFT;
}

static inline uint32_t arch_pte_perm(arch_pte_t pte)
{
	return pte & PTE_SYSCALL;
}

static inline arch_pte_t arch_pte_make(uint32_t pfn, uint32_t perm)
{
	return pfn << PGSHIFT | perm;
}

/*
 * The fifth: in esi, or, with sysenter, which needs esi for itself, at the program's stack pointer. 0 if that is not
 * readable, which no call takes for a good value.
 */
uintptr_t arch_call_fifth_argument(const struct Trapframe *tf);

/* The number of a system call, its arguments and its result. */
static inline uint32_t arch_call_number(const struct Trapframe *tf)
{
	return tf->tf_regs.reg_eax;
}

static inline uintptr_t arch_call_argument(const struct Trapframe *tf, unsigned n)
{
	switch (n) {
	case 0:
		return tf->tf_regs.reg_edx;
	case 1:
		return tf->tf_regs.reg_ecx;
	case 2:
		return tf->tf_regs.reg_ebx;
	case 3:
		return tf->tf_regs.reg_edi;
	default:
		return arch_call_fifth_argument(tf);
	}
}

static inline void arch_call_set_result(struct Trapframe *tf, int32_t result)
{
	tf->tf_regs.reg_eax = result;
}

/* Does the fast way out of the kernel restore all that the caller who made this call relies on? */
static inline bool arch_call_is_fast(const struct Trapframe *tf)
{
	return tf->tf_err == CALL_BY_SYSENTER;
}

static inline int32_t arch_call_result(const struct Trapframe *tf)
{
	return tf->tf_regs.reg_eax;
}

#endif
