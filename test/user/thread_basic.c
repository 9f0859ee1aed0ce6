/* <finch/thread.h>: threads, mutexes and condition variables, on all CPUs that there are. */
#include <finch/thread.h>
#include "child.h"

#define MANY 400   /* threads, one after the other */
#define GROUP 12   /* threads at once */
#define ROUNDS 500
#define STACK_PAGES_MOST 10

static struct mutex mutex;
static struct cond cond, other_cond;
static volatile uint32_t count, turn, waiting, woken;

static int start(void *(*entry)(void *), uint32_t arg)
{
	int id = thread_create(entry, (void *)arg);

	if (id <= 0)
		fail("thread_create: expected an id, saw %e", id);
	return id;
}

static uint32_t join(int id)
{
	void *result = (void *)0xBAD;

	expect_is(thread_join(id, &result), 0);
	return (uint32_t)result;
}

/* --- Start and end --- */

static void *plus_one(void *arg)
{
	return (char *)arg + 1;
}

static void *exits(void *arg)
{
	thread_exit((char *)arg + 2);
}

static void *returns_id(void *arg)
{
	USED(arg);
	expect_error(thread_join(thread_id(), NULL), E_INVAL);
	return (void *)thread_id();
}

static void many(void)
{
	for (uint32_t i = 0; i < MANY; i++)
		expect_is(join(start(i % 2 ? plus_one : exits, i)), i % 2 ? i + 1 : i + 2);
}

static void errors(void)
{
	int id = start(returns_id, 0);

	expect_is(thread_id(), 0);
	expect_error(thread_join(0, NULL), E_INVAL);
	expect_error(thread_join(-1, NULL), E_INVAL);
	expect_error(thread_join(id + NENV, NULL), E_INVAL);
	expect_error(thread_join(id + 1, NULL), E_INVAL);
	expect_is(join(id), id);
	expect_error(thread_join(id, NULL), E_INVAL);
	expect_is(thread_join(start(plus_one, 0), NULL), 0);
}

/* More at once than the pool keeps, each with its own stack; afterwards all but the pool is gone. */
static void *on_own_stack(void *arg)
{
	volatile uint32_t words[5000];

	for (uint32_t i = 0; i < ARRAY_SIZE(words); i++)
		words[i] = i ^ (uint32_t)arg;
	sys_yield();
	for (uint32_t i = 0; i < ARRAY_SIZE(words); i++)
		if (words[i] != (i ^ (uint32_t)arg))
			return (void *)1;
	return thisenv->env_id == sys_getenvid() ? NULL : (void *)2;
}

static void at_once(void)
{
	int ids[40];

	for (uint32_t i = 0; i < ARRAY_SIZE(ids); i++)
		ids[i] = start(on_own_stack, 0x1234567 * i);
	for (uint32_t i = 0; i < ARRAY_SIZE(ids); i++)
		expect_is(join(ids[i]), 0);
	expect_is(thisenv->env_id, sys_getenvid());
}

static void nothing_lost(void)
{
	at_once();
	uint32_t before = free_pages();
	at_once();
	if (before)
		expect_is(free_pages(), before);
}

/* Each allocation in the kernel that fails: an error, and nothing lost. */
static void no_memory(void)
{
	int ids[20], failures = 0;

	for (uint32_t i = 0; i < ARRAY_SIZE(ids); i++)
		ids[i] = start(plus_one, i); /* the pool is empty now */
	uint32_t before = free_pages();
	for (uint32_t n = 0;; n++) {
		sys_test(TEST_FAIL_AFTER, n, NULL, 0);
		int id = thread_create(plus_one, (void *)7);
		sys_test(TEST_FAIL_AFTER, ~0u, NULL, 0);
		if (id > 0) {
			expect_is(join(id), 8);
			break;
		}
		expect_is(id, -E_NO_MEM);
		if (failures++ > 1 && before)
			expect(free_pages() >= before - STACK_PAGES_MOST);
	}
	expect(failures > 0);
	for (uint32_t i = 0; i < ARRAY_SIZE(ids); i++)
		expect_is(join(ids[i]), i + 1);
}

/* --- Mutexes --- */

static void *counts(void *arg)
{
	for (uint32_t i = 0; i < ROUNDS; i++) {
		if (i % 16 == 0)
			while (!mutex_trylock(&mutex))
				sys_yield();
		else
			mutex_lock(&mutex);
		uint32_t saw = count;
		if (i % 64 == (uint32_t)arg)
			sys_yield();
		count = saw + 1;
		mutex_unlock(&mutex);
	}
	return NULL;
}

