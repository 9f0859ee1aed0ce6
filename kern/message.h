/*
 * Messages between environments: a word, and pages if the sender gives some and the receiver asks for some.
 *
 * A send meets a receiver that waits, or, if it may block, queues behind others that wait for the same receiver: first
 * come, first served. A queued message holds references to its pages, with the rights that the sender had at the call.
 * A receiver may say from whom alone it takes a message. When one of two ends, the other is woken with -E_BAD_ENV: who
 * queues for it, and who waits for a message from it alone.
 *
 * A call sends and then waits for a message from that receiver alone; reply and wait sends to one that waits, if it
 * does, and receives. Where the partner waits already, the CPU goes straight to it.
 *
 * Who waits to receive is known under its environment lock (wait == ENV_WAIT_MESSAGE). The queues of all receivers are
 * guarded by one lock, which only sends that block take. A call that queues waits for its answer (ENV_WAIT_MESSAGE)
 * from the beginning, but takes none as long as its own message is in the queue (sending_to).
 */
#ifndef FINCH_KERN_MESSAGE_H
#define FINCH_KERN_MESSAGE_H

#include <abi/env.h>
#include <kern/page.h>

#define MESSAGE_AGAIN 1
#define MESSAGE_PAGES_MAX 1024 /* in one message */

struct env;
struct space;

struct message {
	envid_t from;
	uint32_t value;
	uint32_t perm;  /* of the pages */
	uint32_t count; /* of pages */
	pfn_t page;     /* count 1: the page; more: a page of the kernel that lists them. References belong to the message */
};

/*
 * A window is where a receiver wants pages: an address, and in the low 12 bits how many at most; 0 means one, and the
 * receiver is not told how many came. At or above UTOP: none are wanted.
 */
static inline uintptr_t window_va(uintptr_t window)
{
	return window & ~(uintptr_t)(PGSIZE - 1);
}
static inline uint32_t window_count(uintptr_t window)
{
	return window % PGSIZE ? window % PGSIZE : 1;
}

/* Does a window that wants pages lie below UTOP? */
static inline bool window_fits(uintptr_t window)
{
	return window >= UTOP ||
	       window_count(window) <= MIN((uint32_t)MESSAGE_PAGES_MAX, (uint32_t)(UTOP - window_va(window)) / PGSIZE);
}

/* Fill in the pages that self has at va, with perm at most: holds them. -E_INVAL, -E_NO_MEM. */
int message_take_pages(struct message *message, uintptr_t va, uint32_t count);
/* Drop its pages. */
void message_drop(const struct message *message);

/*
 * Send to envid. 0; -E_BAD_ENV; -E_IPC_NOT_RECV, if it may not block (timeout 0), or is the receiver itself. After an
 * error the pages are still the caller's. If it blocks, the caller is not current any more: its wait ends with 0,
 * -E_BAD_ENV, -E_TIMEOUT or -E_INTERRUPTED. MESSAGE_AGAIN: nothing has happened; the caller is to let others run, and
 * then to do the same again.
 */
int message_send(envid_t envid, const struct message *message, uint32_t timeout_ms);
/*
 * Receive into the caller's record, from `from` alone (0: anyone). 0; -E_NO_MEM; -E_BAD_ENV: no such environment;
 * -E_TIMEOUT with a timeout of 0. The caller may have blocked, and gets its result when it is woken.
 */
int message_receive(uintptr_t window, envid_t from, uint32_t timeout_ms);
/* Send to envid, queueing if need be, and receive its answer. Errors and ownership as for message_send. */
int message_call(envid_t envid, const struct message *message, uintptr_t window);
/* Make sure that pages can be mapped in a window. -E_NO_MEM. */
int message_prepare(uintptr_t window);
/* Map its n first pages in a receiver's window, which was prepared; all its references pass on. */
void message_hand_over(struct space *space, uintptr_t va, const struct message *message, uint32_t n);
/*
 * Map the page at srcva of `from` in the window of one that waits, whose lock is held, at once: where there is a table
 * for it, and no translation to be forgotten, since nothing was mapped there, or none of its space runs or can begin to.
 * False: it is not so simple, and nothing has changed.
 */
bool message_move_page(struct space *from, uintptr_t srcva, struct space *to, uintptr_t dstva, uint32_t perm);
/*
 * Send to envid (0: to nobody) if it waits for that, else drop the pages; then receive from anyone. -E_NO_MEM: neither.
 */
int message_reply_wait(envid_t envid, const struct message *message, uintptr_t window);

/*
 * env ends, or another wants to end its wait to send (its lock is held): its message goes. False: it has none, or
 * that has been taken, and then the wait is about to end.
 */
bool message_forget(struct env *env);
/* env, whose lock is held, has interrupts pending: it gets them, if it waits for messages from anyone. See irq.h. */
void message_interrupt(struct env *env);
/*
 * env is dying: tell some of those who queue for it, whom it takes no message from any more; nobody joins them. True:
 * none are left. No environment's lock is held.
 */
bool message_refuse(struct env *env);
/* env has ended, whose id is given: those who wait for a message from it are told. No environment's lock is held. */
void message_partner_ended(struct env *env, envid_t id);

#endif
