/*
 * The short ways of messages, where they would be wrong: what is to be refused, a receiver that is stepped, a page that
 * goes into a window where another CPU still knows the page before it.
 */
#include <finch/ipc.h>
#include <inc/x86.h>
#include "child.h"

#define SENT ((volatile uint32_t *)0x10000000)
#define WINDOW ((volatile uint32_t *)0x20000000)
#define ROUNDS 200

static volatile uint32_t arrived, looks, wrong_round, wrong_value, stopped;
static uint8_t stack[2048] __attribute__((aligned(16)));

static bool waits(envid_t envid)
{
	return envs[ENVX(envid)].env_status == ENV_NOT_RUNNABLE && envs[ENVX(envid)].env_wait == ENV_WAIT_MESSAGE;
}

/* In the receiver's space: once a page has arrived, no other is seen. */
static void looks_on(void)
{
	while (!stopped) {
		uint32_t round = arrived, value = round ? *WINDOW : 0;
		if (value < round && !wrong_round) {
			wrong_value = value;
			wrong_round = round;
		}
		looks++;
		if (looks % 64 == 0)
			sys_yield();
	}
	sys_env_exit(0);
}

static void receives(uint32_t rounds)
{
	envid_t thread = sys_env_thread((uintptr_t)looks_on, (uintptr_t)(stack + sizeof stack - 16));

	expect(thread > 0);
	expect_is(sys_env_set_status(thread, ENV_RUNNABLE), 0);
	for (uint32_t round = 1; round <= rounds; round++) {
		expect_is(sys_ipc_recv((void *)WINDOW), 0);
		arrived = round;
		uint32_t before = looks;
		wait_until(looks - before >= 2);
	}
	stopped = 1;
	wait_status(thread, NULL);
}

/* Each page in turn takes the place of the one before, which a thread of the receiver looks at all the time. */
static void test_stale(void)
{
	envid_t child = child_run(receives, ROUNDS);

	for (uint32_t round = 1; round <= ROUNDS; round++) {
		expect_is(sys_page_alloc(0, (void *)SENT, RW), 0);
		*SENT = round;
		ipc_send(child, round, (void *)SENT, RW);
	}
	expect_end(child, 0);
	if (wrong_round)
		fail("after message %u its page was not seen, but %u", wrong_round, wrong_value);
	sys_page_unmap(0, (void *)SENT);
}

/* A call by sysenter with the trap flag set: its debug exception comes when the message has. */
static void receives_stepped(uint32_t arg)
{
	USED(arg);
	__asm__ volatile("movl %%esp, %%ebp; movl $1f, %%esi; pushfl; orl $0x100, (%%esp); popfl; sysenter\n"
			 "1: nop; nop"
			 : : "a"(SYS_ipc_recv), "d"(UTOP) : "memory", "cc", "ecx", "esi");
}

static void test_stepped(void)
{
	envid_t child = child_run(receives_stepped, 0);

	wait_until(waits(child));
	expect_error(sys_ipc_call(child, 1, NULL, 0, IPC_NO_PAGES), E_BAD_ENV);
	expect_end(child, -E_KILLED);
}

/* What is refused in the long way is refused where the receiver waits, too, and it goes on waiting. */
static void receives_twice(uint32_t arg)
{
	USED(arg);
	expect_is(sys_ipc_recv((void *)WINDOW), 0);
	expect_is(sys_ipc_recv((void *)WINDOW), 0);
}

static void test_refused(void)
{
	envid_t child = child_run(receives_twice, 0);

	expect_is(sys_page_alloc(0, (void *)SENT, RO), 0);
	wait_until(waits(child));
	expect_is(sys_ipc_try_send(child, 1, (void *)SENT, RO), 0);
	wait_until(waits(child));
	expect_error(sys_ipc_try_send(child, 1, (void *)SENT, RW), E_INVAL);
	expect_error(sys_ipc_try_send(child, 1, (char *)SENT + 4, RO), E_INVAL);
	expect_error(sys_ipc_try_send(child, 1, (void *)WINDOW, RO), E_INVAL);
	expect_error(sys_ipc_try_send(child, 1, (void *)SENT, RO | 0x80), E_INVAL);
	expect(waits(child));
	expect_is(sys_ipc_try_send(child, 1, (void *)SENT, RO), 0);
	expect_end(child, 0);
	sys_page_unmap(0, (void *)SENT);
}

static bool has_sysenter(void)
{
	uint32_t features;

	cpuid(1, NULL, NULL, NULL, &features);
	return features >> 11 & 1;
}

void umain(int argc, char **argv)
{
	test_refused();
	if (has_sysenter())
		test_stepped();
	test_stale();
}
