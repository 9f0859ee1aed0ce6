/* The queue of all policies but round robin, levels and lending: see policy.h. */
#include <abi/error.h>
#include <abi/rights.h>
#include <common/string.h>
#include <kern/boot.h>
#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/policy.h>
#include <kern/print.h>

#define PRIORITY_NORMAL 16
#define TICKETS_NORMAL 100

const struct sched_policy *policy;
struct runq policy_queue; /* its list `ready`: those that go before all who are in the order */
uint64_t policy_now;
static struct heap order;

static inline struct env *env_of(struct heap_node *node)
{
	return LIST_ENTRY(node, struct env, policy.node);
}

static const struct sched_policy *const policies[] = { &policy_priority, &policy_unix, &policy_stride, &policy_lottery };

void policy_init(void)
{
	char name[16];

	if (!boot_value("sched=", name, sizeof name) || strcmp(name, "rr") == 0)
		return;
	for (unsigned i = 0; i < ARRAY_SIZE(policies); i++) {
		if (strcmp(name, policies[i]->name) == 0)
			policy = policies[i];
	}
	if (!policy) {
		kprintf("sched=%s: there is no such policy, but rr, priority, unix, stride and lottery. It is rr.\n", name);
		return;
	}
	order.nodes = boot_alloc((env_limit() + 1) * sizeof *order.nodes);
	runq_init(&policy_queue, 0);
}

const char *policy_name(void)
{
	return policy ? policy->name : "rr";
}

/* Its own, or the highest of those who wait for it. */
static uint32_t level_lent(const struct policy_env *p)
{
	uint32_t level = p->own_level;

	LIST_FOR_EACH(link, &p->lenders)
		level = MAX(level, LIST_ENTRY(link, struct policy_env, lender)->level);
	return level;
}

/* --- The order --- */

void policy_push(struct env *env, enum turn turn)
{
	struct policy_env *p = &env->policy;

	policy_queue.count++;
	if (policy->level && turn != TURN_BROKEN_OFF) {
		p->own_level = policy->level(env);
		env->pub->env_priority = p->level = level_lent(p);
	}
	p->node.key = policy->key(env, turn);
	/* What is left of one that has ended is not to wait for its turn: it keeps memory, and others wait for it. */
	if (env->dying || (turn == TURN_AT_ONCE && !policy->strict))
		list_push_back(&policy_queue.ready, &env->runq_node);
	else
		heap_insert(&order, &p->node);
}

void policy_remove(struct env *env)
{
	policy_queue.count--;
	if (env->policy.node.place)
		heap_remove(&order, &env->policy.node);
	else
		list_remove(&env->runq_node);
}

struct env *policy_pop(struct cpu *cpu, const struct env *yielder)
{
	struct list *first = list_first(&policy_queue.ready);
	struct heap_node *head = heap_first(&order);
	struct env *env = first ? LIST_ENTRY(first, struct env, runq_node) : head ? env_of(head) : NULL;

	cpu->poked = false;
	if (yielder && (!env || (!first && policy->level && env->policy.level < yielder->policy.level)))
		return NULL;
	cpu->running = env;
	if (!env)
		return NULL;
	policy_remove(env);
	if (!first && (int64_t)(env->policy.node.key - policy_now) > 0)
		policy_now = env->policy.node.key;
	env->sched = SCHED_RUNNING;
	__atomic_store_n(&env->cpu, cpu, __ATOMIC_RELEASE);
	return env;
}

struct cpu *policy_preempt(const struct env *env)
{
	struct cpu *lowest = NULL;

	/* One that was told to look, or is about to, will take the best there is. */
	for (unsigned n = 0; n < cpu_count && policy->level; n++) {
		struct cpu *cpu = cpus[n];
		if (cpu->running && !cpu->poked &&
		    (!lowest || cpu->running->policy.level < lowest->running->policy.level))
			lowest = cpu;
	}
	if (!lowest || lowest->running->policy.level >= env->policy.level)
		return NULL;
	lowest->poked = true;
	return lowest;
}

