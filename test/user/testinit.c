/*
 * testinit [NAME...]: runs test programs and reports each to the test device: `run NAME` when it starts, then `ok
 * NAME` or `not ok NAME: reason`.
 *
 * Without arguments the file `tests` of the boot archive says what to run, a line each: the program and its
 * arguments. A line that ends in & runs beside the next one; # begins a comment. A program passes if it ends by
 * itself with status 0 and the kernel's invariants hold after it. The machine ends as after a first program that
 * ended by itself if all passed, else as after one that was destroyed.
 */
#include <finch/archive.h>

#include "check.h"

#define LINE_MAX 200
#define WORDS_MAX 16
#define PARALLEL_MAX 32

static struct running {
	envid_t envid;
	char text[LINE_MAX]; /* the words of the line, each ended by a zero */
	char name[LINE_MAX]; /* the line, as reported */
	char *reason;        /* a page of its own, which the test has at CHECK_PAGE */
} running[PARALLEL_MAX];
static unsigned running_count;
static unsigned failed;

static void report(const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text - 1, fmt, ap);
	va_end(ap);
	strcpy(text + strlen(text), "\n");
	if (sys_test(TEST_REPORT, 0, text, strlen(text)) < 0)
		cprintf("%s", text);
}

/* Wait for one that runs, and say how it ended. */
static void finish(struct running *test)
{
	int status = 0;
	int error = wait_status(test->envid, &status);
	char reason[300] = "";

	for (char *p = test->reason; *p; p++) {
		if (*p == '\n')
			*p = ' ';
	}
	if (test->reason[0])
		strlcpy(reason, test->reason, sizeof reason);
	else if (error < 0)
		snprintf(reason, sizeof reason, "waiting for it: %e", error);
	else if (status == -E_KILLED)
		strcpy(reason, "it was destroyed");
	else if (status != 0)
		snprintf(reason, sizeof reason, "exit status %d", status);
	if (reason[0]) {
		report("not ok %s: %s", test->name, reason);
		failed++;
	} else {
		report("ok %s", test->name);
	}
	sys_page_unmap(0, test->reason);
}

static void finish_all(void)
{
	for (unsigned i = 0; i < running_count; i++)
		finish(&running[i]);
	if (running_count) {
		int wrong = sys_test(TEST_CHECK, 0, NULL, 0);
		if (wrong > 0) {
			report("not ok invariants after %s: %d do not hold", running[running_count - 1].name, wrong);
			failed++;
		}
	}
	running_count = 0;
}

/* Start the program of a line, which is cut into words. */
static void start(const char *line)
{
	struct running *test = &running[running_count];
	const char *argv[WORDS_MAX + 1];
	int argc = 0;
	char *p = test->text;

	test->reason = CHECK_PAGE + (1 + running_count) * PGSIZE;
	strlcpy(test->text, line, LINE_MAX);
	strlcpy(test->name, line, LINE_MAX);
	while (argc < WORDS_MAX) {
		while (*p == ' ')
			*p++ = 0;
		if (!*p)
			break;
		argv[argc++] = p;
		while (*p && *p != ' ')
			p++;
	}
	argv[argc] = NULL;
	if (argc == 0)
		return;
	report("run %s", test->name);
	int error = sys_page_alloc(0, test->reason, RW);
	if (error >= 0)
		error = sys_page_map(0, test->reason, 0, CHECK_PAGE, RW | PTE_SHARE);
	if (error >= 0)
		error = test->envid = spawn(argv[0], argv);
	if (error < 0) {
		report("not ok %s: starting it: %e", test->name, error);
		failed++;
		return;
	}
	running_count++;
}

/* Run a line: at once, or, with & at its end, beside what comes after it. */
static void run_line(char *line)
{
	size_t len = strlen(line);
	bool beside = false;

	while (len && (line[len - 1] == ' ' || line[len - 1] == '&')) {
		beside |= line[len - 1] == '&';
		line[--len] = 0;
	}
	start(line);
	if (!beside || running_count == PARALLEL_MAX)
		finish_all();
}

static void run_file(void)
{
	const void *data;
	size_t size;
	char line[LINE_MAX];
	int error = archive_find("tests", &data, &size);

	if (error < 0) {
		report("not ok testinit: the file tests: %e", error);
		failed++;
		return;
	}
	const char *at = data, *after = at + size;
	while (at < after) {
		size_t n = 0;
		bool comment = false;
		for (; at < after && *at != '\n'; at++) {
			comment |= *at == '#';
			if (!comment && n + 1 < LINE_MAX)
				line[n++] = *at == '\t' ? ' ' : *at;
		}
		at++;
		line[n] = 0;
		run_line(line);
	}
}

void umain(int argc, char **argv)
{
	sys_env_set_label(0, "testinit");
	if (argc > 1) {
		for (int i = 1; i < argc; i++)
			run_line(argv[i]);
	} else {
		run_file();
	}
	finish_all();
	sys_test(TEST_EXIT, failed ? 17 : 16, NULL, 0); /* as kern/rest.h has them */
	exit_status(failed ? 1 : 0);
}
