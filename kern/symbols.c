/* Names for addresses, and backtraces. See symbols.h. */
#include <common/string.h>
#include <common/symtab.h>
#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/load.h>
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

/* A stack of calls, and what gives them names. All bounds: the first address, and the one after the last. */
struct walk {
	struct view view;
	uintptr_t stack_low, stack_high; /* where frames may lie */
	uintptr_t code_low, code_high;
	symtab_read *read_table;
};

/* A table in the kernel's memory. */
struct own_table {
	const uint8_t *start;
	size_t size;
};

static bool read_table(const struct own_table *table, size_t offset, void *to, size_t n)
{
	if (offset > table->size || n > table->size - offset)
		return false;
	memcpy(to, table->start + offset, n);
	return true;
}

static bool read_file_table(void *context, size_t offset, void *to, size_t n)
{
	return read_table(context, offset, to, n);
}

static bool read_own_table(void *context, size_t offset, void *to, size_t n)
{
	const struct own_table table = {symbols_start, (size_t)(symbols_end - symbols_start)};
	(void)context;
	return read_table(&table, offset, to, n);
}

static bool read_program_table(void *context, size_t offset, void *to, size_t n)
{
	const struct view *view = context;
	size_t room = (uintptr_t)UTEMP - USTABDATA;
	return offset <= room && n <= room - offset && view_read(view, USTABDATA + offset, to, n);
}

static void print_place(const struct symtab_place *place)
{
	if (!place->function[0])
		kprintf("       (no symbol)\n");
	else if (place->line)
		kprintf("       %s:%u: %s+%u\n", place->file, place->line, place->function, place->offset);
	else
		kprintf("       %s+%u\n", place->function, place->offset);
}

/*
 * The place of an instruction. `back` is 1 for a return address, 0 for an exact one: a call is looked up by its last
 * byte, since what follows it may belong to another line or function.
 */
static struct symtab_place find_place(symtab_read *read, void *context, uintptr_t ip, unsigned back)
{
	struct symtab_place place;

	if (symtab_find(read, context, ip - back, &place))
		place.offset += back;
	return place;
}

void symbols_print_location(uintptr_t return_address)
{
	struct symtab_place place = find_place(read_own_table, NULL, return_address, 1);

	print_place(&place);
}

void symbols_print_program_location(uintptr_t ip, const struct space *space)
{
	struct view view = {.kind = VIEW_PROGRAM, .space = space};
	struct symtab_place place = find_place(read_program_table, &view, ip, 0);

	print_place(&place);
}

bool symbols_program_address(const struct space *space, const char *name, uintptr_t *address)
{
	struct view view = {.kind = VIEW_PROGRAM, .space = space};

	return symtab_address(read_program_table, &view, name, address);
}

bool symbols_file_address(const char *program, const char *name, uintptr_t *address)
{
	struct own_table table;

	table.start = load_symbol_table(program, &table.size);
	return table.start && symtab_address(read_file_table, &table, name, address);
}

static void print_call(uintptr_t frame, uintptr_t ip, const uintptr_t *arguments)
{
	kprintf("  ebp %08lx  eip %08lx  args", (unsigned long)frame, (unsigned long)ip);
	for (unsigned i = 0; arguments && i < ARGUMENTS; i++)
		kprintf(" %08lx", (unsigned long)arguments[i]);
	kprintf("\n");
}

/* Copy what frame points at. Returns how much of it is there: 0, 1 without the arguments, 2. */
static unsigned read_call(const struct walk *walk, uintptr_t frame, struct call *call)
{
	if (frame % sizeof(uintptr_t) || frame < walk->stack_low || frame >= walk->stack_high ||
	    !view_read(&walk->view, frame, call, offsetof(struct call, arguments)))
		return 0;
	return view_read(&walk->view, frame, call, sizeof(*call)) ? 2 : 1;
}

/* Print the call that is at ip, with its frame, and those it came from. tf: the registers, if ip is exactly there. */
static void print_calls(struct walk *walk, uintptr_t frame, uintptr_t ip, const struct Trapframe *tf)
{
	struct call call;

	for (unsigned i = 0; i < SYMBOLS_FRAMES_MAX; i++) {
		unsigned readable = read_call(walk, frame, &call);
		struct symtab_place place = find_place(walk->read_table, &walk->view, ip, !tf);
		/* A function without a frame of its own leaves its caller's in the frame pointer. */
		uintptr_t caller = tf ? arch_frame_caller(tf, ip - place.offset, &walk->view) : 0;
		print_call(frame, ip, readable == 2 && !caller ? call.arguments : NULL);
		print_place(&place);
		tf = NULL;
		if (caller) {
			ip = caller;
			continue;
		}
		/* Where entry code was called from is no call: the frame pointer is the program's, or 0. */
		if (!readable || call.frame <= frame || call.frame >= walk->stack_high || call.ip < walk->code_low ||
		    call.ip >= walk->code_high)
			return;
		frame = call.frame;
		ip = call.ip;
	}
}

/* The stack that frames must lie on: the CPU's, or before it has one, the rest of the first frame's page. */
static struct walk kernel_walk(const struct cpu *cpu, uintptr_t frame)
{
	struct walk walk = {.view = {.kind = VIEW_CURRENT}, .code_low = KERNBASE, .code_high = ~(uintptr_t)0,
			    .read_table = read_own_table};
	uintptr_t top = cpu->arch.stack_top;

	walk.stack_low = top ? top - KSTKSIZE : MAX(frame, (uintptr_t)KERNBASE);
	walk.stack_high = top ? top : ROUNDDOWN(walk.stack_low, (uintptr_t)PGSIZE) + PGSIZE;
	return walk;
}

static void print_kernel_calls(const struct cpu *cpu, const struct Trapframe *tf)
{
	struct walk walk = kernel_walk(cpu, arch_frame_bp(tf));

	print_calls(&walk, arch_frame_bp(tf), arch_frame_ip(tf), tf);
}

void symbols_backtrace_program(const struct Trapframe *tf, const struct space *space)
{
	struct walk walk = {.view = {.kind = VIEW_PROGRAM, .space = space}, .stack_high = UTOP, .code_low = 1,
			    .code_high = UTOP, .read_table = read_program_table};

	print_calls(&walk, arch_frame_bp(tf), arch_frame_ip(tf), tf);
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
	if (!tf) {
		uintptr_t frame = *(const uintptr_t *)__builtin_frame_address(0);
		struct walk walk = kernel_walk(this_cpu(), frame);
		print_calls(&walk, frame, (uintptr_t)__builtin_return_address(0), NULL);
	} else if (!arch_frame_is_user(tf)) {
		print_kernel_calls(this_cpu(), tf);
	}
	print_program(this_cpu());
}

void symbols_backtrace_stopped(const struct cpu *cpu)
{
	const struct Trapframe *tf = cpu->stopped;

	if (tf && !arch_frame_is_user(tf))
		print_kernel_calls(cpu, tf);
	print_program(cpu);
}
