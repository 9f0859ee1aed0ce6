/* Tests of locks, requests between CPUs, reclaiming: kern/lock.c, kern/debug/lockcheck.c, kern/request.c. */
#include <kern/lock.h>
#include <kern/reclaim.h>
#include <kern/request.h>
#include "test.h"

static struct spinlock low, high, same_1, same_2;

static void locks_init(void)
{
	spin_init(&low, RANK_ENV, "test low", 1);
	spin_init(&high, RANK_RUNQ, "test high", 1);
	spin_init(&same_1, RANK_SPACE, "test same", 1);
	spin_init(&same_2, RANK_SPACE, "test same", 2);
}

static void take_low(void) UNCHECKED_LOCKING
{
	spin_lock(&low);
}

static void take_high(void) UNCHECKED_LOCKING
{
	spin_lock(&high);
}

static void take_same_1(void) UNCHECKED_LOCKING
{
	spin_lock(&same_1);
}

static void release_low(void) UNCHECKED_LOCKING
{
	spin_unlock(&low);
}

static void request_others(void)
{
	request_all(~0u);
}

void test_lock_order(void) UNCHECKED_LOCKING
{
	locks_init();
	spin_lock(&low);
	spin_lock(&same_1);
	spin_lock(&same_2);
	spin_lock(&high);
	test_panics(take_low, "order");
	test_panics(take_high, "order");
	/* In any order. */
	spin_unlock(&same_1);
	spin_unlock(&high);
	test_panics(take_same_1, "order");
	spin_unlock(&low);
	test_panics(take_low, "order");
	spin_unlock(&same_2);
	EXPECT_IS(this_cpu()->locks_held, 0);
	spin_lock(&high);
	if (cpu_count > 1)
		test_panics(request_others, "a lock is held");
	spin_unlock(&high);
	EXPECT(!spin_is_taken(&low) && !spin_is_taken(&high) && !spin_is_taken(&same_1) && !spin_is_taken(&same_2));
}

static void hold_until(void *argument) UNCHECKED_LOCKING
{
	atomic_t *until = argument;

	spin_lock(&low);
	atomic_store_release(until, 1);
	while (atomic_load(until) != 2) {
		request_serve();
		arch_pause();
	}
	spin_unlock(&low);
}

void test_lock_release(void) UNCHECKED_LOCKING
{
	atomic_t until = { 0 };

	locks_init();
	test_panics(release_low, "is released");
	spin_lock(&low);
	EXPECT(spin_held(&low));
	spin_unlock(&low);
	EXPECT(!spin_held(&low));
	test_panics(release_low, "is released");
	if (cpu_count == 1)
		return;
	test_on(1, hold_until, &until);
	while (atomic_load(&until) != 1)
		arch_pause();
	EXPECT(!spin_held(&low));
	test_panics(release_low, "is released");
	atomic_store_release(&until, 2);
	test_await();
	EXPECT_IS(this_cpu()->locks_held, 0);
}

static uint32_t counter;

static void count_up(void *argument)
{
	(void)argument;
	for (unsigned i = 0; i < 5000; i++) {
		spin_lock(&low);
		uint32_t value = counter;
		if (i % 64 == 0)
			arch_pause();
		counter = value + 1;
		spin_unlock(&low);
	}
}

void test_lock_all_cpus(void)
{
	locks_init();
	counter = 0;
	test_on_all(count_up, NULL);
	EXPECT_IS(counter, 5000 * cpu_count);
}

/* --- Requests --- */

static uint32_t unanswered(void)
{
	uint32_t count = 0;

	for (unsigned n = 0; n < cpu_count; n++)
		count += atomic_load(&cpus[n]->request_wanted) != atomic_load(&cpus[n]->request_done);
	return count;
}

void test_request_all(void)
{
	for (unsigned i = 0; i < 1000 && !test_failed(); i++) {
		uint32_t wanted[CPUS_MAX];
		for (unsigned n = 0; n < cpu_count; n++)
			wanted[n] = atomic_load(&cpus[n]->request_wanted);
		request_all(i % 2 ? ~0u : 1u << i % cpu_count);
		for (unsigned n = 1; n < cpu_count; n++) {
			uint32_t asked = i % 2 || i % cpu_count == n;
			EXPECT_IS(atomic_load(&cpus[n]->request_wanted), wanted[n] + asked);
			EXPECT_IS(atomic_load(&cpus[n]->request_done), wanted[n] + asked);
		}
	}
	/* Counts that wrap: all CPUs are idle, and answer only when they are asked. */
	for (unsigned n = 0; n < cpu_count; n++) {
		atomic_store_release(&cpus[n]->request_wanted, ~0u - 2);
		atomic_store_release(&cpus[n]->request_done, ~0u - 2);
	}
	for (unsigned i = 0; i < 8; i++)
		request_all(~0u);
	EXPECT_IS(unanswered(), 0);
}

static void shoot(void *argument)
{
	(void)argument;
	for (unsigned i = 0; i < test_share(1000); i++)
		request_all(~0u);
}

void test_request_crossfire(void)
{
	test_on_all(shoot, NULL);
	EXPECT_IS(unanswered(), 0);
}

/* Everyone reclaims, takes locks that others want meanwhile, and asks everyone. */
static void reclaim_and_ask(void *argument)
{
	(void)argument;
	for (unsigned i = 0; i < test_share(400); i++) {
		pfn_t pfn = page_take_user();
		reclaim();
		request_all(~0u);
		if (pfn)
			page_drop(pfn);
		spin_lock(&low);
		spin_unlock(&low);
	}
}

void test_reclaim_crossfire(void)
{
	uint32_t free = test_free_pages();

	locks_init();
	test_on_all(reclaim_and_ask, NULL);
	EXPECT_IS(unanswered(), 0);
	EXPECT_IS(test_free_pages(), free);
}
