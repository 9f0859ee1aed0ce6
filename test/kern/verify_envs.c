/* Invariants of environments: slots, ids, families, queues, waits. All CPUs stand still. */
#include <common/string.h>
#include <kern/cpu.h>
#include <kern/family.h>
#include <kern/irq.h>
#include "verify.h"

/* In which lists a slot was found; through runq_node the first three, through wait_node the next, through sibling. */
enum { IN_QUEUE = 1, ON_CPU = 2, IN_FREE = 4, IN_WAITERS = 8, IN_SENDERS = 16, IS_CHILD = 32 };

static uint8_t where[NENV];

static uint32_t id_of(const struct env *env)
{
	return env->pub->env_id;
}

/* Mark env as found; the same kind twice is wrong. */
static void found(const struct env *env, unsigned as)
{
	if (where[env->index] & as)
		wrong("%08x is twice in lists of kind %u\n", id_of(env), as);
	where[env->index] |= as;
}

/* Is the list one that can be followed? */
static bool list_good(const struct list *head, const char *name, uint32_t of)
{
	unsigned steps = 0;

	LIST_FOR_EACH(node, head) {
		if (node->next->prev != node || node->prev->next != node || steps++ > NENV) {
			wrong("%s of %08x: the list is broken\n", name, of);
			return false;
		}
	}
	return true;
}

/* --- What stands in lists --- */

static void check_queued(const struct env *env, const struct cpu *cpu)
{
	if (!env->alive || env->sched != SCHED_QUEUED || (cpu && env->cpu != cpu))
		wrong("%08x stands in the queue of CPU %d, but should not\n", id_of(env), cpu ? (int)cpu->number : -1);
	found(env, IN_QUEUE);
}

/* cpu: whose it is; NULL: the one of all CPUs. Returns how many stand in its list. */
static uint32_t walk_queue(const struct runq *runq, const struct cpu *cpu)
{
	uint32_t count = 0;

	if (spin_is_taken(&runq->lock))
		wrong("a run queue is locked\n");
	if (!list_good(&runq->ready, "the run queue", cpu ? cpu->number : 0))
		return 0;
	LIST_FOR_EACH(node, &runq->ready) {
		check_queued(LIST_ENTRY(node, struct env, runq_node), cpu);
		count++;
	}
	return count;
}

static void check_count(const struct runq *runq, uint32_t count)
{
	if (count != runq->count)
		wrong("%u stand in a run queue, the count says %u\n", count, runq->count);
}

/* Those in the order: each at its place, none before the one above it. */
static uint32_t walk_order(void)
{
	uint32_t place = 1;

	for (const struct env *env; (env = policy_at(place)); place++) {
		check_queued(env, NULL);
		if (env->policy.node.place != place || env->dying)
			wrong("%08x stands at place %u of the order, but should not\n", id_of(env), place);
		if ((int64_t)(env->policy.node.key - policy_at(MAX(place / 2, 1u))->policy.node.key) < 0)
			wrong("%08x goes before the one above it in the order\n", id_of(env));
	}
	return place - 1;
}

/* No CPU runs one of a lower level than one that is ready, but for CPUs that have been told. */
static void check_levels(const struct cpu *cpu)
{
	for (uint32_t place = 1; policy_at(place); place++) {
		const struct env *env = policy_at(place);
		if (!env->suspended && cpu->env->policy.level < env->policy.level && !cpu->poked)
			wrong("%08x runs with level %u, and %08x is ready with level %u\n", id_of(cpu->env),
			      cpu->env->policy.level, id_of(env), env->policy.level);
	}
}

/* Its level is its own, or that of one who lends to it; and lenders are of those who wait. */
static void check_lenders(const struct env *env)
{
	uint32_t level = env->policy.own_level;

	if (!list_good(&env->policy.lenders, "lenders", id_of(env)))
		return;
	LIST_FOR_EACH(link, &env->policy.lenders) {
		const struct env *lender = LIST_ENTRY(link, struct env, policy.lender);
		level = MAX(level, lender->policy.level);
		if (lender->policy.lends_to != env || !lender->alive || lender->dying ||
		    (lender->wait != ENV_WAIT_MESSAGE && lender->wait != ENV_WAIT_SEND))
			wrong("%08x lends its level to %08x, but should not\n", id_of(lender), id_of(env));
	}
	if (env->alive && !env->dying && level != env->policy.level)
		wrong("%08x has the level %u, not %u\n", id_of(env), env->policy.level, level);
}

static void check_queues(void)
{
	if (policy)
		check_count(&policy_queue, walk_queue(&policy_queue, NULL) + walk_order());
	for (unsigned n = 0; n < cpu_count; n++) {
		uint32_t count = walk_queue(&cpus[n]->runq, cpus[n]);
		check_count(&cpus[n]->runq, count);
		if (policy && count)
			wrong("CPU %u has a queue of its own\n", n);
	}
}

