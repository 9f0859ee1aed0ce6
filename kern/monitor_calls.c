/* The monitor's commands about how the kernel and programs came to where they are: registers, backtrace. */
#include <kern/cpu.h>
#include <kern/monitor_parts.h>
#include <kern/print.h>
#include <kern/symbols.h>

enum monitor_next monitor_registers(const struct monitor_line *line)
{
	if (line->frame)
		arch_frame_print(line->frame);
	else
		kprintf("The monitor was not entered by a trap.\n");
	return MONITOR_NEXT;
}

static enum monitor_next backtrace_cpu(const char *word)
{
	uint32_t number;

	if (!monitor_number(word, &number))
		return MONITOR_NEXT;
	if (number >= cpu_count)
		kprintf("There is no CPU %x.\n", number);
	else if (cpus[number] == this_cpu())
		kprintf("That is this one.\n");
	else
		symbols_backtrace_stopped(cpus[number]);
	return MONITOR_NEXT;
}

enum monitor_next monitor_backtrace(const struct monitor_line *line)
{
	if (line->count == 1)
		symbols_backtrace(line->frame);
	else if (line->count == 3 && monitor_word_is(line, 1, "cpu"))
		return backtrace_cpu(line->words[2]);
	else if (line->count > 2)
		return MONITOR_USAGE;
	const struct env *env = line->count == 2 ? monitor_env(line, 1) : NULL;
	if (!env)
		return MONITOR_NEXT;
	bool runs = env->cpu->env == env;
	if (runs && env->cpu != this_cpu())
		kprintf("It runs on CPU %u; this is from when it last entered the kernel.\n", env->cpu->number);
	symbols_backtrace_program(runs ? arch_frame_of(env->cpu) : &env->pub->env_tf, env->space);
	return MONITOR_NEXT;
}
