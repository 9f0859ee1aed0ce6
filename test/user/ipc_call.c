/*
 * Calls and answers, ranges of pages, receiving from one alone, timeouts: in turn, against what partners can do wrong, and
 * by many at once.
 */
#include <finch/ipc.h>
#include "child.h"

#define A ((char *)0x10000000)
#define B ((char *)0x20000000)
#define PAGES 20
#define CLIENTS 6
#define CALLS 300

static volatile int answer, got, recving, go, taken, sums[CLIENTS];
static volatile envid_t server, parent;

static const volatile struct Env *own(void)
{
	return &envs[ENVX(sys_getenvid())];
}

static bool waits(envid_t envid, uint32_t wait)
{
	return envs[ENVX(envid)].env_status == ENV_NOT_RUNNABLE && envs[ENVX(envid)].env_wait == wait;
}

static void end_child(envid_t child)
{
	expect_is(sys_env_destroy(child), 0);
	expect_end(child, -E_KILLED);
}

/* Answers each call with its value + 1, until one says 0. */
static void serves(uint32_t arg)
{
	USED(arg);
	expect_is(sys_ipc_wait(IPC_NO_PAGES, 0, TIMEOUT_NEVER), 0);
	while (own()->env_ipc_value) {
		taken++;
		expect_is(sys_ipc_reply_wait(own()->env_ipc_from, own()->env_ipc_value + 1, NULL, 0, IPC_NO_PAGES), 0);
	}
}

static void calls(uint32_t n)
{
	for (int i = 1; i <= CALLS; i++) {
		expect_is(sys_ipc_call(server, n * 1000 + i, NULL, 0, IPC_NO_PAGES), 0);
		expect_is(own()->env_ipc_value, n * 1000 + i + 1);
		expect_is(own()->env_ipc_from, server);
		sums[n]++;
	}
}

static void call_once(uint32_t value)
{
	answer = sys_ipc_call(server, value, NULL, 0, IPC_NO_PAGES);
	got = (int)own()->env_ipc_value;
	recving = own()->env_ipc_recving;
}

static int call_by_int(envid_t to, uint32_t value)
{
	int result;

	__asm__ volatile("int $0x30"
			 : "=a"(result)
			 : "0"(SYS_ipc_call), "d"(to), "c"(value), "b"(UTOP), "D"(UTOP), "S"(0)
			 : "memory", "cc");
	return result;
}

static void round_trips(void)
{
	envid_t clients[CLIENTS];

	server = child_run(serves, 0);
	wait_until(waits(server, ENV_WAIT_MESSAGE));
	expect_is(sys_ipc_call(server, 41, NULL, 0, IPC_NO_PAGES), 0);
	expect_is(thisenv->env_ipc_value, 42);
	expect_is(thisenv->env_ipc_perm, 0);
	/* In the ways that mix: by int, from one that waits by sysenter; registers are kept. */
	expect_is(call_by_int(server, 7), 0);
	expect_is(thisenv->env_ipc_value, 8);
	for (int i = 0; i < CLIENTS; i++)
		clients[i] = child_run(calls, i);
	for (int i = 0; i < CLIENTS; i++)
		expect_end(clients[i], 0);
	for (int i = 0; i < CLIENTS; i++)
		expect_is(sums[i], CALLS);
	ipc_send(server, 0, NULL, 0);
	expect_end(server, 0);
}

/* Takes one message and ends, or is ended, without an answer. */
static void takes(uint32_t then)
{
	expect_is(sys_ipc_recv((void *)UTOP), 0);
	taken = 1;
	wait_until(go);
	if (then)
		sys_ipc_try_send(own()->env_ipc_from, then, (void *)UTOP, 0);
	sys_env_exit(0);
}

static void nothing(uint32_t arg)
{
	USED(arg);
	wait_until(go);
}

