/* What the parts of the check of all invariants share: see kern/verify.h. */
#ifndef FINCH_TEST_VERIFY_H
#define FINCH_TEST_VERIFY_H

#include <kern/env.h>

/* An invariant does not hold: a line that says which. */
void wrong(const char *fmt, ...);

/* Does this environment count in its space (has it not left it)? */
static inline bool verify_in_space(const struct env *env)
{
	return env->alive && env->space && !env->left_space;
}

/* Page references, free pages, page tables, address spaces. */
void verify_pages(void);
/* Budgets against pages and environments. */
void verify_budgets(void);
/* Slots, ids, families, queues, waits. */
void verify_envs(void);

#endif
