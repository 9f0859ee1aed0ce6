/*
 * Messages between environments: a word, and a page if the sender gives one and the receiver asks for one.
 *
 * A send meets a receiver that waits, or, if it may block, queues behind others that wait for the same receiver: first
 * come, first served. A queued message holds a reference to its page, with the rights that the sender had at the call.
 * A receiver that ends wakes its senders with -E_BAD_ENV.
 *
 * Who waits to receive is known under its environment lock (wait == ENV_WAIT_MESSAGE). The queues of all receivers are
 * guarded by one lock, which only sends that block take.
 */
#ifndef FINCH_KERN_MESSAGE_H
#define FINCH_KERN_MESSAGE_H

#include <abi/env.h>
#include <kern/page.h>

struct env;

struct message {
	envid_t from;
	uint32_t value;
	uint32_t perm; /* of the page */
	pfn_t page;    /* NO_PAGE: none; else a reference that belongs to the message */
};

/*
 * Send to envid. 0; -E_BAD_ENV; -E_IPC_NOT_RECV, unless it may block; -E_NO_MEM: no memory for the receiver's page
 * table. After an error the page's reference is still the caller's. If it blocks, the caller is not current any more.
 */
int message_send(envid_t envid, const struct message *message, bool blocks);
/*
 * Receive into the caller's record, the page (if any) at dstva (>= UTOP: none is wanted). 0, or -E_NO_MEM; the caller
 * may have blocked, and gets its result when it is woken.
 */
int message_receive(uintptr_t dstva);

/*
 * env ends, or another wants to end its wait to send (its lock is held): its message goes. False: it has none, or
 * that has been taken, and then the wait is about to end.
 */
bool message_forget(struct env *env);
/* env has ended: those who queue for it are told. No environment's lock is held. */
void message_receiver_ended(struct env *env);

#endif
