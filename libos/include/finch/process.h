/*
 * For programs: ends and their statuses, and labels.
 *
 * A status is 0 (all went well) to 0x7fffffff, or -E_KILLED of an environment that did not end by itself.
 */
#ifndef FINCH_PROCESS_H
#define FINCH_PROCESS_H

#include <abi/types.h>
#include <common/names.h>

/* Close all descriptors and end with this status. exit() is this with 0. */
void exit_status(int status) LINKED_NAME(exit_status) __attribute__((noreturn));

/*
 * Sleep until envid has ended and store its status at *status, unless that is NULL. Returns 0, or -E_BAD_ENV if there
 * is no such environment (any more) or it is this one. A wait that another environment interrupts goes on.
 */
int wait_status(envid_t envid, int *status) LINKED_NAME(wait_status);

/* Is envid an environment that has not ended? Looks into envs[], without a call. */
bool env_alive(envid_t envid) LINKED_NAME(env_alive);

/* The CPU time that envid, or the last of its slot, has had: ticks of the time-stamp counter, up to the last 10 ms. */
uint64_t env_cpu_time(envid_t envid) LINKED_NAME(env_cpu_time);

/* What the states and waits in envs[] are called; for people. "?" where there is no such one. */
const char *env_status_name(uint32_t status) LINKED_NAME(env_status_name);
const char *env_wait_name(uint32_t wait) LINKED_NAME(env_wait_name);

#endif
