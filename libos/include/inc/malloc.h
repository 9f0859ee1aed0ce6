/* For programs: memory in pieces. malloc(0) gives a piece of its own; NULL when memory is short. */
#ifndef INC_MALLOC_H
#define INC_MALLOC_H

#include <inc/types.h>

void *malloc(size_t size);
void free(void *piece);

#endif
