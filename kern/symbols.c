/* Names for addresses, and backtraces. See symbols.h. */
#include <common/string.h>
#include <common/symtab.h>
#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/print.h>
#include <kern/symbols.h>
#include <kern/view.h>

#define ARGUMENTS 5 /* words printed of each call: how many it really has is not known */

/* The table, from the linker script: what the second link put in (tools/mksyms/kernel.S); empty after the first. */
extern const uint8_t symbols_start[], symbols_end[];

/* What a frame pointer points at, and what the caller put there before the call. */
struct call {
	uintptr_t frame; /* the caller's frame pointer */
	uintptr_t ip;    /* where the call returns to */
	uintptr_t arguments[ARGUMENTS];
};

static bool read_own_table(void *context, size_t offset, void *to, size_t n)
{
	size_t size = (size_t)(symbols_end - symbols_start);
	(void)context;
	if (offset > size || n > size - offset)
		return false;
	memcpy(to, symbols_start + offset, n);
	return true;
}

static bool read_program_table(void *context, size_t offset, void *to, size_t n)
{
	const struct view *view = context;
	size_t room = (uintptr_t)UTEMP - USTABDATA;
	return offset <= room && n <= room - offset && view_read(view, USTABDATA + offset, to, n);
}

/*
 * Print the place of an instruction. `back` is 1 for a return address, 0 for an exact one: the call is looked up by
 * its last byte, since what follows it may belong to another line or function.
 */
static void print_place(symtab_read *read, void *context, uintptr_t ip, unsigned back)
{
	struct symtab_place place;
	if (!symtab_find(read, context, ip - back, &place))
		kprintf("       (no symbol)\n");
	else if (place.line)
		kprintf("       %s:%u: %s+%u\n", place.file, place.line, place.function, place.offset + back);
	else
		kprintf("       %s+%u\n", place.function, place.offset + back);
}

void symbols_print_location(uintptr_t return_address)
{
	print_place(read_own_table, NULL, return_address, 1);
}

static void print_call(uintptr_t frame, uintptr_t ip, const uintptr_t *arguments)
{
	kprintf("  ebp %08lx  eip %08lx  args", (unsigned long)frame, (unsigned long)ip);
	for (unsigned i = 0; arguments && i < ARGUMENTS; i++)
		kprintf(" %08lx", (unsigned long)arguments[i]);
	kprintf("\n");
}

/* The stack that frames must lie on: the CPU's, or before it has one, the memory above the first frame. */
struct stack {
	uintptr_t low, high;
};

static struct stack kernel_stack(const struct cpu *cpu, uintptr_t frame)
{
	uintptr_t top = cpu->arch.stack_top;
	if (top && frame < top && frame >= top - KSTKSIZE)
		return (struct stack){top - KSTKSIZE, top};
	if (top == 0 && frame >= KERNBASE && frame < -(uintptr_t)KSTKSIZE)
		return (struct stack){frame, ROUNDUP(frame + 1, (uintptr_t)PGSIZE)};
	return (struct stack){0, 0};
}

/* Copy the call that frame points at, with as many arguments as lie on the stack; the rest become 0. */
static bool read_kernel_call(const struct stack *stack, uintptr_t frame, struct call *call)
{
	memset(call, 0, sizeof(*call));
	if (frame < stack->low || frame % sizeof(uintptr_t) || frame >= stack->high ||
	    stack->high - frame < 2 * sizeof(uintptr_t))
		return false;
	memcpy(call, (const void *)frame, MIN(sizeof(*call), (size_t)(stack->high - frame)));
	return true;
}

/* Print the call that is at ip, with its frame, and those it came from. back: as for print_place. */
static void print_kernel_calls(const struct cpu *cpu, uintptr_t frame, uintptr_t ip, unsigned back)
{
	struct stack stack = kernel_stack(cpu, frame);
	struct call call;
	for (unsigned i = 0; i < SYMBOLS_FRAMES_MAX; i++) {
		bool readable = read_kernel_call(&stack, frame, &call);
		print_call(frame, ip, readable ? call.arguments : NULL);
		print_place(read_own_table, NULL, ip, back);
		/* Where entry code was called from is no call: the frame pointer is the program's, or 0. */
		if (!readable || call.frame <= frame || call.frame >= stack.high || call.ip < KERNBASE)
			return;
		frame = call.frame;
		ip = call.ip;
		back = 1;
	}
}

void symbols_backtrace_program(const struct Trapframe *tf, const struct space *space)
{
	struct view view = {.kind = VIEW_PROGRAM, .space = space};
	uintptr_t frame = arch_frame_bp(tf), ip = arch_frame_ip(tf);
	struct call call;
	for (unsigned i = 0; i < SYMBOLS_FRAMES_MAX; i++) {
		bool readable = frame % sizeof(uintptr_t) == 0 && view_read(&view, frame, &call, 2 * sizeof(uintptr_t));
		/* At the top of a stack there is nothing where arguments would be. */
		bool arguments = readable && view_read(&view, frame, &call, sizeof(call));
		print_call(frame, ip, arguments ? call.arguments : NULL);
		print_place(read_program_table, &view, ip, i > 0);
		if (!readable || call.frame <= frame || call.ip == 0 || call.ip >= UTOP)
			return;
		frame = call.frame;
		ip = call.ip;
	}
}

/* The CPU's environment, if it has one: its frame stands at the top of the stack. */
static void print_program(const struct cpu *cpu)
{
	const struct env *env = cpu->env;

	if (!env || !arch_frame_is_user(arch_frame_of(cpu)))
		return;
	kprintf("  environment %08x:\n", env->pub->env_id);
	symbols_backtrace_program(arch_frame_of(cpu), env->space);
}

void symbols_backtrace(const struct Trapframe *tf)
{
	if (tf && !arch_frame_is_user(tf))
		print_kernel_calls(this_cpu(), arch_frame_bp(tf), arch_frame_ip(tf), 0);
	else if (!tf)
		print_kernel_calls(this_cpu(), ((const uintptr_t *)__builtin_frame_address(0))[0],
				   (uintptr_t)__builtin_return_address(0), 1);
	print_program(this_cpu());
}

void symbols_backtrace_stopped(const struct cpu *cpu)
{
	const struct Trapframe *tf = cpu->stopped;

	if (tf && !arch_frame_is_user(tf))
		print_kernel_calls(cpu, arch_frame_bp(tf), arch_frame_ip(tf), 0);
	print_program(cpu);
}
