/*
 * bench [wall] [keys] [only KEY] [PROGRAM]: what the basic operations cost. tools/bench runs it and makes the table.
 *
 * It prints a line for each operation: its key, its cost, and how many operations a row had. The cost is in ticks of
 * the time-stamp counter, which on a machine that runs one instruction a tick (./finch run --icount) are instructions;
 * with `wall` it is in nanoseconds. `-` instead of a cost: it cannot be measured here.
 *
 * An operation is done in rows, the first of them to warm up. The cost is that of the median row less that of the median
 * row in which nothing is done as often, so reading the counter, the loop and the call of a function are not in it.
 *
 *   keys        bytes keep coming at the console, so it can sleep a moment to let the idle CPU zero pages
 *   only KEY    only that operation, for tools/profile
 *   PROGRAM     the program of operation start-tiny
 *
 * One CPU is expected: with more, environments run at once, and other CPUs have pools of pages of their own.
 *
 * The same source is a program for Finch and one for Linux, where test/bench/linux/ has the names of <inc/lib.h> in
 * terms of Linux's calls. To add an operation: its function in operations.c, or in finch.c if it has no form on Linux; a
 * declaration in operations.h; a line in the table here; and one in test/bench/goals.
 */
#include "operations.h"

#define ROWS 9

struct operation {
	const char *key;
	void (*run)(void);    /* NULL: there is none on this system */
	int count;            /* times in a row */
	int parts;            /* what one time is counted as: pages, for a range */
	bool (*before)(void); /* before each row. False: it cannot be measured here */
	bool (*after)(void);  /* after each row. False: it was not what should have been measured */
};

bool wall, keys;
const char *tiny_program;
static const char *only;

/*
 * page-pool first: a CPU that was idle has some zeroed pages even where no keys come. Starting programs before the
 * large ranges, whose page tables stay: spawn looks through all that there are.
 */
static const struct operation operations[] = {
	{ "page-pool", page_alloc_unmap, POOL_ROW, 1, pool_fill, pool_was_used },
	{ "null-int", null_int, 100, 10, NULL, NULL },
	{ "null-sysenter", null_sysenter, 100, 10, has_sysenter, NULL },
	{ "yield-alone", yield, 1000, 1, NULL, NULL },
	{ "yield-pair", yield, 1000, 1, partner_start, partner_end },
	{ "message-call", message_call, 1000, 1, server_start, server_end },
	{ "message-four", message_send_recv, 1000, 1, echo_start, server_end },
	{ "message-page", message_page, 500, 1, pager_start, server_end },
	{ "exofork", exofork_destroy, 50, 1, NULL, NULL },
	{ "start-tiny", start_tiny, 20, 1, has_tiny, NULL },
	{ "start-this", start_this, 20, 1, NULL, NULL },
	{ "user-fault", user_fault, 1000, 1, handler_skips, NULL },
	{ "user-fault-map", user_fault_map, FAULT_ROW, 1, handler_maps, mapped_gone },
	{ "fork-small", fork_exit_wait, 20, 1, NULL, NULL },
	{ "fork-4m", fork_exit_wait, 1, 1, touch_4m, first_range_gone },
	{ "fork-16m", fork_exit_wait, 1, 1, touch_16m, first_range_gone },
	{ "page-inline", page_alloc_unmap, 200, 1, pool_empty, pool_was_empty },
	{ "range-alloc", range_alloc, 1, RANGE, pool_empty, first_range_gone },
	{ "range-map", range_map, 1, RANGE, first_range_there, ranges_gone },
	{ "range-unmap", range_unmap, 1, RANGE, ranges_there, ranges_gone },
	{ "thread", thread_create_join, 50, 1, NULL, NULL },
};

/* --- Measuring --- */

/* tools/profile counts what is executed between these two. */
__attribute__((noinline)) void profile_start(void)
{
	__asm__ volatile("");
}

__attribute__((noinline)) void profile_end(void)
{
	__asm__ volatile("");
}

static void nothing(void)
{
	__asm__ volatile("");
}

static __attribute__((noinline)) uint64_t row(void (*run)(void), int count)
{
	if (run != nothing)
		profile_start();
	__asm__ volatile("" : "+r"(run)); /* called whatever it is, not in line */
	uint64_t start = read_tsc();
	for (int i = 0; i < count; i++)
		run();
	uint64_t time = read_tsc() - start;
	if (run != nothing)
		profile_end();
	return time;
}

static uint64_t median(uint64_t rows[])
{
	for (int i = 1; i < ROWS; i++) {
		for (int j = i; j > 0 && rows[j] < rows[j - 1]; j--) {
			uint64_t moved = rows[j];
			rows[j] = rows[j - 1];
			rows[j - 1] = moved;
		}
	}
	return rows[ROWS / 2];
}

/* The cost of a median row of the operation, in ticks. False: it cannot be measured. */
static bool measure(const struct operation *operation, uint64_t *ticks)
{
	uint64_t rows[ROWS], empty[ROWS];
	uint64_t time;

	for (int i = -1; i < ROWS; i++) { /* row -1 to warm up */
		if (operation->before && !operation->before())
			return false;
		time = row(operation->run, operation->count);
		if (operation->after && !operation->after())
			return false;
		rows[MAX(i, 0)] = time;
		empty[MAX(i, 0)] = row(nothing, operation->count);
	}
	time = median(rows);
	*ticks = time - MIN(time, median(empty));
	return true;
}

static void report(const struct operation *operation)
{
	uint64_t ticks, each = (uint64_t)operation->count * (uint64_t)operation->parts;

	if (!operation->run || !measure(operation, &ticks)) {
		printf("%-16s %9s %6d\n", operation->key, "-", (int)each);
		return;
	}
	if (wall)
		ticks = ticks * 1000000 / tsc_khz();
	printf("%-16s %9llu %6d\n", operation->key, (ticks + each / 2) / each, (int)each);
}

static void read_arguments(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "wall") == 0)
			wall = true;
		else if (strcmp(argv[i], "keys") == 0)
			keys = true;
		else if (strcmp(argv[i], "only") == 0 && i + 1 < argc)
			only = argv[++i];
		else
			tiny_program = argv[i];
	}
}

void umain(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "-n") == 0)
		return;
	if (argc > 1 && strcmp(argv[1], "-y") == 0)
		for (;;)
			yield();
	read_arguments(argc, argv);
	pages_prepare();
	for (size_t i = 0; i < ARRAY_SIZE(operations); i++) {
		if (!only || strcmp(only, operations[i].key) == 0)
			report(&operations[i]);
	}
}