/* --- Levels --- */

/*
 * The own level of env, or one of its lenders, has changed: so may its level, and those of whom it lends to, and so on. It
 * ends, since in a circle of those who wait for each other, too, levels only rise, or only fall. Returns the CPU to poke.
 */
static struct cpu *relevel(struct env *env) REQUIRES(policy_queue.lock)
{
	struct env *changed = NULL;

	for (; env; env = env->policy.lends_to) {
		struct policy_env *p = &env->policy;
		uint32_t level = level_lent(p);
		if (level == p->level)
			break;
		p->level = env->pub->env_priority = level;
		if (p->node.place) {
			heap_remove(&order, &p->node);
			p->node.key = policy->key(env, TURN_BROKEN_OFF);
			heap_insert(&order, &p->node);
		}
		changed = env;
	}
	if (!changed || !order.count)
		return NULL;
	/* One that is in the order may have risen above who runs; one that runs may have sunk below the first in it. */
	return policy_preempt(changed->policy.node.place ? changed : env_of(heap_first(&order)));
}

void policy_lend(struct env *env, struct env *to)
{
	if (!policy->level)
		return;
	spin_lock(&policy_queue.lock);
	env->policy.lends_to = to;
	list_push_back(&to->policy.lenders, &env->policy.lender);
	struct cpu *cpu = relevel(to);
	spin_unlock(&policy_queue.lock);
	sched_poke(cpu);
}

void policy_lend_end(struct env *env)
{
	spin_lock(&policy_queue.lock);
	struct env *to = env->policy.lends_to;
	env->policy.lends_to = NULL;
	list_remove(&env->policy.lender);
	struct cpu *cpu = to ? relevel(to) : NULL;
	spin_unlock(&policy_queue.lock);
	sched_poke(cpu);
}

/* --- Parameters --- */

static struct cpu *level_anew(struct env *env) REQUIRES(policy_queue.lock)
{
	env->policy.own_level = policy->level(env);
	return relevel(env);
}

void policy_create(struct env *env, const struct env *parent)
{
	struct policy_env *p = &env->policy;

	p->priority = parent ? parent->policy.priority : PRIORITY_NORMAL;
	env->pub->env_tickets = parent ? parent->pub->env_tickets : TICKETS_NORMAL;
	p->stride = stride_for(env->pub->env_tickets);
	p->used = 0;
	env->pub->env_priority = p->level = p->own_level = p->priority;
	if (!policy)
		return;
	spin_lock(&policy_queue.lock);
	p->pass = policy_now;
	spin_unlock(&policy_queue.lock);
}

/* A program may always give less than it has itself. */
static int check(uint32_t value, uint32_t least, uint32_t most, uint32_t own)
{
	if (value < least || value > most)
		return -E_INVAL;
	return value <= own || env_may(RIGHT_SCHED) ? 0 : -E_BAD_ENV;
}

int policy_set_priority(struct env *env, uint32_t priority)
{
	struct cpu *cpu = NULL;
	int error = check(priority, 0, PRIORITY_MAX, this_cpu()->env->policy.priority);

	if (error)
		return error;
	env->policy.priority = priority;
	if (!policy || !policy->level) {
		env->pub->env_priority = priority;
		return 0;
	}
	spin_lock(&policy_queue.lock);
	cpu = level_anew(env);
	spin_unlock(&policy_queue.lock);
	sched_poke(cpu);
	return 0;
}

int policy_set_tickets(struct env *env, uint32_t tickets)
{
	int error = check(tickets, 1, TICKETS_MAX, this_cpu()->env->pub->env_tickets);

	if (error)
		return error;
	env->pub->env_tickets = tickets;
	env->policy.stride = stride_for(tickets);
	return 0;
}

const struct env *policy_at(uint32_t place)
{
	return place <= order.count ? env_of(order.nodes[place]) : NULL;
}
