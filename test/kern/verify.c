/* The check of all invariants, and how the other CPUs are brought to a stop for it: see kern/verify.h. */
#include <kern/print.h>
#include <kern/request.h>
#include <kern/trap.h>
#include <kern/verify.h>
#include "verify.h"

#define LINES_MAX 20
#define PATIENCE 100000 /* looks at who stands still before the others are called again */

atomic_t verify_wanted;
static atomic_t busy;     /* a check is going on */
static atomic_t standing; /* CPUs that stand still: bit n for CPU n */
static unsigned violations;
unsigned verify_violations;

void wrong(const char *fmt, ...)
{
	va_list ap;

	if (violations++ >= LINES_MAX)
		return;
	va_start(ap, fmt);
	kvprintf(fmt, ap);
	va_end(ap);
}

void verify_stand_still(void)
{
	struct cpu *cpu = this_cpu();
	uint32_t me = 1u << cpu->number;
	bool big = cpu->big_lock_held;

	if (!(atomic_load(&verify_wanted) & me))
		return;
	if (big)
		big_lock_drop();
	atomic_or(&standing, me);
	while (atomic_load(&verify_wanted)) {
		/* A request may be about the environment that this CPU has: it does not count as standing when it answers. */
		if (atomic_load(&cpu->request_wanted) != atomic_load(&cpu->request_done)) {
			atomic_and(&standing, ~me);
			request_serve();
			break;
		}
		arch_pause();
	}
	atomic_and(&standing, ~me);
	if (big)
		big_lock_take();
}

/* False: another CPU waits for the caller's environment to stop, and would never stand still. */
static bool stop_others(void)
{
	uint32_t others = (uint32_t)((1ull << cpu_count) - 1) & ~(1u << this_cpu()->number), missing;
	const struct env *self = this_cpu()->env;

	atomic_exchange(&verify_wanted, others);
	while ((missing = others & ~atomic_load(&standing))) {
		if (self && (self->suspended || self->dying))
			return false;
		request_all(missing);
		for (unsigned looks = 0; looks < PATIENCE && (others & ~atomic_load(&standing)); looks++) {
			request_serve();
			arch_pause();
		}
	}
	return true;
}

int verify_all(void)
{
	bool big = this_cpu()->big_lock_held;

	if (atomic_exchange(&busy, 1))
		return -1;
	if (big)
		big_lock_drop();
	violations = 0;
	bool stopped = stop_others();
	if (stopped) {
		verify_envs();
		verify_pages();
		verify_budgets();
	}
	int found = stopped ? (int)violations : -1;
	verify_violations += violations;
	atomic_exchange(&verify_wanted, 0);
	while (atomic_load(&standing))
		arch_pause();
	atomic_exchange(&busy, 0);
	if (big)
		big_lock_take();
	return found;
}
