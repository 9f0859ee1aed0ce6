/*
 * Notices of ends: a parent remembers those of the last of its children that have ended, until it asks, and who waits for
 * an end is told of that one.
 */
#include <abi/error.h>
#include <kern/cpu.h>
#include <kern/family.h>

static struct env_notice notice_of(const struct env *env)
{
	return (struct env_notice){ .id = env->pub->env_id, .status = env->status };
}

void wait_notify_all(struct env *env)
{
	struct env *parent = env->parent;
	struct list *node;

	/* Orphans by the thousand must not push out what the parent started itself. */
	if (parent && !env->orphan)
		parent->notices[parent->notice_next++ % ENV_NOTICES] = notice_of(env);
	while ((node = list_pop_front(&env->waiters))) {
		struct env *waiter = LIST_ENTRY(node, struct env, wait_node);
		waiter->awaited = notice_of(env);
		env_wake(waiter, ENV_WAIT_END, 0);
	}
}

static struct env_notice *notice_find(struct env *self, envid_t id) REQUIRES(family_lock)
{
	if (self->awaited.id == id)
		return &self->awaited;
	for (unsigned i = 0; i < ENV_NOTICES; i++) {
		if (self->notices[i].id == id)
			return &self->notices[i];
	}
	return NULL;
}

/* Take the notice of id's end out of the caller's, if it is there. */
static bool notice_take(struct env *self, envid_t id, int *status) REQUIRES(family_lock)
{
	struct env_notice *notice = notice_find(self, id);

	if (!notice)
		return false;
	*status = notice->status;
	/* A parent that waited was told twice. */
	while ((notice = notice_find(self, id)))
		notice->id = 0;
	return true;
}

/* Is the notice of id's end there, or still to come? */
static bool notice_possible(struct env *self, envid_t id) REQUIRES(family_lock)
{
	const struct env *env = env_slot(ENVX(id));

	return notice_find(self, id) || (env && env->alive && env->pub->env_id == id);
}

bool env_can_wait(envid_t id)
{
	struct env *self = this_cpu()->env;

	if (id <= 0 || id == self->pub->env_id)
		return false;
	spin_lock(&family_lock);
	bool can = notice_possible(self, id);
	spin_unlock(&family_lock);
	return can;
}

int env_wait(envid_t id, int *status, bool *sleeping)
{
	struct env *self = this_cpu()->env;
	struct env *env = id <= 0 || id == self->pub->env_id ? NULL : env_slot(ENVX(id));

	*sleeping = false;
	if (!env)
		return -E_BAD_ENV;
	spin_lock(&family_lock);
	if (notice_take(self, id, status)) {
		spin_unlock(&family_lock);
		return 0;
	}
	/* It may be dying already; as long as it is alive, the notice is still to come, under this lock. */
	if (!env->alive || env->pub->env_id != id) {
		spin_unlock(&family_lock);
		return -E_BAD_ENV;
	}
	list_push_back(&env->waiters, &self->wait_node);
	env_block(ENV_WAIT_END, id, true, WAIT_FOREVER);
	spin_unlock(&family_lock);
	*sleeping = true;
	return -E_INTERRUPTED;
}
