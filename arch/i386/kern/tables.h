/*
 * A CPU's descriptor tables and task segments. Source: Intel SDM vol. 3A, 3.4.5 (segments), 7.2.1 (32-bit task
 * segment), 6.11 (interrupt descriptors).
 */
#ifndef FINCH_I386_TABLES_H
#define FINCH_I386_TABLES_H

#include <kern/cpu.h>

struct task_segment {
	uint32_t link;
	uint32_t esp0, ss0, esp1, ss1, esp2, ss2;
	uint32_t cr3, eip, eflags, eax, ecx, edx, ebx, esp, ebp, esi, edi;
	uint32_t es, cs, ss, ds, fs, gs, ldt;
	uint16_t trap, io_map;
};

#define TABLES_ALIGNMENT 512
struct __attribute__((aligned(TABLES_ALIGNMENT))) arch_tables {
	uint64_t gdt[GD_COUNT];
	struct task_segment task;         /* what the processor reads for the kernel stack; state at a double fault */
	struct task_segment double_fault; /* what a double fault switches to */
};

/* Fill in cpu's tables (cpu->arch.tables is set) and load them on the calling CPU. df_stack: top of a stack. */
void tables_load(struct cpu *cpu, uint32_t df_stack);
/* Once the kernel's page tables stand, on the boot CPU: name them, and a better stack, for double faults. */
void tables_load_again(struct cpu *cpu, uint32_t df_stack);
/* From now on, entries from user mode use the stack that ends at top. */
void tables_set_stack(struct cpu *cpu, uint32_t top);
/* The descriptor of a segment GD_TLS with that base. */
uint64_t tables_tls(uint32_t base);
/* And the base in it. */
uint32_t tables_tls_base(uint64_t descriptor);

#endif
