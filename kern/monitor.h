/*
 * The kernel monitor: a prompt on the console, below everything else, to look at the machine and to change it.
 *
 * Entered on a panic, when nothing is left to run, and under the boot word `monitor` on breakpoints of programs and
 * when Ctrl-\ is typed; later on the breakpoints and steps that were asked for in it. It polls the
 * console and takes no lock that a stopped CPU may hold; whatever is typed, it does not fault: each address is
 * read by a copy that stops at a fault, or after a walk of the page tables.
 */
#ifndef FINCH_KERN_MONITOR_H
#define FINCH_KERN_MONITOR_H

#include <abi/types.h>

struct Trapframe;

/*
 * Run the monitor on this CPU. reason: a phrase that says why, NULL: to go on after a step. frame: the registers that
 * it is about, NULL if there are none. Returns when the user says continue. One CPU at a time: others wait here,
 * serving requests.
 */
void monitor_enter(const char *reason, struct Trapframe *frame);
/* Somebody typed Ctrl-\. */
void monitor_call(void);
/* Is this CPU in it? */
bool monitor_is_here(void);

#endif
