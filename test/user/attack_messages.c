/*
 * Messages with pages, while their senders and receivers are interrupted, suspended and destroyed: a message comes
 * once or not at all, and no reference to a page is lost or dropped twice.
 */
#include "child.h"

#define ROUNDS 150
#define SENDERS 3
#define PAGE ((volatile uint32_t *)0x10000000)
#define THERE 0x20000000

static volatile envid_t receiver;
static volatile uint32_t received, sent;

static void sends(uint32_t arg)
{
	for (;;) {
		int error = libos_sys_ipc_send(receiver, arg, (uintptr_t)PAGE, RW, TIMEOUT_NEVER);
		if (error == 0)
			__atomic_add_fetch(&sent, 1, __ATOMIC_RELAXED);
		else if (error != -E_INTERRUPTED && error != -E_BAD_ENV)
			fail("ipc_send: %e", error);
		else
			sys_yield();
	}
}

static void receives(uint32_t arg)
{
	for (;;) {
		int error = libos_sys_ipc_recv(arg);
		if (error == 0)
			__atomic_add_fetch(&received, 1, __ATOMIC_RELAXED);
		else if (error != -E_INTERRUPTED)
			fail("ipc_recv: %e", error);
	}
}

static envid_t start(child_function function, uint32_t arg)
{
	envid_t child = child_make(function, arg);

	expect_is(sys_page_map(0, (void *)PAGE, child, (void *)PAGE, RW), 0);
	expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
	return child;
}

static void stop(envid_t child)
{
	int error = sys_env_destroy(child);

	expect(error == 0 || error == -E_BAD_ENV);
	expect_is(wait_status(child, NULL), 0);
}

static void one_round(uint32_t *state)
{
	envid_t senders[SENDERS];

	receiver = start(receives, next_random(state) % 4 ? THERE : UTOP);
	for (int i = 0; i < SENDERS; i++)
		senders[i] = start(sends, i);
	for (uint32_t i = next_random(state) % 8; i; i--) {
		envid_t who = next_random(state) % 2 ? receiver : senders[next_random(state) % SENDERS];
		if (next_random(state) % 3 == 0)
			expect_is(sys_env_set_status(who, ENV_NOT_RUNNABLE), 0);
		for (volatile uint32_t n = next_random(state) % 3000; n; n--)
			continue;
		expect_is(sys_env_set_status(who, ENV_RUNNABLE), 0);
		sys_yield();
	}
	bool first = next_random(state) % 2;
	if (first)
		stop(receiver);
	for (int i = 0; i < SENDERS; i++)
		stop(senders[i]);
	if (!first)
		stop(receiver);
	free_pages(); /* waits for what is dying */
	expect_is(refs_of(PAGE), 1);
}

void umain(int argc, char **argv)
{
	uint32_t state = argc > 1 ? (uint32_t)strtol(argv[1], NULL, 0) : 1;

	expect_is(sys_page_alloc(0, (void *)PAGE, RW), 0);
	grow_records(SENDERS + 2);
	one_round(&state);
	uint32_t before = free_pages();
	for (int i = 0; i < ROUNDS; i++)
		one_round(&state);
	cprintf("%u sent, %u received\n", sent, received);
	expect_is(free_pages(), before);
	expect_kernel_sound();
}
