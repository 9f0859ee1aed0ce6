/*
 * The end of an environment.
 *
 * env_doom marks it; from then on it runs no user instruction: a CPU that runs it is made to enter the kernel. Then
 * it is taken apart, a bounded slice at a time (env_reap_slice): first it leaves its address space, which goes with its
 * last environment, then its family, and its id ends. The first slice is done by its killer, or by the CPU that it ran
 * on; between slices it stands in a run queue like one that is ready, and whoever picks it does the next.
 *
 * The end of the one that a space was made for is the end of all in it, and so is that of one that asked for it
 * or made an unhandled exception: its first slices end the others.
 */
#include <abi/error.h>
#include <arch/switch.h>
#include <kern/budget.h>
#include <kern/console.h>
#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/family.h>
#include <kern/irq.h>
#include <kern/message.h>
#include <kern/print.h>
#include <kern/request.h>
#include <kern/rest.h>
#include <kern/sched_run.h>
#include <kern/trace.h>
#include <kern/verify.h>

#define MATES_AT_ONCE 16   /* environments of a space that are ended under the family lock at once */
#define ORPHANS_AT_ONCE 64 /* children that are passed on */

static int first_status = -1;

int env_first_status(void)
{
	return first_status;
}

/*
 * Returns the CPU that still runs env as a mask. If that is 0 and env is not the caller, it stands in no queue, and is
 * the caller's to take apart.
 */
static uint32_t env_doom(struct env *env, int status, bool itself) REQUIRES(env->lock)
{
	if (env->dying)
		return 0;
	env->dying = true;
	env->id = 0;
	env->status = status;
	env->ended_itself = itself;
	env->ended_by = this_cpu()->env ? this_cpu()->env->pub->env_id : 0;
	if (env->wait == ENV_WAIT_CONSOLE)
		console_forget(env);
	message_forget(env);
	if (env->policy.lends_to)
		policy_lend_end(env);
	deadline_cancel(env);
	env_publish(env);
	if (env == this_cpu()->env)
		return 0;
	return sched_take_off(env) ? 0 : 1u << env->cpu->number;
}

uint32_t env_doom_other(struct env *env, int status, bool itself)
{
	if (env->dying)
		return 0;
	uint32_t runs_on = env_doom(env, status, itself);
	if (!runs_on)
		sched_ready_here(env);
	return runs_on;
}

void env_end_current(int status, bool itself, bool all)
{
	struct env *env = this_cpu()->env;

	spin_lock(&env->lock);
	if (!env->dying)
		env->ends_space = all;
	env_doom(env, status, itself);
	spin_unlock(&env->lock);
	/* Even if another has begun its end, whose request is still on the way: it goes no further. */
	this_cpu()->attention |= ATTEND_ENV;
}

int env_destroy(envid_t id) UNCHECKED_LOCKING
{
	struct env *env, *self = this_cpu()->env;
	int error = env_find(id, true, &env);

	if (error)
		return error;
	if (env == self) {
		kverbose("[%08x] exiting gracefully\n", self->pub->env_id);
		env_end_current(0, true, false);
		return 0;
	}
	kverbose("[%08x] destroying %08x\n", self->pub->env_id, env->pub->env_id);
	uint32_t runs_on = env_doom(env, -E_KILLED, false);
	spin_unlock(&env->lock);
	/* If it runs elsewhere: when the answer is here, it has run its last instruction. Else it is ours to take apart. */
	if (runs_on)
		request_all(runs_on);
	else
		sched_take_apart(env);
	return 0;
}

/* Children of the dead pass to their grandparent, some at a time. One that has none any more gets no new ones. */
static void orphans_pass_on(struct env *env)
{
	struct list *node;

	spin_lock(&family_lock);
	for (unsigned n = 0; n < ORPHANS_AT_ONCE && (node = list_pop_front(&env->children)); n++) {
		struct env *child = LIST_ENTRY(node, struct env, sibling);
		spin_lock(&child->lock);
		child->parent = env->parent;
		child->orphan = true;
		child->pub->env_parent_id = env->pub->env_parent_id;
		spin_unlock(&child->lock);
		if (env->parent)
			list_push_back(&env->parent->children, node);
	}
	spin_unlock(&family_lock);
}

