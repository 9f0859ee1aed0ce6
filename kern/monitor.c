/* The monitor: its table of commands, its prompt, and those commands that end it. See monitor.h. */
#include <common/string.h>
#include <kern/console.h>
#include <kern/atomic.h>
#include <kern/cpu.h>
#include <kern/monitor.h>
#include <kern/monitor_parts.h>
#include <kern/platform.h>
#include <kern/print.h>
#include <kern/request.h>

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
	{"break", "[ADDRESS | FUNCTION [ID | NAME]]",
	 "stop ID, or programs called NAME, or all, before that instruction; list what stops them", monitor_break},
	{"watch", "[ADDRESS [read] [ID | NAME]]", "stop after writes to the word there, or reads too; list", monitor_watch},
	{"delete", "NUMBER", "take back a break or watch", monitor_delete},
	{"step", "[COUNT]", "let the program run one instruction, or COUNT", monitor_step},
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

bool monitor_may_lock(const struct monitor_line *line)
{
	if (this_cpu()->panic_depth == 0 && (!line->frame || arch_frame_is_user(line->frame)))
		return true;
	kprintf("The kernel was stopped in the midst of something: it can only be looked at.\n");
	return false;
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
	char text[MONITOR_TEXT_MAX];
	struct monitor_line line = {.frame = frame};

	do {
		kprintf("K> ");
		if (!monitor_read(text, &line)) {
			kprintf("\n");
			poweroff(&line);
		}
	} while (line.count == 0 || !run_line(&line));
}

static atomic_t busy; /* 1 while a CPU is in the monitor */
static const struct cpu *inside; /* which */

bool monitor_is_here(void)
{
	return inside == this_cpu();
}

void monitor_enter(const char *reason, struct Trapframe *frame)
{
	while (this_cpu()->panic_depth == 0 && atomic_exchange(&busy, 1)) {
		request_serve();
		arch_pause();
	}
	if (reason) {
		kprintf("Welcome to the Finch kernel monitor!\nType 'help' for a list of commands.\n");
		kprintf("Here on CPU %u: %s.\n", this_cpu()->number, reason);
	}
	monitor_print_place(frame);
	inside = this_cpu();
	console_hold(true);
	prompt(frame);
	console_hold(false);
	inside = NULL;
	console_input(); /* what came meanwhile raised its interrupt in vain */
	atomic_store_release(&busy, 0);
}

void monitor_call(void)
{
	this_cpu()->attention &= ~(uint32_t)ATTEND_MONITOR;
	monitor_enter("Ctrl-\\ was typed", this_cpu()->env ? arch_frame() : NULL);
}
