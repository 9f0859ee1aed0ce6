/*
 * Messages, one at a time: words and pages, rights, addresses, the order in which arguments are checked, senders that
 * queue, and what is left of a message when one of the two ends.
 */
#include "child.h"

#define A ((char *)0x10000000)
#define B ((char *)0x20000000)
#define NOWHERE ((void *)UTOP)
#define NOBODY 0x7ffff123

static volatile int result, results[8];
static volatile uint32_t arrived;
static volatile envid_t parent;
static const volatile struct Env *self;

/* In a child, thisenv is the parent's. */
static const volatile struct Env *own(void)
{
	return &envs[ENVX(sys_getenvid())];
}

static void until_waits(envid_t child, uint32_t wait)
{
	wait_until(envs[ENVX(child)].env_status == ENV_NOT_RUNNABLE && envs[ENVX(child)].env_wait == wait);
}

static void end_child(envid_t child)
{
	expect_is(sys_env_destroy(child), 0);
	expect_end(child, -E_KILLED);
}

static void receives(uint32_t dstva)
{
	result = sys_ipc_recv((void *)dstva);
	sys_env_exit(0);
}

/* --- The sender's side: child only receives. --- */

static void word(void)
{
	envid_t child = child_run(receives, UTOP);

	until_waits(child, ENV_WAIT_MESSAGE);
	expect(envs[ENVX(child)].env_ipc_recving);
	result = 1;
	expect_is(sys_ipc_try_send(child, 0x89abcdef, NOWHERE, 0), 0);
	expect(!envs[ENVX(child)].env_ipc_recving);
	expect_is(envs[ENVX(child)].env_ipc_value, 0x89abcdef);
	expect_is(envs[ENVX(child)].env_ipc_from, sys_getenvid());
	expect_is(envs[ENVX(child)].env_ipc_perm, 0);
	expect_end(child, 0);
	expect_is(result, 0);
}

static void receives_page(uint32_t arg)
{
	const volatile struct Env *me = own();

	expect_is(sys_ipc_recv(B), 0);
	expect_is(me->env_ipc_value, 5);
	expect_is(me->env_ipc_from, parent);
	expect_is(me->env_ipc_perm, arg);
	expect_is(perm_of(B), arg);
	expect_is(*(volatile uint32_t *)B, 4711);
	if (arg & PTE_W)
		*(volatile uint32_t *)B = 4712;
}

static void page(void)
{
	for (int i = 0; i < 2; i++) {
		uint32_t perm = i ? RO | PTE_SHARE : RW;
		*(volatile uint32_t *)A = 4711;
		envid_t child = child_run(receives_page, perm);
		until_waits(child, ENV_WAIT_MESSAGE);
		expect_is(sys_ipc_try_send(child, 5, A, perm), 0);
		expect_end(child, 0);
		expect_is(*(volatile uint32_t *)A, i ? 4711 : 4712);
		expect_is(refs_of(A), 1);
	}
}

/* A page for one that wants none: the word comes, the page does not. */
static void page_unwanted(void)
{
	envid_t child = child_run(receives, UTOP);

	until_waits(child, ENV_WAIT_MESSAGE);
	expect_is(sys_ipc_try_send(child, 6, A, RW), 0);
	expect_is(envs[ENVX(child)].env_ipc_perm, 0);
	expect_is(refs_of(A), 1);
	expect_end(child, 0);
	/* None is sent to one that wants one. */
	child = child_run(receives, (uint32_t)B);
	until_waits(child, ENV_WAIT_MESSAGE);
	expect_is(sys_ipc_try_send(child, 6, (void *)0xfffff001, 0x1000), 0);
	expect_is(envs[ENVX(child)].env_ipc_perm, 0);
	expect_end(child, 0);
}

