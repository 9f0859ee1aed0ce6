/* Descriptor tables: see tables.h. The interrupt table is one for all CPUs. */
#include <arch/offsets.h>
#include <kern/platform.h>
#include <kern/trap.h>
#include <arch/features.h>
#include <arch/switch.h>
#include "paging.h"
#include "tables.h"

static_assert(sizeof(struct arch_frame) == ARCH_FRAME_SIZE, "struct arch_frame as entry.S knows it");
static_assert(offsetof(struct arch_frame, tf.tf_eflags) == ARCH_FRAME_EFLAGS, "struct arch_frame as entry.S knows it");
static_assert(offsetof(struct arch_frame, tf.tf_regs.reg_eax) == ARCH_FRAME_EAX, "as entry.S knows it");
static_assert(offsetof(struct cpu, attention) == CPU_ATTENTION, "as entry.S knows it");
static_assert(ATTEND_SWITCH == ATTENTION_SWITCH, "as entry.S knows it");
static_assert(offsetof(struct cpu, self) == 0, "fs:0 is this CPU's record");
static_assert(sizeof(struct task_segment) == 104, "a task segment is 104 bytes");
static_assert(sizeof(struct arch_tables) <= TABLES_ALIGNMENT, "the tables lie in one page");

#define MSR_SYSENTER_CS 0x174 /* SDM vol. 4, table 2-2 */
#define MSR_SYSENTER_ESP 0x175
#define MSR_SYSENTER_EIP 0x176

#define GATE_INTERRUPT 0x8E
#define GATE_TASK 0x85
#define VECTOR_SIZE 16

extern char trap_vectors[], syscall_by_int[], syscall_by_sysenter[], double_fault_task[];

static uint64_t idt[256];

/* A segment descriptor: type and flags as in SDM figure 3-8 (access byte, and the granularity nibble). */
static uint64_t segment(uint32_t base, uint32_t limit, uint32_t access, uint32_t granularity)
{
	uint64_t low = (limit & 0xFFFF) | base << 16;
	uint32_t high = (base >> 16 & 0xFF) | access << 8 | (limit & 0xF0000) | granularity << 20 | (base & 0xFF000000);

	return low | (uint64_t)high << 32;
}

static uint64_t gate(const void *entry, uint32_t selector, uint32_t type, uint32_t privilege)
{
	uint32_t offset = (uint32_t)entry;
	uint32_t low = (offset & 0xFFFF) | selector << 16;
	uint32_t high = (offset & 0xFFFF0000) | (type | privilege << 5) << 8;

	return low | (uint64_t)high << 32;
}

static void idt_fill(void)
{
	/* Programs may raise what neither the processor nor the platform does. */
	for (unsigned n = 0; n < 256; n++)
		idt[n] = gate(trap_vectors + n * VECTOR_SIZE, GD_KT, GATE_INTERRUPT,
			      n > T_SYSCALL && !platform_has_vector(n) ? 3 : 0);
#define TRAP(name, number, text, code, privilege)                                                                \
	if (privilege)                                                                                           \
		idt[number] = gate(trap_vectors + number * VECTOR_SIZE, GD_KT, GATE_INTERRUPT, privilege);
#include <abi/trap.def>
#undef TRAP
	idt[T_SYSCALL] = gate(syscall_by_int, GD_KT, GATE_INTERRUPT, 3);
	idt[T_DBLFLT] = gate(NULL, GD_DF, GATE_TASK, 0);
}

static void write_msr(uint32_t msr, uint32_t value)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "a"(value), "d"(0));
}

/* Where the processor looks for the task segment, from now on: in a window, with room for a bitmap behind it. */
static void load_task(struct cpu *cpu)
{
	struct arch_tables *tables = cpu->arch.tables;
	uint32_t offset = (uintptr_t)&tables->task % PGSIZE, limit = (1 + ARCH_PORT_PAGES) * PGSIZE - offset - 1;
	uint32_t global = features.global_pages ? PTE_G : 0; /* it is looked at whenever user mode is left */
	char *page = paging_window_set(cpu, WINDOW_TASK, page_of(tables), PTE_P | PTE_W | global);

	ports_load(cpu, 0);
	tables->gdt[GD_TSS / 8] = segment((uint32_t)page + offset, limit, 0x89, 0);
	__asm__ volatile("ltr %w0" : : "r"(GD_TSS) : "memory");
}

