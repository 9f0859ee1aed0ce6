/* Messages: see message.h. */
#include <abi/error.h>
#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/message.h>

static struct spinlock queue_lock = SPINLOCK(RANK_MESSAGE, "message queues");

/* What a message says, into its receiver's record; page_perm: of the page as it was mapped, 0 if none was. */
static void write_record(struct env *to, const struct message *message, uint32_t page_perm)
{
	struct Env *pub = to->pub;

	pub->env_ipc_recving = false;
	pub->env_ipc_value = message->value;
	pub->env_ipc_from = message->from;
	pub->env_ipc_perm = page_perm;
}

/* Map the page of a message for its receiver, where a table is ready; the reference passes on. */
static uint32_t hand_over(struct space *space, uintptr_t dstva, const struct message *message)
{
	if (!message->page)
		return 0;
	uint32_t perm = 0;
	if (dstva < UTOP && space_insert(space, dstva, message->page, message->perm) == 0)
		perm = message->perm;
	page_drop(message->page);
	return perm;
}

static bool wants_page(const struct env *to, const struct message *message)
{
	return message->page && (uintptr_t)to->pub->env_ipc_dstva < UTOP;
}

/* Give a message with a page to one that was found waiting; its lock is held, and let go. */
static int deliver_page(struct env *to, const struct message *message) UNCHECKED_LOCKING
{
	struct space *space = to->space;
	uintptr_t dstva = (uintptr_t)to->pub->env_ipc_dstva;

	/* From here on it is ours alone: nobody else finds it waiting. */
	uint32_t serial = to->wait_serial;
	to->wait = ENV_WAIT_DELIVERY;
	space_pin(space);
	spin_unlock(&to->lock);
	int error = space_prepare(space, dstva);
	uint32_t perm = error ? 0 : hand_over(space, dstva, message);
	space_unpin(space);
	spin_lock(&to->lock);
	bool still = to->alive && to->wait == ENV_WAIT_DELIVERY && to->wait_serial == serial;
	if (still && error)
		to->wait = ENV_WAIT_MESSAGE;
	else if (still)
		write_record(to, message, perm);
	spin_unlock(&to->lock);
	if (error)
		return error;
	env_wake_wait(to, serial, 0);
	return 0;
}

/* Give it to `to`, which waits for one and whose lock is held; the lock is let go. */
static int deliver(struct env *to, const struct message *message) UNCHECKED_LOCKING
{
	if (wants_page(to, message))
		return deliver_page(to, message);
	write_record(to, message, 0);
	env_end_wait(to, 0);
	spin_unlock(&to->lock);
	if (message->page)
		page_drop(message->page);
	return 0;
}

/* Take the message that env sends, which is no more in a queue then. */
static struct message take(struct env *env) REQUIRES(queue_lock)
{
	struct message message = env->message;

	list_remove(&env->wait_node);
	env->message.page = NO_PAGE;
	env->sending_to = NULL;
	return message;
}

/*
 * The sender is blocked already, in its wait number `serial`: queue its message, unless the receiver waits by now or is
 * gone, or the sender's wait has been ended, and its message with that.
 */
static void queue(struct env *sender, uint32_t serial, uint32_t number, struct env *to, envid_t envid) UNCHECKED_LOCKING
{
	struct message message = { 0 };
	int error = -E_BAD_ENV;

	spin_lock(&to->lock);
	spin_lock(&queue_lock);
	bool ours = sender->sending_to == to && sender->sends == number;
	bool good = to->alive && !to->dying && to->pub->env_id == envid && !sender->dying;
	bool waits = good && to->wait == ENV_WAIT_MESSAGE;
	if (ours && good && !waits)
		list_push_back(&to->senders, &sender->wait_node);
	else if (ours)
		message = take(sender);
	spin_unlock(&queue_lock);
	if (ours && waits)
		error = deliver(to, &message);
	else
		spin_unlock(&to->lock);
	if (!ours || (good && !waits))
		return;
	if (error && message.page)
		page_drop(message.page);
	env_wake_wait(sender, serial, error);
}

int message_send(envid_t envid, const struct message *message, bool blocks) UNCHECKED_LOCKING
{
	struct env *to, *self = this_cpu()->env;
	int error = env_find(envid, false, &to);

	if (error)
		return error;
	if (to == self)
		return -E_IPC_NOT_RECV; /* and never will */
	if (likely(to->wait == ENV_WAIT_MESSAGE))
		return deliver(to, message);
	spin_unlock(&to->lock);
	if (!blocks)
		return -E_IPC_NOT_RECV;
	spin_lock(&queue_lock);
	self->message = *message;
	self->sending_to = to;
	uint32_t number = ++self->sends;
	spin_unlock(&queue_lock);
	sched_count_active(1); /* while we look whether its wait is over already, the system is not at rest */
	queue(self, env_block(ENV_WAIT_SEND, envid, false, WAIT_FOREVER), number, to, envid);
	sched_count_active(-1);
	return 0;
}

/* Take the first message that queues for env; its sender, with the number of its wait. NULL: none. */
static struct env *take_queued(struct env *env, struct message *message, uint32_t *serial)
{
	spin_lock(&queue_lock);
	struct list *node = list_first(&env->senders);
	struct env *sender = node ? LIST_ENTRY(node, struct env, wait_node) : NULL;
	if (sender) {
		*message = take(sender);
		*serial = sender->wait_serial;
	}
	spin_unlock(&queue_lock);
	return sender;
}

/* env waits by now: give it the first message that queued before it did. */
static void match(struct env *env) UNCHECKED_LOCKING
{
	struct message message;
	struct env *sender = NULL;
	uint32_t serial;

	spin_lock(&env->lock);
	if (env->alive && !env->dying && env->wait == ENV_WAIT_MESSAGE)
		sender = take_queued(env, &message, &serial);
	if (!sender) {
		spin_unlock(&env->lock);
		return;
	}
	deliver(env, &message); /* the table for its page is there */
	env_wake_wait(sender, serial, 0);
}

int message_receive(uintptr_t dstva)
{
	struct env *self = this_cpu()->env;
	struct message message;
	uint32_t serial;

	if (dstva < UTOP && space_prepare(self->space, dstva) < 0)
		return -E_NO_MEM;
	self->pub->env_ipc_dstva = (void *)dstva;
	struct env *sender = take_queued(self, &message, &serial);
	if (sender) {
		write_record(self, &message, hand_over(self->space, dstva, &message));
		env_wake_wait(sender, serial, 0);
		return 0;
	}
	self->pub->env_ipc_recving = true;
	sched_count_active(1); /* as in message_send */
	env_block(ENV_WAIT_MESSAGE, 0, false, WAIT_FOREVER);
	/* One that came since has seen that we were not waiting yet. */
	match(self);
	sched_count_active(-1);
	return 0;
}

bool message_forget(struct env *env)
{
	struct message message = { 0 };

	spin_lock(&queue_lock);
	bool there = env->sending_to;
	if (there)
		message = take(env);
	spin_unlock(&queue_lock);
	if (message.page)
		page_drop(message.page);
	return there;
}

void message_receiver_ended(struct env *env)
{
	struct message message;
	struct env *sender;
	uint32_t serial;

	while ((sender = take_queued(env, &message, &serial))) {
		if (message.page)
			page_drop(message.page);
		env_wake_wait(sender, serial, -E_BAD_ENV);
	}
}