static void mutexes(void)
{
	int ids[GROUP];

	count = 0;
	for (uint32_t i = 0; i < GROUP; i++)
		ids[i] = start(counts, i);
	for (uint32_t i = 0; i < GROUP; i++)
		join(ids[i]);
	expect_is(count, GROUP * ROUNDS);
	expect_is(mutex.state, 0);
	expect(mutex_trylock(&mutex));
	expect(!mutex_trylock(&mutex));
	mutex_unlock(&mutex);
}

/* --- Condition variables --- */

static void *ping_pong(void *arg)
{
	uint32_t me = (uint32_t)arg;

	mutex_lock(&mutex);
	for (uint32_t i = 0; i < ROUNDS; i++) {
		while (turn != me)
			cond_wait(me ? &other_cond : &cond, &mutex);
		turn = !me;
		cond_signal(me ? &cond : &other_cond);
	}
	mutex_unlock(&mutex);
	return NULL;
}

static void two_take_turns(void)
{
	turn = 0;
	int one = start(ping_pong, 0), two = start(ping_pong, 1);
	join(one);
	join(two);
}

static void *waits(void *arg)
{
	mutex_lock(&mutex);
	waiting++;
	while (!count)
		cond_wait(&cond, &mutex);
	woken++;
	mutex_unlock(&mutex);
	return arg;
}

static uint32_t locked_value(volatile uint32_t *value)
{
	mutex_lock(&mutex);
	uint32_t now = *value;
	mutex_unlock(&mutex);
	return now;
}

static void broadcast(void)
{
	int ids[GROUP];

	for (int round = 0; round < 20; round++) {
		count = waiting = woken = 0;
		for (uint32_t i = 0; i < GROUP; i++)
			ids[i] = start(waits, i);
		while (locked_value(&waiting) < GROUP)
			sys_yield();
		expect_is(woken, 0);
		mutex_lock(&mutex);
		count = 1;
		cond_broadcast(&cond);
		mutex_unlock(&mutex);
		for (uint32_t i = 0; i < GROUP; i++)
			expect_is(join(ids[i]), i);
		expect_is(woken, GROUP);
		expect(!cond.first);
	}
}

/* One signal wakes one: the others go on waiting until they are signalled too. */
static void *waits_for_ticket(void *arg)
{
	mutex_lock(&mutex);
	waiting++;
	while (count == 0)
		cond_wait(&cond, &mutex);
	count--;
	woken++;
	mutex_unlock(&mutex);
	return arg;
}

static void signals(void)
{
	int ids[GROUP];

	count = waiting = woken = 0;
	for (uint32_t i = 0; i < GROUP; i++)
		ids[i] = start(waits_for_ticket, i);
	while (locked_value(&waiting) < GROUP)
		sys_yield();
	for (uint32_t i = 0; i < GROUP; i++) {
		mutex_lock(&mutex);
		expect_is(woken, i);
		count++;
		cond_signal(&cond);
		mutex_unlock(&mutex);
		while (locked_value(&woken) == i)
			sys_yield();
	}
	for (uint32_t i = 0; i < GROUP; i++)
		join(ids[i]);
	expect(!cond.first);
}

static void *waits_shortly(void *arg)
{
	mutex_lock(&mutex);
	int err = cond_wait_for(&cond, &mutex, (uint32_t)arg);
	mutex_unlock(&mutex);
	return (void *)err;
}

static void timeouts(void)
{
	int ids[GROUP];

	mutex_lock(&mutex);
	expect_error(cond_wait_for(&cond, &mutex, 0), E_TIMEOUT);
	unsigned since = sys_time_msec();
	expect_error(cond_wait_for(&cond, &mutex, 30), E_TIMEOUT);
	expect(sys_time_msec() - since >= 30);
	expect(!mutex_trylock(&mutex));
	mutex_unlock(&mutex);
	for (uint32_t i = 0; i < GROUP; i++)
		ids[i] = start(waits_shortly, 1 + i % 3);
	for (uint32_t i = 0; i < GROUP; i++)
		expect_is(join(ids[i]), -E_TIMEOUT);
	expect(!cond.first);
	/* Woken in time, or not: either way it says so, and nobody is left in the line. */
	for (uint32_t round = 0; round < 100; round++) {
		ids[0] = start(waits_shortly, round % 3);
		sys_yield();
		mutex_lock(&mutex);
		cond_signal(&cond);
		mutex_unlock(&mutex);
		int err = (int)join(ids[0]);
		expect(err == 0 || err == -E_TIMEOUT);
		expect(!cond.first);
	}
}

void umain(int argc, char **argv)
{
	grow_records(64);
	errors();
	many();
	nothing_lost();
	no_memory();
	mutexes();
	two_take_turns();
	broadcast();
	signals();
	timeouts();
	expect_kernel_sound();
}
