/* A range of pages as the system calls about mappings are given it. */
#ifndef FINCH_KERN_RANGE_H
#define FINCH_KERN_RANGE_H

#include <abi/error.h>
#include <kern/syscall.h>

/* A checked range of pages. */
struct range {
	uintptr_t va;
	uint32_t pages; /* at least 1 */
	bool counted;   /* a count was given: the result is how many were done */
};

/* From a word with a page count, 0 meaning one page, in its high bits. -E_INVAL: not aligned, or not all below UTOP. */
static inline int range_decode(struct range *range, uintptr_t va, uint32_t word)
{
	uint32_t count = word >> PERM_COUNT_SHIFT;

	range->va = va;
	range->counted = count != 0;
	range->pages = count ? count : 1;
	if (va % PGSIZE || va >= UTOP || range->pages > (UTOP - va) / PGSIZE)
		return -E_INVAL;
	return 0;
}

/* The same, and the word is a permission word. -E_INVAL: what it asks for, too, is not for programs. */
static inline int range_decode_perm(struct range *range, uintptr_t va, uint32_t perm)
{
	return range_decode(range, va, perm) || !perm_valid(perm) ? -E_INVAL : 0;
}

/* What a call returns that has dealt with so many pages of it, or failed. */
static inline int32_t range_result(const struct range *range, int done)
{
	return done < 0 || range->counted ? done : 0;
}

#endif
