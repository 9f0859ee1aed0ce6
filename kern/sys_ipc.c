/* The system calls for messages. Checks in the order environment, address, permission, memory. */
#include <abi/error.h>
#include <abi/syscall.h>
#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/message.h>
#include <kern/reclaim.h>
#include <kern/space.h>
#include <kern/syscall.h>
#include <kern/trace.h>
#include <kern/wait.h>

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

/* May the environment `self` (0: it is dying) give `to`, which it has locked, a word in the fast way? True for 0 too. */
static inline bool is_open_for(const struct env *to, envid_t self)
{
	return likely(to->open_to == self) || to->open_to == OPEN_TO_ALL;
}

/* `to`, which waits for a message, gets this word, and n pages with these permissions. */
static inline void put_record(struct env *to, envid_t from, uint32_t value, uint32_t perm)
{
	struct Env *pub = to->pub;

	pub->env_ipc_value = value;
	pub->env_ipc_from = from;
	pub->env_ipc_perm = perm;
}

/* Would the page at srcva, given with perm, arrive in `to`, which waits? True: it has. */
static inline bool give_page(struct env *self, struct env *to, uintptr_t srcva, uint32_t perm)
{
	return srcva % PGSIZE == 0 && perm_valid(perm) && !(perm >> PERM_COUNT_SHIFT) && to->window < UTOP &&
	       to->window % PGSIZE == 0 && message_move_page(self->space, srcva, to->space, to->window, perm);
}

/*
 * The fast way to send a word, and one page if srcva is below UTOP: to one that is open to it (see is_open in env.c), about
 * whom so nothing else is to be looked at. False: it cannot be done in this way; nothing has changed.
 */
static inline __attribute__((always_inline)) bool hand(envid_t envid, uint32_t value, uintptr_t srcva, uint32_t perm)
	UNCHECKED_LOCKING
{
	struct cpu *cpu = this_cpu();
	struct env *self = cpu->env, *to = env_lock_id(envid);
	bool page = srcva < UTOP;

	if (unlikely(!to))
		return false;
	envid_t id = self->id;
	if (unlikely(!is_open_for(to, id) || !id) || (page && !give_page(self, to, srcva, perm))) {
		spin_unlock(&to->lock);
		return false;
	}
	TRACE_ABOUT(MESSAGE, MESSAGE, envid, id, value, page);
	self->gave_way = false;
	put_record(to, id, value, page ? perm : 0);
	wait_end(to, SCHED_OFF);
	wait_resume(cpu, to);
	spin_unlock(&to->lock);
	return true;
}

static inline __attribute__((always_inline)) bool hand_word(envid_t envid, uint32_t value)
{
	return hand(envid, value, UTOP, 0);
}

static __attribute__((noinline)) bool hand_page(envid_t envid, uint32_t value, uintptr_t srcva, uint32_t perm)
{
	return hand(envid, value, srcva, perm);
}

/* Is that the window that self has open, so that there are tables for it? */
static inline bool is_window_of(const struct env *self, uintptr_t window)
{
	return likely(window == self->window);
}

/*
 * The fast way to wait for a message from anyone, where none is there and nothing else is the matter. False: as above.
 */
static inline bool wait_for_word(uintptr_t window) UNCHECKED_LOCKING
{
	struct cpu *cpu = this_cpu();
	struct env *self = cpu->env;

	if (!is_window_of(self, window))
		return false;
	spin_lock(&self->lock);
	/* Interrupts may be pending for those alone that drive devices. Who queues for us does so under our lock. */
	if (unlikely(!wait_is_plain(cpu, self) || !list_empty(&self->senders))) {
		spin_unlock(&self->lock);
		return false;
	}
	wait_begin(cpu, self, ENV_WAIT_MESSAGE, 0, wait_open_to(0, arch_frame_here(cpu)));
	self->pub->env_ipc_recving = true;
	sched_stop(cpu, self);
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
	if (likely(srcva >= UTOP ? hand_word(envid, value) : hand_page(envid, value, srcva, perm)))
		return 0;
	return send(envid, value, srcva, perm, 0);
}

/* The frame in place of arguments: the fifth is dear, and wanted only where the receiver does not wait yet. */
static __attribute__((noinline)) int send_otherwise(const struct Trapframe *tf)
{
	envid_t envid = arch_call_argument(tf, 0);
	uint32_t value = arch_call_argument(tf, 1), perm = arch_call_argument(tf, 3);
	uintptr_t srcva = arch_call_argument(tf, 2);

	if (srcva < UTOP && likely(hand_page(envid, value, srcva, perm)))
		return 0;
	return send(envid, value, srcva, perm, arch_call_argument(tf, 4));
}

int32_t sys_ipc_send(const struct Trapframe *tf)
{
	if (likely(arch_call_argument(tf, 2) >= UTOP) &&
	    likely(hand_word(arch_call_argument(tf, 0), arch_call_argument(tf, 1))))
		return 0;
	return send_otherwise(tf);
}

static __attribute__((noinline)) int receive_in_full(uintptr_t window, envid_t from, uint32_t timeout)
{
	return WITH_RECLAIM(message_receive(window, from, timeout));
}

static inline int receive(uintptr_t window, envid_t from, uint32_t timeout)
{
	if (likely(!from && timeout == WAIT_FOREVER) && likely(wait_for_word(window)))
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
 * The call of tf: give a word to the partner, who waits for it, and the CPU with it, while the caller waits for the
 * partner's answer (calls) or for anyone. False: it cannot be done in this way; nothing has changed. The result that the
 * entry code puts into the frame is, after that, the partner's: 0.
 */
static inline __attribute__((always_inline)) bool exchange(const struct Trapframe *tf, bool calls) UNCHECKED_LOCKING
{
	struct cpu *cpu = this_cpu();
	struct env *self = cpu->env, *to;

	/* A word alone goes, and where pages are wanted there are tables for them. */
	if (unlikely(arch_call_argument(tf, 2) < UTOP) || !is_window_of(self, arch_call_argument(tf, 3)))
		return false;
	if (unlikely(!(to = env_lock_id(arch_call_argument(tf, 0)))))
		return false;
	if (unlikely(!is_open_for(to, self->id) || !spin_try_lock(&self->lock)))
		goto refused;
	/* Who queues for us does so under our lock. */
	if (unlikely((self->out_of_the_ordinary | cpu->attention) || (!calls && !list_empty(&self->senders)))) {
		spin_unlock(&self->lock);
		goto refused;
	}
	if (calls)
		to->was_awaited = true;
	/* How many are active stays the same. */
	put_record(to, self->id, arch_call_argument(tf, 1), 0);
	wait_end(to, SCHED_RUNNING);
	__atomic_store_n(&to->cpu, cpu, __ATOMIC_RELEASE);
	spin_unlock(&to->lock);
	envid_t from = calls ? (envid_t)arch_call_argument(tf, 0) : 0;
	wait_begin(cpu, self, ENV_WAIT_MESSAGE, from, wait_open_to(from, tf));
	self->pub->env_ipc_recving = true;
	if (!self)
		__builtin_unreachable(); /* so that nobody looks */
	sched_run(cpu, self, to, &self->lock);
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

int32_t sys_ipc_call(const struct Trapframe *tf)
{
	return likely(exchange(tf, true)) ? 0 : in_full(message_call, tf);
}

int32_t sys_ipc_reply_wait(const struct Trapframe *tf)
{
	return likely(exchange(tf, false)) ? 0 : in_full(message_reply_wait, tf);
}
