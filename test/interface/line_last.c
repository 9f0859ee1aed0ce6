/*
 * The last one ends, and nothing is left to run; then the monitor. (Input is at its end: that is as poweroff there.)
 *
 * run: --stay
 * expect: ^\[00001000\] exiting gracefully$
 * expect: ^\[00001000\] free env 00001000$
 * expect: ^No runnable environments in the system!$
 * expect: ^Welcome to the Finch kernel monitor!$
 * expect: ^Type 'help' for a list of commands.$
 * expect: ^K> 
 */
#include <inc/lib.h>

void umain(int argc, char **argv)
{
}
