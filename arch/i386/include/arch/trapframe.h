/*
 * The register frames that programs see. Their layout is fixed: the entry code in assembler builds and restores
 * them, and programs read and write them.
 */
#ifndef FINCH_ARCH_TRAPFRAME_H
#define FINCH_ARCH_TRAPFRAME_H

#include <abi/types.h>

/* In the order in which pusha leaves them, lowest address first. */
struct PushRegs {
	uint32_t reg_edi;
	uint32_t reg_esi;
	uint32_t reg_ebp;
	uint32_t reg_oesp; /* of no use: the esp within pusha */
	uint32_t reg_ebx;
	uint32_t reg_edx;
	uint32_t reg_ecx;
	uint32_t reg_eax;
};

struct Trapframe {
	struct PushRegs tf_regs;
	uint16_t tf_es;
	uint16_t tf_es_pad;
	uint16_t tf_ds;
	uint16_t tf_ds_pad;
	uint32_t tf_trapno;
	/* From here on pushed by the processor (tf_err by the entry code where it pushes none). */
	uint32_t tf_err;
	uintptr_t tf_eip;
	uint16_t tf_cs;
	uint16_t tf_cs_pad;
	uint32_t tf_eflags;
	/* Pushed only where the privilege changes. */
	uintptr_t tf_esp;
	uint16_t tf_ss;
	uint16_t tf_ss_pad;
};

/* What a page-fault handler in user mode gets, on the user exception stack. */
struct UTrapframe {
	uint32_t utf_fault_va;
	uint32_t utf_err;
	struct PushRegs utf_regs;
	uintptr_t utf_eip;
	uint32_t utf_eflags;
	uintptr_t utf_esp;
};

/* What a handler of all other exceptions gets there. It may change everything that follows ef_dr6. */
struct ExceptionFrame {
	uint32_t ef_trapno;
	uint32_t ef_err;    /* the processor's error code, 0 where it has none */
	uint32_t ef_dr6;    /* T_DEBUG: DR6_STEP after a step by FL_TF, else 0 */
	uint16_t ef_es;
	uint16_t ef_es_pad;
	uint16_t ef_ds;
	uint16_t ef_ds_pad;
	struct PushRegs ef_regs;
	uintptr_t ef_eip;   /* of the instruction, or after it for T_BRKPT, T_OFLOW, T_DEBUG and int n */
	uint32_t ef_eflags;
	uintptr_t ef_esp;
};

#if __SIZEOF_POINTER__ == 4
static_assert(sizeof(struct ExceptionFrame) == 64 && offsetof(struct ExceptionFrame, ef_eip) == 52,
	      "struct ExceptionFrame as arch/i386/user/exception.S knows it");
static_assert(sizeof(struct Trapframe) == 68, "struct Trapframe is 68 bytes");
static_assert(sizeof(struct UTrapframe) == 52, "struct UTrapframe is 52 bytes");
#endif

#endif
