/*
 * For programs: threads, each an environment of its own in this address space, on whatever CPU the kernel gives it.
 *
 * A thread has 32 KB of stack with an unmapped page below, and an exception stack of its own. The first environment
 * is a thread too. When umain returns, or any thread calls exit or dies of an exception that nobody handles, all end.
 */
#ifndef FINCH_THREAD_H
#define FINCH_THREAD_H

#include <common/names.h>
#include <finch/mutex.h>

/*
 * Start a thread that calls entry(arg) and ends with what that returns. Its id, above 0 (not an environment's), or
 * -E_NO_MEM, -E_NO_FREE_ENV.
 */
int thread_create(void *(*entry)(void *arg), void *arg) LINKED_NAME(thread_create);
/*
 * Wait until thread id has ended, and free what it had. *result, unless result is NULL, is what it ended with. Each
 * thread is joined once, by any other. -E_INVAL: there is no such thread, it is this one, or somebody joins it;
 * -E_KILLED: it was destroyed, and *result is NULL.
 */
int thread_join(int id, void **result) LINKED_NAME(thread_join);
/* End this thread with result. The first one waits for all others, and then ends the program as exit does. */
void thread_exit(void *result) LINKED_NAME(thread_exit) __attribute__((noreturn));
/* This thread's id; 0 of the first one. */
int thread_id(void) LINKED_NAME(thread_id);

#endif
