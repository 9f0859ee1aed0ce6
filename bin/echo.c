/* echo [-n] WORD...: print the words, and a newline but for -n. */
#include <inc/lib.h>

void umain(int argc, char **argv)
{
	int first = 1;
	bool newline = true;

	if (argc > 1 && strcmp(argv[1], "-n") == 0) {
		newline = false;
		first = 2;
	}
	for (int i = first; i < argc; i++)
		printf(i + 1 < argc ? "%s " : "%s", argv[i]);
	if (newline)
		printf("\n");
}
