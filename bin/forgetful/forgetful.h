/* forgetful: what its parts know of each other. */
#ifndef FORGETFUL_H
#define FORGETFUL_H

#include <inc/lib.h>

/* The child: talks with the user when its parent gives it a turn. Never returns. */
void child_main(void) __attribute__((noreturn));

/* Print a checkpoint on the console for ./finch run --save. 0 or an error. */
int print_checkpoint(envid_t checkpoint);
/* A checkpoint of the file of that name in the boot archive. Its holder, or an error that has been told. */
envid_t load_checkpoint(const char *name);

#endif
