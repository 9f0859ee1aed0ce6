/* Numbers as arguments of the small programs here. Anything else, --help too, is answered with what is right. */
#ifndef BIN_NUMBER_H
#define BIN_NUMBER_H

#include <finch/process.h>
#include <inc/lib.h>

struct number {
	const char *name; /* as in the usage */
	int normal;       /* if it is not given */
	int least, most;
};

/*
 * The number that stands at argv[place]. Ends the program, with status 1, if what stands there is none that is right.
 */
static inline int number_argument(int argc, char **argv, int place, struct number number)
{
	char *rest;

	if (place >= argc)
		return number.normal;
	long n = strtol(argv[place], &rest, 0);
	if (argv[place][0] && !*rest && n >= number.least && n <= number.most)
		return (int)n;
	cprintf("%s: %s must be %d to %d; %d if it is not given\n", argv[0], number.name, number.least, number.most,
		number.normal);
	exit_status(1);
}

#endif
