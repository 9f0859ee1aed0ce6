/* Requests between CPUs: see request.h for the promise. */
#include <kern/breakpoint.h>
#include <kern/cpu.h>
#include <kern/lock.h>
#include <kern/request.h>
#include <kern/platform.h>
#include <kern/space_load.h>
#include <kern/trace.h>

static void run_errands(uint32_t errands)
{
	if (errands & ERRAND_BREAKPOINTS)
		breakpoints_load();
	if (errands & ERRAND_DRAIN)
		page_drain();
}

void request_errand(uint32_t errand)
{
	for (unsigned n = 0; n < cpu_count; n++) {
		if (n != this_cpu()->number)
			atomic_or(&cpus[n]->errands, errand);
	}
	request_all((uint32_t)((1ull << cpu_count) - 1));
}

void request_serve(void)
{
	struct cpu *cpu = this_cpu();
	uint32_t wanted = atomic_load(&cpu->request_wanted);

	if (likely(wanted == atomic_load(&cpu->request_done)))
		return;
	atomic_exchange(&cpu->flush_pending, 0);
	if (cpu->space && atomic_load(&cpu->space->envs) == 0)
		space_load(NULL);
	else
		arch_tlb_flush_user();
	if (cpu->env)
		cpu->attention |= ATTEND_ENV;
	if (unlikely(atomic_load(&cpu->errands)))
		run_errands(atomic_exchange(&cpu->errands, 0));
	/* Draining may have waited for a lock, and a later request been answered there: that one stays answered. */
	if ((int32_t)(wanted - atomic_load(&cpu->request_done)) > 0)
		atomic_store_release(&cpu->request_done, wanted);
	TRACE(REQUEST, ANSWER, 0, 0, 0);
}

void request_all(uint32_t mask)
{
	uint64_t since = TRACE_BEGIN(REQUEST);
	uint32_t ticket[CPUS_MAX];
	unsigned me = this_cpu()->number;

	mask &= ~(1u << me);
	if (!mask)
		return;
	lock_check_none();
	for (unsigned n = 0; n < cpu_count; n++) {
		if (!(mask & 1u << n))
			continue;
		ticket[n] = atomic_add(&cpus[n]->request_wanted, 1);
		platform_send_request(cpus[n]->platform_number);
	}
	for (unsigned n = 0; n < cpu_count; n++) {
		if (!(mask & 1u << n))
			continue;
		while ((int32_t)(atomic_load(&cpus[n]->request_done) - ticket[n]) < 0) {
			request_serve();
			arch_pause();
		}
	}
	TRACE(REQUEST, REQUEST, mask, trace_took(since), 0);
}
