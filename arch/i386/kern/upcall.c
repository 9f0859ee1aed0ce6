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

#define ROOM_PAGE_FAULT 4 /* eip, for ret */
#define ROOM_EXCEPTION 12 /* eip, cs and eflags, for iret */

static bool fails_at(uintptr_t va)
{
	kprintf("[%08x] user_mem_check assertion failure for va %08x\n", this_cpu()->env->pub->env_id, (uint32_t)va);
	return false;
}

static inline bool go_to(struct Trapframe *tf, uintptr_t upcall, const void *frame, size_t size, size_t room)
{
	uintptr_t stack = this_cpu()->env->pub->env_exception_stack, top = stack;
	uint8_t byte;

	if (tf->tf_esp >= stack - PGSIZE && tf->tf_esp < stack)
		top = tf->tf_esp - room;
	uintptr_t at = top - size;
	/* Below its page the stack has overflowed, whatever may be mapped there. */
	if (at < stack - PGSIZE || user_write((uaddr_t){ at }, frame, size) < 0)
		return fails_at(at);
	if (upcall >= UTOP || user_read(&byte, (uaddr_t){ upcall }, 1) < 0)
		return fails_at(upcall);
	tf->tf_esp = at;
	tf->tf_eip = upcall;
	/* The handler starts with flags of its own; the program's stand in the frame. */
	tf->tf_eflags &= ~(FL_TF | FL_DF | FL_NT | FL_RF | FL_AC);
	tf->tf_ss = GD_UD | 3;
	return true;
}

bool arch_upcall_page_fault(struct Trapframe *tf, uintptr_t address)
{
	struct UTrapframe frame = {
		.utf_fault_va = address, .utf_err = tf->tf_err, .utf_regs = tf->tf_regs,
		.utf_eip = tf->tf_eip, .utf_eflags = tf->tf_eflags, .utf_esp = tf->tf_esp,
	};

	frame.utf_regs.reg_oesp = 0; /* a kernel address */
	return go_to(tf, (uintptr_t)this_cpu()->env->pub->env_pgfault_upcall, &frame, sizeof frame, ROOM_PAGE_FAULT);
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

	frame.ef_regs.reg_oesp = 0;
	if (tf->tf_trapno == T_DEBUG)
		frame.ef_dr6 = take_dr6();
	tf->tf_es = tf->tf_ds = GD_UD | 3;
	return go_to(tf, (uintptr_t)this_cpu()->env->pub->env_exception_upcall, &frame, sizeof frame, ROOM_EXCEPTION);
}
