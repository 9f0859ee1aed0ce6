/* Register frames of the 64-bit machine that kern/ is compiled for as a check: see mmu.h. */
#ifndef FINCH_ARCH_TRAPFRAME_H
#define FINCH_ARCH_TRAPFRAME_H

#include <abi/types.h>

struct Trapframe {
	uint64_t tf_regs[15];
	uint64_t tf_trapno, tf_err, tf_rip, tf_cs, tf_rflags, tf_rsp, tf_ss;
};

struct UTrapframe {
	uint64_t utf_fault_va, utf_err, utf_regs[15], utf_rip, utf_rflags, utf_rsp;
};

#endif
