/*
 * The kernel's invariants, checked as a whole, for tests: test/kern/verify*.c, in both builds.
 *
 * While they are checked all other CPUs stand still at a place where nothing is half done: in user mode's last step or
 * in idleness. A CPU is called there by requests, and stays until the check is over or another wants something of it.
 */
#ifndef FINCH_KERN_VERIFY_H
#define FINCH_KERN_VERIFY_H

#include <kern/cpu.h>

/* Remember which pages the kernel holds by now, for ever. Once, before the first environment. */
void verify_begin(void);
/*
 * Check all: page references against page tables and all other holders, free pages, environments, families, queues,
 * address spaces. Each violation is told in a line (the first 20). Returns how many there are; -1: another CPU is at
 * it, or wants the caller's environment to stop: try again. No lock is held.
 */
int verify_all(void);
/* How many violations all checks have found. */
extern unsigned verify_violations;

/* CPUs that a check wants to stand still: a mask. */
extern atomic_t verify_wanted;
/* Stand still until it is over. Called without locks (the big one is let go meanwhile), where nothing is half done. */
void verify_stand_still(void);

static inline void verify_attend(void)
{
	if (unlikely(atomic_load(&verify_wanted)))
		verify_stand_still();
}

#endif
