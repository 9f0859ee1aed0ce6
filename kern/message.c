/* Messages: see message.h. */
#include <abi/error.h>
#include <abi/syscall.h>
#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/message.h>
#include <kern/trace.h>

#define REFUSED_AT_ONCE 16 /* messages, of up to MESSAGE_PAGES_MAX pages, that are refused at once */

static struct spinlock queue_lock = SPINLOCK(RANK_MESSAGE, "message queues");

/* --- Delivery --- */

/* How many of its pages the receiver wants. */
static inline uint32_t wanted(const struct env *to, const struct message *message)
{
	return to->window < UTOP ? MIN(message->count, window_count(to->window)) : 0;
}

/* What a message says, into its receiver's record; n: of its pages that were mapped. */
static inline void write_record(struct env *to, const struct message *message, uint32_t n)
{
	struct Env *pub = to->pub;

	TRACE_ABOUT(MESSAGE, MESSAGE, pub->env_id, message->from, message->value, message->count);
	pub->env_ipc_recving = false;
	pub->env_ipc_value = message->value;
	pub->env_ipc_from = message->from;
	pub->env_ipc_perm = n == 0 ? 0 : message->perm | (to->window % PGSIZE ? n << PERM_COUNT_SHIFT : 0);
}

/* Does `to`, whose lock is held, wait for a message that `from` may send? */
static inline bool accepts(const struct env *to, const struct env *from)
{
	envid_t only = to->pub->env_wait_for;

	return to->wait == ENV_WAIT_MESSAGE && (!only || only == from->pub->env_id) && !to->sending_to;
}

/*
 * Give a message with n pages to one that was found waiting; its lock is held, and let go. Tables for its window were
 * made before it waited, so nothing can fail.
 */
static void deliver_pages(struct env *to, const struct message *message, uint32_t n) UNCHECKED_LOCKING
{
	struct space *space = to->space;
	uintptr_t va = window_va(to->window);

	/* From here on it is ours alone: nobody else finds it waiting. */
	uint32_t serial = to->wait_serial;
	to->wait = ENV_WAIT_DELIVERY;
	to->open_to = 0;
	space_pin(space);
	spin_unlock(&to->lock);
	message_hand_over(space, va, message, n);
	space_unpin(space);
	spin_lock(&to->lock);
	if (to->alive && !to->dying && to->wait == ENV_WAIT_DELIVERY && to->wait_serial == serial) {
		write_record(to, message, n);
		env_end_wait(to, 0);
	}
	spin_unlock(&to->lock);
}

/* Give it to `to`, which waits for one and whose lock is held; the lock is let go. */
static void deliver(struct env *to, const struct message *message) UNCHECKED_LOCKING
{
	uint32_t n = wanted(to, message);

	if (n) {
		deliver_pages(to, message, n);
		return;
	}
	write_record(to, message, 0);
	message_drop(message); /* before anyone can know that it has come */
	env_end_wait(to, 0);
	spin_unlock(&to->lock);
}

/* --- Interrupts --- */

/* They are a message from the kernel, for one that receives from anyone; its lock is held. */
static void take_interrupts(struct env *env)
{
	const struct message message = { .from = 0, .value = env->irq_pending };

	env->irq_pending = 0;
	write_record(env, &message, 0);
}

/* Does env, whose lock is held, wait for a message from anyone? */
static bool waits_for_any(const struct env *env)
{
	return env->alive && !env->dying && env->wait == ENV_WAIT_MESSAGE && !env->pub->env_wait_for && !env->sending_to;
}

void message_interrupt(struct env *env) UNCHECKED_LOCKING
{
	if (env->irq_pending && waits_for_any(env)) {
		take_interrupts(env);
		env_end_wait(env, 0);
	}
}

/* --- The queue of those who send --- */

/* Take the message that env sends, which is no more in a queue then. */
static struct message take(struct env *env) REQUIRES(queue_lock)
{
	struct message message = env->message;

	list_remove(&env->wait_node);
	env->message.count = 0;
	env->sending_to = NULL;
	return message;
}

/* What a sender was told, whose message has been taken. */
struct sender {
	struct env *env; /* NULL: there is none, or it goes on waiting: for the answer to its call */
	uint32_t serial;
};

static inline struct sender sender_of(struct env *env)
{
	return (struct sender){ .env = env->calls ? NULL : env, .serial = env->wait_serial };
}

static void sender_wake(const struct sender *sender, int error)
{
	if (sender->env)
		env_wake_wait(sender->env, sender->serial, error);
}

/* What env is about to send, and is asleep for when it is queued. */
static uint32_t queue_begin(struct env *env, struct env *to, const struct message *message, bool calls)
{
	spin_lock(&queue_lock);
	env->message = *message;
	env->sending_to = to;
	env->calls = calls;
	uint32_t number = ++env->sends;
	spin_unlock(&queue_lock);
	return number;
}

