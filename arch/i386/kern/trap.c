/*
 * Traps on the i386: what entry.S calls. Sorts entries from user mode and from the kernel, and turns faults on the
 * way back to user mode into the program's own.
 */
#include <arch/switch.h>
#include <kern/boot.h>
#include <kern/breakpoint.h>
#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/panic.h>
#include <kern/platform.h>
#include <kern/rest.h>
#include <kern/syscall.h>
#include <kern/trace.h>
#include <kern/trap.h>
#include "tables.h"
#include "userword.h"

#define IRQ_SPURIOUS_VECTOR (IRQ_OFFSET + 7)

struct fixup {
	uint32_t fault, go_on;
};

extern const struct fixup fixups_start[], fixups_end[];
extern char syscall_by_sysenter[], syscall_by_sysenter_stepped[], return_pop_fs[], return_pop_es[], return_pop_ds[],
	return_iret[], return_fast_pop_fs[], return_fast_pop_es[], return_fast_pop_ds[];

/* Called by entry.S. */
void arch_trap(struct arch_frame *frame);
void arch_syscall_attend(void);
void arch_first_return(void);
void arch_trap_vm86(struct arch_frame *frame) __attribute__((noreturn));
void arch_double_fault(void) __attribute__((noreturn));
size_t arch_copy_user_raw(void *to, const void *from, size_t n);
void arch_enter_user_on(uint32_t stack_top) __attribute__((noreturn));

static struct arch_frame *user_frame(void)
{
	return frame_of(this_cpu());
}

struct Trapframe *arch_frame(void)
{
	return &user_frame()->tf;
}

/* The last thing before user mode. */
static inline void leave(struct cpu *cpu)
{
	while (unlikely(cpu->attention))
		sched_attend(cpu);
	big_lock_leave();
}

/* Something is to be done before user mode, after a system call. */
void arch_syscall_attend(void)
{
	struct cpu *cpu = this_cpu();

	if (cpu->attention & ATTEND_STEP && cpu->env)
		user_frame()->tf.tf_eflags |= FL_TF;
	leave(cpu);
}

void arch_end_call(int32_t result)
{
	arch_call_set_result(arch_frame(), result);
	arch_syscall_attend();
	arch_resume(user_frame());
}

void arch_first_return(void)
{
	leave(this_cpu());
}

void arch_enter_user(void)
{
	arch_enter_user_on(this_cpu()->arch.stack_top);
}

/* --- NMI: somebody panicked, or somebody outside wants to know what goes on --- */

static void handle_nmi(const struct arch_frame *frame)
{
	static atomic_t taken;

	if (!panic_stops_me() && !boot_word("batch") && !boot_word("testdev"))
		return;
	__atomic_store_n(&this_cpu()->stopped, &frame->tf, __ATOMIC_RELEASE);
	/* The signal from outside goes to all CPUs: one tells. */
	if (panic_stops_me() || atomic_exchange(&taken, 1))
		arch_halt();
	rest_time_up();
}

/* --- Entries from user mode --- */

static void trap_from_user(struct Trapframe *tf)
{
	uintptr_t address = tf->tf_trapno == T_PGFLT ? rcr2() : 0;
	struct cpu *cpu = this_cpu();

	if (tf->tf_trapno == T_NMI) {
		handle_nmi((struct arch_frame *)((char *)tf - offsetof(struct arch_frame, tf)));
		return;
	}
	big_lock_enter();
	if (tf->tf_trapno == T_MCHK)
		panic_frame(tf, "machine check");
	if (!platform_has_vector(tf->tf_trapno))
		trap_user_exception(tf, address);
	else if (tf->tf_trapno != IRQ_SPURIOUS_VECTOR)
		trap_interrupt(tf->tf_trapno);
	leave(cpu);
}

/*
 * An entry from virtual-8086 mode. The kernel puts no program there, and no processor lets it go there itself (SDM vol.
 * 2, IRET: VM at privilege 0 only), but QEMU's translator does. The frame lies lower than others, below four segments
 * more: it is moved to where the kernel expects it, made harmless, and for the program it is a protection fault.
 */
void arch_trap_vm86(struct arch_frame *frame)
{
	uint32_t vector = frame->tf.tf_trapno;
	struct Trapframe *tf = arch_frame();
	struct arch_frame copy = *frame;

	if (vector == T_NMI) {
		handle_nmi(frame);
		arch_resume(frame);
	}
	big_lock_enter();
	copy.fs = 0;
	copy.tf.tf_ds = copy.tf.tf_es = GD_UD | 3;
	copy.tf.tf_trapno = T_GPFLT;
	copy.tf.tf_err = 0;
	arch_frame_sanitize(&copy.tf);
	*user_frame() = copy;
	if (platform_has_vector(vector) && vector != IRQ_SPURIOUS_VECTOR)
		trap_interrupt(vector);
	trap_user_exception(tf, 0);
	leave(this_cpu());
	arch_resume(user_frame());
}

/* --- Entries from the kernel --- */

