/*
 * Budgets: how many pages and environments a subtree of programs may have at once, however it divides them up.
 *
 * Every environment belongs to a budget, or (the first programs, and what they start without one) to none: NULL, no
 * limit. A child belongs to that of its parent. Budgets form trees: what is charged to one is charged to all above it
 * too.
 *
 * A page is charged to the budget of the address space for which it is taken (that of the environment that the space
 * was made for), until nothing refers to it any more, whoever maps it meanwhile; each frame remembers its budget. A
 * record that pages are charged to stays until they are free, even if its last environment ended before.
 *
 * An environment, and a budget, count from their creation until they are gone. A record without environments, pages,
 * budgets below it, and anybody who holds it or waits for its end is free, and is found so when one is looked for.
 *
 * Locks: all but `pages` under the family lock. Charging takes no lock.
 */
#ifndef FINCH_KERN_BUDGET_H
#define FINCH_KERN_BUDGET_H

#include <common/list.h>
#include <kern/atomic.h>
#include <kern/page.h>

struct budget {
	struct budget *parent; /* NULL: none above */
	int32_t number;        /* by which programs name it: generation and index; of a free record the last one */
	uint16_t index;        /* in the table of budgets; from 1 on */
	bool live;             /* this is no free record */
	bool held;             /* by an environment */
	uint32_t pages_limit, envs_limit;
	atomic_t pages;        /* charged to it and those below */
	uint32_t envs;         /* that belong to it and those below */
	uint32_t budgets;      /* below it; envs_limit bounds them too */
	uint32_t enders;       /* environments that are ending it: no new one is made meanwhile */
	struct list waiters;   /* of those, who sleep until it is empty; through wait_node */
};

/* Room for records, from boot memory; envs: the limit of environments. */
void budget_init(uint32_t envs);
uint32_t budget_table_size(void);
/* The record with this index (1 to budget_table_size), perhaps a free one. */
struct budget *budget_record(uint32_t index);

/* Slow halves of the next two. */
pfn_t budget_take_page(struct budget *budget, pfn_t (*take)(void)) must_use;
void budget_page_freed(pfn_t pfn);

/*
 * n zeroed pages in one piece, of either zone or `direct`, charged to budget (NULL: none) page by page; see
 * page_take_block. With 64 or more interrupts are handled meanwhile, and no lock is held.
 */
pfn_t budget_take_block(struct budget *budget, uint32_t n, bool direct) must_use;
/* n pages in one piece, charged to the same budget, are free again. */
void budget_block_freed(pfn_t first, uint32_t n);

/* A page from one of the page_take_ functions, charged to budget unless that is NULL. NO_PAGE. */
static inline must_use __attribute__((always_inline)) pfn_t budget_page(struct budget *budget, pfn_t (*take)(void))
{
	return likely(!budget) ? take() : budget_take_page(budget, take);
}

struct info_budget;

/* Describe the one with this number (0: the caller's own), the caller's own or below. -E_INVAL. */
int budget_info(struct info_budget *info, int32_t number);

#endif
