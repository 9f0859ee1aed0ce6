/*
 * Page faults that a program handles itself: the kernel puts a struct UTrapframe on its exception stack and goes on at
 * its upcall, which returns without the kernel. A fault while the program is on that stack already goes below what is
 * there, with one word left free, where the upcall's return puts the program counter.
 */
#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/print.h>
#include <kern/upcall.h>
#include <kern/user.h>

bool arch_upcall_page_fault(struct Trapframe *tf, uintptr_t address)
{
	const struct Env *pub = this_cpu()->env->pub;
	uintptr_t upcall = (uintptr_t)pub->env_pgfault_upcall, stack = pub->env_exception_stack, top = stack;
	struct UTrapframe frame = {
		.utf_fault_va = address, .utf_err = tf->tf_err, .utf_regs = tf->tf_regs,
		.utf_eip = tf->tf_eip, .utf_eflags = tf->tf_eflags, .utf_esp = tf->tf_esp,
	};
	uint8_t byte;

	frame.utf_regs.reg_oesp = 0; /* a kernel address */
	if (tf->tf_esp >= stack - PGSIZE && tf->tf_esp < stack)
		top = tf->tf_esp - sizeof(uint32_t);
	uintptr_t at = top - sizeof frame;
	/* Below its page the stack has overflowed, whatever may be mapped there. */
	if (at < stack - PGSIZE || user_write((uaddr_t){ at }, &frame, sizeof frame) < 0) {
		kprintf("[%08x] user_mem_check assertion failure for va %08x\n", pub->env_id, (uint32_t)at);
		return false;
	}
	if (upcall >= UTOP || user_read(&byte, (uaddr_t){ upcall }, 1) < 0) {
		kprintf("[%08x] user_mem_check assertion failure for va %08x\n", pub->env_id, (uint32_t)upcall);
		return false;
	}
	tf->tf_esp = at;
	tf->tf_eip = upcall;
	/* The handler starts with flags of its own; the program's stand in the frame. */
	tf->tf_eflags &= ~(FL_TF | FL_DF | FL_NT | FL_AC);
	return true;
}
