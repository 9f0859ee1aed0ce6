/* Reclaiming cached pages: the request makes each CPU drain its caches while it answers. */
#include <kern/cpu.h>
#include <kern/page.h>
#include <kern/reclaim.h>
#include <kern/request.h>

bool reclaim(void)
{
	struct page_counts counts;

	/* Who has reached its limit does not disturb other CPUs. */
	if (page_fail_ends() || this_cpu()->over_budget)
		return false;
	page_drain();
	request_errand(ERRAND_DRAIN);
	page_count(&counts);
	return counts.free > 0;
}
