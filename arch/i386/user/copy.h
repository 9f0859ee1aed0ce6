/* Between gate.c, which asks the CPU what it has, and copy.c. */
#ifndef FINCH_I386_USER_COPY_H
#define FINCH_I386_USER_COPY_H

#include <abi/types.h>

extern bool copy_has_sse __asm__("libos_copy_has_sse");

#endif
