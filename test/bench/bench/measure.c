/*
 * What a benchmark is made of: it measures the operations of its table and prints a line for each: its key, its cost, and
 * how many operations a row had. The cost is in ticks of the time-stamp counter, which on a machine that runs one
 * instruction a tick (./finch run --icount) are instructions; with the argument `wall` it is in nanoseconds. `-` instead
 * of a cost: it cannot be measured here.
 *
 * An operation is done in rows, the first of them to warm up. The cost is that of the median row less that of the median
 * row in which nothing is done as often, so reading the counter, the loop and the call of a function are not in it.
 *
 * One CPU is expected: with more, environments run at once, and other CPUs have pools of pages of their own.
 */
#include <inc/x86.h>
#include <test/bench/bench/measure.h>

#define ROWS 9

bool wall, keys;
const char *tiny_program;
static const char *only;

void check(int result, const char *what)
{
	if (result < 0)
		panic("%s: %e", what, result);
}

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
			sys_yield();
	read_arguments(argc, argv);
	for (const struct operation *operation = operations; operation->key; operation++) {
		if (!only || strcmp(only, operation->key) == 0)
			report(operation);
	}
}
