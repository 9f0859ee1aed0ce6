/* Budgets: records, charging and counting. See budget.h; the calls are in sys_budget.c. */
#include <kern/boot.h>
#include <kern/budget.h>
#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/family.h>

#define INDEX_BITS 13
#define ZERO_SLICE 64    /* pages that are zeroed before interrupts are looked at */
#define DEPTH_MAX 32     /* budgets one below the other: charging goes through all */
/* So many more than there can be environments: for those who ended while their pages are in use elsewhere. */
#define RECORDS_SPARE 64

static_assert(NENV + RECORDS_SPARE < 1 << INDEX_BITS, "a number has room for each index");

static struct budget *records; /* [1] to [size] */
static uint32_t size;
static uint32_t used GUARDED_BY(family_lock); /* records from here on were never used */

void budget_init(uint32_t envs)
{
	size = envs + RECORDS_SPARE;
	records = boot_alloc((size + 1) * sizeof *records);
	for (uint32_t i = 1; i <= size; i++)
		list_init(&records[i].waiters);
}

uint32_t budget_table_size(void)
{
	return size;
}

struct budget *budget_record(uint32_t index)
{
	return &records[index];
}

/* --- Pages --- */

/* Add n unless that exceeds the limit. */
static bool count_up(atomic_t *count, uint32_t n, uint32_t limit)
{
	uint32_t old = atomic_load(count);

	do {
		if (n > limit || old > limit - n)
			return false;
	} while (!__atomic_compare_exchange_n(&count->value, &old, old + n, true, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
	return true;
}

/* Uncharge from budget up to, but not, `end` (NULL: to the top). */
static void uncharge(struct budget *budget, const struct budget *end, uint32_t n)
{
	while (budget != end) {
		/* A record that has nothing left may be another's at once; those above still have our charge. */
		struct budget *parent = budget->parent;
		atomic_add(&budget->pages, -n);
		budget = parent;
	}
}

/* False: one limit is reached, nothing was charged; reclaiming memory is of no use then. */
static bool charge(struct budget *budget, uint32_t n)
{
	for (struct budget *b = budget; b; b = b->parent) {
		if (count_up(&b->pages, n, b->pages_limit))
			continue;
		uncharge(budget, b, n);
		this_cpu()->over_budget = true;
		return false;
	}
	return true;
}

pfn_t budget_take_page(struct budget *budget, pfn_t (*take)(void))
{
	if (!charge(budget, 1))
		return NO_PAGE;
	pfn_t pfn = take();
	if (pfn)
		page_states[pfn].budget = budget->index;
	else
		uncharge(budget, NULL, 1);
	return pfn;
}

void budget_page_freed(pfn_t pfn)
{
	struct budget *budget = &records[page_states[pfn].budget];

	page_states[pfn].budget = 0;
	uncharge(budget, NULL, 1);
}

pfn_t budget_take_block(struct budget *budget, uint32_t n, bool direct)
{
	if (!charge(budget, n))
		return NO_PAGE;
	pfn_t first = direct ? NO_PAGE : page_take_block(n, PAGE_HIGH);
	if (!first)
		first = page_take_block(n, PAGE_DIRECT);
	if (!first)
		uncharge(budget, NULL, n);
	for (uint32_t i = 0; first && budget && i < n; i++)
		page_states[first + i].budget = budget->index;
	for (uint32_t i = 0; first && i < n; i++) {
		arch_page_zero(arch_window(first + i, 0));
		if (i % ZERO_SLICE == ZERO_SLICE - 1)
			arch_poll_interrupts();
	}
	return first;
}

void budget_block_freed(pfn_t first, uint32_t n)
{
	struct budget *budget = &records[page_states[first].budget];

	for (uint32_t i = 0; i < n; i++)
		page_states[first + i].budget = 0;
	uncharge(budget, NULL, n);
}

/* --- The tree --- */

/* Is there anything of it, or that needs it? A page is charged by an environment alone: what is gone stays so. */
static bool kept(const struct budget *budget)
{
	return budget->envs || budget->budgets || budget->enders || budget->held || atomic_load(&budget->pages);
}

static void count_below(struct budget *parent, int change) REQUIRES(family_lock)
{
	for (; parent; parent = parent->parent)
		parent->budgets += change;
}

/* If nothing keeps it any more, its record is free, and perhaps those above. */
static void reap(struct budget *budget) REQUIRES(family_lock)
{
	while (budget && budget->live && !kept(budget)) {
		budget->live = false;
		budget = budget->parent;
		count_below(budget, -1);
	}
}

bool budget_within(const struct budget *budget, const struct budget *above)
{
	while (budget && budget != above)
		budget = budget->parent;
	return budget == above;
}

struct budget *budget_find(int32_t number, const struct budget *above)
{
	uint32_t index = (uint32_t)number & ((1u << INDEX_BITS) - 1);

	if (index == 0 || index > size)
		return NULL;
	struct budget *budget = &records[index];
	bool there = budget->live && budget->number == number && kept(budget);
	return there && budget != above && budget_within(budget, above) ? budget : NULL;
}

bool budget_has_room(const struct budget *budget, const struct budget *end)
{
	for (; budget != end; budget = budget->parent) {
		if (budget->envs >= budget->envs_limit || budget->enders)
			return false;
	}
	return true;
}

void budget_enter(struct budget *budget)
{
	for (; budget; budget = budget->parent)
		budget->envs++;
}

/* It is empty: that is what these waited for. */
static void wake_enders(struct budget *budget) REQUIRES(family_lock)
{
	struct list *node;

	while ((node = list_pop_front(&budget->waiters))) {
		struct env *env = LIST_ENTRY(node, struct env, wait_node);
		budget_set_ends(env, NULL);
		env_wake(env, ENV_WAIT_BUDGET, 0);
	}
}

void budget_leave(struct budget *budget)
{
	for (struct budget *b = budget; b; b = b->parent) {
		if (--b->envs == 0)
			wake_enders(b);
	}
	reap(budget);
}

/* --- Records --- */

/* A free record, or NULL. One whose last page was freed, which takes no lock, is found here. */
static struct budget *record_find(void) REQUIRES(family_lock)
{
	struct budget *found = NULL;

	for (uint32_t i = 1; i <= used; i++) {
		reap(&records[i]);
		if (!records[i].live)
			found = &records[i];
	}
	return found ? found : used < size ? &records[++used] : NULL;
}

struct budget *budget_make(struct budget *parent, uint32_t pages, uint32_t envs)
{
	unsigned depth = 0;

	for (const struct budget *above = parent; above; above = above->parent) {
		if (above->budgets >= above->envs_limit || above->enders || ++depth == DEPTH_MAX)
			return NULL;
	}
	struct budget *budget = record_find();
	if (!budget)
		return NULL;
	budget->index = budget - records;
	budget->number = id_after(budget->number, budget->index, INDEX_BITS);
	budget->live = true;
	budget->parent = parent;
	budget->pages_limit = pages;
	budget->envs_limit = envs;
	count_below(parent, 1);
	return budget;
}

void budget_set_ends(struct env *env, struct budget *budget)
{
	struct budget *old = env->ends;

	if (budget)
		budget->enders++;
	env->ends = budget;
	env->ends_at = 0;
	if (old) {
		old->enders--;
		reap(old);
	}
}

void budget_set_held(struct env *env, struct budget *budget)
{
	struct budget *old = env->held;

	if (budget)
		budget->held = true;
	env->held = budget;
	if (old) {
		old->held = false;
		reap(old);
	}
}

void budget_forget(struct env *env)
{
	budget_set_held(env, NULL);
	budget_set_ends(env, NULL);
	budget_leave(env->budget);
	env->budget = NULL;
}
