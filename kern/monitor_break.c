/* The monitor's commands that stop programs: break, watch, delete, step. */
#include <common/string.h>
#include <kern/breakpoint.h>
#include <kern/cpu.h>
#include <kern/monitor_parts.h>
#include <kern/print.h>
#include <kern/symbols.h>

static void print_breakpoint(unsigned n)
{
	static const char *const kinds[] = { "", "breakpoint at", "watchpoint on writes to", "watchpoint on accesses to" };
	const struct breakpoint *b = &breakpoints[n];

	kprintf("  %u  %s %08lx", n, kinds[b->kind], (unsigned long)b->va);
	if (b->envid)
		kprintf(", environment %08x", b->envid);
	else if (b->label[0])
		kprintf(", programs called %s", b->label);
	kprintf("\n");
}

static enum monitor_next list(void)
{
	unsigned found = 0;

	for (unsigned n = 0; n < BREAKPOINTS_MAX; n++) {
		if (!breakpoints[n].kind)
			continue;
		found++;
		print_breakpoint(n);
	}
	if (!found)
		kprintf("There are none.\n");
	return MONITOR_NEXT;
}

/* Whom the word n of the line names: an environment's id, or, if it is no such number, a label. False: nobody. */
static bool choose_env(const struct monitor_line *line, unsigned n, struct breakpoint *b)
{
	if (n >= line->count)
		return true;
	const char *word = line->words[n];
	if (strlen(word) >= ENV_LABEL_SIZE) {
		kprintf("No program has a name of so many letters.\n");
		return false;
	}
	if (word[0] >= '0' && word[0] <= '9') {
		const struct env *env = monitor_env(line, n);
		b->envid = env ? env->pub->env_id : 0;
		return env;
	}
	strlcpy(b->label, word, sizeof b->label);
	return true;
}

/* A function of the program whose name b has, or else of the one that runs here. */
static bool find_function(const char *name, struct breakpoint *b)
{
	const struct env *env = this_cpu()->env;

	if (b->label[0])
		return symbols_file_address(b->label, name, &b->va);
	return env && symbols_program_address(env->space, name, &b->va);
}

/* The address in word 1: a function's name, or a number. */
static bool choose_address(const struct monitor_line *line, struct breakpoint *b)
{
	const char *word = line->words[1];
	uint32_t number;

	if (!(word[0] >= '0' && word[0] <= '9') && find_function(word, b))
		return true;
	if (!monitor_number(word, &number)) {
		kprintf("Nor is it a function of %s.\n", b->label[0] ? b->label : "the program that was stopped");
		return false;
	}
	b->va = number;
	if (b->va < UTOP && number % b->size == 0)
		return true;
	kprintf("%08x is not below %08lx, or not a multiple of %u.\n", number, (unsigned long)UTOP, b->size);
	return false;
}

static enum monitor_next set(const struct monitor_line *line, struct breakpoint b, unsigned next)
{
	unsigned n = 0;

	if (!choose_env(line, next, &b) || !choose_address(line, &b))
		return MONITOR_NEXT;
	if (!monitor_may_lock(line))
		return MONITOR_NEXT;
	while (n < BREAKPOINTS_MAX && breakpoints[n].kind)
		n++;
	if (n == BREAKPOINTS_MAX) {
		kprintf("The processor has no more than %u: delete one.\n", BREAKPOINTS_MAX);
		return MONITOR_NEXT;
	}
	breakpoints[n] = b;
	breakpoints_changed();
	print_breakpoint(n);
	return MONITOR_NEXT;
}

enum monitor_next monitor_break(const struct monitor_line *line)
{
	if (line->count == 1)
		return list();
	if (line->count > 3)
		return MONITOR_USAGE;
	return set(line, (struct breakpoint){ .kind = BREAK_EXECUTE, .size = 1 }, 2);
}

enum monitor_next monitor_watch(const struct monitor_line *line)
{
	bool reads = monitor_word_is(line, 2, "read");

	if (line->count == 1)
		return list();
	if (line->count > (reads ? 4 : 3))
		return MONITOR_USAGE;
	return set(line, (struct breakpoint){ .kind = reads ? BREAK_ACCESS : BREAK_WRITE, .size = 4 }, reads ? 3 : 2);
}

enum monitor_next monitor_delete(const struct monitor_line *line)
{
	uint32_t n;

	if (line->count != 2)
		return MONITOR_USAGE;
	if (!monitor_number(line->words[1], &n))
		return MONITOR_NEXT;
	if (n >= BREAKPOINTS_MAX || !breakpoints[n].kind) {
		kprintf("There is no breakpoint %x.\n", n);
	} else if (monitor_may_lock(line)) {
		breakpoints[n].kind = BREAK_NONE;
		breakpoints_changed();
	}
	return MONITOR_NEXT;
}

enum monitor_next monitor_step(const struct monitor_line *line)
{
	uint32_t count = 1;

	if (line->count > 2)
		return MONITOR_USAGE;
	if (line->count == 2 && !monitor_number(line->words[1], &count))
		return MONITOR_NEXT;
	if (count > 0 && line->frame && arch_frame_is_user(line->frame) && this_cpu()->env) {
		breakpoint_step(line->frame, count);
		return MONITOR_LEAVE;
	}
	kprintf("No program was stopped here.\n");
	return MONITOR_NEXT;
}

void monitor_print_place(const struct Trapframe *frame)
{
	const struct env *env = this_cpu()->env;
	const struct view view = { .kind = VIEW_CURRENT };
	uint8_t code[8];

	if (!frame || !env || !arch_frame_is_user(frame))
		return;
	kprintf("[%08x] %s  ip %08lx", env->pub->env_id, env->pub->env_label, (unsigned long)arch_frame_ip(frame));
	if (view_read(&view, arch_frame_ip(frame), code, sizeof code))
		for (unsigned i = 0; i < sizeof code; i++)
			kprintf("%s%02x", i ? " " : "  code ", code[i]);
	kprintf("\n");
	symbols_print_program_location(arch_frame_ip(frame), env->space);
}
