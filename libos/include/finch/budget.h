/* For programs: how much they and what they start may use at once. doc/rights.md explains it. */
#ifndef FINCH_BUDGET_H
#define FINCH_BUDGET_H

#include <abi/info.h>
#include <abi/syscall.h>
#include <common/names.h>

/* The limits of the budget with this number, the caller's own (or 0) or one below, and what is in use. 0; -E_INVAL. */
int budget_info(int32_t number, struct info_budget *info) LINKED_NAME(budget_info);
/*
 * What the caller may still use: that of its own budget, or, where it has none, what the machine has. (Budgets above
 * may have less left.) Returns 0 or an error.
 */
int budget_left(uint32_t *pages, uint32_t *envs) LINKED_NAME(budget_left);
/*
 * End all who belong to a budget below the caller's, and wait until they are gone: their environments and their pages.
 * 0; -E_INVAL: there is no such budget (any more).
 */
int budget_end(int32_t number) LINKED_NAME(budget_end);

#endif