static void refused(envid_t to, int (*send)(envid_t, uint32_t, void *, int))
{
	char *read_only = A + PGSIZE, *absent = A + 2 * PGSIZE;

	expect_is(sys_page_map(0, A, 0, read_only, RO), 0);
	expect_is(sys_page_unmap(0, absent), 0);
	/* The environment comes first. */
	expect_error(send(NOBODY, 0, A + 1, 0), E_BAD_ENV);
	expect_error(send(-1, 0, NOWHERE, 0), E_BAD_ENV);
	expect_error(send(to, 0, A + 1, RW), E_INVAL);
	expect_error(send(to, 0, (char *)UTOP - 1, RW), E_INVAL);
	expect_error(send(to, 0, A, 0), E_INVAL);
	expect_error(send(to, 0, A, PTE_P), E_INVAL);
	expect_error(send(to, 0, A, PTE_U | PTE_W), E_INVAL);
	expect_error(send(to, 0, A, RW | PTE_PS), E_INVAL);
	expect_error(send(to, 0, A, RW | 1025 << 12), E_INVAL);
	expect_error(send(to, 0, (char *)UTOP - PGSIZE, RW | 2 << 12), E_INVAL);
	expect_error(send(to, 0, A, RW | 3 << 12), E_INVAL);
	expect_error(send(to, 0, absent, RO), E_INVAL);
	expect_error(send(to, 0, read_only, RW), E_INVAL);
	expect_is(sys_page_unmap(0, read_only), 0);
	expect_is(refs_of(A), 1);
}

static int send_for_ever(envid_t to, uint32_t value, void *va, int perm)
{
	return sys_ipc_send(to, value, va, perm, TIMEOUT_NEVER);
}

static void errors(void)
{
	envid_t child = child_run(receives, (uint32_t)B);

	until_waits(child, ENV_WAIT_MESSAGE);
	refused(child, sys_ipc_try_send);
	refused(child, send_for_ever);
	until_waits(child, ENV_WAIT_MESSAGE);
	expect(envs[ENVX(child)].env_ipc_recving);
	end_child(child);
	/* One that is gone, and one that does not wait: arguments are still checked before that. */
	expect_error(sys_ipc_try_send(child, 0, NOWHERE, 0), E_BAD_ENV);
	expect_error(sys_ipc_send(child, 0, NOWHERE, 0, TIMEOUT_NEVER), E_BAD_ENV);
	child = child_make(receives, UTOP);
	refused(child, sys_ipc_try_send);
	expect_error(sys_ipc_try_send(child, 0, A, RW), E_IPC_NOT_RECV);
	expect_is(refs_of(A), 1);
	end_child(child);
	/* Nobody ever takes what one sends to oneself. */
	expect_error(sys_ipc_try_send(0, 0, NOWHERE, 0), E_IPC_NOT_RECV);
	expect_error(sys_ipc_try_send(sys_getenvid(), 0, A, RW), E_IPC_NOT_RECV);
	expect_error(sys_ipc_send(0, 0, A, RW, TIMEOUT_NEVER), E_IPC_NOT_RECV);
	expect_is(refs_of(A), 1);
	/* Receiving. */
	expect_error(sys_ipc_recv(B + 1), E_INVAL);
	expect_error(sys_ipc_recv((char *)UTOP - 1), E_INVAL);
	expect(!self->env_ipc_recving);
}

/* A message may go to anyone: grandchild to grandparent, who has no right over it. */
static void sends_up(uint32_t depth)
{
	if (depth)
		child_run(sends_up, depth - 1);
	else
		sys_ipc_send(parent, sys_getenvid(), NOWHERE, 0, TIMEOUT_NEVER);
}

static void anyone(void)
{
	envid_t child = child_run(sends_up, 2);

	expect_is(sys_ipc_recv(NOWHERE), 0);
	envid_t from = self->env_ipc_from;
	expect_is(self->env_ipc_value, from);
	expect(from != child);
	expect_end(child, 0);
	wait_status(from, NULL);
	free_pages();
}

/* --- Senders that queue. --- */

static void sends_number(uint32_t n)
{
	results[n] = sys_ipc_send(parent, n, NOWHERE, 0, TIMEOUT_NEVER);
	sys_env_exit((int)n);
}