static void vanish(struct env *env)
{
	struct Env *pub = env->pub;

	TRACE_ABOUT(SCHED, ENDED, pub->env_id, env->status, env->ended_by, 0);
	kverbose("[%08x] free env %08x\n", env->ended_by, pub->env_id);
	if (unlikely(env->drives)) {
		irq_forget(env);
		arch_env_free_ports(env);
	}
	if (env->first)
		first_status = env->ended_itself ? REST_EXITED : REST_DESTROYED;
	spin_lock(&family_lock);
	list_remove(&env->sibling);
	list_remove(&env->mates);
	list_remove(&env->listener);
	list_remove(&env->wait_node);
	wait_notify_all(env);
	spin_lock(&env->lock);
	message_forget(env); /* one that it sent when its end had begun */
	if (env->policy.lends_to)
		policy_lend_end(env);
	env->alive = false;
	env->id = 0;
	env->space = NULL;
	env->parent = NULL;
	env->sched = SCHED_OFF;
	pub->env_status = ENV_FREE;
	env->active = false;
	spin_unlock(&env->lock);
	wait_notify_listeners();
	message_partner_ended(env, pub->env_id);
	env_slot_give(env);
	/* Who waits for the end of all in a budget finds nothing of it. */
	if (unlikely(env->budget || env->held || env->ends))
		budget_forget(env);
	spin_unlock(&family_lock);
	/* Last: those who were told are counted by now. */
	sched_count_active(-1);
}

/* End others of env's space as env has ended, some of them. */
static void end_mates(struct env *env)
{
	uint32_t runs_on = 0;
	struct list *node;

	spin_lock(&family_lock);
	for (unsigned n = 0; n < MATES_AT_ONCE && (node = list_pop_front(&env->mates)); n++) {
		struct env *mate = LIST_ENTRY(node, struct env, mates);
		spin_lock(&mate->lock);
		runs_on |= env_doom_other(mate, env->status, env->ended_itself);
		spin_unlock(&mate->lock);
	}
	spin_unlock(&family_lock);
	request_all(runs_on);
}

bool env_reap_slice(struct env *env)
{
	if (!env->left_space) {
		if ((env->leads || env->ends_space) && !list_empty(&env->mates)) {
			end_mates(env);
			return false;
		}
		/* Its end is told when none of its space runs any more. */
		if (env->leads && !space_alone(env->space, env))
			return true;
		env->left_space = true;
		if (env->leads) {
			space_leave(env->space);
		} else {
			struct env *last = space_part(env->space);
			if (last)
				sched_ready_here(last);
		}
	}
	if (unlikely(!list_empty(&env->children))) {
		orphans_pass_on(env);
		return false;
	}
	if (unlikely(!list_empty(&env->senders)) && !message_refuse(env))
		return false;
	if (env->leads && !space_destroy_slice(env->space))
		return false;
	vanish(env);
	return true;
}

struct env *env_attend(void)
{
	struct cpu *cpu = this_cpu();
	struct env *env = cpu->env, *ending = NULL;

	spin_lock(&env->lock);
	if (env->dying) {
		sched_charge(cpu, env);
		cpu->env = NULL;
		ending = env;
	} else if (env->suspended) {
		arch_env_save(cpu, env);
		sched_charge(cpu, env);
		cpu->env = NULL;
		env->sched = SCHED_OFF;
		env_publish(env);
	}
	spin_unlock(&env->lock);
	if (cpu->env) {
		arch_env_switch_ports(cpu, env); /* it may have got some while it was suspended */
		verify_attend();
	}
	return ending;
}
