/* What the tables of operations and measure.c need of each other. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <inc/lib.h>

struct operation {
	const char *key;      /* NULL: the end of the table */
	void (*run)(void);    /* NULL: there is none on this system */
	int count;            /* times in a row */
	int parts;            /* what one time is counted as: pages, for a range */
	bool (*before)(void); /* before each row. False: it cannot be measured here */
	bool (*after)(void);  /* after each row. False: it was not what should have been measured */
};

/* The program's table. */
extern const struct operation operations[];

/* To declare an operation, and what comes before or after a row. On another system it may not be there. */
#define OPERATION(name) void name(void) __attribute__((weak))
#define STEP(name) bool name(void) __attribute__((weak))

/* The arguments of the program. */
extern bool wall, keys;
extern const char *tiny_program;

/* Panic if result is an error. */
void check(int result, const char *what);
/* Ticks of the time-stamp counter in a millisecond. */
uint32_t tsc_khz(void);

#endif
