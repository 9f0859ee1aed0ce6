/* The system calls for messages. Checks in the order environment, address, permission, memory. */
#include <abi/error.h>
#include <abi/syscall.h>
#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/message.h>
#include <kern/reclaim.h>
#include <kern/sched_run.h>
#include <kern/space.h>
#include <kern/syscall.h>
#include <kern/trace.h>

/* Is there such an environment (0: the caller)? */
static int env_check(envid_t envid)
{
	struct env *env;
	int error = env_find(envid, false, &env);

	if (!error)
		env_release(env);
	return error;
}

static inline void message_init(struct message *message, uint32_t value)
{
	message->from = this_cpu()->env->pub->env_id;
	message->value = value;
	message->perm = message->count = message->page = 0;
}

/* The pages that a message is to bring, which srcva (below UTOP) and perm name. -E_INVAL, -E_NO_MEM. */
static int pages_decode(struct message *message, uintptr_t srcva, uint32_t perm)
{
	uint32_t count = perm >> PERM_COUNT_SHIFT ? perm >> PERM_COUNT_SHIFT : 1;

	if (srcva % PGSIZE || !perm_valid(perm) || count > MESSAGE_PAGES_MAX || count > (UTOP - srcva) / PGSIZE)
		return -E_INVAL;
	message->perm = perm & PTE_SYSCALL;
	return WITH_RECLAIM(message_take_pages(message, srcva, count));
}

static int window_check(uintptr_t window)
{
	return window_fits(window) ? 0 : -E_INVAL;
}

/* self, which runs on this CPU, waits for a message from `from` (0: anyone) in `window`. */
static inline void wait_from(struct cpu *cpu, struct env *self, envid_t from, uintptr_t window)
{
	struct Env *pub = self->pub;

	arch_env_save_plain(cpu, self);
	self->wait = ENV_WAIT_MESSAGE;
	self->wait_serial++;
	self->sched = SCHED_OFF;
	self->active = false;
	pub->env_wait_for = from;
	pub->env_wait = ENV_WAIT_MESSAGE;
	pub->env_status = ENV_NOT_RUNNABLE;
	pub->env_ipc_recving = true;
	if (self->window != window)
		env_open_window(self, window);
	if (likely(arch_call_is_fast(&pub->env_tf)))
		self->open_to = from ? from : OPEN_TO_ALL;
}

/* `to`, which waits for a message, has got this word and waits no more. */
static inline void wake_with(struct env *to, envid_t from, uint32_t value)
{
	struct Env *pub = to->pub;

	pub->env_ipc_recving = false;
	pub->env_ipc_value = value;
	pub->env_ipc_from = from;
	pub->env_ipc_perm = 0;
	pub->env_wait = ENV_WAIT_NONE;
	to->wait = ENV_WAIT_NONE;
	to->open_to = 0;
	to->active = true;
}

/*
 * The fast way to send a word: to one that is open to it (see is_open in env.c), about whom so nothing else is to be looked
 * at. False: it cannot be done in this way; nothing has changed.
 */
static inline bool hand_word(envid_t envid, uint32_t value) UNCHECKED_LOCKING
{
	struct env *self = this_cpu()->env, *to = env_lock_id(envid);
	envid_t id = self->pub->env_id;

	if (unlikely(!to))
		return false;
	if (unlikely(to->open_to != id && to->open_to != OPEN_TO_ALL)) {
		spin_unlock(&to->lock);
		return false;
	}
	TRACE_ABOUT(MESSAGE, MESSAGE, envid, id, value, 0);
	self->gave_way = false;
	wake_with(to, id, value);
	sched_count_active(1);
	arch_call_set_result(&to->pub->env_tf, 0);
	sched_ready(to);
	spin_unlock(&to->lock);
	return true;
}

/*
 * The fast way to wait for a message from anyone, where none is there and nothing else is the matter; a message's pages find
 * their tables. False: as above.
 */
static inline bool wait_for_word(uintptr_t window) UNCHECKED_LOCKING
{
	struct cpu *cpu = this_cpu();
	struct env *self = cpu->env;

	spin_lock(&self->lock);
	/* Interrupts may be pending for those alone that drive devices. Who queues for us does so under our lock. */
	if (unlikely((self->out_of_the_ordinary | cpu->attention) || !list_empty(&self->senders) || policy)) {
		spin_unlock(&self->lock);
		return false;
	}
	TRACE(SCHED, BLOCK, ENV_WAIT_MESSAGE, 0, WAIT_FOREVER);
	wait_from(cpu, self, 0, window);
	sched_charge_time(cpu, self->pub);
	cpu->env = NULL;
	cpu->attention = ATTEND_SWITCH;
	sched_count_active(-1);
	spin_unlock(&self->lock);
	return true;
}

static __attribute__((noinline)) int send(envid_t envid, uint32_t value, uintptr_t srcva, uint32_t perm, uint32_t timeout)
{
	struct message message;
	int error = 0;

	message_init(&message, value);
	if (unlikely(srcva < UTOP) && ((error = env_check(envid)) || (error = pages_decode(&message, srcva, perm))))
		return error;
	error = message_send(envid, &message, timeout);
	if (unlikely(error))
		message_drop(&message);
	if (error != MESSAGE_AGAIN)
		return error;
	this_cpu()->attention |= ATTEND_SWITCH;
	return arch_call_again(arch_frame());
}

