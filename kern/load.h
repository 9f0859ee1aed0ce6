/* The programs that the kernel itself starts, from the boot archive. */
#ifndef FINCH_KERN_LOAD_H
#define FINCH_KERN_LOAD_H

/*
 * Start every program that the boot words name (default: init). One that cannot be started gets a line that
 * says why. Returns how many were started.
 */
unsigned load_programs(void);

#endif
