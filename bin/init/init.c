/*
 * init: the prompt. It opens the console as descriptors 0 and 1, which all that it starts inherit; it runs programs by
 * name, waits for them asleep, and says how they ended. The end of its input switches the machine off.
 */
#include <abi/syscall.h>
#include <finch/process.h>
#include <finch/syscall.h>

#include "init.h"

static void open_console(void)
{
	close_all();
	int fd = opencons();
	if (fd != 0)
		panic("cannot open the console: %e", fd);
	int err = dup(0, 1);
	if (err != 1)
		panic("cannot open descriptor 1: %e", err);
}

static void run_program(struct command *command)
{
	const char *name = command->words[0];
	int status = 0;
	envid_t child = spawn(name, command->words);

	if (child == -E_NOT_FOUND) {
		printf("%s: unknown command (help lists what there is)\n", name);
	} else if (child < 0) {
		printf("%s: cannot start: %e\n", name, child);
	} else if (command->background) {
		printf("%s [%08x]: started\n", name, child);
		job_add(child, name);
	} else {
		wait_status(child, &status);
		say_end(name, child, status);
	}
}

static void run_line(char *line)
{
	struct command command;
	const char *wrong = command_parse(line, &command);

	if (wrong)
		printf("finch: %s\n", wrong);
	else if (command.count > 0 && !builtin_run(&command))
		run_program(&command);
}

void umain(int argc, char **argv)
{
	char *line;

	USED(argc);
	USED(argv);
	binaryname = "init";
	sys_env_set_label(0, "init");
	open_console();
	printf("Type help for what there is.\n");
	while ((line = readline("finch> "))) {
		run_line(line);
		jobs_report();
	}
	sys_machine(MACHINE_POWEROFF);
}
