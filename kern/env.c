/*
 * Environments: slots and ids, look-up, creation, public records. Their end is in end.c, waits in wait.c, what others
 * do to them in status.c.
 */
#include <abi/error.h>
#include <abi/rights.h>
#include <common/string.h>
#include <kern/boot.h>
#include <kern/budget.h>
#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/family.h>
#include <kern/print.h>
#include <kern/trace.h>

#define ENVS_PER_PAGE (PGSIZE / sizeof(struct env)) /* private records in a page */

static_assert(sizeof(struct env) <= PGSIZE, "private records fit their page");
static_assert(sizeof(struct Env) * NENV <= PTSIZE, "public records fit their window");

struct spinlock family_lock = SPINLOCK(RANK_FAMILY, "family");

static struct Env *records;    /* public: UENVS of programs */
struct env *env_slots[NENV]; /* private, made when a slot is first used; until then: */
static struct env nobody = { .lock = SPINLOCK(RANK_ENV, "nobody") };
static uint32_t limit;
static uint32_t fresh GUARDED_BY(family_lock); /* slots from here on were never used */
struct list env_free_slots = LIST_EMPTY(env_free_slots); /* used before; the last freed is the first */
static atomic_t live;

void env_init(void)
{
	/* An environment takes six pages and more: an eighth of the pages is never the tighter limit. */
	limit = MIN(MAX(boot_ram_pages() / 8, 64u), (uint32_t)NENV);
	budget_init(limit);
	for (unsigned i = 0; i < NENV; i++)
		env_slots[i] = &nobody;
	records = boot_alloc(limit * sizeof *records);
	arch_space_publish(UENVS, records, limit * sizeof *records);
}

const struct Env *env_records(void)
{
	return records;
}

uint32_t env_limit(void)
{
	return limit;
}

uint32_t env_slots_used(void) UNCHECKED_LOCKING
{
	return fresh;
}

uint32_t env_live(void)
{
	return atomic_load(&live);
}

struct env *env_slot(uint32_t index)
{
	struct env *env = index < limit ? __atomic_load_n(&env_slots[index], __ATOMIC_ACQUIRE) : &nobody;

	return env != &nobody ? env : NULL;
}

/* Make the private records of the page that the never used slot `index` falls into. */
static int slots_grow(uint32_t index) REQUIRES(family_lock)
{
	pfn_t pfn = page_take_kernel();

	if (!pfn)
		return -E_NO_MEM;
	for (uint32_t i = 0; i < ENVS_PER_PAGE && index + i < limit; i++) {
		struct env *env = (struct env *)page_address(pfn) + i;
		spin_init(&env->lock, RANK_ENV, "environment", index + i);
		env->index = index + i;
		env->pub = &records[index + i];
		list_init(&env->runq_node);
		list_init(&env->policy.lenders);
		list_init(&env->policy.lender);
		list_init(&env->children);
		list_init(&env->sibling);
		list_init(&env->mates);
		list_init(&env->listener);
		list_init(&env->waiters);
		list_init(&env->wait_node);
		list_init(&env->senders);
		__atomic_store_n(&env_slots[index + i], env, __ATOMIC_RELEASE);
	}
	return 0;
}

static int slot_take(struct env **env) REQUIRES(family_lock)
{
	struct list *node = list_pop_front(&env_free_slots);

	if (node) {
		*env = LIST_ENTRY(node, struct env, runq_node);
		return 0;
	}
	if (fresh == limit)
		return -E_NO_FREE_ENV;
	if (env_slots[fresh] == &nobody) {
		int error = slots_grow(fresh);
		if (error)
			return error;
	}
	*env = env_slots[fresh++];
	return 0;
}

void env_slot_give(struct env *env)
{
	list_push_front(&env_free_slots, &env->runq_node);
	atomic_add(&live, -1u);
}

/* May parent have one more child? */
static bool may_create(const struct env *parent) REQUIRES(family_lock)
{
	/* One whose end has begun has no more children: who ends all of a space finds all that there are. */
	return !parent || (!parent->dying && budget_has_room(parent->budget, NULL));
}