/*
 * The sender is blocked already, in its wait number `serial`: queue its message, unless the receiver waits by now or is
 * gone, or the sender's wait has been ended, and its message with that.
 */
static void queue(struct env *sender, uint32_t serial, uint32_t number, struct env *to, envid_t envid) UNCHECKED_LOCKING
{
	struct message message = { 0 };

	spin_lock(&to->lock);
	spin_lock(&queue_lock);
	bool ours = sender->sending_to == to && sender->sends == number;
	bool good = to->alive && !to->dying && to->pub->env_id == envid && !sender->dying;
	bool waits = good && accepts(to, sender);
	bool answered = sender->calls;
	if (good)
		to->was_awaited |= answered;
	if (ours && good && !waits)
		list_push_back(&to->senders, &sender->wait_node);
	else if (ours)
		message = take(sender);
	spin_unlock(&queue_lock);
	if (ours && waits)
		deliver(to, &message);
	else
		spin_unlock(&to->lock);
	if (ours && !good)
		message_drop(&message);
	if (ours && (!good || (waits && !answered)))
		env_wake_wait(sender, serial, good ? 0 : -E_BAD_ENV);
}

/* The first in env's queue whose message env takes now: from `from` alone, or anyone (0). NULL: none. */
static struct env *first_sender(struct env *env, envid_t from) REQUIRES(queue_lock)
{
	LIST_FOR_EACH(node, &env->senders) {
		struct env *sender = LIST_ENTRY(node, struct env, wait_node);
		if (!from || sender->message.from == from)
			return sender;
	}
	return NULL;
}

static bool take_queued(struct env *env, envid_t from, struct message *message, struct sender *sender)
{
	spin_lock(&queue_lock);
	struct env *first = first_sender(env, from);
	if (first) {
		*message = take(first);
		*sender = sender_of(first);
	}
	spin_unlock(&queue_lock);
	return first;
}

/* env waits by now: give it the first message that queued before it did. */
static void match(struct env *env) UNCHECKED_LOCKING
{
	struct message message;
	struct sender sender;
	bool found = false;

	spin_lock(&env->lock);
	message_interrupt(env);
	if (env->alive && !env->dying && env->wait == ENV_WAIT_MESSAGE && !env->sending_to)
		found = take_queued(env, env->pub->env_wait_for, &message, &sender);
	if (!found) {
		spin_unlock(&env->lock);
		return;
	}
	deliver(env, &message);
	sender_wake(&sender, 0);
}

bool message_forget(struct env *env)
{
	struct message message = { 0 };

	spin_lock(&queue_lock);
	bool there = env->sending_to;
	if (there)
		message = take(env);
	spin_unlock(&queue_lock);
	message_drop(&message);
	return there;
}

/* Those who wait for a message from `id` alone, which no one has any more. */
static void awaiting_wake(envid_t id)
{
	for (uint32_t i = 0; i < env_slots_used(); i++) {
		struct env *env = env_slot(i);
		if (!env || env->wait != ENV_WAIT_MESSAGE || env->pub->env_wait_for != id)
			continue;
		spin_lock(&env->lock);
		if (env->alive && !env->dying && env->wait == ENV_WAIT_MESSAGE && env->pub->env_wait_for == id)
			env_end_wait(env, -E_BAD_ENV);
		spin_unlock(&env->lock);
	}
}

bool message_refuse(struct env *env)
{
	struct message message;
	struct sender sender;

	for (unsigned n = 0; n < REFUSED_AT_ONCE; n++) {
		if (!take_queued(env, 0, &message, &sender))
			return true;
		message_drop(&message);
		sender_wake(&sender, -E_BAD_ENV);
	}
	return false;
}

void message_partner_ended(struct env *env, envid_t id)
{
	if (env->was_awaited)
		awaiting_wake(id);
}

/* --- Send and receive --- */

/* The caller blocks: what it sends goes to `to` when that wants it. */
static void send_later(struct env *to, envid_t envid, const struct message *message, bool calls, uint32_t timeout_ms)
{
	struct env *self = this_cpu()->env;
	uint32_t number = queue_begin(self, to, message, calls);
	if (unlikely(policy))
		policy_lend(self, to);

	TRACE(MESSAGE, QUEUED, envid, message->value, 0);
	sched_count_active(1); /* while we look whether its wait is over already, the system is not at rest */
	uint32_t serial = env_block(calls ? ENV_WAIT_MESSAGE : ENV_WAIT_SEND, envid, false, timeout_ms);
	queue(self, serial, number, to, envid);
	sched_count_active(-1);
}

/*
 * Should self let `to`, which does not wait, run first? If it is about to run here, it is likely to wait by then, and a
 * message that queues costs more than one that is awaited. Two who answer each other would else queue for ever, each
 * finding the other just woken from its own send. Once for each message; not past others who queue already.
 */
