/*
 * User memory, as the kernel sees it: allegations, not pointers.
 *
 * A uaddr_t cannot be dereferenced. The copies check that the range lies in what user code may touch and stop at a
 * fault, so memory that another CPU unmaps meanwhile is no danger. They work on the current address space.
 */
#ifndef FINCH_KERN_USER_H
#define FINCH_KERN_USER_H

#include <abi/types.h>
#include <kern/check.h>

typedef struct {
	uintptr_t va;
} uaddr_t;

/* Copy n bytes in or out. -E_FAULT: some of them are not accessible; part may have been copied. */
int user_read(void *to, uaddr_t from, size_t n) must_use;
int user_write(uaddr_t to, const void *from, size_t n) must_use;
/* user_read that tells where it failed: *fault is the first inaccessible address. */
int user_read_where(void *to, uaddr_t from, size_t n, uintptr_t *fault) must_use;

#endif
