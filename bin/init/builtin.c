/* What must be built in: what needs the first program's rights, or is about its own children. */
#include <abi/syscall.h>
#include <finch/archive.h>
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
		       16 - (int)strlen(b->name) - (*b->arguments != 0), b->arguments, b->text);
	printf("\nPrograms:");
	show_programs();
}

static void do_kill(const struct command *command)
{
	for (int i = 1; i < command->count; i++) {
		char *rest;
		envid_t envid = (envid_t)strtol(command->words[i], &rest, 16);
		int err = *rest || envid == 0 ? -E_INVAL : sys_env_destroy(envid);
		if (err < 0)
			printf("kill: %s: %e\n", command->words[i], err);
	}
}

static void do_poweroff(const struct command *command)
{
	USED(command);
	printf("poweroff: %e\n", sys_machine(MACHINE_POWEROFF));
}

static void do_reboot(const struct command *command)
{
	USED(command);
	printf("reboot: %e\n", sys_machine(MACHINE_REBOOT));
}

static const struct builtin builtins[] = {
	{ "help", "", "this text", do_help },
	{ "kill", "ID...", "destroy programs that were started here", do_kill },
	{ "poweroff", "", "switch the machine off (so does Ctrl-D)", do_poweroff },
	{ "exit", "", "the same", do_poweroff },
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
