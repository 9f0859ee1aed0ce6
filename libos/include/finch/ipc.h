/*
 * Messages beyond those of <inc/lib.h>: calls and their answers, ranges of pages, timeouts, sleep.
 *
 * A call is a send and the wait for the answer of that receiver alone, in one trap. A server answers one call and waits
 * for the next in one trap too:
 *
 *	int err = sys_ipc_wait(IPC_NO_PAGES, 0, TIMEOUT_NEVER);
 *	while (err == 0)
 *		err = sys_ipc_reply_wait(thisenv->env_ipc_from, answer(thisenv->env_ipc_value), NULL, 0, IPC_NO_PAGES);
 *
 * What came stands in thisenv: env_ipc_value, env_ipc_from, env_ipc_perm (0: no pages). va NULL: no pages are sent;
 * perm with libos_range(): so many. Errors: doc/syscalls.md.
 */
#ifndef FINCH_IPC_H
#define FINCH_IPC_H

#include <finch/syscall.h>
#include <inc/lib.h>

#define IPC_NO_PAGES ((uintptr_t)UTOP)

/* Room for count pages (1 to 1024) at va: env_ipc_perm >> PERM_COUNT_SHIFT then says how many came. */
static inline uintptr_t ipc_window(const void *va, size_t count)
{
	return (uintptr_t)va | count;
}

/* Send value to envid and wait for its answer. */
static inline int sys_ipc_call(envid_t envid, uint32_t value, const void *va, int perm, uintptr_t window)
{
	if (!va) /* four arguments are cheaper than five, and perm is not looked at */
		return libos_call4(SYS_ipc_call, (uint32_t)envid, value, UTOP, window);
	return libos_sys_ipc_call(envid, value, (uintptr_t)va, window, (uint32_t)perm);
}

/* Answer envid (0: nobody), if it waits for that, and wait for the next message from anyone. */
static inline int sys_ipc_reply_wait(envid_t envid, uint32_t value, const void *va, int perm, uintptr_t window)
{
	if (!va)
		return libos_call4(SYS_ipc_reply_wait, (uint32_t)envid, value, UTOP, window);
	return libos_sys_ipc_reply_wait(envid, value, (uintptr_t)va, window, (uint32_t)perm);
}

/* Wait for a message from `from` alone (0: from anyone), for timeout milliseconds at most. */
static inline int sys_ipc_wait(uintptr_t window, envid_t from, uint32_t timeout)
{
	return libos_sys_ipc_wait(window, from, timeout);
}

/* Sleep for so many milliseconds. */
static inline void sleep_ms(uint32_t ms)
{
	unsigned start = sys_time_msec(), passed = 0;

	/* From oneself no message ever comes; another may end the wait, but not the sleep. */
	while (passed < ms && sys_ipc_wait(IPC_NO_PAGES, sys_getenvid(), ms - passed) != -E_TIMEOUT)
		passed = (sys_time_msec() - start) & 0x7fffffff;
}

#endif
