/* The last resort when memory is out: pages that stand in the caches of other CPUs. */
#ifndef FINCH_KERN_RECLAIM_H
#define FINCH_KERN_RECLAIM_H

#include <abi/error.h>
#include <abi/types.h>
#include <kern/check.h>

/*
 * Ask all CPUs to give the pages that they cache back to the allocator, and wait until they have. False: it was of no
 * use: nothing is free, or the limit of a budget is why the call failed. No lock is held.
 */
bool reclaim(void);

/* What `call` returns, which is made once more if memory was out and some could be reclaimed. */
#define WITH_RECLAIM(call)                                                                                       \
	({                                                                                                       \
		int result_ = (call);                                                                            \
		if (unlikely(result_ == -E_NO_MEM) && reclaim())                                                 \
			result_ = (call);                                                                        \
		result_;                                                                                         \
	})

#endif
