/* Interrupt lines of programs: see irq.h. */
#include <abi/error.h>
#include <kern/env.h>
#include <kern/irq.h>
#include <kern/platform.h>

static struct spinlock irq_lock = SPINLOCK(RANK_IRQ, "interrupt lines");
struct irq_line irq_table[IRQ_LINES]; /* [irq_lock] */

static struct irq_owner *owner_find(struct irq_line *line, const struct env *env) REQUIRES(irq_lock)
{
	for (unsigned i = 0; i < IRQ_OWNERS_MAX; i++) {
		if (line->owners[i].env == env)
			return &line->owners[i];
	}
	return NULL;
}

/* Has it an owner, or, if `busy`, one that has not said yet that it is done? */
static bool any_owner(const struct irq_line *line, bool busy) REQUIRES(irq_lock)
{
	for (unsigned i = 0; i < IRQ_OWNERS_MAX; i++) {
		if (line->owners[i].env && !(busy && line->owners[i].done))
			return true;
	}
	return false;
}

static void hold(unsigned number) REQUIRES(irq_lock)
{
	platform_irq_disable(number);
	irq_table[number].held = true;
}

static void let_through(unsigned number) REQUIRES(irq_lock)
{
	irq_table[number].held = false;
	platform_irq_enable(number);
}

/* Tell the owner, as it was, that the line has come. */
static void tell(const struct irq_owner *owner, unsigned number)
{
	struct env *env = owner->env;

	spin_lock(&env->lock);
	if (env->id == owner->id && env->irq_lines & 1u << number) {
		env->irq_pending |= 1u << number;
		message_interrupt(env);
	}
	spin_unlock(&env->lock);
}

/* All owners are to handle it. Their list is copied to `owners`, for the lock is let go before they are told. */
static void begin(struct irq_line *line, struct irq_owner owners[IRQ_OWNERS_MAX]) REQUIRES(irq_lock)
{
	for (unsigned i = 0; i < IRQ_OWNERS_MAX; i++) {
		line->owners[i].done = false;
		owners[i] = line->owners[i];
	}
}

static void tell_all(const struct irq_owner owners[IRQ_OWNERS_MAX], unsigned number)
{
	for (unsigned i = 0; i < IRQ_OWNERS_MAX; i++) {
		if (owners[i].env)
			tell(&owners[i], number);
	}
}

void irq_interrupt(unsigned number)
{
	struct irq_line *line = &irq_table[number];
	struct irq_owner owners[IRQ_OWNERS_MAX] = { { 0 } };

	spin_lock(&irq_lock);
	bool owned = any_owner(line, false), again = any_owner(line, true);
	if (!owned || again || platform_irq_keeps(number))
		hold(number);
	if (platform_interrupt(number) == PLATFORM_DEVICE)
		begin(line, owners);
	else if (owned && !again && line->held)
		let_through(number);
	spin_unlock(&irq_lock);
	tell_all(owners, number);
}

/* The line is let through if nobody has to handle it any more, and held back if nobody is attached to it. */
static void settle(unsigned number)
{
	struct irq_line *line = &irq_table[number];
	struct irq_owner owners[IRQ_OWNERS_MAX] = { { 0 } };

	spin_lock(&irq_lock);
	if (!any_owner(line, false)) {
		hold(number);
	} else if (line->held && !any_owner(line, true)) {
		let_through(number);
		if (!platform_irq_keeps(number))
			begin(line, owners); /* what came meanwhile is lost: let them look */
	}
	spin_unlock(&irq_lock);
	tell_all(owners, number);
}

/* -E_NO_MEM: it has too many owners. */
static int join(struct env *env, unsigned number) REQUIRES(env->lock)
{
	struct irq_line *line = &irq_table[number];
	int error = 0;

	spin_lock(&irq_lock);
	struct irq_owner *owner = owner_find(line, env) ? NULL : owner_find(line, NULL);
	bool first = !any_owner(line, false);
	if (owner) {
		*owner = (struct irq_owner){ .env = env, .id = env->id, .done = true };
		env->irq_lines |= 1u << number;
		env->drives = true;
		if (first)
			let_through(number);
	} else if (!(env->irq_lines & 1u << number)) {
		error = -E_NO_MEM;
	}
	spin_unlock(&irq_lock);
	return error;
}

int irq_attach(struct env *env, unsigned number) UNCHECKED_LOCKING
{
	int error = env->dying ? -E_BAD_ENV : join(env, number);

	if (irq_can_end_wait(env)) {
		env->timed = true;
		env_publish(env);
	}
	spin_unlock(&env->lock);
	return error;
}

int irq_done(struct env *env, unsigned number) UNCHECKED_LOCKING
{
	spin_lock(&irq_lock);
	struct irq_owner *owner = owner_find(&irq_table[number], env);
	if (owner)
		owner->done = true;
	spin_unlock(&irq_lock);
	spin_unlock(&env->lock);
	if (owner)
		settle(number);
	return owner ? 0 : -E_INVAL;
}

/* env is no owner of the line any more. False: it was none. */
static bool leave(struct env *env, unsigned number) REQUIRES(env->lock)
{
	spin_lock(&irq_lock);
	struct irq_owner *owner = owner_find(&irq_table[number], env);
	if (owner)
		owner->env = NULL;
	spin_unlock(&irq_lock);
	env->irq_lines &= ~(1u << number);
	env->irq_pending &= ~(1u << number);
	if (env->timed && !irq_can_end_wait(env)) {
		env->timed = env->deadline.serial == env->wait_serial; /* it may still have a time limit */
		env_publish(env);
	}
	return owner;
}

int irq_detach(struct env *env, unsigned number) UNCHECKED_LOCKING
{
	bool left = leave(env, number);

	spin_unlock(&env->lock);
	if (left)
		settle(number);
	return left ? 0 : -E_INVAL;
}

void irq_forget(struct env *env) UNCHECKED_LOCKING
{
	/* Nobody attaches one that is dying, so that no look under its lock is needed. */
	for (uint32_t left = env->irq_lines; left; left &= left - 1) {
		spin_lock(&env->lock);
		irq_detach(env, __builtin_ctz(left));
	}
}