int32_t sys_ipc_try_send(envid_t envid, uint32_t value, uintptr_t srcva, uint32_t perm)
{
	if (likely(srcva >= UTOP) && likely(hand_word(envid, value)))
		return 0;
	return send(envid, value, srcva, perm, 0);
}

/* The frame in place of arguments: the fifth is dear, and wanted only where the receiver does not wait yet. */
int32_t sys_ipc_send(const struct Trapframe *tf)
{
	envid_t envid = arch_call_argument(tf, 0);
	uint32_t value = arch_call_argument(tf, 1);
	uintptr_t srcva = arch_call_argument(tf, 2);

	if (likely(srcva >= UTOP) && likely(hand_word(envid, value)))
		return 0;
	return send(envid, value, srcva, arch_call_argument(tf, 3), arch_call_argument(tf, 4));
}

static __attribute__((noinline)) int receive_in_full(uintptr_t window, envid_t from, uint32_t timeout)
{
	return WITH_RECLAIM(message_receive(window, from, timeout));
}

/* May an exchange with this window be tried: are there tables for it, if pages are wanted? */
static inline bool window_ready(uintptr_t window)
{
	return likely(window >= UTOP) || (window_check(window) == 0 && message_prepare(window) == 0);
}

static inline int receive(uintptr_t window, envid_t from, uint32_t timeout)
{
	if (likely(!from && timeout == WAIT_FOREVER) && window_ready(window) && likely(wait_for_word(window)))
		return 0;
	return receive_in_full(window, from, timeout);
}

int32_t sys_ipc_recv(uintptr_t dstva)
{
	if (dstva % PGSIZE) {
		if (dstva < UTOP)
			return -E_INVAL;
		dstva = UTOP;
	}
	return receive(dstva, 0, WAIT_FOREVER);
}

int32_t sys_ipc_wait(uintptr_t window, envid_t from, uint32_t timeout)
{
	if (from && env_check(from) < 0)
		return -E_BAD_ENV;
	int error = window_check(window);
	return error ? error : receive(window, from, timeout);
}

/* --- Call, and reply and wait: the fast way first, and then in full. --- */

/*
 * Give a word to envid, which waits for it, and the CPU with it, while the caller waits for a message from `from`. False:
 * it cannot be done in this way; nothing has changed. The result that the entry code puts into the frame is, after that,
 * the partner's: 0.
 */
static inline __attribute__((always_inline)) bool exchange(envid_t envid, uint32_t value, uintptr_t window, envid_t from)
	UNCHECKED_LOCKING
{
	struct cpu *cpu = this_cpu();
	struct env *self = cpu->env, *to = env_lock_id(envid);
	envid_t id = self->pub->env_id;

	if (unlikely(!to))
		return false;
	if (unlikely((to->open_to != id && to->open_to != OPEN_TO_ALL) || !spin_try_lock(&self->lock)))
		goto refused;
	/* Who queues for us does so under our lock. */
	if (unlikely((self->out_of_the_ordinary | cpu->attention) || (!from && !list_empty(&self->senders)))) {
		spin_unlock(&self->lock);
		goto refused;
	}
	if (from)
		to->was_awaited = true;
	wait_from(cpu, self, from, window);
	sched_charge_time(cpu, self->pub);
	wake_with(to, id, value); /* how many are active stays the same */
	to->sched = SCHED_RUNNING;
	__atomic_store_n(&to->cpu, cpu, __ATOMIC_RELEASE);
	spin_unlock(&self->lock);
	spin_unlock(&to->lock);
	sched_run(cpu, to);
	return true;
refused:
	spin_unlock(&to->lock);
	return false;
}

/* A call or an answer that has pages, or is not taken at once: the arguments stand in the frame. */
static __attribute__((noinline)) int in_full(int (*do_it)(envid_t, const struct message *, uintptr_t),
					     const struct Trapframe *tf)
{
	envid_t envid = arch_call_argument(tf, 0);
	uintptr_t srcva = arch_call_argument(tf, 2), window = arch_call_argument(tf, 3);
	struct message message;
	int error = do_it == message_call ? env_check(envid) : 0;

	if (!error)
		error = window_check(window);
	message_init(&message, arch_call_argument(tf, 1));
	if (!error && srcva < UTOP)
		error = pages_decode(&message, srcva, arch_call_argument(tf, 4));
	if (error)
		return error;
	error = WITH_RECLAIM(do_it(envid, &message, window));
	if (error)
		message_drop(&message);
	return error;
}

/* May an exchange with these arguments be tried: a word alone goes, and where pages are wanted there are tables for them? */
static inline bool plain(uintptr_t srcva, uintptr_t window)
{
	return srcva >= UTOP && window_ready(window);
}

int32_t sys_ipc_call(const struct Trapframe *tf)
{
	envid_t envid = arch_call_argument(tf, 0);
	uintptr_t window = arch_call_argument(tf, 3);

	if (likely(plain(arch_call_argument(tf, 2), window)) && likely(exchange(envid, arch_call_argument(tf, 1), window, envid)))
		return 0;
	return in_full(message_call, tf);
}

int32_t sys_ipc_reply_wait(const struct Trapframe *tf)
{
	envid_t envid = arch_call_argument(tf, 0);
	uintptr_t window = arch_call_argument(tf, 3);

	if (likely(plain(arch_call_argument(tf, 2), window)) && likely(exchange(envid, arch_call_argument(tf, 1), window, 0)))
		return 0;
	return in_full(message_reply_wait, tf);
}
