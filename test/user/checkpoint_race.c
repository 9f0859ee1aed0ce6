/*
 * Checkpoints are taken and put back while others send the child words and pages, wait for it, and time runs out for it: all
 * on other CPUs. Whatever comes in between, the kernel's books stay right, and the child is one of the moments that it was.
 */
#include <finch/checkpoint.h>
#include <finch/ipc.h>
#include "child.h"

#define ROUNDS 15
#define SENDERS 3
#define SHARED ((volatile uint32_t *)0x20000000)
#define PAGE ((char *)0x30000000)

static envid_t child;
static volatile uint32_t count; /* in the child's memory: messages since the last checkpoint or its end */

/* Receives pages and words in all ways; its own books must be right. */
static void receives(void)
{
	uint32_t local = count;

	for (uint32_t i = 0;; i++) {
		int err = i % 3 == 0 ? sys_ipc_wait(ipc_window(PAGE, 2), 0, 1) : i % 3 == 1 ? sys_ipc_recv(PAGE) :
			  sys_ipc_reply_wait(thisenv->env_ipc_from, 0, NULL, 0, ipc_window(PAGE, 2));
		if (local != count)
			SHARED[1] = 1;
		local = ++count;
		if (err == 0 && thisenv->env_ipc_perm && *(volatile uint32_t *)PAGE != thisenv->env_ipc_value)
			SHARED[1] = 2;
		if (err == -E_INTERRUPTED || (err < 0 && err != -E_TIMEOUT && err != -E_NO_MEM))
			SHARED[1] = (uint32_t)-err << 8;
		SHARED[0]++;
	}
}

static void sends(uint32_t n)
{
	char *page = PAGE + (n + 4) * PGSIZE;

	expect_is(sys_page_alloc(0, page, RW), 0);
	for (uint32_t i = 0; !SHARED[2]; i++) {
		uint32_t value = n << 16 | (i & 0xFFFF);
		if (n == 0) {
			sys_ipc_send(child, value, (void *)UTOP, 0, 2);
		} else {
			/* A page of its own for each message: the receiver must find there what it was told. */
			sys_page_alloc(0, page, RW);
			*(volatile uint32_t *)page = value;
			if (n == 1)
				sys_ipc_send(child, value, page, RO, 2);
			else
				sys_ipc_try_send(child, value, page, RO);
		}
	}
	sys_env_exit(0);
}

void umain(int argc, char **argv)
{
	envid_t senders[SENDERS];

	expect_is(sys_page_alloc(0, (void *)SHARED, RW | PTE_SHARE), 0);
	child = fork();
	if (child == 0)
		receives();
	for (uint32_t n = 0; n < SENDERS; n++) {
		if ((senders[n] = fork()) == 0)
			sends(n);
		expect(senders[n] > 0);
	}
	envid_t checkpoint = 0;
	for (int i = 0; i < ROUNDS; i++) {
		uint32_t before = SHARED[0];
		if (i % 3 == 0) {
			if (checkpoint)
				expect_is(checkpoint_drop(checkpoint), 0);
			checkpoint = checkpoint_take(child);
			if (checkpoint < 0)
				fail("checkpoint_take: %e", checkpoint);
		} else {
			expect_is(checkpoint_restore(checkpoint, child), child);
		}
		wait_until(SHARED[0] != before);
		expect_is(SHARED[1], 0);
		if (i % 10 == 0)
			expect_kernel_sound();
	}
	SHARED[2] = 1;
	for (uint32_t n = 0; n < SENDERS; n++)
		expect_end(senders[n], 0);
	expect_is(checkpoint_drop(checkpoint), 0);
	expect_is(sys_env_destroy(child), 0);
	expect_end(child, -E_KILLED);
	expect_kernel_sound();
}
