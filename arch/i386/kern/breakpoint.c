/* The debug registers. Source: Intel SDM vol. 3B, 17.2 (debug registers), 17.3.1 (the debug exception). */
#include <kern/arch.h>
#include <kern/breakpoint.h>

/* DR7, section 17.2.4: for each register n a bit that turns it on for all tasks, and four bits from 16 + 4 n on. */
#define DR7_FIXED 0x400
#define DR7_ON(n) (2u << 2 * (n))
#define DR7_WHAT(n, type, length) (((length) << 2 | (type)) << (16 + 4 * (n)))
#define DR6_MET 0xF /* DR6, section 17.2.3: the registers that were met */

static void load_address(unsigned n, uint32_t va)
{
	switch (n) {
	case 0:
		__asm__ volatile("movl %0, %%dr0" : : "r"(va));
		break;
	case 1:
		__asm__ volatile("movl %0, %%dr1" : : "r"(va));
		break;
	case 2:
		__asm__ volatile("movl %0, %%dr2" : : "r"(va));
		break;
	default:
		__asm__ volatile("movl %0, %%dr3" : : "r"(va));
		break;
	}
}

void arch_breakpoints_load(const struct breakpoint *list)
{
	static const uint8_t types[] = { [BREAK_EXECUTE] = 0, [BREAK_WRITE] = 1, [BREAK_ACCESS] = 3 };
	uint32_t control = DR7_FIXED;

	__asm__ volatile("movl %0, %%dr7" : : "r"(control));
	for (unsigned n = 0; n < BREAKPOINTS_MAX; n++) {
		if (!list[n].kind)
			continue;
		load_address(n, list[n].va);
		control |= DR7_ON(n) | DR7_WHAT(n, types[list[n].kind], list[n].size - 1);
	}
	__asm__ volatile("movl %0, %%dr7" : : "r"(control));
}

uint32_t arch_breakpoints_met(const struct Trapframe *tf, bool *stepped)
{
	uint32_t dr6, step;

	__asm__ volatile("movl %%dr6, %0" : "=r"(dr6));
	step = dr6 & DR6_STEP;
	/* Where a breakpoint was met, it may be left of a step before, at which nobody asked: one into a system call. */
	if (dr6 & DR6_MET && !(tf->tf_eflags & FL_TF))
		step = 0;
	*stepped = step;
	/* A step may be the program's own, which asks the register again. */
	__asm__ volatile("movl %0, %%dr6" : : "r"(DR6_NONE | step));
	return dr6 & DR6_MET;
}

bool arch_frame_step(struct Trapframe *tf, bool on)
{
	bool was = tf->tf_eflags & FL_TF;

	tf->tf_eflags = on ? tf->tf_eflags | FL_TF : tf->tf_eflags & ~FL_TF;
	return was;
}

void arch_frame_resume(struct Trapframe *tf)
{
	tf->tf_eflags |= FL_RF;
}
