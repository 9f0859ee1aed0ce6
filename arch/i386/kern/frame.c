/* Frames and the registers of environments: saving, loading, checking, printing. */
#include <arch/offsets.h>
#include <common/string.h>
#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/print.h>
#include <kern/trap.h>
#include <arch/features.h>
#include <arch/switch.h>
#include "tables.h"
#include "userword.h"

#define FL_USER (FL_CF | FL_PF | FL_AF | FL_ZF | FL_SF | FL_TF | FL_DF | FL_OF | FL_NT | FL_RF | FL_AC | FL_ID)
#define MXCSR_RESET 0x1F80 /* SDM vol. 1, 10.2.3: all exceptions masked */
#define FCW_RESET 0x037F   /* 8.1.5: the same, and double extended precision */

void arch_fpu_save(uint8_t *area)
{
	if (features.xsave)
		__asm__ volatile("xsave (%0)" : : "r"(area), "a"(-1), "d"(-1) : "memory");
	else if (features.fxsr)
		__asm__ volatile("fxsave (%0)" : : "r"(area) : "memory");
	else
		__asm__ volatile("fnsave (%0); frstor (%0)" : : "r"(area) : "memory");
}

static void fpu_load(const uint8_t *area)
{
	if (features.xsave)
		__asm__ volatile("xrstor (%0)" : : "r"(area), "a"(-1), "d"(-1) : "memory");
	else if (features.fxsr)
		__asm__ volatile("fxrstor (%0)" : : "r"(area) : "memory");
	else /* frstor, unlike fxrstor, first raises what the program before has left pending: SDM vol. 1, 8.6 */
		__asm__ volatile("fnclex; frstor (%0)" : : "r"(area) : "memory");
}

void arch_env_save_any(const struct cpu *cpu, struct env *env)
{
	const struct arch_frame *frame = frame_of(cpu);

	env->arch.fs = frame->fs;
	__asm__ volatile("movw %%gs, %0" : "+m"(env->arch.gs));
	arch_fpu_save(env->arch.fpu);
	arch_frame_publish(&env->pub->env_tf, &frame->tf);
}

void arch_env_load_any(struct cpu *cpu, const struct env *env)
{
	struct arch_frame *frame = frame_of(cpu);

	frame->fs = env->arch.fs;
	*cpu->arch.tls = env->arch.tls;
	load_gs(&env->arch.gs);
	frame->tf = env->pub->env_tf;
	fpu_load(env->arch.fpu);
}

/*
 * The state after a reset, in the form that fpu_load takes: SDM vol. 1, tables 8-1 and 10-2. xrstor takes a component
 * whose bit in the header, the 64 bytes after fxsave's, is 0 for reset: 13.6.
 */
void arch_env_reset_fpu(struct env *env)
{
	uint8_t *area = env->arch.fpu;

	memset(area, 0, features.xsave ? 576 : 512);
	if (features.fxsr) {
		*(uint16_t *)area = FCW_RESET;
		*(uint32_t *)(area + 24) = MXCSR_RESET;
	} else {
		*(uint32_t *)area = FCW_RESET;
		*(uint32_t *)(area + 8) = 0xFFFF; /* all registers are empty */
	}
}

void arch_env_init(struct env *env, uintptr_t entry, uintptr_t stack)
{
	struct Trapframe *tf = &env->pub->env_tf;

	memset(tf, 0, sizeof *tf);
	tf->tf_eip = entry;
	tf->tf_esp = stack;
	arch_frame_sanitize(tf);
	tf->tf_es = tf->tf_ds = GD_UD | 3;
	env->arch.fs = env->arch.gs = 0;
	env->arch.tls = tables_tls(0);
	arch_env_reset_fpu(env);
}

void arch_env_inherit(struct env *child)
{
	const struct env *self = this_cpu()->env;

	arch_env_save(this_cpu(), child);
	fpu_load(child->arch.fpu); /* the caller goes on with it */
	child->arch.tls = self->arch.tls;
	arch_call_set_result(&child->pub->env_tf, 0);
}

