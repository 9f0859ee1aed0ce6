/*
 * More than the program has is to be printed: nothing is, and the program is ended.
 *
 * status: 1
 * expect: ^\[00000000\] new env 00001000$
 * expect: ^\[00001000\] user_mem_check assertion failure for va 008[0-9a-f]{2}000$
 * expect: ^\[00001000\] free env 00001000$
 * never: a friendly word
 * never: ^wrong
 */
#include <inc/lib.h>

const char *word = "a friendly word\n";

void umain(int argc, char **argv)
{
	sys_cputs(word, 1024 * 1024);
	cprintf("wrong\n");
}
