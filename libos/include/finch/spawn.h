/* For programs: starting a program that may do less than this one. Without limits: spawn() in <inc/lib.h>. */
#ifndef FINCH_SPAWN_H
#define FINCH_SPAWN_H

#include <abi/types.h>
#include <common/names.h>

struct spawn_limits {
	uint32_t rights;      /* RIGHT_ bits, of those that this one has */
	uint32_t pages, envs; /* its budget; envs 0: that of this one */
	bool suspended;       /* leave it so: it is made ENV_RUNNABLE when it has all that it is to have */
	int32_t below;        /* the number of the budget that this is to lie below, 0: that of this one */
	int32_t budget;       /* result: the budget's number */
};

/* As spawn, but with these limits from the beginning: what the program is loaded into is charged to its budget. */
envid_t spawn_limited(const char *path, const char **argv, struct spawn_limits *limits) LINKED_NAME(spawn_limited);

#endif
