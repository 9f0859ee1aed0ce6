/*
 * The kernel's invariants, checked as a whole: pages against page tables, free lists, run queues, slots.
 */
#ifndef FINCH_KERN_VERIFY_H
#define FINCH_KERN_VERIFY_H

/*
 * Check them all; each that does not hold is printed. Returns how many. For tests: other CPUs should be idle,
 * or what they do meanwhile is reported as wrong.
 */
unsigned verify_all(void);

#endif
