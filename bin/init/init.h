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
	uint32_t rights;                  /* what it is to be allowed */
};

/*
 * Take line apart, in place: words between blanks; '...' and "..." hold blanks, \ takes the next character as it
 * is (not within '...'), # starts a comment. Returns NULL, or what is wrong with it.
 */
const char *command_parse(char *line, struct command *command);

/* Do a command that is built in; false if it is none. */
bool builtin_run(const struct command *command);

/* --- Programs that were started here: see jobs.c --- */

void jobs_init(void);
/* Start one; unless it is to run in the background, wait for its end and say how it ended. */
void job_run(const struct command *command);
/* Say which in the background have ended since. */
void jobs_report(void);
void jobs_list(void);
/*
 * End all of the job that began with envid (not 0), or else that environment; all jobs of this name. -E_BAD_ENV: none;
 * -E_INVAL: that is this program itself.
 */
int job_kill(envid_t envid);
int jobs_kill(const char *name);

#endif