static void check_cpu(const struct cpu *cpu)
{
	const struct env *env = cpu->env;

	if (!env)
		return;
	found(env, ON_CPU);
	if (!env->alive || env->sched != SCHED_RUNNING || env->cpu != cpu || cpu->space != env->space)
		wrong("%08x is on CPU %u, but should not\n", id_of(env), cpu->number);
	if (!policy)
		return;
	if (cpu->running != env)
		wrong("CPU %u runs %08x, but that is not known\n", cpu->number, id_of(env));
	if (policy->level && policy->strict && !env->dying && !env->suspended)
		check_levels(cpu);
}

static unsigned walk_free_slots(void)
{
	unsigned count = 0;

	if (!list_good(&env_free_slots, "free slots", 0))
		return 0;
	LIST_FOR_EACH(node, &env_free_slots) {
		const struct env *env = LIST_ENTRY(node, struct env, runq_node);
		if (env->alive)
			wrong("%08x is alive, its slot free\n", id_of(env));
		found(env, IN_FREE);
		count++;
	}
	return count;
}

static void walk_family(const struct env *env)
{
	if (!list_good(&env->children, "children", id_of(env)) || !list_good(&env->waiters, "waiters", id_of(env)) ||
	    !list_good(&env->senders, "senders", id_of(env)))
		return;
	if (!env->alive && !(list_empty(&env->children) && list_empty(&env->waiters) && list_empty(&env->senders)))
		wrong("slot %u is free, but has children, waiters or senders\n", env->index);
	LIST_FOR_EACH(node, &env->children) {
		const struct env *child = LIST_ENTRY(node, struct env, sibling);
		found(child, IS_CHILD);
		if (child->parent != env)
			wrong("%08x is a child of %08x, but has another parent\n", id_of(child), id_of(env));
	}
	LIST_FOR_EACH(node, &env->waiters) {
		const struct env *waiter = LIST_ENTRY(node, struct env, wait_node);
		found(waiter, IN_WAITERS);
		if (waiter->pub->env_wait_for != env->pub->env_id)
			wrong("%08x is among who wait for %08x, but waits for %08x\n", id_of(waiter), id_of(env),
			      waiter->pub->env_wait_for);
	}
	LIST_FOR_EACH(node, &env->senders) {
		const struct env *sender = LIST_ENTRY(node, struct env, wait_node);
		found(sender, IN_SENDERS);
		if (sender->sending_to != env)
			wrong("%08x queues for %08x, but does not send to it\n", id_of(sender), id_of(env));
	}
}

/* --- Each slot --- */

static void check_record(const struct env *env)
{
	const struct Env *pub = env->pub;
	const struct env *parent = env->parent;

	if (ENVX(pub->env_id) != (int)env->index || pub->env_id < NENV)
		wrong("slot %u has id %08x\n", env->index, id_of(env));
	if (spin_is_taken(&env->lock))
		wrong("%08x is locked\n", id_of(env));
	if (parent ? !parent->alive || parent->pub->env_id != pub->env_parent_id : pub->env_parent_id != 0)
		wrong("%08x: its parent is not %08x\n", id_of(env), (uint32_t)pub->env_parent_id);
	if (!(where[env->index] & IS_CHILD) != !parent)
		wrong("%08x is not in its parent's list, or has none\n", id_of(env));
}

/* The others of its space, as long as none of them is being ended with all. */
static void check_mates(const struct env *env)
{
	if (!list_good(&env->mates, "those of the space", id_of(env)))
		return;
	LIST_FOR_EACH(node, &env->mates) {
		const struct env *mate = LIST_ENTRY(node, struct env, mates);
		if (!mate->alive || mate->space != env->space || (mate->leads && env->leads))
			wrong("%08x is not of the space of %08x, or leads it too\n", id_of(mate), id_of(env));
	}
}

/* Is it one that waits for its space to be left by others, to go last? Then it stands nowhere. */
static bool waits_for_mates(const struct env *env)
{
	return env->dying && env->leads && !env->left_space && env->space->last == env;
}

/* Where it stands, against what it says of itself. */
static void check_place(const struct env *env)
{
	static const uint8_t places[] = { [SCHED_OFF] = 0, [SCHED_QUEUED] = IN_QUEUE, [SCHED_RUNNING] = ON_CPU };
	unsigned in = where[env->index];
	uint32_t status = env->pub->env_status;

	if (!(in & (IN_QUEUE | ON_CPU | IN_FREE)) && waits_for_mates(env))
		return;
	if ((in & (IN_QUEUE | ON_CPU | IN_FREE)) != places[env->sched])
		wrong("%08x: it is in place %u, and found in lists %x\n", id_of(env), env->sched, in);
	if (env->sched == SCHED_OFF && (env->dying || !(env->suspended || env->wait)))
		wrong("%08x could run, but stands in no queue\n", id_of(env));
	if (env->sched != SCHED_OFF && env->wait && !env->dying)
		wrong("%08x waits, but stands in a queue or runs\n", id_of(env));
	uint32_t right = env->dying ? ENV_DYING : env->suspended || env->wait ? ENV_NOT_RUNNABLE :
			 env->sched == SCHED_RUNNING ? ENV_RUNNING : ENV_RUNNABLE;
	if (status != right)
		wrong("%08x: its status is %u, not %u\n", id_of(env), status, right);
}

