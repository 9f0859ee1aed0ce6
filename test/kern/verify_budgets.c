/* Invariants of budgets: what is counted against who and what is there. All CPUs stand still. */
#include <common/string.h>
#include <kern/family.h>
#include "verify.h"

/* What was found for each record, those below it included. */
static struct found {
	uint32_t pages, envs, budgets, enders, held;
} found[NENV + 128];

static uint32_t number_of(const struct budget *budget)
{
	return budget->number;
}

/* Add one to what is counted in budget and in all above. */
#define COUNT(first, what)                                                                                       \
	do {                                                                                                     \
		for (const struct budget *b_ = first; b_; b_ = b_->parent)                                      \
			found[b_->index].what++;                                                                 \
	} while (0)

static void find_pages(void)
{
	for (pfn_t pfn = 0; pfn < page_limit; pfn++) {
		uint16_t index = page_states[pfn].budget;
		if (!index)
			continue;
		if (index > budget_table_size() || !budget_record(index)->live)
			wrong("page %05x is charged to %u, which is no budget\n", pfn, index);
		else
			COUNT(budget_record(index), pages);
		if (page_references(pfn) == 0)
			wrong("page %05x is free, but charged to %08x\n", pfn, number_of(budget_record(index)));
	}
}

static void check_env(const struct env *env)
{
	if (!env->alive) {
		if (env->budget || env->held || env->ends)
			wrong("slot %u is free, but has a budget\n", env->index);
		return;
	}
	if (env->budget && !env->budget->live)
		wrong("%08x has a budget that is none\n", (uint32_t)env->pub->env_id);
	COUNT(env->budget, envs);
	if (env->ends)
		found[env->ends->index].enders++;
	if (env->held)
		found[env->held->index].held++;
	if (env->space && !env->left_space && env->space->budget != env->budget)
		wrong("%08x has another budget than its space\n", (uint32_t)env->pub->env_id);
	if (env->wait == ENV_WAIT_BUDGET && !env->dying && (!env->ends || list_empty(&env->wait_node)))
		wrong("%08x waits for the end of a budget, but of none\n", (uint32_t)env->pub->env_id);
}

static void check_number(const struct budget *budget, const char *what, uint32_t saw, uint32_t says)
{
	if (saw != says)
		wrong("budget %08x has %u %s, and counts %u\n", number_of(budget), saw, what, says);
}

static void check_record(const struct budget *budget, const struct found *seen)
{
	check_number(budget, "pages", seen->pages, atomic_load(&budget->pages));
	check_number(budget, "environments", seen->envs, budget->envs);
	check_number(budget, "budgets below it", seen->budgets, budget->budgets);
	check_number(budget, "who end it", seen->enders, budget->enders);
	check_number(budget, "who hold it", seen->held, budget->held);
	if (budget->envs > budget->envs_limit || atomic_load(&budget->pages) > budget->pages_limit)
		wrong("budget %08x is over its limit\n", number_of(budget));
	if (!budget->envs && !list_empty(&budget->waiters))
		wrong("budget %08x is empty, but waited for\n", number_of(budget));
}

void verify_budgets(void) UNCHECKED_LOCKING
{
	memset(found, 0, sizeof found);
	find_pages();
	for (uint32_t i = 0; i < env_limit(); i++) {
		if (env_slot(i))
			check_env(env_slot(i));
	}
	for (uint32_t i = 1; i <= budget_table_size(); i++) {
		const struct budget *budget = budget_record(i);
		if (budget->live)
			COUNT(budget->parent, budgets);
	}
	for (uint32_t i = 1; i <= budget_table_size(); i++) {
		if (budget_record(i)->live)
			check_record(budget_record(i), &found[i]);
	}
}