/* All public fields at birth. */
static void reset_public(struct Env *pub, envid_t id, const struct env *parent)
{
	memset(pub, 0, sizeof *pub);
	pub->env_id = id;
	pub->env_parent_id = parent ? parent->pub->env_id : 0;
	pub->env_status = ENV_NOT_RUNNABLE;
	pub->env_wait = ENV_WAIT_SUSPENDED;
	pub->env_exception_stack = UXSTACKTOP;
}

/* All others. What the last one in this slot had in lists, it was taken out of at its end. */
static void reset(struct env *env, struct env *parent, struct space *space) REQUIRES(family_lock, env->lock)
{
	env->out_of_the_ordinary = 0;
	env->suspended = true;
	env->ends_space = env->ended_itself = env->left_space = env->first = env->orphan = false;
	env->active = env->restarts = env->unparked = env->was_awaited = env->gave_way = false;
	env->wait = ENV_WAIT_NONE;
	env->sched = SCHED_OFF;
	env->open_to = 0;
	env_open_window(env, UTOP);
	env->irq_lines = env->irq_pending = 0;
	env->step = (struct env_step){ .kept = parent && parent->step.kept };
	env->space = space;
	env->leads = !parent || parent->space != space;
	env->cpu = this_cpu();
	policy_create(env, parent);
	env->rights = parent ? parent->rights : (uint32_t)RIGHTS_ALL;
	env->budget = parent ? parent->budget : NULL;
	env->held = env->ends = NULL;
	env->parent = parent;
	memset(env->notices, 0, sizeof env->notices);
	env->notice_next = 0;
	env->awaited = (struct env_notice){ 0 };
}

/* Make it known. */
static void enter(struct env *env, envid_t id) REQUIRES(family_lock, env->lock)
{
	if (unlikely(env->budget))
		budget_enter(env->budget);
	if (env->parent)
		list_push_back(&env->parent->children, &env->sibling);
	if (!env->leads)
		list_push_back(&env->parent->mates, &env->mates);
	env->id = id;
	env->alive = true;
	atomic_add(&live, 1);
}

int env_create(struct env *parent, struct space *space, struct env **made) UNCHECKED_LOCKING
{
	struct env *env;

	spin_lock(&family_lock);
	int error = may_create(parent) ? slot_take(&env) : -E_NO_FREE_ENV;
	if (error) {
		spin_unlock(&family_lock);
		return error;
	}
	spin_lock(&env->lock);
	envid_t id = id_after(env->pub->env_id, env->index, LOG2NENV);
	reset_public(env->pub, id, parent);
	reset(env, parent, space);
	enter(env, id);
	spin_unlock(&family_lock);
	TRACE_ABOUT(SCHED, MADE, id, env->pub->env_parent_id, 0, 0);
	kverbose("[%08x] new env %08x\n", env->pub->env_parent_id, id);
	*made = env;
	return 0;
}

bool env_may(uint32_t right)
{
	return this_cpu()->env->rights & right;
}

int env_find(envid_t id, bool right, struct env **found)
{
	struct env *self = this_cpu()->env;

	if (id == 0 || (self && id == self->pub->env_id)) {
		*found = self;
		return 0;
	}
	struct env *env = env_lock_id(id);
	if (!env)
		return -E_BAD_ENV;
	if (right && env->pub->env_parent_id != self->pub->env_id) {
		spin_unlock(&env->lock);
		return -E_BAD_ENV;
	}
	*found = env;
	return 0;
}

void env_release(struct env *env)
{
	if (env != this_cpu()->env)
		spin_unlock(&env->lock);
}

int env_space_pin(envid_t id, struct space **space)
{
	struct env *env;
	int error = env_find(id, true, &env);

	if (error)
		return error;
	*space = env->space;
	space_pin(*space);
	env_release(env);
	return 0;
}

/*
 * It waits for a message by a call that can be left in the fast way, and nothing else is the matter with it; nor has
 * the scheduling policy a say in who runs next.
 */
