/* The monitor's prompt: reads lines, finds commands, and what all commands need. See monitor.h. */
#include <common/string.h>
#include <kern/atomic.h>
#include <kern/console.h>
#include <kern/cpu.h>
#include <kern/monitor.h>
#include <kern/monitor_parts.h>
#include <kern/platform.h>
#include <kern/print.h>
#include <kern/request.h>
#include <kern/symbols.h>

#define LINE_MAX 128
#define END_OF_INPUT 4 /* Ctrl-D */
#define ESCAPE 0x1B

static monitor_command help, leave, poweroff, reboot, break_down;

static const struct {
	const char *name;
	const char *arguments;
	const char *text;
	monitor_command *run;
} commands[] = {
	{"help", "[COMMAND]", "the commands", help},
	{"backtrace", "[ID | cpu NUMBER]",
	 "the calls that led here and those of the environment that ran, or those of ID, or of another CPU after a panic",
	 monitor_backtrace},
	{"registers", "", "the registers that the monitor was entered with", monitor_registers},
	{"kerninfo", "", "what this kernel is, where it lies, how much memory is free", monitor_kerninfo},
	{"envs", "", "the environments: parent, state, where they wait, label", monitor_envs},
	{"cpus", "", "the CPUs: what each runs, its queue, what it has done", monitor_cpus},
	{"locks", "", "the locks that are held, and the calls that took them", monitor_locks},
	{"page", "[ADDRESS]", "the references to the page at physical ADDRESS, or how many pages there are", monitor_page},
	{"memory", "[physical | env ID] ADDRESS [COUNT | = WORD]", "show COUNT words, or store one", monitor_memory},
	{"mappings", "[kernel | ID]", "what is mapped in the address space of ID, or above all programs", monitor_mappings},
	{"mappings", "add ID ADDRESS PHYSICAL PERM", "map a page of RAM; PERM: r or rw, then c (copy on write), s (share)",
	 monitor_mappings},
	{"mappings", "change ID ADDRESS PERM", "change the permissions of a page", monitor_mappings},
	{"mappings", "remove ID ADDRESS", "unmap a page", monitor_mappings},
	{"continue", "", "leave the monitor", leave},
	{"poweroff", "", "switch the machine off (so does Ctrl-D)", poweroff},
	{"reboot", "", "start the machine anew", reboot},
	{"panic", "", "stop all CPUs where they are, as the kernel does when it finds itself broken", break_down},
};

static void print_command(unsigned i)
{
	kprintf("  %s%s%s\n      %s\n", commands[i].name, commands[i].arguments[0] ? " " : "", commands[i].arguments,
		commands[i].text);
}

static enum monitor_next help(const struct monitor_line *line)
{
	bool found = false;

	for (unsigned i = 0; i < ARRAY_SIZE(commands); i++) {
		if (line->count > 1 && strcmp(line->words[1], commands[i].name))
			continue;
		print_command(i);
		found = true;
	}
	if (!found)
		kprintf("There is no command '%s'.\n", line->words[1]);
	else if (line->count == 1)
		kprintf("Numbers are hexadecimal. ID is an environment's, 0 for the one that runs on this CPU.\n");
	return MONITOR_NEXT;
}

static enum monitor_next leave(const struct monitor_line *line)
{
	if (this_cpu()->panic_depth == 0)
		return MONITOR_LEAVE;
	(void)line;
	kprintf("After a panic nothing can continue: poweroff or reboot.\n");
	return MONITOR_NEXT;
}

static enum monitor_next poweroff(const struct monitor_line *line)
{
	(void)line;
	platform_poweroff();
	kprintf("This machine cannot switch itself off.\n");
	return MONITOR_NEXT;
}

static enum monitor_next reboot(const struct monitor_line *line)
{
	(void)line;
	platform_reboot();
	return MONITOR_NEXT;
}

static enum monitor_next break_down(const struct monitor_line *line)
{
	(void)line;
	panic("on purpose, from the monitor");
}

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

bool monitor_number(const char *word, uint32_t *number)
{
	const char *at = word;

	*number = 0;
	if (at[0] == '0' && at[1] == 'x')
		at += 2;
	unsigned digits = 0;
	for (; *at; at++) {
		int digit = *at >= '0' && *at <= '9' ? *at - '0' : (*at | 0x20) - 'a' + 10;
		if (digit < 0 || digit > 15 || (*number >> 28) != 0)
			break;
		*number = *number << 4 | (uint32_t)digit;
		digits++;
	}
	if (*at == '\0' && digits > 0)
		return true;
	kprintf("'%s' is not a hexadecimal number of 32 bits.\n", word);
	return false;
}