static void wrong_partners(void)
{
	envid_t client;

	/* Nobody but the server may answer; and not before it has taken the call. */
	go = taken = 0;
	server = child_run(nothing, 0);
	client = child_run(call_once, 1);
	wait_until(waits(client, ENV_WAIT_MESSAGE));
	expect_error(sys_ipc_try_send(client, 5, (void *)UTOP, 0), E_IPC_NOT_RECV);
	/* It ends: the call that queued ends with it. */
	go = 1;
	expect_end(server, 0);
	expect_end(client, 0);
	expect_is(answer, -E_BAD_ENV);
	expect(!recving);

	go = taken = 0;
	server = child_run(takes, 0);
	client = child_run(call_once, 1);
	wait_until(taken);
	expect_error(sys_ipc_try_send(client, 5, (void *)UTOP, 0), E_IPC_NOT_RECV);
	go = 1; /* ends without having answered */
	expect_end(server, 0);
	expect_end(client, 0);
	expect_is(answer, -E_BAD_ENV);

	/* The caller is destroyed: whoever answers it is none the wiser. */
	go = taken = 0;
	server = child_run(takes, 9);
	client = child_run(call_once, 1);
	wait_until(taken);
	end_child(client);
	go = 1;
	expect_end(server, 0);

	/* The call is interrupted, while it queues and after it was taken. */
	for (int i = 0; i < 2; i++) {
		go = taken = 0;
		server = child_run(i ? takes : nothing, 0);
		client = child_run(call_once, 1);
		wait_until(waits(client, ENV_WAIT_MESSAGE) && (i == 0 || taken));
		expect_is(sys_env_set_status(client, ENV_RUNNABLE), 0);
		expect_end(client, 0);
		expect_is(answer, -E_INTERRUPTED);
		go = 1;
		expect_end(server, 0);
	}
	/* To nobody, to oneself, to one that is gone. */
	expect_error(sys_ipc_call(server, 1, NULL, 0, IPC_NO_PAGES), E_BAD_ENV);
	expect_error(sys_ipc_call(0, 1, NULL, 0, IPC_NO_PAGES), E_IPC_NOT_RECV);
	expect_error(sys_ipc_call(sys_getenvid(), 1, NULL, 0, IPC_NO_PAGES), E_IPC_NOT_RECV);
}

static void ranges_child(uint32_t arg)
{
	USED(arg);
	expect_is(sys_ipc_wait(ipc_window(B, PAGES), 0, TIMEOUT_NEVER), 0);
	int perm = own()->env_ipc_perm;
	expect_is(perm, RW | PAGES << PERM_COUNT_SHIFT);
	for (int i = 0; i < PAGES; i++)
		expect_is(B[i * PGSIZE], i);
	B[0] = 99;
	/* The answer has more pages than are wanted: the rest is dropped. */
	expect_is(sys_ipc_reply_wait(own()->env_ipc_from, 1, B, libos_range(RO, 3), IPC_NO_PAGES), 0);
}

static void ranges(void)
{
	uint32_t before;
	envid_t child;

	for (int i = 0; i < PAGES; i++) {
		expect_is(sys_page_alloc(0, A + i * PGSIZE, RW), 0);
		A[i * PGSIZE] = i;
	}
	before = free_pages();
	child = child_run(ranges_child, 0);
	expect_error(sys_ipc_call(child, 0, A, libos_range(RW, PAGES + 1), IPC_NO_PAGES), E_INVAL);
	expect_error(sys_ipc_call(child, 0, A, libos_range(RW, 1025), IPC_NO_PAGES), E_INVAL);
	expect_error(sys_ipc_call(child, 0, NULL, 0, (uintptr_t)A | 1025), E_INVAL);
	expect_error(sys_ipc_call(child, 0, NULL, 0, (UTOP - PGSIZE) | 2), E_INVAL);
	expect_error(sys_ipc_wait((UTOP - PGSIZE) | 2, 0, 0), E_INVAL);
	expect_is(sys_ipc_call(child, 0, A, libos_range(RW, PAGES), ipc_window(A + PAGES * PGSIZE, 2)), 0);
	expect_is(thisenv->env_ipc_perm, RO | 2 << PERM_COUNT_SHIFT);
	expect_is(A[0], 99);
	expect_is(refs_of(A), 3);
	expect(!page_mapped(A + (PAGES + 2) * PGSIZE));
	expect_is(sys_page_unmap_range(0, A + PAGES * PGSIZE, 2), 2);
	end_child(child);
	for (int i = 0; i < PAGES; i++)
		expect_is(refs_of(A + i * PGSIZE), 1);
	expect(free_pages() + 3 >= before); /* the tables of this space stay */
	/* A range that is queued, and whose sender or receiver ends, is dropped whole. */
	for (int i = 0; i < 2; i++) {
		go = 0;
		server = child_run(nothing, 0);
		expect_error(sys_ipc_send(server, 1, A, libos_range(RW, PAGES), 1), E_TIMEOUT);
		expect_is(refs_of(A), 1);
		go = 1;
		expect_end(server, 0);
	}
	expect_is(sys_page_unmap_range(0, A, PAGES), PAGES);
}

