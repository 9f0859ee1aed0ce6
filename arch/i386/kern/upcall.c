/*
 * Exceptions that a program handles itself: the kernel puts a frame on its exception stack and goes on at its upcall,
 * which returns without the kernel. An exception while the program is on that stack already goes below what is there,
 * with room left between for what the upcall's return writes below the stack pointer.
 */
#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/print.h>
#include <kern/trap.h>
#include <kern/upcall.h>
#include "userword.h"

#define ROOM_PAGE_FAULT 4 /* eip, for ret */
#define ROOM_EXCEPTION 12 /* eip, cs and eflags, for iret */

static __attribute__((noinline, cold)) bool fails_at(uintptr_t va)
{
	kprintf("[%08x] user_mem_check assertion failure for va %08x\n", this_cpu()->env->pub->env_id, (uint32_t)va);
	return false;
}

/*
 * Where a frame of size bytes goes, with room above it if something is on the stack already. It may be no place for a
 * frame: frame_fits says.
 */
static inline uintptr_t frame_place(const struct Trapframe *tf, uintptr_t stack, size_t size, size_t room)
{
	return (tf->tf_esp - (stack - PGSIZE) < PGSIZE ? tf->tf_esp - room : stack) - size;
}

/* Below its page the stack has overflowed, whatever may be mapped there; also if that is below 0. */
static inline bool frame_fits(uintptr_t at, uintptr_t stack)
{
	return at - (stack - PGSIZE) < PGSIZE;
}

/* The frame stands at `at`: go on at upcall, if it may run. */
static inline bool go_to(struct Trapframe *tf, uintptr_t upcall, uintptr_t at)
{
	user_window_open();
	bool readable = upcall < UTOP && user_touch(upcall);
	user_window_close();
	if (unlikely(!readable))
		return fails_at(upcall);
	tf->tf_esp = at;
	tf->tf_eip = upcall;
	/* The handler starts with flags of its own; the program's stand in the frame. */
	tf->tf_eflags &= ~(FL_TF | FL_DF | FL_NT | FL_RF | FL_AC);
	tf->tf_ss = GD_UD | 3;
	return true;
}

/*
 * Frames are stored word by word to where they belong: a tenth of what putting them together first and copying them
 * would cost.
 */
static inline bool put_regs(uintptr_t at, const struct PushRegs *regs)
{
	return user_put(at, regs->reg_edi) && user_put(at + 4, regs->reg_esi) && user_put(at + 8, regs->reg_ebp) &&
	       user_put(at + 12, 0) && /* a kernel address */
	       user_put(at + 16, regs->reg_ebx) && user_put(at + 20, regs->reg_edx) &&
	       user_put(at + 24, regs->reg_ecx) && user_put(at + 28, regs->reg_eax);
}

static inline bool put_rest(uintptr_t at, const struct Trapframe *tf)
{
	return user_put(at, tf->tf_eip) && user_put(at + 4, tf->tf_eflags) && user_put(at + 8, tf->tf_esp);
}

bool arch_upcall_page_fault(struct Trapframe *tf, uintptr_t address)
{
	const struct Env *pub = this_cpu()->env->pub;
	uintptr_t stack = pub->env_exception_stack;
	uintptr_t at = frame_place(tf, stack, sizeof(struct UTrapframe), ROOM_PAGE_FAULT);

	if (!frame_fits(at, stack))
		return fails_at(at);
	user_window_open();
	bool done = user_put(at, address) && user_put(at + offsetof(struct UTrapframe, utf_err), tf->tf_err) &&
		    put_regs(at + offsetof(struct UTrapframe, utf_regs), &tf->tf_regs) &&
		    put_rest(at + offsetof(struct UTrapframe, utf_eip), tf);
	user_window_close();
	return done ? go_to(tf, (uintptr_t)pub->env_pgfault_upcall, at) : fails_at(at);
}

/* Why the last debug exception came. The processor sets bits of this register and never clears one. */
static uint32_t take_dr6(void)
{
	uint32_t dr6;

	__asm__ volatile("movl %%dr6, %0; movl %1, %%dr6" : "=&r"(dr6) : "r"(DR6_NONE));
	return dr6 & DR6_STEP;
}

bool arch_upcall_exception(struct Trapframe *tf)
{
	const struct Env *pub = this_cpu()->env->pub;
	uintptr_t stack = pub->env_exception_stack;
	uintptr_t at = frame_place(tf, stack, sizeof(struct ExceptionFrame), ROOM_EXCEPTION);
	uint32_t dr6 = tf->tf_trapno == T_DEBUG ? take_dr6() : 0;

	if (!frame_fits(at, stack))
		return fails_at(at);
	user_window_open();
	bool done = user_put(at, tf->tf_trapno) && user_put(at + offsetof(struct ExceptionFrame, ef_err), tf->tf_err) &&
		    user_put(at + offsetof(struct ExceptionFrame, ef_dr6), dr6) &&
		    user_put(at + offsetof(struct ExceptionFrame, ef_es), tf->tf_es) &&
		    user_put(at + offsetof(struct ExceptionFrame, ef_ds), tf->tf_ds) &&
		    put_regs(at + offsetof(struct ExceptionFrame, ef_regs), &tf->tf_regs) &&
		    put_rest(at + offsetof(struct ExceptionFrame, ef_eip), tf);
	user_window_close();
	tf->tf_es = tf->tf_ds = GD_UD | 3;
	return done ? go_to(tf, (uintptr_t)pub->env_exception_upcall, at) : fails_at(at);
}
