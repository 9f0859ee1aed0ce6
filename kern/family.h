/*
 * What env.c, end.c, wait.c, status.c, notice.c, sys_park.c and those of budgets (and verify.c) share: family lock and
 * slots. Nobody else includes this.
 */
#ifndef FINCH_KERN_FAMILY_H
#define FINCH_KERN_FAMILY_H

#include <kern/env.h>

extern struct spinlock family_lock;
extern struct list env_free_slots GUARDED_BY(family_lock); /* through runq_node */

/*
 * The id (of an environment, or number of a budget) after `last` of the same slot, whose index takes so many bits:
 * above them the generation counts up, and starts at 1 again before ids get negative.
 */
static inline int32_t id_after(int32_t last, uint32_t index, unsigned bits)
{
	uint32_t generation = ((uint32_t)last >> bits) + 1;

	if (generation >> (31 - bits))
		generation = 1;
	return generation << bits | index;
}

/* Make the slot of an environment that has ended free again. */
void env_slot_give(struct env *env) REQUIRES(family_lock);

/* Tell the parent, for its next env_wait, and all who wait that env has ended. */
void wait_notify_all(struct env *env) REQUIRES(family_lock);
/* Unpark those who parked with PARK_ENDS. To be called when envs[] says that somebody has ended: they look there. */
void wait_notify_listeners(void) REQUIRES(family_lock);

/* --- Budgets: see budget.h --- */

/* Is budget `above`, or below it? NULL is above all. */
bool budget_within(const struct budget *budget, const struct budget *above);
/* The one with that number that lies below `above`, and is not that itself. NULL: there is none. */
struct budget *budget_find(int32_t number, const struct budget *above) REQUIRES(family_lock);
/* May one more environment come into being there? Asked of all from budget up to, but not, `end` (NULL: to the top). */
bool budget_has_room(const struct budget *budget, const struct budget *end) REQUIRES(family_lock);
/* One more environment belongs to it, or one less; with the last, those who wait for its end are woken. */
void budget_enter(struct budget *budget) REQUIRES(family_lock);
void budget_leave(struct budget *budget) REQUIRES(family_lock);
/* A new one below parent, with these limits, which nobody is in yet. NULL: no record is left, or parent has no room. */
struct budget *budget_make(struct budget *parent, uint32_t pages, uint32_t envs) REQUIRES(family_lock);
/* env begins to end this one (and no other), or has done so (NULL). */
void budget_set_ends(struct env *env, struct budget *budget) REQUIRES(family_lock);
/* env is gone: it belongs to none any more, holds none, ends none. */
void budget_forget(struct env *env) REQUIRES(family_lock);
/* env holds this one (and no other), or none (NULL). */
void budget_set_held(struct env *env, struct budget *budget) REQUIRES(family_lock);

#endif