static bool is_open(const struct env *env)
{
	return env->wait == ENV_WAIT_MESSAGE && !env->out_of_the_ordinary && !env->sending_to && !policy &&
	       arch_call_is_fast(&env->pub->env_tf);
}

void env_publish(struct env *env)
{
	struct Env *pub = env->pub;

	env->open_to = !is_open(env) ? 0 : pub->env_wait_for ? pub->env_wait_for : OPEN_TO_ALL;

	pub->env_wait = env->suspended ? (uint32_t)ENV_WAIT_SUSPENDED : env->wait;
	if (env->dying)
		pub->env_status = ENV_DYING;
	else if (env->suspended || env->wait)
		pub->env_status = ENV_NOT_RUNNABLE;
	/*
	 * Waits for what only another environment can bring do not keep the system going. One that was suspended does until
	 * it stands still: it may be in a call that makes another runnable.
	 */
	bool stands = env->suspended && env->sched == SCHED_OFF;
	bool needs_another = !env->timed && (env->wait == ENV_WAIT_END || env->wait == ENV_WAIT_MESSAGE ||
					     env->wait == ENV_WAIT_SEND || env->wait == ENV_WAIT_PARK);
	bool active = env->dying || (!stands && !needs_another);
	if (active != env->active) {
		env->active = active;
		sched_count_active(active ? 1 : -1);
	}
}

bool env_any_dying(void)
{
	for (uint32_t i = 0; i < limit; i++) {
		const struct env *env = env_slot(i);
		if (env && __atomic_load_n(&env->alive, __ATOMIC_ACQUIRE) && env->dying)
			return true;
	}
	return false;
}

/* For people. tools/gdb/finch.py looks here too. */
static const char *const state_names[] = {
	[ENV_FREE] = "free", [ENV_DYING] = "dying", [ENV_RUNNABLE] = "ready", [ENV_RUNNING] = "running",
};
static const char *const wait_names[] = {
	[ENV_WAIT_NONE] = "waiting",
	[ENV_WAIT_SUSPENDED] = "suspended",
	[ENV_WAIT_CONSOLE] = "waiting for the console",
	[ENV_WAIT_END] = "waiting for the end of",
	[ENV_WAIT_MESSAGE] = "waiting for a message",
	[ENV_WAIT_SEND] = "waiting to send to",
	[ENV_WAIT_DELIVERY] = "taking a message",
	[ENV_WAIT_PARK] = "parked",
	[ENV_WAIT_BUDGET] = "waiting for the end of a budget",
};

/* Where env stands, and for whom it waits. */
static void print_state(const struct env *env)
{
	const struct Env *pub = env->pub;
	const struct env *to = env->sending_to;

	if (pub->env_status < ARRAY_SIZE(state_names)) {
		kprintf("%s", state_names[pub->env_status]);
		return;
	}
	kprintf("%s", env->wait < ARRAY_SIZE(wait_names) ? wait_names[env->wait ? env->wait : pub->env_wait] : "?");
	if (env->wait == ENV_WAIT_END || env->wait == ENV_WAIT_SEND)
		kprintf(" %08x", pub->env_wait_for);
	else if (env->wait == ENV_WAIT_MESSAGE && pub->env_wait_for)
		kprintf(" from %08x", pub->env_wait_for);
	if (env->wait == ENV_WAIT_MESSAGE && to)
		kprintf(", which has not taken the call yet");
	kprintf("%s%s", env->timed ? ", for a time" : "", env->suspended && env->wait ? ", suspended" : "");
}

void env_print_all(void)
{
	for (uint32_t i = 0; i < limit; i++) {
		const struct env *env = env_slot(i);
		if (!env || !env->alive)
			continue;
		const struct Env *pub = env->pub;
		kprintf("%08x  parent %08x  CPU %d  runs %u  ip %08lx  %s  ", pub->env_id, pub->env_parent_id,
			pub->env_cpunum, pub->env_runs, (unsigned long)arch_frame_ip(&pub->env_tf),
			pub->env_label[0] ? pub->env_label : "-");
		print_state(env);
		kprintf("\n");
	}
}
