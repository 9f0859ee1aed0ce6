/* Registers and FPU of the 64-bit machine that kern/ is compiled for as a check: see mmu.h. */
#ifndef FINCH_ARCH_STATE_H
#define FINCH_ARCH_STATE_H

#include <arch/trapframe.h>

struct state_registers {
	struct Trapframe frame;
	uint64_t fs_base, gs_base;
};

struct state_fpu {
	uint32_t format, size;
	uint8_t image[832];
};

#endif
