/* What the tests share: work on other CPUs, panics that are caught, numbers, spaces. See test.h. */
#include <common/string.h>
#include <kern/lock.h>
#include <kern/panic.h>
#include <kern/reclaim.h>
#include <kern/request.h>
#include <kern/selftest.h>
#include "test.h"

uint32_t test_random(uint32_t n)
{
	static uint32_t state = 2463534242u;

	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % n;
}

/* --- Work on other CPUs --- */

static struct job {
	void (*function)(void *argument);
	void *argument;
	atomic_t wanted; /* from test_on to its end */
} jobs[CPUS_MAX];

void selftest_help(void)
{
	struct cpu *cpu = this_cpu();
	struct job *job = &jobs[cpu->number];

	if (!atomic_load(&job->wanted))
		return;
	/* As for one that stops being idle: requests to flush are for it now. */
	atomic_exchange(&cpu->lazy, 0);
	if (atomic_exchange(&cpu->flush_pending, 0))
		arch_tlb_flush_user();
	job->function(job->argument);
	atomic_exchange(&cpu->lazy, 1);
	atomic_store_release(&job->wanted, 0);
}

void test_on(unsigned cpu, void (*function)(void *argument), void *argument)
{
	jobs[cpu].function = function;
	jobs[cpu].argument = argument;
	atomic_store_release(&jobs[cpu].wanted, 1);
	platform_send_request(cpus[cpu]->platform_number);
}

void test_await(void)
{
	for (unsigned n = 0; n < cpu_count; n++) {
		while (atomic_load(&jobs[n].wanted)) {
			request_serve();
			arch_pause();
		}
	}
}

void test_on_all(void (*function)(void *argument), void *argument)
{
	for (unsigned n = 0; n < cpu_count; n++) {
		if (n != this_cpu()->number)
			test_on(n, function, argument);
	}
	function(argument);
	test_await();
}

/* --- Panics --- */

static void *catch_point[5]; /* what __builtin_setjmp needs */
static unsigned catch_cpu;
static char caught[256];

static void catch(const char *message)
{
	if (this_cpu()->number != catch_cpu)
		return;
	strlcpy(caught, message, sizeof caught);
	panic_catch = NULL;
	__builtin_longjmp(catch_point, 1);
}

static bool contains(const char *text, const char *part)
{
	for (; *text; text++) {
		if (strncmp(text, part, strlen(part)) == 0)
			return true;
	}
	return false;
}

static __attribute__((noinline)) bool call_caught(void (*function)(void))
{
	if (__builtin_setjmp(catch_point))
		return true;
	function();
	return false;
}

void test_panics(void (*function)(void), const char *text)
{
	catch_cpu = this_cpu()->number;
	caught[0] = '\0';
	panic_catch = catch;
	bool panicked = call_caught(function);
	panic_catch = NULL;
	if (!panicked)
		test_fail(__FILE__, __LINE__, "expected a panic about '%s', none came", text);
	else if (!contains(caught, text))
		test_fail(__FILE__, __LINE__, "expected a panic about '%s', it was '%s'", text, caught);
}

/* --- Memory --- */

uint32_t test_free_pages(void)
{
	return page_count_unused();
}

struct space *test_space(void)
{
	struct space *space = space_create(NULL);

	if (!space)
		panic("no memory for a test's address space");
	return space;
}

void test_space_end(struct space *space)
{
	space_leave(space);
	while (!space_destroy_slice(space))
		continue;
}