/* One that is dying has kept what it waited for, but is in no queue of senders. */
static void check_wait(const struct env *env)
{
	unsigned in = where[env->index] & (IN_WAITERS | IN_SENDERS), want = 0;

	if (env->wait == ENV_WAIT_END)
		want = IN_WAITERS;
	else if (!env->dying && (env->wait == ENV_WAIT_SEND || (env->wait == ENV_WAIT_MESSAGE && env->sending_to)))
		want = IN_SENDERS;
	if (in != want)
		wrong("%08x waits for %u, and is found in lists %x\n", id_of(env), env->wait, in);
	if (env->wait == ENV_WAIT_DELIVERY)
		wrong("%08x is still being given a message\n", id_of(env));
	if (!in && env->wait != ENV_WAIT_CONSOLE && env->wait != ENV_WAIT_BUDGET && !list_empty(&env->wait_node))
		wrong("%08x is in a list of those who wait, but does not wait\n", id_of(env));
	if (!env->sending_to != !(in & IN_SENDERS))
		wrong("%08x sends, but stands in no queue, or the other way round\n", id_of(env));
	if (env->wait == ENV_WAIT_MESSAGE && !env->pub->env_wait_for && !env->suspended && !env->dying &&
	    !list_empty(&env->senders))
		wrong("%08x waits for a message, and senders wait for it\n", id_of(env));
}

/* Interrupt lines: the table against what their owners know. */
static void check_line(unsigned number)
{
	const struct irq_line *line = &irq_table[number];
	unsigned owners = 0, undone = 0, known = 0;

	for (unsigned i = 0; i < IRQ_OWNERS_MAX; i++) {
		const struct irq_owner *owner = &line->owners[i];
		if (!owner->env)
			continue;
		owners++;
		undone += !owner->done;
		if (!owner->env->alive || id_of(owner->env) != (uint32_t)owner->id || !owner->env->drives)
			wrong("line %u is owned by %08x, which has ended\n", number, owner->id);
	}
	for (uint32_t i = 0; i < env_limit(); i++)
		known += env_slot(i) && env_slot(i)->irq_lines >> number & 1;
	if (owners != known)
		wrong("line %u has %u owners, of whom %u know\n", number, owners, known);
	if (owners && line->held && !undone)
		wrong("line %u is held back for nobody\n", number);
}

static void check_interrupts(const struct env *env)
{
	if (env->irq_pending & ~env->irq_lines)
		wrong("%08x: lines %x came, it is attached to %x\n", id_of(env), env->irq_pending, env->irq_lines);
	if (env->irq_pending && env->wait == ENV_WAIT_MESSAGE && !env->pub->env_wait_for && !env->dying)
		wrong("%08x waits for a message, and has an interrupt\n", id_of(env));
}

static void check_counts(unsigned free, unsigned live, unsigned active)
{
	if (live != env_live())
		wrong("%u environments live, the count says %u\n", live, env_live());
	if (free + live != env_slots_used())
		wrong("%u slots were used, %u environments live, %u slots are free\n", env_slots_used(), live, free);
	/* Before the first programs, the boot counts itself. */
	if (active != sched_active() && this_cpu()->env)
		wrong("%u environments are active, the count says %u\n", active, sched_active());
}

/* Those whose waits are timed stand in the heap, each at its place, parents before children; and nobody else. */
static void check_deadlines(unsigned timed)
{
	uint32_t place = 1;

	for (const struct env *env; (env = deadline_at(place)); place++) {
		const struct env *parent = deadline_at(MAX(place / 2, 1u));
		if (env->deadline.node.place != place || !env->alive || !env->wait || !env->timed)
			wrong("%08x has a deadline at place %u, but does not wait with one there\n", id_of(env), place);
		if (parent->deadline.node.key > env->deadline.node.key)
			wrong("%08x has an earlier deadline than %08x above it\n", id_of(env), id_of(parent));
	}
	if (timed != place - 1)
		wrong("%u environments wait with a deadline, there are %u deadlines\n", timed, place - 1);
}

void verify_envs(void)
{
	unsigned live = 0, active = 0, timed = 0;

	memset(where, 0, sizeof where);
	check_queues();
	for (unsigned n = 0; n < cpu_count; n++)
		check_cpu(cpus[n]);
	unsigned free = walk_free_slots();
	for (uint32_t i = 0; i < env_limit(); i++) {
		if (!env_slot(i))
			continue;
		walk_family(env_slot(i));
		if (policy && policy->level)
			check_lenders(env_slot(i));
	}
	for (uint32_t i = 0; i < env_limit(); i++) {
		const struct env *env = env_slot(i);
		if (!env || !env->alive)
			continue;
		live++;
		active += env->active;
		timed += env->timed && !env->dying && (!env->irq_lines || env->deadline.node.place);
		check_record(env);
		check_mates(env);
		check_place(env);
		check_wait(env);
		check_interrupts(env);
	}
	for (unsigned number = 0; number < IRQ_LINES; number++)
		check_line(number);
	check_counts(free, live, active);
	check_deadlines(timed);
	if (spin_is_taken(&family_lock))
		wrong("the family lock is held\n");
}