/* A copy from or to user memory has met a page that is not there; or a selector that a program had cannot be loaded. */
static bool fix_copy(struct Trapframe *tf)
{
	for (const struct fixup *fixup = fixups_start; fixup < fixups_end; fixup++) {
		if (tf->tf_eip != fixup->fault)
			continue;
		this_cpu()->arch.fault_address = rcr2();
		tf->tf_eip = fixup->go_on;
		return true;
	}
	return false;
}

/*
 * An instruction that restores the program's state has faulted: the frame holds a selector or an address that cannot be
 * loaded. What was restored already stands in the nested frame, which overlaps the program's own; put it
 * together again, and it is the program's exception.
 */
static bool fix_return(const struct arch_frame *nested_at)
{
	const struct arch_frame nested = *nested_at;
	struct arch_frame *user = user_frame();
	const char *at = (const char *)nested.tf.tf_eip;
	/* How far it came: 0 nothing restored, 1 fs and the general registers, 2 es too, 3 ds too. */
	unsigned done;

	if (at == return_pop_fs || at == return_fast_pop_fs)
		done = 0;
	else if (at == return_pop_es || at == return_fast_pop_es)
		done = 1;
	else if (at == return_pop_ds || at == return_fast_pop_ds)
		done = 2;
	else if (at == return_iret)
		done = 3;
	else
		return false;
	if (done >= 1)
		user->tf.tf_regs = nested.tf.tf_regs;
	/* The bad selectors are gone, so that the program can be gone on with. */
	user->fs = done >= 1 ? nested.fs : 0;
	user->tf.tf_es = done >= 2 ? nested.tf.tf_es : GD_UD | 3;
	user->tf.tf_ds = done >= 3 ? nested.tf.tf_ds : GD_UD | 3;
	user->tf.tf_trapno = nested.tf.tf_trapno;
	user->tf.tf_err = nested.tf.tf_err;
	return true;
}

/*
 * The user's trap flag came in with sysenter: off while the kernel runs, given back at the end. Processors trap after
 * the first instruction of the entry, QEMU's translator before it.
 */
static bool step_came_in(struct Trapframe *tf)
{
	if (tf->tf_eip != (uintptr_t)syscall_by_sysenter && tf->tf_eip != (uintptr_t)syscall_by_sysenter_stepped)
		return false;
	tf->tf_eflags &= ~FL_TF;
	this_cpu()->attention |= ATTEND_STEP;
	return true;
}

static void interrupt_from_kernel(uint32_t vector)
{
	bool had_lock = this_cpu()->big_lock_held;

	if (vector == IRQ_SPURIOUS_VECTOR)
		return;
	big_lock_enter();
	trap_interrupt(vector);
	if (!had_lock)
		big_lock_leave();
}

static void trap_from_kernel(struct arch_frame *frame)
{
	struct Trapframe *tf = &frame->tf;

	switch (tf->tf_trapno) {
	case T_NMI:
		handle_nmi(frame);
		return;
	case T_DEBUG:
		if (step_came_in(tf) || breakpoint_trap(tf)) /* a watchpoint, in a copy from or to the program */
			return;
		break;
	case T_PGFLT:
	case T_GPFLT:
	case T_SEGNP:
		if (fix_copy(tf))
			return;
		break;
	default:
		if (tf->tf_trapno >= IRQ_OFFSET) {
			interrupt_from_kernel(tf->tf_trapno);
			return;
		}
	}
	if (fix_return(frame)) {
		big_lock_enter();
		trap_user_exception(arch_frame(), 0);
		leave(this_cpu());
		arch_resume(user_frame());
	}
	if (tf->tf_trapno == T_PGFLT)
		panic_frame(tf, "page fault in the kernel at address %08x", rcr2());
	panic_frame(tf, "%s in the kernel", trap_name(tf->tf_trapno));
}

void arch_trap(struct arch_frame *frame)
{
	if (likely(arch_frame_is_user(&frame->tf)))
		trap_from_user(&frame->tf);
	else
		trap_from_kernel(frame);
}

void arch_double_fault(void)
{
	const struct task_segment *task = &this_cpu()->arch.tables->task;
	struct Trapframe tf = {
		.tf_regs = { task->edi, task->esi, task->ebp, 0, task->ebx, task->edx, task->ecx, task->eax },
		.tf_es = task->es, .tf_ds = task->ds, .tf_trapno = T_DBLFLT, .tf_eip = task->eip, .tf_cs = task->cs,
		.tf_eflags = task->eflags, .tf_esp = task->esp, .tf_ss = task->ss,
	};
	/* The processor pushes 16 bytes for a fault: it comes when fewer are left. */
	uint32_t top = this_cpu()->arch.stack_top, full = top - KSTKSIZE + 16;

	if (task->esp < full && task->esp >= top - KSTKSIZE - KSTKGAP)
		panic_frame(&tf, "double fault: the kernel stack has overflowed (esp %08x)", task->esp);
	panic_frame(&tf, "double fault at eip %08x, esp %08x", task->eip, task->esp);
}

size_t arch_copy_user(void *to, const void *from, size_t n, uintptr_t *fault)
{
	user_window_open();
	size_t left = arch_copy_user_raw(to, from, n);
	user_window_close();
	if (unlikely(left))
		*fault = this_cpu()->arch.fault_address;
	return left;
}
