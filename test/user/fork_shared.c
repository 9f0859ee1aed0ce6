/*
 * sfork: parent and child share all that was mapped but the stack; thisenv is each one's own; pages that an earlier fork
 * has left to be copied are shared too; locks work between them; memory that ends; nothing is lost.
 */
#include "forks.h"
#include <finch/mutex.h>

static volatile uint32_t data = 1, flag;
static volatile uint32_t far[3000];
static struct mutex mutex;

static envid_t sforked(void)
{
	envid_t child = sfork();

	if (child < 0)
		fail("sfork: %e", child);
	return child;
}

static void shared(void)
{
	volatile uint32_t local = 1;

	data = 1;
	flag = 0;
	envid_t child = sforked();
	if (child == 0) {
		expect_is(thisenv->env_id, sys_getenvid());
		wait_until(flag == 1);
		expect_is(data, 5);
		expect_is(local, 1);
		local = 9;
		data = 6;
		far[2999] = 3;
		flag = 2;
		wait_until(flag == 3);
		expect_is(local, 9);
		expect_is(thisenv->env_id, sys_getenvid());
		sys_env_exit(5);
	}
	local = 2;
	data = 5;
	flag = 1;
	wait_until(flag == 2);
	expect_is(thisenv->env_id, sys_getenvid());
	expect(thisenv->env_id != child);
	expect_is(local, 2);
	expect_is(data, 6);
	expect_is(far[2999], 3);
	local = 4;
	flag = 3;
	expect_end(child, 5);
	expect_is(local, 4);
}

/* A fork has marked all pages; then they are shared all the same. */
static void after_fork(void)
{
	envid_t forked = fork();

	expect(forked >= 0);
	if (forked == 0) {
		uint32_t value = data;
		sys_yield();
		expect_is(data, value);
		sys_env_exit(0);
	}
	shared();
	expect_end(forked, 0);
}

static void count(void)
{
	for (int i = 0; i < 500; i++) {
		mutex_lock(&mutex);
		uint32_t value = data;
		if (i % 50 == 0)
			sys_yield();
		data = value + 1;
		mutex_unlock(&mutex);
	}
}

static void several(void)
{
	envid_t children[6];

	data = 0;
	for (int i = 0; i < 6; i++) {
		if ((children[i] = sforked()) == 0) {
			count();
			sys_env_exit(0);
		}
	}
	count();
	for (int i = 0; i < 6; i++)
		expect_end(children[i], 0);
	expect_is(data, 7 * 500);
}

/* The child of a child shares as well; and what it forks is for itself. */
static void generations(void)
{
	data = 1;
	envid_t child = sforked();
	if (child == 0) {
		envid_t grandchild = sforked();
		if (grandchild == 0) {
			data++;
			sys_env_exit(0);
		}
		expect_end(grandchild, 0);
		envid_t forked = fork();
		expect(forked >= 0);
		if (forked == 0) {
			expect_is(thisenv->env_id, sys_getenvid());
			data = 100;
			sys_env_exit(0);
		}
		expect_end(forked, 0);
		expect_is(data, 2);
		sys_env_exit(0);
	}
	expect_end(child, 0);
	expect_is(data, 2);
}

/*
 * In a child of fork, for its stack cannot be copied at times, which ends it. A child of sfork that is not complete passes
 * to us.
 */
static int sfork_in_need(uint32_t n)
{
	envid_t middle = fork();

	expect(middle >= 0);
	if (middle == 0) {
		expect_is(sys_test(TEST_FAIL_AFTER, n, NULL, 0), 0);
		envid_t child = sfork();
		if (child == 0)
			sys_env_exit(0);
		expect_is(sys_test(TEST_FAIL_AFTER, ~0u, NULL, 0), 0);
		if (child > 0) {
			expect_end(child, 0);
			sys_env_exit(FORK_DONE);
		}
		expect_is(child, -E_NO_MEM);
		sys_env_exit(FORK_REFUSED);
	}
	return status_in_need(middle);
}

static void all(void)
{
	shared();
	after_fork();
	several();
	generations();
}

void umain(int argc, char **argv)
{
	grow_records(12);
	all();
	uint32_t before = free_pages();
	all();
	expect_is(free_pages(), before);
	out_of_memory("sfork", sfork_in_need);
	expect_kernel_sound();
}
