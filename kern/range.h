/* What the system calls about mappings work on: a range of pages in the space of an environment. */
#ifndef FINCH_KERN_RANGE_H
#define FINCH_KERN_RANGE_H

#include <abi/error.h>
#include <kern/env_space.h>
#include <kern/syscall.h>

struct range {
	envid_t env;
	struct space *space; /* kept until range_close; NULL: none was found */
	uint32_t pages;      /* at least 1 */
	bool counted;        /* a count was given: the result is how many were done */
};

/* The space of env. -E_BAD_ENV: see env_space_get. */
static inline must_use int range_find(struct range *range, envid_t env)
{
	*range = (struct range){ .env = env };
	return env_space_get(env, &range->space);
}

/*
 * The pages from va on; word has their count, 0 meaning one, in its high bits. -E_INVAL: not aligned, or not all below
 * UTOP.
 */
static inline must_use int range_decode(struct range *range, uintptr_t va, uint32_t word)
{
	uint32_t count = word >> PERM_COUNT_SHIFT;

	range->counted = count != 0;
	range->pages = count ? count : 1;
	if (va % PGSIZE || va >= UTOP || range->pages > (UTOP - va) / PGSIZE)
		return -E_INVAL;
	return 0;
}

/* Both of these. */
static inline must_use int range_open(struct range *range, envid_t env, uintptr_t va, uint32_t word)
{
	int error = range_find(range, env);

	return error ? error : range_decode(range, va, word);
}

/* The same, and word is a permission word. -E_INVAL: what it asks for, too, is not for programs. */
static inline must_use int range_open_perm(struct range *range, envid_t env, uintptr_t va, uint32_t perm)
{
	int error = range_open(range, env, va, perm);

	return error || perm_valid(perm) ? error : -E_INVAL;
}

/* What a call returns that has dealt with so many pages of it, or failed, perhaps with opening it. */
static inline int32_t range_close(const struct range *range, int done)
{
	if (range->space)
		env_space_put(range->space, range->env);
	return done < 0 || range->counted ? done : 0;
}

#endif