static void send_to_parent(uint32_t value)
{
	answer = sys_ipc_send(parent, value, (void *)UTOP, 0, TIMEOUT_NEVER);
}

static void timeouts(void)
{
	unsigned before = sys_time_msec();
	envid_t first, second;

	expect_error(sys_ipc_wait(IPC_NO_PAGES, 0, 0), E_TIMEOUT);
	expect_error(sys_ipc_wait(IPC_NO_PAGES, 0, 20), E_TIMEOUT);
	expect_error(sys_ipc_wait(IPC_NO_PAGES, 0x7ffff123, 20), E_BAD_ENV);
	sleep_ms(20);
	expect(sys_time_msec() - before >= 38);
	go = 0;
	server = child_run(nothing, 0);
	expect_error(sys_ipc_send(server, 1, (void *)UTOP, 0, 10), E_TIMEOUT);
	expect_error(sys_ipc_send(server, 1, (void *)UTOP, 0, 0), E_IPC_NOT_RECV);
	/* From one alone, though another came first. */
	parent = sys_getenvid();
	first = child_run(send_to_parent, 1);
	wait_until(waits(first, ENV_WAIT_SEND));
	second = child_run(send_to_parent, 2);
	wait_until(waits(second, ENV_WAIT_SEND));
	expect_error(sys_ipc_wait(IPC_NO_PAGES, server, 10), E_TIMEOUT);
	expect_is(sys_ipc_wait(IPC_NO_PAGES, second, TIMEOUT_NEVER), 0);
	expect_is(thisenv->env_ipc_value, 2);
	expect_is(sys_ipc_wait(IPC_NO_PAGES, 0, 0), 0);
	expect_is(thisenv->env_ipc_value, 1);
	expect_end(second, 0);
	expect_end(first, 0);
	go = 1;
	/* Who waits for one that ends is told. */
	int error = sys_ipc_wait(IPC_NO_PAGES, server, TIMEOUT_NEVER);
	expect_is(error, -E_BAD_ENV);
	expect_end(server, 0);
}

/* No page, no environment: whatever cannot be had, nothing is lost. */
static void out_of_memory(void)
{
	int error;

	server = child_run(serves, 0);
	wait_until(waits(server, ENV_WAIT_MESSAGE));
	for (int i = 0; i < 4; i++)
		expect_is(sys_page_alloc(0, A + i * PGSIZE, RW), 0);
	for (int n = 0;; n++) {
		expect_is(sys_test(TEST_FAIL_AFTER, n, NULL, 0), 0);
		error = sys_ipc_call(server, 5, A, libos_range(RW, 4), ipc_window((char *)0x60000000 + n * PTSIZE, 2));
		expect_is(sys_test(TEST_FAIL_AFTER, ~0u, NULL, 0), 0);
		if (error != -E_NO_MEM)
			break;
		expect_is(refs_of(A), 1);
		expect(n < 10);
	}
	expect_is(error, 0);
	expect_is(refs_of(A), 1);
	ipc_send(server, 0, NULL, 0);
	expect_end(server, 0);
	expect_is(sys_page_unmap_range(0, A, 4), 4);
}

void umain(int argc, char **argv)
{
	USED(argc);
	USED(argv);
	round_trips();
	wrong_partners();
	ranges();
	timeouts();
	out_of_memory();
	expect_kernel_sound();
}
