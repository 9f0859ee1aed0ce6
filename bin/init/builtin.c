/* What must be built in: what needs the first program's rights, or is about its own children. */
#include <abi/syscall.h>
#include <finch/archive.h>
#include <finch/process.h>
#include <finch/rights.h>
#include <finch/syscall.h>

#include "init.h"

struct builtin {
	const char *name;
	const char *arguments;
	const char *text;
	void (*run)(const struct command *command);
};

static const struct builtin builtins[];

static void show_programs(void)
{
	struct cpio_file file;
	size_t offset = 0, column = 0;

	while (archive_next(&offset, &file) == 0) {
		size_t width = strlen(file.name) + 2;
		if (column > 0 && column + width > 76)
			column = 0;
		printf("%s%s", column == 0 ? "\n  " : "  ", file.name);
		column += width;
	}
	printf("\n");
}

static void do_help(const struct command *command)
{
	USED(command);
	printf("Type a program's name and its arguments; with & at the end it runs in the background.\n");
	printf("Quotes '...' and \"...\" keep blanks. Arrow keys edit the line and bring back earlier ones.\n\n");
	for (const struct builtin *b = builtins; b->name; b++)
		printf("  %s%s%-*s%s\n", b->name, *b->arguments ? " " : "",
		       24 - (int)strlen(b->name) - (*b->arguments != 0), b->arguments, b->text);
	printf("\nPrograms:");
	show_programs();
}

static void do_kill(const struct command *command)
{
	if (command->count < 2)
		printf("kill: whom? By the ID or NAME that jobs shows\n");
	for (int i = 1; i < command->count; i++) {
		char *rest;
		envid_t envid = (envid_t)strtol(command->words[i], &rest, 16);
		int err = jobs_kill(command->words[i]);
		if (err == -E_BAD_ENV)
			err = *rest || envid == 0 ? -E_NOT_FOUND : job_kill(envid);
		if (err == -E_INVAL)
			printf("kill: %s: that is this prompt (exit ends it)\n", command->words[i]);
		else if (err == -E_NOT_FOUND)
			printf("kill: %s: no such job (jobs lists them)\n", command->words[i]);
		else if (err < 0)
			printf("kill: %s: %e\n", command->words[i], err);
	}
}

static void do_jobs(const struct command *command)
{
	USED(command);
	jobs_list();
}

static void do_grant(const struct command *command)
{
	struct command granted = *command;

	if (command->count < 3) {
		printf("grant: what to whom? As in: grant power init\n");
		return;
	}
	if (rights_parse(command->words[1], &granted.rights) < 0) {
		char words[80];
		rights_print(RIGHTS_ALL, words, sizeof(words));
		printf("grant: %s: rights are %s, or all of them: all\n", command->words[1], words);
		return;
	}
	if (!rights_need(granted.rights))
		return;
	granted.count -= 2;
	memmove(granted.words, command->words + 2, (size_t)(granted.count + 1) * sizeof(granted.words[0]));
	if (!builtin_run(&granted))
		job_run(&granted);
}

static void machine(const char *name, int what)
{
	if (rights_need(RIGHT_POWER))
		printf("%s: %e\n", name, sys_machine(what));
}

static void do_poweroff(const struct command *command)
{
	USED(command);
	machine("poweroff", MACHINE_POWEROFF);
}

static void do_exit(const struct command *command)
{
	if (!(rights_own() & RIGHT_POWER))
		exit_status(0);
	do_poweroff(command);
}

static void do_reboot(const struct command *command)
{
	USED(command);
	machine("reboot", MACHINE_REBOOT);
}

static const struct builtin builtins[] = {
	{ "help", "", "this text", do_help },
	{ "jobs", "", "what was started here: environments and pages in use", do_jobs },
	{ "kill", "ID|NAME...", "destroy jobs, with all that they have started", do_kill },
	{ "grant", "RIGHT,... COMMAND", "run it with rights; without, it has none", do_grant },
	{ "poweroff", "", "switch the machine off (so does Ctrl-D)", do_poweroff },
	{ "exit", "", "the same; a prompt without the right to do that ends", do_exit },
	{ "reboot", "", "start the machine anew", do_reboot },
	{ NULL, NULL, NULL, NULL },
};

bool builtin_run(const struct command *command)
{
	for (const struct builtin *b = builtins; b->name; b++) {
		if (strcmp(b->name, command->words[0]) == 0) {
			b->run(command);
			return true;
		}
	}
	return false;
}
