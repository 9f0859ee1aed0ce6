/* The loader's main part, as its other parts see it. */
#ifndef FINCH_BOOT_LOADER_H
#define FINCH_BOOT_LOADER_H

#include <abi/types.h>

/* Does this word stand among the boot words on the disk (and is no argument of a program)? */
bool loader_word(const char *wanted);

#endif
