/*
 * nice [-p PRIORITY] [-t TICKETS] COMMAND [ARGUMENT]...: run a program with another priority (0 to 31, usually 16) or
 * other tickets (1 to 10000, usually 100); more than the prompt's only with the right sched (`grant sched nice ...`).
 * Which of them counts depends on the policy that was chosen at the boot.
 */
#include <finch/process.h>
#include <finch/rights.h>
#include <finch/syscall.h>
#include <inc/lib.h>

static void usage(void)
{
	printf("usage: nice [-p PRIORITY] [-t TICKETS] COMMAND [ARGUMENT]...\n");
	exit_status(1);
}

/* Set what the option says, for this process, from which the program inherits it. */
static void set(const char *option, const char *text)
{
	char *rest;
	long value = strtol(text, &rest, 0);
	int what = strcmp(option, "-p") == 0 ? ENV_SET_PRIORITY : strcmp(option, "-t") == 0 ? ENV_SET_TICKETS : 0;

	if (!what || !*text || *rest)
		usage();
	int error = sys_env_set(0, what, (uintptr_t)value);
	if (error < 0) {
		if (error != -E_BAD_ENV || rights_need(RIGHT_SCHED))
			printf("nice: %s %s: %e%s\n", option, text, error,
			       error == -E_INVAL ? "; priorities are 0 to 31, tickets 1 to 10000" : "");
		exit_status(1);
	}
}

void umain(int argc, char **argv)
{
	int at = 1, status;

	for (; at + 1 < argc && argv[at][0] == '-'; at += 2)
		set(argv[at], argv[at + 1]);
	if (at >= argc || argv[at][0] == '-')
		usage();
	envid_t child = spawn(argv[at], (const char **)&argv[at]);
	if (child < 0) {
		printf("nice: %s: %e\n", argv[at], child);
		exit_status(1);
	}
	if (wait_status(child, &status) < 0 || status < 0)
		status = 1;
	exit_status(status);
}
