/* Traps, the portable part: exceptions of programs, interrupts, the big lock. */
#include <abi/error.h>
#include <kern/boot.h>
#include <kern/breakpoint.h>
#include <kern/console.h>
#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/irq.h>
#include <kern/monitor.h>
#include <kern/print.h>
#include <kern/request.h>
#include <kern/symbols.h>
#include <kern/trace.h>
#include <kern/trap.h>
#include <kern/upcall.h>

bool big_lock_wanted;
static struct spinlock big_lock = SPINLOCK(RANK_BIG, "big lock");
static atomic_t big_lock_waiters;
static const struct cpu *volatile big_lock_last; /* who took it last */
#define GIVE_WAY_PAUSES 1000

const char *trap_name(uint32_t number)
{
	static const char *const names[] = {
#define TRAP(name, number, text, code, privilege) [number] = text,
#include <abi/trap.def>
#undef TRAP
	};

	if (number < ARRAY_SIZE(names) && names[number])
		return names[number];
	if (number == T_SYSCALL)
		return "System call";
	if (number >= IRQ_OFFSET && number < IRQ_OFFSET + 16)
		return "Hardware Interrupt";
	if (number > T_SYSCALL && number < 256)
		return "Software Interrupt";
	return "(unknown trap)";
}

/* Tell of an exception that nobody handles. */
static void tell(const struct Trapframe *tf, uintptr_t address)
{
	struct Env *pub = this_cpu()->env->pub;

	if (tf->tf_trapno == T_PGFLT)
		kprintf("[%08x] user fault va %08x ip %08x\n", pub->env_id, (uint32_t)address, (uint32_t)arch_frame_ip(tf));
	/* Where it stays: in the public record, whose address is what the dump shows (0xf..., as notes quote it). */
	arch_frame_publish(&pub->env_tf, tf);
	arch_frame_print(&pub->env_tf);
}

/* A breakpoint or a step of the monitor's, who has dealt with it. */
static bool is_monitors(struct Trapframe *tf)
{
	struct Env *pub = this_cpu()->env->pub;

	if (tf->tf_trapno == T_DEBUG)
		return breakpoint_trap(tf);
	if (tf->tf_trapno != T_BRKPT || !boot_word("monitor"))
		return false;
	arch_frame_publish(&pub->env_tf, tf);
	arch_frame_print(&pub->env_tf);
	monitor_enter("a breakpoint in a program", tf);
	return true;
}

/* True: the program goes on in its handler. */
static bool user_exception(struct Trapframe *tf, uintptr_t address)
{
	struct env *env = this_cpu()->env;

	if (unlikely(tf->tf_trapno <= T_BRKPT) && is_monitors(tf))
		return false;
	bool page_fault = tf->tf_trapno == T_PGFLT;
	if (!(page_fault ? env->pub->env_pgfault_upcall : env->pub->env_exception_upcall))
		tell(tf, address);
	else if (page_fault ? arch_upcall_page_fault(tf, address) : arch_upcall_exception(tf))
		return true;
	if (boot_verbose)
		symbols_backtrace(tf);
	kverbose("[%08x] destroying %08x\n", env->pub->env_id, env->pub->env_id);
	env_end_current(-E_KILLED, false, true);
	return false;
}

static __attribute__((noinline)) void recorded_exception(struct Trapframe *tf, uintptr_t address)
{
	TRACE(FAULT, FAULT, tf->tf_trapno | tf->tf_err << 8, address, arch_frame_ip(tf));
	bool handled = user_exception(tf, address);
	TRACE(FAULT, HANDLED, handled, 0, 0);
}

void trap_user_exception(struct Trapframe *tf, uintptr_t address)
{
	if (unlikely(trace_kinds & TRACE_KIND_FAULT))
		recorded_exception(tf, address);
	else
		user_exception(tf, address);
}

/* Whoever waits for it goes before what computes here. */
static void device_interrupt(unsigned line)
{
	this_cpu()->in_device = true;
	if (platform_irq_usable(line)) {
		irq_interrupt(line);
		platform_interrupt_done();
	} else {
		bool input = platform_interrupt(line) == PLATFORM_INPUT;
		platform_interrupt_done();
		if (input)
			console_input();
	}
	this_cpu()->in_device = false;
}

void trap_interrupt(uint32_t vector)
{
	uint64_t since = TRACE_BEGIN(IRQ);

	this_cpu()->interrupts++;
	if (vector == REQUEST_VECTOR) {
		platform_interrupt_done();
		request_serve();
		sched_poked();
	} else if (vector == IRQ_OFFSET) {
		platform_interrupt_done();
		sched_tick();
	} else {
		device_interrupt(vector - IRQ_OFFSET);
	}
	TRACE(IRQ, INTERRUPT, vector, trace_took(since), 0);
}

/*
 * A CPU that comes back at once would take the lock again before those who wait see that it was free, and they would
 * starve: it lets one of them go first. Not for long, for that one's host may not be running it.
 */
static void give_way(const struct cpu *cpu)
{
	for (unsigned n = 0; n < GIVE_WAY_PAUSES && big_lock_last == cpu && atomic_load(&big_lock_waiters); n++) {
		request_serve();
		arch_pause();
	}
}

void big_lock_take(void) UNCHECKED_LOCKING
{
	struct cpu *cpu = this_cpu();

	if (cpu->big_lock_held)
		return;
	give_way(cpu);
	bool waits = spin_is_taken(&big_lock);
	if (waits)
		atomic_add(&big_lock_waiters, 1);
	spin_lock(&big_lock);
	if (waits)
		atomic_add(&big_lock_waiters, -1);
	big_lock_last = cpu;
	cpu->big_lock_held = true;
}

void big_lock_drop(void) UNCHECKED_LOCKING
{
	if (!this_cpu()->big_lock_held)
		return;
	this_cpu()->big_lock_held = false;
	spin_unlock(&big_lock);
}
