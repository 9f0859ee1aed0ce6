/* input: reads what is typed to its end and says how much it was, with a checksum. For the tests of ./finch. */
#include <inc/lib.h>

void umain(int argc, char **argv)
{
	uint32_t bytes = 0, lines = 0, sum = 0;
	int c;

	USED(argc);
	USED(argv);
	while ((c = getchar()) >= 0) {
		bytes++;
		lines += c == '\n';
		sum = sum * 31 + c;
	}
	cprintf("input: %u bytes, %u lines, sum %08x\n", bytes, lines, sum);
}
