/* Sleeping until another environment wakes this one, for the library's own use. Who sleeps looks again after that. */
#ifndef FINCH_LIBOS_PARK_H
#define FINCH_LIBOS_PARK_H

#include <finch/self.h>
#include <finch/syscall.h>

/* Sleep until somebody unparks this environment, or has done so since it last slept, or for timeout_ms; or shorter. */
static inline void park(uint32_t timeout_ms)
{
	libos_self()->told_ends = 0;
	libos_sys_park(0, timeout_ms);
}

/* From now on the end of any environment unparks this one. To be called before looking for what such an end changes. */
static inline void park_hear_ends(void)
{
	struct libos_self *self = libos_self();

	if (self->told_ends == self->env->env_id)
		return;
	self->told_ends = self->env->env_id;
	libos_sys_park(PARK_ENDS, 0);
}

/* Sleep after that. */
static inline void park_until_end(void)
{
	libos_sys_park(PARK_ENDS, TIMEOUT_NEVER);
}

static inline void unpark(envid_t envid)
{
	libos_sys_unpark(envid);
}

#endif
