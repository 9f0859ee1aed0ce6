/*
 * Traps, the portable part: what an exception, interrupt or system call leads to.
 */
#ifndef FINCH_KERN_TRAP_H
#define FINCH_KERN_TRAP_H

#include <arch/trapframe.h>
#include <abi/types.h>
#include <kern/check.h>

enum {
#define TRAP(name, number, text, code, privilege) name = number,
#include <abi/trap.def>
#undef TRAP
	T_SYSCALL = 48,
	T_DEFAULT = 500,
	IRQ_OFFSET = 32,
};

/* What it is called: "Page Fault", "Hardware Interrupt", "System call", "Software Interrupt", "(unknown trap)". */
const char *trap_name(uint32_t number);

/* An exception of the environment that runs. address: what a page fault was about. Ends it if it has no handler. */
void trap_user_exception(struct Trapframe *tf, uintptr_t address);
/* An interrupt, from user mode or from an idle CPU. */
void trap_interrupt(uint32_t vector);
/*
 * The big lock of the boot word lock=big, at every way into the kernel and out of it. It belongs to a CPU, not to a
 * function: an interrupt of an idle or polling CPU takes it at most once.
 */
extern bool big_lock_wanted;
void big_lock_take(void);
void big_lock_drop(void);

static inline void big_lock_enter(void)
{
	if (unlikely(big_lock_wanted))
		big_lock_take();
}

static inline void big_lock_leave(void)
{
	if (unlikely(big_lock_wanted))
		big_lock_drop();
}

#endif
