/* The inline part of the contract in kern/arch.h, for the 64-bit machine that kern/ is compiled for as a check. */
#ifndef FINCH_ARCH_KERNEL_H
#define FINCH_ARCH_KERNEL_H

#include <arch/layout.h>
#include <arch/trapframe.h>

struct cpu;

struct arch_cpu {
	uintptr_t stack_top;
};

struct arch_env {
	uint8_t fpu[512];
};

struct arch_space {
	pte_t *root;
	uint64_t physical;
};

typedef pte_t arch_pte_t;

#define ARCH_PORTS 0xFFF8
#define ARCH_PORT_PAGES 2

struct cpu *arch_this_cpu(void);
void *arch_window(uint32_t pfn, unsigned slot);
bool arch_test_and_set(uint32_t *word);
void arch_pause(void);
uint64_t arch_ticks(void);
void arch_idle(void);
uint32_t arch_ticks_low(void);
void arch_add_to(uint64_t *sum, uint32_t n);
void arch_poll_interrupts(void);
void arch_space_load(const struct arch_space *space);
uint32_t arch_call_number(const struct Trapframe *tf);
uintptr_t arch_call_argument(const struct Trapframe *tf, unsigned n);
void arch_call_set_result(struct Trapframe *tf, int32_t result);
int32_t arch_call_result(const struct Trapframe *tf);
bool arch_call_is_fast(const struct Trapframe *tf);

static inline bool arch_pte_present(arch_pte_t pte)
{
	return pte & PTE_P;
}

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
	return (arch_pte_t)pfn << PGSHIFT | perm;
}

#endif
