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
	for (unsigned n = 0; n < cpu_count; n++) {
		if (n != this_cpu()->number)
			atomic_or(&cpus[n]->errands, ERRAND_DRAIN);
	}
	request_all((uint32_t)((1ull << cpu_count) - 1));
	page_count(&counts);
	return counts.free > 0;
}
