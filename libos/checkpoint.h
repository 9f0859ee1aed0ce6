/* What libos/checkpoint.c and libos/checkpoint_file.c have in common: looking into environments that are suspended. */
#ifndef FINCH_LIBOS_CHECKPOINT_H
#define FINCH_LIBOS_CHECKPOINT_H

#include <common/names.h>
#include <finch/mutex.h>
#include <finch/syscall.h>

/* Two windows of this environment, of CHECKPOINT_PAGES each, beside those of spawn; with the lock held. */
#define CHECKPOINT_PAGES 64
#define CHECKPOINT_FROM ((char *)USTACKTOP - PTSIZE / 2 + CHECKPOINT_PAGES * PGSIZE)
#define CHECKPOINT_TO (CHECKPOINT_FROM + CHECKPOINT_PAGES * PGSIZE)
extern struct mutex checkpoint_lock LINKED_NAME(checkpoint_lock);

/*
 * Call `each` for every page that envid has mapped from start to end (superpages in pieces), until one call returns an
 * error, which is returned.
 */
int checkpoint_each(envid_t envid, uintptr_t start, uintptr_t end, int (*each)(const struct page_record *, void *), void *arg)
	LINKED_NAME(checkpoint_each);

/* The parts of the state, all of them. */
struct checkpoint_state {
	struct state_registers registers;
	struct state_fpu fpu;
	struct state_upcalls upcalls;
	struct state_message message;
	struct state_general general;
};
int checkpoint_get_state(envid_t envid, struct checkpoint_state *state) LINKED_NAME(checkpoint_get_state);
int checkpoint_set_state(envid_t envid, const struct checkpoint_state *state) LINKED_NAME(checkpoint_set_state);

#endif
