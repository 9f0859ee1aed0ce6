/* The system calls about budgets: a new one for a child or for children to come, the end of all in one. */
#include <abi/error.h>
#include <abi/info.h>
#include <kern/budget.h>
#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/family.h>
#include <kern/request.h>
#include <kern/syscall.h>

#define LOOKS 256       /* slots that are looked at under the family lock at once */
#define ENDS_AT_ONCE 16 /* environments that are ended */

/* --- A new one --- */

/* The budget that `below` means, a number or 0. False: there is no such one. */
static bool decode(int32_t below, struct budget **parent) REQUIRES(family_lock)
{
	struct budget *own = this_cpu()->env->budget;

	*parent = below ? budget_find(below, own) : own;
	return *parent || !below;
}

/* Is it one that can be put into another budget: of the caller's, off all CPUs, and all that it has is its own? */
static bool movable(const struct env *child)
{
	return child->suspended && child->sched == SCHED_OFF && !child->dying && child->leads &&
	       atomic_load(&child->space->envs) == 1 && list_empty(&child->children) && !child->held && !child->ends &&
	       child->budget == this_cpu()->env->budget;
}

static void move(struct env *child, struct budget *budget) REQUIRES(family_lock)
{
	budget_leave(child->budget);
	budget_enter(budget);
	/* Who just hands it a message charges a table under this lock: after that none is charged to the old one. */
	spin_lock(&child->space->lock);
	child->budget = child->space->budget = budget;
	spin_unlock(&child->space->lock);
}

static int create(struct env *env, int32_t below, uint32_t pages, uint32_t envs) REQUIRES(family_lock)
{
	struct env *self = this_cpu()->env;
	struct budget *parent;

	if (!decode(below, &parent) || (env != self && (!movable(env) || !envs)))
		return -E_INVAL;
	/* The caller's own, and those above, count the child already. */
	if (env != self && !budget_has_room(parent, self->budget))
		return -E_NO_FREE_ENV;
	struct budget *budget = budget_make(parent, pages, envs);
	if (!budget)
		return -E_NO_MEM;
	if (env == self)
		budget_set_held(self, budget);
	else
		move(env, budget);
	return budget->number;
}

int32_t sys_budget_create(envid_t envid, int32_t below, uint32_t pages, uint32_t envs) UNCHECKED_LOCKING
{
	struct env *env;

	spin_lock(&family_lock);
	int result = env_find(envid, true, &env);
	if (!result) {
		result = create(env, below, pages, envs);
		env_release(env);
	}
	spin_unlock(&family_lock);
	return result;
}

int budget_info(struct info_budget *info, int32_t number)
{
	struct budget *own = this_cpu()->env->budget;

	spin_lock(&family_lock);
	const struct budget *budget = !number || (own && number == own->number) ? own : budget_find(number, own);
	if (budget)
		*info = (struct info_budget){
			.number = budget->number, .pages = atomic_load(&budget->pages),
			.pages_limit = budget->pages_limit, .envs = budget->envs, .envs_limit = budget->envs_limit,
			.budgets = budget->budgets,
		};
	spin_unlock(&family_lock);
	return budget ? 0 : -E_INVAL;
}

/* --- The end of one --- */

/* End some more environments of the budget. Returns the CPUs that still run one, as a mask. */
static uint32_t end_some(struct env *self, const struct budget *budget) REQUIRES(family_lock)
{
	uint32_t runs_on = 0, last = MIN(self->ends_at + LOOKS, env_slots_used());

	for (unsigned n = 0; self->ends_at < last && n < ENDS_AT_ONCE; self->ends_at++) {
		struct env *env = env_slot(self->ends_at);
		if (!env || !env->alive || !budget_within(env->budget, budget))
			continue;
		spin_lock(&env->lock);
		n += !env->dying;
		runs_on |= env_doom_other(env, -E_KILLED, false);
		spin_unlock(&env->lock);
	}
	return runs_on;
}

/* All have been told to end: 0, or the caller sleeps until they have. */
static void await_empty(struct env *self, struct budget *budget) REQUIRES(family_lock)
{
	if (budget->envs == 0) {
		budget_set_ends(self, NULL);
		return;
	}
	list_push_back(&budget->waiters, &self->wait_node);
	env_block(ENV_WAIT_BUDGET, 0, false, WAIT_FOREVER);
}

int32_t sys_budget_end(int32_t number)
{
	struct env *self = this_cpu()->env;
	uint32_t runs_on = 0;

	spin_lock(&family_lock);
	struct budget *budget = budget_find(number, self->budget);
	if (!budget) {
		budget_set_ends(self, NULL);
		spin_unlock(&family_lock);
		return -E_INVAL;
	}
	if (self->ends != budget)
		budget_set_ends(self, budget);
	bool all = self->ends_at >= env_slots_used();
	if (all)
		await_empty(self, budget);
	else
		runs_on = end_some(self, budget);
	spin_unlock(&family_lock);
	request_all(runs_on);
	return all ? 0 : arch_call_again(arch_frame());
}
