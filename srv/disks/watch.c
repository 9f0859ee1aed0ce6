/*
 * The watch: a thread that sleeps until a driver unparks it or any environment ends, and has the main loop look then.
 */
#include <finch/ipc.h>
#include <finch/thread.h>
#include <inc/lib.h>

#include "disks.h"

envid_t watch_envid;
static envid_t main_envid;

static void *watch(void *arg)
{
	USED(arg);
	/* From here on ends are heard. */
	libos_sys_park(PARK_ENDS, 0);
	__atomic_store_n(&watch_envid, thisenv->env_id, __ATOMIC_SEQ_CST);
	for (;;) {
		sys_ipc_send(main_envid, WATCH_LOOK, (void *)UTOP, 0, TIMEOUT_NEVER);
		libos_sys_park(PARK_ENDS, TIMEOUT_NEVER);
	}
	return NULL;
}

int watch_start(void)
{
	main_envid = thisenv->env_id;
	int id = thread_create(watch, NULL);
	if (id < 0)
		return id;
	while (!__atomic_load_n(&watch_envid, __ATOMIC_SEQ_CST))
		sys_yield();
	return 0;
}
