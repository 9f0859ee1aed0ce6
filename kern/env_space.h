/* The address space that a system call names by an environment's id: the caller's own in a few instructions. */
#ifndef FINCH_KERN_ENV_SPACE_H
#define FINCH_KERN_ENV_SPACE_H

#include <kern/cpu.h>
#include <kern/env.h>

/* The slow half: another environment's, or the caller's by its id. */
int env_space_pin(envid_t id, struct space **space) must_use;

/* The space of envid, with the right as for env_find; it is kept until env_space_put. -E_BAD_ENV. */
static inline must_use int env_space_get(envid_t id, struct space **space)
{
	if (unlikely(id != 0))
		return env_space_pin(id, space);
	/* The caller cannot end while it is in the kernel: nothing to count. */
	*space = this_cpu()->env->space;
	return 0;
}

static inline void env_space_put(struct space *space, envid_t id)
{
	if (unlikely(id != 0))
		space_unpin(space);
}

#endif
