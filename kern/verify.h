/*
 * The kernel's invariants, checked as a whole: free lists and caches of pages, run queues, slots and families.
 */
#ifndef FINCH_KERN_VERIFY_H
#define FINCH_KERN_VERIFY_H

/*
 * Check them all, whatever other CPUs do meanwhile; each that does not hold is printed. Returns how many. For tests. No
 * lock is held.
 */
unsigned verify_all(void);
/* The part of another CPU, which alone can look at its own lists: called in its answer to a request. */
void verify_cache(void);

#endif
