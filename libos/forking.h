/*
 * What the rest of the library tells fork: locks, and where threads stand.
 *
 * A lock of the library that is defined with FORK_LOCK is held while a fork goes on, so that what it guards is whole in
 * the child, where it is free.
 */
#ifndef FINCH_LIBOS_FORKING_H
#define FINCH_LIBOS_FORKING_H

#include <common/names.h>
#include <finch/mutex.h>

/* After the definition of the mutex `lock`. The linker makes a table of them. */
#define FORK_LOCK(lock) static struct mutex *const lock##_listed __attribute__((section("libos_locks"), used)) = &(lock)

/* A piece of the address space. */
struct piece {
	uintptr_t start, end;
};

/*
 * Where the stacks of all threads are, and where that of this one; both empty if it is the first thread. Only programs
 * with threads carry it.
 */
void threads_place(struct piece *all, struct piece *own) LINKED_NAME(threads_place) __attribute__((weak));
/* In the child: the thread that forked is the only one. */
void threads_forked(void) LINKED_NAME(threads_forked) __attribute__((weak));

/* Take all FORK_LOCKs; let them go; or make them free in the child. */
void fork_lock(void) LINKED_NAME(fork_lock);
void fork_unlock(void) LINKED_NAME(fork_unlock);
void fork_lock_forget(void) LINKED_NAME(fork_lock_forget);

/*
 * This environment shares its memory with others by sfork: a fork then copies at once, for pages that it marked to be
 * copied on write would not be shared any more.
 */
extern bool fork_copies LINKED_NAME(fork_copies);
/* Give child a copy of the page at va, mapped with perm. 0, -E_NO_MEM. */
int fork_give_copy(envid_t child, void *va, int perm) LINKED_NAME(fork_give_copy);
/* Set up the child's faults as this environment's, on a stack of its own. 0, -E_NO_MEM. */
int fork_give_upcalls(envid_t child) LINKED_NAME(fork_give_upcalls);
/* Let child run and return it if err is 0; else destroy it and return err. Ends what fork_lock began. */
envid_t fork_finish(envid_t child, int err) LINKED_NAME(fork_finish);

#endif