bool monitor_word_is(const struct monitor_line *line, unsigned n, const char *text)
{
	return n < line->count && !strcmp(line->words[n], text);
}

bool monitor_may_lock(const struct monitor_line *line)
{
	return this_cpu()->panic_depth == 0 && (!line->frame || arch_frame_is_user(line->frame));
}

struct env *monitor_env(const struct monitor_line *line, unsigned n)
{
	uint32_t id = 0;

	if (n < line->count && !monitor_number(line->words[n], &id))
		return NULL;
	struct env *env = id == 0 ? this_cpu()->env : env_slot(ENVX(id));
	if (env && env->alive && (id == 0 || env->pub->env_id == (envid_t)id))
		return env;
	if (id == 0)
		kprintf("No environment runs on this CPU.\n");
	else
		kprintf("There is no environment %08x.\n", id);
	return NULL;
}

static int read_byte(void)
{
	int byte;

	while ((byte = console_poll()) == 0) {
		if (this_cpu()->panic_depth == 0)
			request_serve();
		arch_pause();
	}
	return byte;
}

/* Take the rest of what an arrow key and the like send: ESC [ parameters letter. */
static void skip_escape(void)
{
	int byte = read_byte();

	while (byte == '[' || (byte >= '0' && byte <= '9') || byte == ';')
		byte = read_byte();
}

/* Read a line, without its end. False: end of input on an empty line. */
static bool read_line(char text[LINE_MAX])
{
	unsigned length = 0;

	for (;;) {
		int byte = read_byte();
		if (byte == '\n' || byte == '\r')
			break;
		if (byte == END_OF_INPUT && length == 0)
			return false;
		if (byte == ESCAPE)
			skip_escape();
		if ((byte == '\b' || byte == 0x7F) && length > 0) {
			length--;
			kprintf("\b \b");
		}
		if (byte >= ' ' && byte < 0x7F && length < LINE_MAX - 1) {
			text[length++] = (char)byte;
			kprintf("%c", byte);
		}
	}
	text[length] = '\0';
	kprintf("\n");
	return true;
}

/* Split text at blanks, in place. False: too many words. */
static bool split(char *text, struct monitor_line *line)
{
	line->count = 0;
	for (;;) {
		while (*text == ' ')
			*text++ = '\0';
		if (*text == '\0')
			return true;
		if (line->count == MONITOR_WORDS_MAX)
			return false;
		line->words[line->count++] = text;
		text = strfind(text, ' ');
	}
}

/* Do what a line says; true: leave the monitor. */
static bool run_line(const struct monitor_line *line)
{
	monitor_command *run = NULL;

	for (unsigned i = 0; i < ARRAY_SIZE(commands) && !run; i++)
		if (!strcmp(line->words[0], commands[i].name))
			run = commands[i].run;
	if (!run) {
		kprintf("There is no command '%s'. Type 'help' for a list.\n", line->words[0]);
		return false;
	}
	enum monitor_next next = run(line);
	if (next == MONITOR_USAGE) {
		kprintf("The ways to use it:\n");
		for (unsigned i = 0; i < ARRAY_SIZE(commands); i++)
			if (commands[i].run == run)
				print_command(i);
	}
	return next == MONITOR_LEAVE;
}

static void prompt(struct Trapframe *frame)
{
	char text[LINE_MAX];
	struct monitor_line line = {.frame = frame};

	do {
		kprintf("K> ");
		if (!read_line(text)) {
			kprintf("\n");
			poweroff(&line);
			line.count = 0;
		} else if (!split(text, &line)) {
			kprintf("That is more than %u words.\n", MONITOR_WORDS_MAX);
			line.count = 0;
		}
	} while (line.count == 0 || !run_line(&line));
}

void monitor_enter(const char *reason, struct Trapframe *frame)
{
	static atomic_t busy;

	while (this_cpu()->panic_depth == 0 && atomic_exchange(&busy, 1)) {
		request_serve();
		arch_pause();
	}
	kprintf("Welcome to the Finch kernel monitor!\nType 'help' for a list of commands.\n");
	kprintf("Here on CPU %u: %s.\n", this_cpu()->number, reason);
	prompt(frame);
	atomic_store_release(&busy, 0);
}
