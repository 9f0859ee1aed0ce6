/*
 * Interrupt lines that programs have attached to.
 *
 * When one comes, the line is held back, and each environment that is attached is told by a message from 0: the line's
 * bit is set in what it has pending, which it gets, all lines in one word, when it receives from anyone, before those
 * who send to it. So nothing queues, and nothing is lost. When all of them have said that they are done, have detached
 * or have ended, the line is let through again; without any it is held back.
 *
 * A request of an edge-triggered line that comes while it is held back is lost in the I/O APIC. So such a line is held
 * back only if it comes again before all are done, and after that they are told once more.
 *
 * `irq_lines` and `irq_pending` of an environment are guarded by its lock. Lock order: environment, line table, chips.
 */
#ifndef FINCH_KERN_IRQ_H
#define FINCH_KERN_IRQ_H

#include <abi/types.h>
#include <kern/env.h>

#define IRQ_LINES 16
#define IRQ_OWNERS_MAX 8 /* of one line */

struct irq_owner {
	struct env *env; /* NULL: none */
	envid_t id;
	bool done; /* it has said so since the line came last */
};

struct irq_line {
	struct irq_owner owners[IRQ_OWNERS_MAX];
	bool held; /* back, by us at the interrupt controller */
};

extern struct irq_line irq_table[IRQ_LINES]; /* for irq.c and tests */

/* Does env, whose lock is held, wait for messages from anyone, with lines of which they may be? */
static inline bool irq_can_end_wait(const struct env *env)
{
	return unlikely(env->irq_lines) && env->wait == ENV_WAIT_MESSAGE && !env->pub->env_wait_for;
}

/* A line has come that is not the platform's own. */
void irq_interrupt(unsigned line);

/*
 * What IRQ_ATTACH, IRQ_DONE and IRQ_DETACH do for env, whose lock is held, and let go. -E_NO_MEM: too many are attached
 * already; -E_BAD_ENV: it is dying, and cannot be attached; -E_INVAL: it is not attached, so it can be neither done nor
 * detached.
 */
int irq_attach(struct env *env, unsigned line);
int irq_done(struct env *env, unsigned line);
int irq_detach(struct env *env, unsigned line);
/* env, which is dying and runs nowhere, leaves all its lines. No lock is held. */
void irq_forget(struct env *env);

#endif
