/* The last resort when memory is out: pages that stand in the caches of other CPUs. */
#ifndef FINCH_KERN_RECLAIM_H
#define FINCH_KERN_RECLAIM_H

#include <abi/types.h>

/*
 * Ask all CPUs to give the pages that they cache back to the allocator, and wait until they have. False: it was of no
 * use: nothing is free, or the limit of a budget is why the call failed. No lock is held.
 */
bool reclaim(void);

#endif
