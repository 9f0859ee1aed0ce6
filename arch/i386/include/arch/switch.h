/*
 * Saving and loading an environment's registers, in line for the places where the CPU goes from one to another: what
 * arch_env_save and arch_env_load promise stands in kern/arch.h.
 */
#ifndef FINCH_ARCH_SWITCH_H
#define FINCH_ARCH_SWITCH_H

#include <arch/features.h>
#include <kern/cpu.h>
#include <kern/env.h>

static inline void fpu_save(uint8_t *area)
{
	if (unlikely(features.xsave))
		__asm__ volatile("xsave (%0)" : : "r"(area), "a"(-1), "d"(-1) : "memory");
	else if (likely(features.fxsr))
		__asm__ volatile("fxsave (%0)" : : "r"(area) : "memory");
	else
		__asm__ volatile("fnsave (%0); frstor (%0)" : : "r"(area) : "memory");
}

static inline void fpu_load(const uint8_t *area)
{
	if (unlikely(features.xsave))
		__asm__ volatile("xrstor (%0)" : : "r"(area), "a"(-1), "d"(-1) : "memory");
	else if (likely(features.fxsr))
		__asm__ volatile("fxrstor (%0)" : : "r"(area) : "memory");
	else /* frstor, unlike fxrstor, first raises what the program before has left pending: SDM vol. 1, 8.6 */
		__asm__ volatile("fnclex; frstor (%0)" : : "r"(area) : "memory");
}

/* Copy a frame, through FPU registers that hold nothing of value at the moment. */
static inline void frame_copy(struct Trapframe *to, const struct Trapframe *from)
{
	uint32_t last;

	if (unlikely(!features.sse)) {
		*to = *from;
		return;
	}
	__asm__ volatile("movups (%2), %%xmm0; movups 16(%2), %%xmm1; movups 32(%2), %%xmm2; movups 48(%2), %%xmm3\n\t"
			 "movl 64(%2), %0\n\t"
			 "movups %%xmm0, (%1); movups %%xmm1, 16(%1); movups %%xmm2, 32(%1); movups %%xmm3, 48(%1)\n\t"
			 "movl %0, 64(%1)"
			 : "=&r"(last)
			 : "r"(to), "r"(from)
			 : "memory");
}

/* The program's FPU registers are lost: they are in env from here on. */
static inline void arch_env_save(struct env *env)
{
	const struct arch_frame *frame = (struct arch_frame *)this_cpu()->arch.stack_top - 1;
	uint32_t gs;

	fpu_save(env->arch.fpu);
	frame_copy(&env->pub->env_tf, &frame->tf);
	/* A call by sysenter that is still under way has not got its trap flag back yet. */
	if (unlikely(this_cpu()->attention & ATTEND_STEP))
		env->pub->env_tf.tf_eflags |= FL_TF;
	env->pub->env_tf.tf_regs.reg_oesp = 0; /* a kernel address, in a record that all may read */
	env->arch.fs = frame->fs;
	__asm__ volatile("movl %%gs, %0" : "=r"(gs));
	env->arch.gs = gs;
}

/* Only what a program has loaded itself: it can fail if that was in another mode (see arch_trap_vm86). Then it is 0. */
static inline void load_gs(uint32_t gs)
{
	__asm__ volatile("1:\tmovl %0, %%gs\n\t"
			 ".pushsection .text.unlikely\n"
			 "2:\txorl %0, %0\n\t"
			 "jmp 1b\n\t"
			 ".popsection\n\t"
			 ".pushsection .fixups, \"a\"\n\t"
			 ".long 1b, 2b\n\t"
			 ".popsection"
			 : "+r"(gs));
}

static inline void arch_env_load(const struct env *env)
{
	struct cpu *cpu = this_cpu();
	struct arch_frame *frame = (struct arch_frame *)cpu->arch.stack_top - 1;

	frame_copy(&frame->tf, &env->pub->env_tf);
	frame->fs = env->arch.fs;
	*cpu->arch.tls = env->arch.tls;
	load_gs(env->arch.gs);
	fpu_load(env->arch.fpu);
}

#endif
