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
#include <kern/user.h>
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

/* Below its page the stack has overflowed, whatever may be mapped there. */
static inline bool frame_fits(uintptr_t at, uintptr_t stack)
{
	return at >= stack - PGSIZE;
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

/* Word by word to where it belongs: a tenth of what putting it together first and copying it would cost. */
static inline bool put_frame(uintptr_t at, const struct Trapframe *tf, uintptr_t address)
{
	const struct PushRegs *regs = &tf->tf_regs;

	user_window_open();
	bool done = user_put(at, address) && user_put(at + 4, tf->tf_err) && user_put(at + 8, regs->reg_edi) &&
		    user_put(at + 12, regs->reg_esi) && user_put(at + 16, regs->reg_ebp) &&
		    user_put(at + 20, 0) && /* a kernel address */
		    user_put(at + 24, regs->reg_ebx) && user_put(at + 28, regs->reg_edx) &&
		    user_put(at + 32, regs->reg_ecx) && user_put(at + 36, regs->reg_eax) && user_put(at + 40, tf->tf_eip) &&
		    user_put(at + 44, tf->tf_eflags) && user_put(at + 48, tf->tf_esp);
	user_window_close();
	return done;
}

bool arch_upcall_page_fault(struct Trapframe *tf, uintptr_t address)
{
	const struct Env *pub = this_cpu()->env->pub;
	uintptr_t stack = pub->env_exception_stack;
	uintptr_t at = frame_place(tf, stack, sizeof(struct UTrapframe), ROOM_PAGE_FAULT);

	if (!frame_fits(at, stack) || !put_frame(at, tf, address))
		return fails_at(at);
	return go_to(tf, (uintptr_t)pub->env_pgfault_upcall, at);
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
	struct ExceptionFrame frame = {
		.ef_trapno = tf->tf_trapno, .ef_err = tf->tf_err, .ef_es = tf->tf_es, .ef_ds = tf->tf_ds,
		.ef_regs = tf->tf_regs, .ef_eip = tf->tf_eip, .ef_eflags = tf->tf_eflags, .ef_esp = tf->tf_esp,
	};

	const struct Env *pub = this_cpu()->env->pub;
	uintptr_t stack = pub->env_exception_stack;
	uintptr_t at = frame_place(tf, stack, sizeof frame, ROOM_EXCEPTION);

	frame.ef_regs.reg_oesp = 0;
	if (tf->tf_trapno == T_DEBUG)
		frame.ef_dr6 = take_dr6();
	tf->tf_es = tf->tf_ds = GD_UD | 3;
	if (!frame_fits(at, stack) || user_write((uaddr_t){ at }, &frame, sizeof frame) < 0)
		return fails_at(at);
	return go_to(tf, (uintptr_t)pub->env_exception_upcall, at);
}