static void queue_order(void)
{
	static const uint32_t starts[5] = { 3, 0, 4, 1, 2 };
	envid_t children[5];

	for (int i = 0; i < 5; i++) {
		children[i] = child_run(sends_number, starts[i]);
		until_waits(children[i], ENV_WAIT_SEND);
		expect_is(envs[ENVX(children[i])].env_wait_for, sys_getenvid());
	}
	for (int i = 0; i < 5; i++) {
		expect_is(sys_ipc_recv(NOWHERE), 0);
		expect_is(self->env_ipc_value, starts[i]);
		expect_is(self->env_ipc_from, children[i]);
		if (i < 4)
			expect_is(envs[ENVX(children[i + 1])].env_wait, ENV_WAIT_SEND);
		expect_end(children[i], starts[i]);
		expect_is(results[starts[i]], 0);
	}
}

/* One in the middle goes: the order of the others stays. */
static void queue_middle(void)
{
	envid_t children[5];

	for (int i = 0; i < 5; i++) {
		children[i] = child_run(sends_number, i);
		until_waits(children[i], ENV_WAIT_SEND);
	}
	end_child(children[0]);
	end_child(children[2]);
	expect_is(sys_env_set_status(children[4], ENV_RUNNABLE), 0);
	expect_end(children[4], 4);
	expect_is(results[4], -E_INTERRUPTED);
	for (int i = 1; i < 4; i += 2) {
		expect_is(sys_ipc_recv(NOWHERE), 0);
		expect_is(self->env_ipc_value, i);
		expect_end(children[i], i);
	}
}

/* It sends a page of its own, which nobody else maps; with what rights and what then, arg says. */
enum { STAYS, UNMAPS, LOWERED };
static void sends_page(uint32_t arg)
{
	expect_is(sys_page_alloc(0, B, RW), 0);
	*(volatile uint32_t *)B = 1234;
	result = sys_ipc_send(parent, arg, B, arg == LOWERED ? RO : RW, TIMEOUT_NEVER);
}

static void page_queued(void)
{
	/* Unmapped and replaced by the sender's parent meanwhile: what came is what was there at the call. */
	for (uint32_t i = 0; i < 3; i++) {
		uint32_t perm = i == LOWERED ? RO : RW;
		envid_t child = child_run(sends_page, i);
		until_waits(child, ENV_WAIT_SEND);
		if (i == UNMAPS)
			expect_is(sys_page_alloc(child, B, RW), 0);
		expect_is(sys_ipc_recv(B), 0);
		expect_is(self->env_ipc_value, i);
		expect_is(self->env_ipc_perm, perm);
		expect_is(perm_of(B), perm);
		expect_is(*(volatile uint32_t *)B, 1234);
		expect_end(child, 0);
		expect_is(refs_of(B), 1);
		/* It took the place of what was there. */
		child = child_run(sends_page, STAYS);
		until_waits(child, ENV_WAIT_SEND);
		uint32_t before = PTE_ADDR(uvpt[PGNUM(B)]);
		expect_is(sys_ipc_recv(B), 0);
		expect(PTE_ADDR(uvpt[PGNUM(B)]) != before);
		expect_end(child, 0);
		/* And a receiver that wants none gets none. */
		child = child_run(sends_page, STAYS);
		until_waits(child, ENV_WAIT_SEND);
		expect_is(sys_ipc_recv(NOWHERE), 0);
		expect_is(self->env_ipc_perm, 0);
		expect_end(child, 0);
		expect_is(sys_page_unmap(0, B), 0);
	}
}

/* --- Ends, and interruptions. --- */

static volatile envid_t receiver;

static void sends_to_receiver(uint32_t n)
{
	results[n] = sys_ipc_send(receiver, n, n % 2 ? A : NOWHERE, RO, TIMEOUT_NEVER);
	arrived++;
}

static void never_receives(uint32_t arg)
{
	USED(arg);
	for (;;)
		sys_env_set_status(0, ENV_NOT_RUNNABLE);
}

