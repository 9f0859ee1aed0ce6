/*
 * Destroying: children that run on this or another CPU, that wait, that end at that moment; families of hundreds.
 * When the call returns, the child runs no more; when its end is told, nothing of it is left.
 */
#include "child.h"

#define ROUNDS 30
#define TREE_DEPTH 4
#define TREE_WIDTH 4 /* 4 + 16 + 64 + 256 environments */

static volatile uint32_t count, nodes;
static volatile bool go;

static void counter(uint32_t arg)
{
	USED(arg);
	for (;;)
		count++;
}

static void stop(uint32_t arg)
{
	USED(arg);
	for (;;)
		sys_env_set_status(0, ENV_NOT_RUNNABLE);
}

static void exits_when_told(uint32_t status)
{
	__atomic_add_fetch(&nodes, 1, __ATOMIC_SEQ_CST);
	while (!go)
		continue;
	sys_env_exit((int)status);
}

/* Spins on any CPU; destroyed, it counts no more. */
static void running(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		uint32_t before = count;
		envid_t child = child_run(counter, 0);
		wait_until(count != before);
		expect_is(sys_env_destroy(child), 0);
		before = count;
		expect_error(sys_env_destroy(child), E_BAD_ENV);
		expect_error(sys_env_set_status(child, ENV_RUNNABLE), E_BAD_ENV);
		for (int n = 0; n < 10; n++)
			sys_yield();
		for (volatile int n = 0; n < 10000; n++)
			continue;
		expect_is(count, before);
		expect_end(child, -E_KILLED);
		expect_is(envs[ENVX(child)].env_status, ENV_FREE);
	}
}

/* It ends by itself at the moment in which it is destroyed: one of the two is told, and told once. */
static void ending(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		int status = 12345;
		go = false;
		nodes = 0;
		envid_t child = child_run(exits_when_told, 33);
		wait_until(nodes == 1);
		go = true;
		for (volatile int n = 0; n < i * 20; n++)
			continue;
		int error = sys_env_destroy(child);
		if (error && error != -E_BAD_ENV)
			fail("destroying a child that ends: expected 0 or %d, saw %d", -E_BAD_ENV, error);
		expect_is(wait_status(child, &status), 0);
		if (status != 33 && status != -E_KILLED)
			fail("its status: expected 33 or %d, saw %d", -E_KILLED, status);
		if (error)
			expect_is(status, 33);
	}
}

/* A child with children of its own, which it destroys while it is destroyed. */
static void destroys_its_own(uint32_t arg)
{
	envid_t mine[4];

	USED(arg);
	for (int i = 0; i < 4; i++)
		mine[i] = child_run(counter, 0);
	nodes = 1;
	for (int i = 0; i < 4; i++) {
		sys_env_destroy(mine[i]);
		sys_yield();
	}
	for (;;)
		sys_yield();
}

static envid_t some_child(void)
{
	for (int i = 0; i < NENV; i++) {
		if (env_alive(envs[i].env_id) && envs[i].env_parent_id == sys_getenvid())
			return envs[i].env_id;
	}
	return 0;
}

/* All that is mine, also what becomes mine while I do it. Returns how many. */
static uint32_t destroy_all(void)
{
	uint32_t destroyed = 0;

	for (;;) {
		envid_t child = some_child();
		if (child) {
			int error = sys_env_destroy(child);
			expect(error == 0 || error == -E_BAD_ENV);
			wait_status(child, NULL);
			destroyed++;
			continue;
		}
		/* Those that are dying still have children to pass on: wait until they are gone. */
		free_pages();
		if (!some_child())
			return destroyed;
	}
}

static void killers(void)
{
	for (int i = 0; i < 20; i++) {
		nodes = 0;
		envid_t child = child_run(destroys_its_own, 0);
		wait_until(nodes == 1);
		for (volatile int n = 0; n < i * 100; n++)
			continue;
		expect_is(sys_env_destroy(child), 0);
		expect_end(child, -E_KILLED);
		destroy_all();
	}
}

/* Each node makes its children, then counts itself and does as its number says. */
static void node(uint32_t depth)
{
	if (depth > 0) {
		for (int i = 0; i < TREE_WIDTH; i++)
			child_run(node, depth - 1);
	}
	uint32_t number = __atomic_add_fetch(&nodes, 1, __ATOMIC_SEQ_CST);
	switch (number % 4) {
	case 0:
		stop(0);
		break;
	case 1:
		for (;;)
			sys_yield();
	case 2:
		wait(envs[ENVX(sys_getenvid())].env_parent_id);
		sys_env_exit(1);
	default:
		sys_env_exit(2);
	}
}

static uint32_t tree_size(uint32_t depth)
{
	return depth == 0 ? 1 : 1 + TREE_WIDTH * tree_size(depth - 1);
}

static void tree(bool complete)
{
	uint32_t live = 0;

	nodes = 0;
	child_run(node, TREE_DEPTH - 1);
	wait_until(nodes >= (complete ? tree_size(TREE_DEPTH - 1) : tree_size(TREE_DEPTH - 1) / 3));
	expect(destroy_all() > 0);
	for (int i = 0; i < NENV; i++)
		live += envs[i].env_status != ENV_FREE && envs[i].env_parent_id == sys_getenvid();
	expect_is(live, 0);
}

/* Its own end, by destroying itself. */
static void itself(uint32_t by_id)
{
	sys_env_destroy(by_id ? sys_getenvid() : 0);
	for (;;)
		count++;
}

void umain(int argc, char **argv)
{
	expect_end(child_run(itself, 0), 0);
	expect_end(child_run(itself, 1), 0);
	running();
	ending();
	tree(true);
	tree(false);
	killers();
	grow_records(tree_size(TREE_DEPTH - 1) + 10);
	uint32_t before = free_pages();
	running();
	ending();
	expect_is(free_pages(), before);
	tree(true);
	expect_is(free_pages(), before);
	tree(false);
	killers();
	expect_is(free_pages(), before);
	expect_kernel_sound();
}
