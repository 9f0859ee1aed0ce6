/* The programs that the kernel itself starts, from the boot archive. */
#ifndef FINCH_KERN_LOAD_H
#define FINCH_KERN_LOAD_H

#include <abi/types.h>

/*
 * Start every program that the boot words name (default: init). One that cannot be started gets a line that
 * says why. Returns how many were started.
 */
unsigned load_programs(void);

/*
 * The table of functions and lines in the boot archive's program `name`; NULL: there is no such program, or no table.
 */
const uint8_t *load_symbol_table(const char *name, size_t *size);

#endif
