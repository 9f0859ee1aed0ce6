/* Sleeping until another environment wakes this one, for the library's own use. */
#ifndef FINCH_LIBOS_PARK_H
#define FINCH_LIBOS_PARK_H

#include <finch/syscall.h>

#define FOR_EVER (~0u)

/* Sleep until somebody unparks this environment, or has done so since it last slept, or for timeout_ms. May return
 * early. */
static inline void park(uint32_t timeout_ms)
{
	libos_sys_park(0, timeout_ms);
}

/* Sleep without end; the end of any environment wakes this one too. */
static inline void park_or_end(void)
{
	libos_sys_yield();
}

static inline void unpark(envid_t envid)
{
	libos_sys_unpark(envid);
}

#endif