void tables_set_stack(struct cpu *cpu, uint32_t top)
{
	load_task(cpu);
	cpu->arch.stack_top = top;
	cpu->arch.tables->task.esp0 = top;
	if (features.sysenter) {
		write_msr(MSR_SYSENTER_CS, GD_KT);
		write_msr(MSR_SYSENTER_ESP, top);
		write_msr(MSR_SYSENTER_EIP, (uint32_t)syscall_by_sysenter);
	}
}

void tables_load_again(struct cpu *cpu, uint32_t df_stack)
{
	cpu->arch.tables->double_fault.cr3 = paging_kernel_cr3();
	cpu->arch.tables->double_fault.esp = df_stack;
}

uint64_t tables_tls(uint32_t base)
{
	return segment(base, 0xFFFFF, 0xF2, 0xC);
}

uint32_t tables_tls_base(uint64_t descriptor)
{
	return (descriptor >> 16 & 0xFFFFFF) | (descriptor >> 32 & 0xFF000000);
}

void tables_load(struct cpu *cpu, uint32_t df_stack)
{
	struct arch_tables *tables = cpu->arch.tables;
	struct {
		uint16_t pad, limit;
		uint32_t base;
	} pointer;

	cpu->arch.tls = &tables->gdt[GD_TLS / 8];
	tables->gdt[GD_KT / 8] = segment(0, 0xFFFFF, 0x9A, 0xC);
	tables->gdt[GD_KD / 8] = segment(0, 0xFFFFF, 0x92, 0xC);
	tables->gdt[GD_UT / 8] = segment(0, 0xFFFFF, 0xFA, 0xC);
	tables->gdt[GD_UD / 8] = segment(0, 0xFFFFF, 0xF2, 0xC);
	tables->gdt[GD_TSS / 8] = segment((uint32_t)&tables->task, sizeof tables->task - 1, 0x89, 0);
	tables->gdt[GD_CPU / 8] = segment((uint32_t)cpu, sizeof *cpu - 1, 0x92, 0x4);
	tables->gdt[GD_DF / 8] = segment((uint32_t)&tables->double_fault, sizeof tables->double_fault - 1, 0x89, 0);
	tables->gdt[GD_TLS / 8] = tables_tls(0);

	tables->task.ss0 = GD_KD;
	tables->task.io_map = sizeof tables->task;
	tables->double_fault = (struct task_segment){
		.cr3 = paging_kernel_cr3(), .eip = (uint32_t)double_fault_task, .eflags = FL_MBS, .esp = df_stack,
		.es = GD_KD, .cs = GD_KT, .ss = GD_KD, .ds = GD_KD, .fs = GD_CPU, .io_map = sizeof(struct task_segment),
	};

	pointer.limit = sizeof tables->gdt - 1;
	pointer.base = (uint32_t)tables->gdt;
	__asm__ volatile("lgdt %0" : : "m"(pointer.limit), "m"(pointer.base));
	__asm__ volatile("ljmp %0, $1f\n1:" : : "i"(GD_KT));
	__asm__ volatile("movl %0, %%ds; movl %0, %%es; movl %0, %%ss" : : "r"(GD_KD));
	__asm__ volatile("movl %0, %%fs; movl %1, %%gs" : : "r"(GD_CPU), "r"(0) : "memory");
	if (!idt[T_SYSCALL])
		idt_fill();
	pointer.limit = sizeof idt - 1;
	pointer.base = (uint32_t)idt;
	__asm__ volatile("lidt %0" : : "m"(pointer.limit), "m"(pointer.base));
	__asm__ volatile("lldt %w0; ltr %w1" : : "r"(0), "r"(GD_TSS));
}
