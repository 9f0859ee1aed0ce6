/* What the parts of the prompt share. */
#ifndef FINCH_BIN_INIT_H
#define FINCH_BIN_INIT_H

#include <inc/lib.h>

#define WORDS_MAX 32

/* A command line taken apart. */
struct command {
	const char *words[WORDS_MAX + 1]; /* ended by NULL */
	int count;
	bool background;                  /* it ended in & */
};

/*
 * Take line apart, in place: words between blanks; '...' and "..." hold blanks, \ takes the next character as it
 * is (not within '...'), # starts a comment. Returns NULL, or what is wrong with it.
 */
const char *command_parse(char *line, struct command *command);

/* Do a command that is built in; false if it is none. */
bool builtin_run(const struct command *command);

/* Programs in the background. */
void job_add(envid_t envid, const char *name);
/* Say which have ended since. */
void jobs_report(void);

/* Say how an environment ended, unless it was with status 0. */
void say_end(const char *name, envid_t envid, int status);

#endif