static bool gives_way(struct env *self, const struct env *to)
{
	self->gave_way = !self->gave_way && to->sched == SCHED_QUEUED && to->cpu == this_cpu() && !to->out_of_the_ordinary &&
			 list_empty(&to->senders);
	return self->gave_way;
}

int message_send(envid_t envid, const struct message *message, uint32_t timeout_ms) UNCHECKED_LOCKING
{
	struct env *to, *self = this_cpu()->env;
	int error = env_find(envid, false, &to);

	if (error)
		return error;
	if (to == self)
		return -E_IPC_NOT_RECV; /* and never will */
	if (likely(accepts(to, self))) {
		self->gave_way = false;
		deliver(to, message);
		return 0;
	}
	bool again = timeout_ms && gives_way(self, to);
	spin_unlock(&to->lock);
	if (again)
		return MESSAGE_AGAIN;
	if (!timeout_ms)
		return -E_IPC_NOT_RECV;
	send_later(to, envid, message, false, timeout_ms);
	return 0;
}

/* Somebody waits, or is about to, for messages from this one alone. -E_BAD_ENV: it is not there. */
static int note_awaited(envid_t id) UNCHECKED_LOCKING
{
	struct env *env;
	int error = env_find(id, false, &env);

	if (error || env == this_cpu()->env)
		return error;
	env->was_awaited = true;
	spin_unlock(&env->lock);
	return 0;
}

/* Take a message that queues for the caller into its record. False: none does. */
static bool receive_queued(struct env *self, envid_t from)
{
	struct message message;
	struct sender sender;

	if (!take_queued(self, from, &message, &sender))
		return false;
	uint32_t n = wanted(self, &message);
	message_hand_over(self->space, window_va(self->window), &message, n);
	write_record(self, &message, n);
	sender_wake(&sender, 0);
	return true;
}

/* See message_receive; the window's tables are there. */
static int receive(uintptr_t window, envid_t from, uint32_t timeout_ms)
{
	struct env *self = this_cpu()->env;
	uint32_t serial = 0;

	env_open_window(self, window);
	/* Whoever queues later finds us waiting, for both look under our lock. */
	spin_lock(&self->lock);
	if (unlikely(self->irq_pending && !from)) {
		take_interrupts(self);
		spin_unlock(&self->lock);
		return 0;
	}
	bool queued = !list_empty(&self->senders);
	if (likely(!queued && timeout_ms)) {
		self->pub->env_ipc_recving = true;
		serial = env_block_locked(self, ENV_WAIT_MESSAGE, from, false, timeout_ms);
	}
	spin_unlock(&self->lock);
	if (queued) {
		if (receive_queued(self, from))
			return 0;
		if (timeout_ms) {
			/* They are not those that are wanted, or gone; while we look again, the system is not at rest. */
			sched_count_active(1);
			self->pub->env_ipc_recving = true;
			serial = env_block(ENV_WAIT_MESSAGE, from, false, timeout_ms);
			match(self);
			sched_count_active(-1);
		}
	}
	if (!timeout_ms)
		return -E_TIMEOUT;
	/* The end of whom we wait for may have been before that. */
	if (from && note_awaited(from) < 0)
		env_wake_wait(self, serial, -E_BAD_ENV);
	return 0;
}

int message_receive(uintptr_t window, envid_t from, uint32_t timeout_ms)
{
	if (from && note_awaited(from) < 0)
		return -E_BAD_ENV;
	if (message_prepare(window) < 0)
		return -E_NO_MEM;
	return receive(window, from, timeout_ms);
}

/* --- Call, and reply and wait --- */

int message_call(envid_t envid, const struct message *message, uintptr_t window) UNCHECKED_LOCKING
{
	struct env *to, *self = this_cpu()->env;

	if (message_prepare(window) < 0)
		return -E_NO_MEM;
	int error = env_find(envid, false, &to);
	if (error)
		return error;
	if (to == self)
		return -E_IPC_NOT_RECV;
	spin_unlock(&to->lock);
	env_open_window(self, window);
	self->pub->env_ipc_recving = true;
	send_later(to, envid, message, true, WAIT_FOREVER);
	return 0;
}

int message_reply_wait(envid_t envid, const struct message *message, uintptr_t window) UNCHECKED_LOCKING
{
	struct env *to, *self = this_cpu()->env;

	if (message_prepare(window) < 0)
		return -E_NO_MEM;
	if (!envid || env_find(envid, false, &to) < 0 || to == self) {
		message_drop(message);
	} else if (accepts(to, self)) {
		deliver(to, message);
	} else {
		spin_unlock(&to->lock);
		message_drop(message);
	}
	return receive(window, 0, WAIT_FOREVER);
}
