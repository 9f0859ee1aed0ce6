/* What env.c, end.c and wait.c (and verify.c) share: the family lock and the slots. Nobody else includes this. */
#ifndef FINCH_KERN_FAMILY_H
#define FINCH_KERN_FAMILY_H

#include <kern/env.h>

extern struct spinlock family_lock;
extern struct list env_free_slots GUARDED_BY(family_lock); /* through runq_node */

/* Make the slot of an environment that has ended free again. */
void env_slot_give(struct env *env) REQUIRES(family_lock);

/* Remember the end of env in the notices of other, for its next env_wait. */
void wait_notify(struct env *other, const struct env *env) REQUIRES(family_lock);
/* Tell the parent and all who wait that env has ended. */
void wait_notify_all(struct env *env) REQUIRES(family_lock);
/* Unpark those who parked with PARK_ENDS. To be called when envs[] says that somebody has ended: they look there. */
void wait_notify_listeners(void) REQUIRES(family_lock);

#endif
