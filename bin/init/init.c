/*
 * init: the prompt. It opens the console as descriptors 0 and 1, which all that it starts inherit; it runs programs by
 * name, each with a budget and without rights, waits for them asleep, and says how they ended. The end of its input
 * switches the machine off. With the argument -c it says, once the first prompt is out, where the time-stamp counter
 * stands: ./finch bench asks for that.
 */
#include <abi/syscall.h>
#include <finch/machine.h>
#include <finch/syscall.h>
#include <inc/x86.h>

#include "init.h"

#define PROMPT "finch> "

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

/* Print a prompt, then the time since the machine was reset. */
static void say_count(void)
{
	struct info_machine machine;

	printf(PROMPT);
	uint64_t ticks = read_tsc();
	if (machine_info(&machine) == 0)
		printf("%llu ticks, %llu ns since reset\n", ticks, ticks * 1000000 / machine.tsc_khz);
}

static void run_line(char *line)
{
	struct command command;
	const char *wrong = command_parse(line, &command);

	if (wrong)
		printf("finch: %s\n", wrong);
	else if (command.count > 0 && !builtin_run(&command))
		job_run(&command);
}

void umain(int argc, char **argv)
{
	char *line;

	binaryname = "init";
	sys_env_set_label(0, "init");
	open_console();
	jobs_init();
	printf("Type help for what there is.\n");
	if (argc > 1 && strcmp(argv[1], "-c") == 0)
		say_count();
	while ((line = readline(PROMPT))) {
		run_line(line);
		jobs_report();
	}
	sys_machine(MACHINE_POWEROFF);
}