static void receiver_ends(void)
{
	envid_t children[5];

	receiver = child_run(never_receives, 0);
	for (int i = 0; i < 5; i++) {
		children[i] = child_make(sends_to_receiver, i);
		expect_is(sys_page_alloc(children[i], A, RW), 0);
		results[i] = 1;
		expect_is(sys_env_set_status(children[i], ENV_RUNNABLE), 0);
		until_waits(children[i], ENV_WAIT_SEND);
	}
	end_child(receiver);
	for (int i = 0; i < 5; i++) {
		expect_end(children[i], 0);
		expect_is(results[i], -E_BAD_ENV);
	}
}

static void sender_ends(void)
{
	envid_t child = child_run(sends_page, STAYS);

	until_waits(child, ENV_WAIT_SEND);
	end_child(child);
	child = child_run(receives, UTOP);
	until_waits(child, ENV_WAIT_MESSAGE);
	end_child(child);
}

static void interrupted(void)
{
	envid_t child = child_run(receives, UTOP);

	until_waits(child, ENV_WAIT_MESSAGE);
	expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
	expect_end(child, 0);
	expect_is(result, -E_INTERRUPTED);
	child = child_run(sends_page, STAYS);
	until_waits(child, ENV_WAIT_SEND);
	expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
	expect_end(child, 0);
	expect_is(result, -E_INTERRUPTED);
	/* Suspended, it still waits, and gets it. */
	child = child_run(receives, UTOP);
	until_waits(child, ENV_WAIT_MESSAGE);
	expect_is(sys_env_set_status(child, ENV_NOT_RUNNABLE), 0);
	expect_is(sys_ipc_try_send(child, 77, NOWHERE, 0), 0);
	expect_error(sys_ipc_try_send(child, 78, NOWHERE, 0), E_IPC_NOT_RECV);
	expect_is(envs[ENVX(child)].env_status, ENV_NOT_RUNNABLE);
	expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
	expect_end(child, 0);
	expect_is(result, 0);
}

/* --- Out of memory. --- */

/* Receives at an address without a table, while its first allocation fails, then the second. */
static void receives_in_need(uint32_t fails)
{
	uint32_t before = free_pages();

	expect_is(sys_test(TEST_FAIL_AFTER, fails, NULL, 0), 0);
	result = sys_ipc_recv((char *)0x40000000);
	expect_is(sys_test(TEST_FAIL_AFTER, ~0u, NULL, 0), 0);
	if (result < 0) {
		expect_is(free_pages(), before);
		expect(!own()->env_ipc_recving);
	}
}

static void out_of_memory(void)
{
	int failures = 0;

	/* A message that waits for it first: it is not lost. */
	for (uint32_t fails = 0;; fails++) {
		result = 1;
		receiver = child_make(receives_in_need, fails);
		envid_t sender = child_make(sends_to_receiver, 1);
		expect_is(sys_page_alloc(sender, A, RW), 0);
		results[1] = 1;
		expect_is(sys_env_set_status(sender, ENV_RUNNABLE), 0);
		until_waits(sender, ENV_WAIT_SEND);
		expect_is(sys_env_set_status(receiver, ENV_RUNNABLE), 0);
		expect_end(receiver, 0);
		expect_end(sender, 0);
		expect_is(results[1], result < 0 ? -E_BAD_ENV : 0);
		if (result == 0)
			break;
		expect_is(result, -E_NO_MEM);
		failures++;
		expect(fails < 10);
	}
	expect(failures > 0);
}

static void all(void)
{
	word();
	page();
	page_unwanted();
	errors();
	anyone();
	queue_order();
	queue_middle();
	page_queued();
	receiver_ends();
	sender_ends();
	interrupted();
	out_of_memory();
}

void umain(int argc, char **argv)
{
	parent = sys_getenvid();
	self = own();
	expect_is(sys_page_alloc(0, A, RW), 0);
	grow_records(12);
	all();
	uint32_t before = free_pages();
	all();
	expect_is(free_pages(), before);
	expect_is(refs_of(A), 1);
	expect_kernel_sound();
}
