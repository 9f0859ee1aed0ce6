/*
 * Saving and loading an environment's registers, in line for the places where the CPU goes from one to another: what
 * arch_env_save and arch_env_load promise stands in kern/arch.h.
 */
#ifndef FINCH_ARCH_SWITCH_H
#define FINCH_ARCH_SWITCH_H

#include <arch/features.h>
#include <kern/cpu.h>
#include <kern/env.h>

/* The same by whatever other instructions the CPU has: frame.c. */
void arch_fpu_save(uint8_t *area);
void arch_fpu_load(const uint8_t *area);

/* Copy a frame, through FPU registers that hold nothing of value at the moment. */
static inline void frame_copy(struct Trapframe *to, const struct Trapframe *from)
{
	uint32_t last;

	__asm__ volatile("movups (%2), %%xmm0; movups 16(%2), %%xmm1; movups 32(%2), %%xmm2; movups 48(%2), %%xmm3\n\t"
			 "movl 64(%2), %0\n\t"
			 "movups %%xmm0, (%1); movups %%xmm1, 16(%1); movups %%xmm2, 32(%1); movups %%xmm3, 48(%1)\n\t"
			 "movl %0, 64(%1)"
			 : "=&r"(last)
			 : "r"(to), "r"(from)
			 : "memory");
}

/* arch_env_save where no trap flag is still to be given back. */
static inline void arch_env_save_plain(const struct cpu *cpu, struct env *env)
{
	const struct arch_frame *frame = (struct arch_frame *)cpu->arch.stack_top - 1;
	struct Trapframe *saved = &env->pub->env_tf;
	uint32_t gs;

	/* The two selectors first: copying needs the registers. */
	env->arch.fs = frame->fs;
	__asm__ volatile("movl %%gs, %0" : "=r"(gs));
	env->arch.gs = gs;
	if (likely(features.plain_fpu)) {
		__asm__ volatile("fxsave (%0)" : : "r"(env->arch.fpu) : "memory");
		frame_copy(saved, &frame->tf);
	} else {
		arch_fpu_save(env->arch.fpu);
		*saved = frame->tf;
	}
	saved->tf_regs.reg_oesp = 0; /* a kernel address, in a record that all may read */
}

/* The program's FPU registers are lost: they are in env from here on. */
static inline void arch_env_save(const struct cpu *cpu, struct env *env)
{
	arch_env_save_plain(cpu, env);
	/* A call by sysenter that is still under way has not got its trap flag back yet. */
	if (unlikely(cpu->attention & ATTEND_STEP))
		env->pub->env_tf.tf_eflags |= FL_TF;
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

/* See ports.c. */
void ports_load(struct cpu *cpu, uint32_t ports);

static inline uint32_t arch_ports_open(const struct cpu *cpu)
{
	return cpu->arch.ports;
}

static inline void arch_env_switch_ports(struct cpu *cpu, const struct env *env)
{
	if (unlikely(cpu->arch.ports != env->arch.ports))
		ports_load(cpu, env->arch.ports);
}

static inline void arch_env_load(struct cpu *cpu, const struct env *env)
{
	struct arch_frame *frame = (struct arch_frame *)cpu->arch.stack_top - 1;

	frame->fs = env->arch.fs;
	if (likely(features.plain_fpu)) {
		/* 64 bits at once, through a register that is loaded below. */
		__asm__ volatile("movlps %1, %%xmm0; movlps %%xmm0, %0" : "=m"(*cpu->arch.tls) : "m"(env->arch.tls));
		load_gs(env->arch.gs);
		frame_copy(&frame->tf, &env->pub->env_tf);
		__asm__ volatile("fxrstor (%0)" : : "r"(env->arch.fpu) : "memory");
	} else {
		*cpu->arch.tls = env->arch.tls;
		load_gs(env->arch.gs);
		frame->tf = env->pub->env_tf;
		arch_fpu_load(env->arch.fpu);
	}
}

#endif