void arch_env_set_tls(struct env *env, uintptr_t base)
{
	env->arch.tls = tables_tls(base);
	env->arch.gs = GD_TLS | 3;
	if (env == this_cpu()->env) {
		this_cpu()->arch.tables->gdt[GD_TLS / 8] = env->arch.tls;
		__asm__ volatile("movl %0, %%gs" : : "r"(env->arch.gs));
	}
}

void arch_frame_sanitize(struct Trapframe *tf)
{
	tf->tf_cs = GD_UT | 3;
	tf->tf_ss = GD_UD | 3;
	tf->tf_eflags = (tf->tf_eflags & FL_USER) | FL_IF | FL_MBS;
}

void arch_frame_publish(struct Trapframe *to, const struct Trapframe *tf)
{
	struct Trapframe copy = *tf;

	copy.tf_regs.reg_oesp = 0;
	*to = copy;
}

uintptr_t arch_call_fifth_argument(const struct Trapframe *tf)
{
	uint32_t word;

	if (tf->tf_err != CALL_BY_SYSENTER)
		return tf->tf_regs.reg_esi;
	if (tf->tf_esp > UTOP - sizeof word)
		return 0;
	user_window_open();
	bool readable = user_get(tf->tf_esp, &word);
	user_window_close();
	return readable ? word : 0;
}

/* Both ways in are instructions of two bytes, and both leave the frame behind them: CD 30, 0F 34. */
#define CALL_LENGTH 2

void arch_call_restart(struct Trapframe *tf)
{
	tf->tf_eip -= CALL_LENGTH;
}

void arch_call_finish(struct Trapframe *tf, int32_t result)
{
	tf->tf_eip += CALL_LENGTH;
	arch_call_set_result(tf, result);
}

int32_t arch_call_again(struct Trapframe *tf)
{
	tf->tf_eip -= CALL_LENGTH;
	this_cpu()->attention |= ATTEND_FRAME;
	return tf->tf_regs.reg_eax;
}

void arch_call_set_argument(struct Trapframe *tf, unsigned n, uintptr_t value)
{
	uint32_t *const places[] = { &tf->tf_regs.reg_edx, &tf->tf_regs.reg_ecx, &tf->tf_regs.reg_ebx,
				     &tf->tf_regs.reg_edi };

	*places[n] = value;
}

bool arch_frame_is_user(const struct Trapframe *tf)
{
	return tf->tf_cs & 3;
}

uintptr_t arch_frame_ip(const struct Trapframe *tf)
{
	return tf->tf_eip;
}

uintptr_t arch_frame_sp(const struct Trapframe *tf)
{
	return tf->tf_esp;
}

void arch_frame_print(const struct Trapframe *tf)
{
	const struct PushRegs *regs = &tf->tf_regs;
	char err[64] = "", stack[64] = "";

	if (tf->tf_trapno == T_PGFLT)
		print_buffer(err, sizeof err, " [%s, %s, %s]", tf->tf_err & FEC_U ? "user" : "kernel",
			     tf->tf_err & FEC_WR ? "write" : "read", tf->tf_err & FEC_PR ? "protection" : "not-present");
	if (arch_frame_is_user(tf))
		print_buffer(stack, sizeof stack, "  esp  0x%08x\n  ss   0x----%04x\n", tf->tf_esp, tf->tf_ss);
	/* In one piece: other CPUs may print theirs. */
	kprintf("TRAP frame at 0x%08x from CPU %u\n"
		"  edi  0x%08x\n  esi  0x%08x\n  ebp  0x%08x\n  oesp 0x%08x\n"
		"  ebx  0x%08x\n  edx  0x%08x\n  ecx  0x%08x\n  eax  0x%08x\n"
		"  es   0x----%04x\n  ds   0x----%04x\n  trap 0x%08x %s\n  err  0x%08x%s\n"
		"  eip  0x%08x\n  cs   0x----%04x\n  flag 0x%08x\n%s",
		(uint32_t)tf, this_cpu()->number, regs->reg_edi, regs->reg_esi, regs->reg_ebp, regs->reg_oesp,
		regs->reg_ebx, regs->reg_edx, regs->reg_ecx, regs->reg_eax, tf->tf_es, tf->tf_ds, tf->tf_trapno,
		trap_name(tf->tf_trapno), tf->tf_err, err, tf->tf_eip, tf->tf_cs, tf->tf_eflags, stack);
}
