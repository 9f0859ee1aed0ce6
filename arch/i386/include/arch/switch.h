/*
 * Saving and loading an environment's registers, in line for the places where the CPU goes from one to another: what
 * arch_env_save and arch_env_load promise stands in kern/arch.h.
 */
#ifndef FINCH_ARCH_SWITCH_H
#define FINCH_ARCH_SWITCH_H

#include <arch/features.h>
#include <kern/cpu.h>
#include <kern/env.h>

/* Copy a frame, through FPU registers that hold nothing of value at the moment. */
static inline void frame_copy(struct Trapframe *to, const struct Trapframe *from)
{
	struct part { uint32_t words[4]; } *t = (struct part *)to;
	const struct part *f = (const struct part *)from;
	uint32_t last;

	__asm__ volatile("movups %6, %%xmm0; movups %7, %%xmm1; movups %8, %%xmm2; movups %9, %%xmm3\n\t"
			 "movl %10, %0\n\t"
			 "movups %%xmm0, %1; movups %%xmm1, %2; movups %%xmm2, %3; movups %%xmm3, %4\n\t"
			 "movl %0, %5"
			 : "=&r"(last), "=m"(t[0]), "=m"(t[1]), "=m"(t[2]), "=m"(t[3]), "=m"(t[4].words[0])
			 : "m"(f[0]), "m"(f[1]), "m"(f[2]), "m"(f[3]), "m"(f[4].words[0]));
}

/* Only what a program has loaded itself: it can fail if that was in another mode (see arch_trap_vm86). Then it is 0. */
static inline void load_gs(const uint32_t *gs)
{
	__asm__ volatile("1:\tmovw %0, %%gs\n"
			 "3:\n\t"
			 ".pushsection .text.unlikely\n"
			 "2:\tpushl $0\n\t"
			 "popl %%gs\n\t"
			 "jmp 3b\n\t"
			 ".popsection\n\t"
			 ".pushsection .fixups, \"a\"\n\t"
			 ".long 1b, 2b\n\t"
			 ".popsection"
			 : : "m"(*gs));
}

/* Both by the instructions that nearly all CPUs have. The selectors first: copying needs the registers. */
static inline void save_plain(struct env *env, struct Trapframe *saved, const struct arch_frame *frame)
{
	env->arch.fs = frame->fs;
	__asm__ volatile("movw %%gs, %0" : "+m"(env->arch.gs));
	__asm__ volatile("fxsave %0" : "=m"(env->arch.fpu));
	frame_copy(saved, &frame->tf);
	saved->tf_regs.reg_oesp = 0; /* a kernel address, in a record that all may read */
}

static inline void load_plain(uint64_t *tls, struct arch_frame *frame, const struct env *env)
{
	frame->fs = env->arch.fs;
	/* 64 bits at once, through a register that is loaded below. */
	__asm__ volatile("movlps %1, %%xmm0; movlps %%xmm0, %0" : "=m"(*tls) : "m"(env->arch.tls));
	load_gs(&env->arch.gs);
	frame_copy(&frame->tf, &env->pub->env_tf);
	__asm__ volatile("fxrstor %0" : : "m"(env->arch.fpu));
}

static inline struct arch_frame *frame_of(const struct cpu *cpu)
{
	return (struct arch_frame *)cpu->arch.stack_top - 1;
}

static inline struct Trapframe *arch_frame_here(const struct cpu *cpu)
{
	return &frame_of(cpu)->tf;
}

/* See entry.S. */
void arch_resume(struct arch_frame *frame) __attribute__((noreturn));

static inline __attribute__((noreturn)) void arch_leave(const struct cpu *cpu)
{
	arch_resume(frame_of(cpu));
}

/* The same by whatever instructions this CPU has, and only that for the FPU: frame.c. */
void arch_fpu_save(uint8_t *area);
void arch_env_save_any(const struct cpu *cpu, struct env *env);
void arch_env_load_any(struct cpu *cpu, const struct env *env);

/* arch_env_save where no trap flag is still to be given back. */
static inline void arch_env_save_plain(const struct cpu *cpu, struct env *env)
{
	if (likely(features.plain_fpu))
		save_plain(env, &env->pub->env_tf, frame_of(cpu));
	else
		arch_env_save_any(cpu, env);
}

/* The program's FPU registers are lost: they are in env from here on. */
static inline void arch_env_save(const struct cpu *cpu, struct env *env)
{
	arch_env_save_plain(cpu, env);
	/* A call by sysenter that is still under way has not got its trap flag back yet, and needs the slow way out for it. */
	if (unlikely(cpu->attention & ATTEND_STEP)) {
		env->pub->env_tf.tf_eflags |= FL_TF;
		env->pub->env_tf.tf_err = 0;
	}
}

static inline void arch_env_load(struct cpu *cpu, const struct env *env)
{
	if (likely(features.plain_fpu))
		load_plain(cpu->arch.tls, frame_of(cpu), env);
	else
		arch_env_load_any(cpu, env);
}

/* arch_env_save_plain(cpu, from), and then arch_env_load(cpu, to). */
static inline void arch_env_switch(struct cpu *cpu, struct env *from, const struct env *to)
{
	if (likely(features.plain_fpu)) {
		struct arch_frame *frame = frame_of(cpu);
		save_plain(from, &from->pub->env_tf, frame);
		load_plain(cpu->arch.tls, frame, to);
	} else {
		arch_env_save_any(cpu, from);
		arch_env_load_any(cpu, to);
	}
}

/* --- I/O ports. See ports.c. --- */
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

#endif
