/*
 * Checkpoints of a child that sleeps in a system call. That a checkpoint is taken does not disturb the call; put back, the
 * child makes it anew, with nothing to be seen of it but that.
 */
#include <finch/checkpoint.h>
#include <finch/ipc.h>
#include "child.h"

#define SHARED ((volatile struct shared *)0x20000000)
#define PAGE ((char *)0x30000000)
#define MARK 0x5A5A0000

/* What parent and children share for good. */
struct shared {
	uint32_t calls;   /* the child is about to make its call */
	uint32_t returns; /* it has returned */
	int result;
	uint32_t value;
	int status;
	char text[64];
	bool unused;
};

static envid_t parent;

static const volatile struct Env *env_of(envid_t id)
{
	return &envs[ENVX(id)];
}

/* A child of its own memory that makes the call again and again, telling what comes of it. */
static envid_t start(void (*call)(uint32_t), uint32_t arg)
{
	SHARED->calls = SHARED->returns = 0;
	envid_t child = fork();
	if (child == 0) {
		for (;;) {
			SHARED->calls++;
			call(arg);
			SHARED->returns++;
		}
	}
	expect(child > 0);
	return child;
}

/* The child sleeps in its call number n, for that reason. */
static void await_call(envid_t child, uint32_t n, uint32_t wait)
{
	wait_until(SHARED->calls == n && env_of(child)->env_status == ENV_NOT_RUNNABLE && env_of(child)->env_wait == wait);
	expect_is(SHARED->returns, n - 1);
}

static void await_return(uint32_t n)
{
	wait_until(SHARED->returns == n);
}

/* Put back, it sleeps in the same call, and has made none of those after it: the count of calls is shared, so it stays. */
static void put_back(envid_t checkpoint, envid_t child, uint32_t wait)
{
	expect_is(checkpoint_restore(checkpoint, child), child);
	wait_until(env_of(child)->env_status == ENV_NOT_RUNNABLE && env_of(child)->env_wait == wait);
}

static envid_t take(envid_t child, uint32_t wait)
{
	envid_t checkpoint = checkpoint_take(child);

	if (checkpoint < 0)
		fail("checkpoint_take: %e", checkpoint);
	/* It has not noticed. */
	expect_is(env_of(child)->env_status, ENV_NOT_RUNNABLE);
	expect_is(env_of(child)->env_wait, wait);
	expect_is(SHARED->returns, SHARED->calls - 1);
	return checkpoint;
}

static void finish(envid_t child, envid_t checkpoint)
{
	expect_is(checkpoint_drop(checkpoint), 0);
	expect_is(sys_env_destroy(child), 0);
	expect_end(child, -E_KILLED);
	expect_kernel_sound();
}

/* --- Receive --- */

static void receive(uint32_t arg)
{
	int perm = 0;
	envid_t from = 0;
	int32_t value = ipc_recv(&from, arg ? PAGE : NULL, &perm);

	SHARED->value = (uint32_t)value;
	SHARED->result = arg ? (perm ? *(volatile int *)PAGE : -1) : 0;
	if (from != parent)
		SHARED->value = 0xBAD;
}

static void test_receive(void)
{
	envid_t child = start(receive, 0);
	await_call(child, 1, ENV_WAIT_MESSAGE);
	envid_t checkpoint = take(child, ENV_WAIT_MESSAGE);

	for (uint32_t i = 1; i <= 4; i++) {
		ipc_send(child, 100 + i, NULL, 0);
		await_return(i);
		expect_is(SHARED->value, 100 + i);
		await_call(child, i + 1, ENV_WAIT_MESSAGE);
		if (i == 2) {
			/* in the second call from there; the first one is made again */
			put_back(checkpoint, child, ENV_WAIT_MESSAGE);
			expect(env_of(child)->env_ipc_recving);
		}
	}
	finish(child, checkpoint);
}

/* With a window: pages come into the child's memory as it is then. */
static void test_receive_page(void)
{
	envid_t child = start(receive, 1);
	await_call(child, 1, ENV_WAIT_MESSAGE);
	envid_t checkpoint = take(child, ENV_WAIT_MESSAGE);

	expect_is(sys_page_alloc(0, PAGE, RW), 0);
	for (int i = 1; i <= 3; i++) {
		struct page_record record = { 0, 0 };
		*(volatile int *)PAGE = 1000 + i;
		ipc_send(child, 0, PAGE, RO);
		await_return((uint32_t)i);
		expect_is(SHARED->result, 1000 + i);
		put_back(checkpoint, child, ENV_WAIT_MESSAGE);
		/* The page is not there any more. */
		expect_is(sys_page_list(child, (uintptr_t)PAGE, &record, 1), 1);
		expect(record.va > (uintptr_t)PAGE);
	}
	expect_is(sys_page_unmap(0, PAGE), 0);
	finish(child, checkpoint);
}

/* --- Send --- */

static void send(uint32_t arg)
{
	ipc_send(parent, MARK + arg, NULL, 0);
	SHARED->result = 0;
}

static void test_send(void)
{
	envid_t child = start(send, 1), from;
	await_call(child, 1, ENV_WAIT_SEND);
	envid_t checkpoint = take(child, ENV_WAIT_SEND);

	/* The message that waited is there once. */
	expect_is(ipc_recv(&from, NULL, NULL), MARK + 1);
	expect_is(from, child);
	await_return(1);
	await_call(child, 2, ENV_WAIT_SEND);
	for (int i = 0; i < 3; i++) {
		/* Put back, it sends what it was about to send; what it was sending just now is gone. */
		put_back(checkpoint, child, ENV_WAIT_SEND);
		expect_kernel_sound();
		expect_is(ipc_recv(&from, NULL, NULL), MARK + 1);
		expect_is(from, child);
		await_return((uint32_t)i + 2);
	}
	finish(child, checkpoint);
}

/* --- Call --- */

static void call(uint32_t arg)
{
	SHARED->result = sys_ipc_call(parent, MARK + arg, NULL, 0, IPC_NO_PAGES);
	SHARED->value = thisenv->env_ipc_value;
}

static void test_call(void)
{
	envid_t child = start(call, 2), from;
	await_call(child, 1, ENV_WAIT_MESSAGE);
	envid_t asking = take(child, ENV_WAIT_MESSAGE);

	expect_is(ipc_recv(&from, NULL, NULL), MARK + 2);
	/* It waits for the answer: that a checkpoint is taken does not make it ask twice. */
	envid_t asked = take(child, ENV_WAIT_MESSAGE);
	expect_is(sys_ipc_wait(IPC_NO_PAGES, child, 0), -E_TIMEOUT);
	ipc_send(child, 7, NULL, 0);
	await_return(1);
	expect_is(SHARED->result, 0);
	expect_is(SHARED->value, 7);
	await_call(child, 2, ENV_WAIT_MESSAGE);
	/* Put back, it asks again, for the answer that it waited for has been given. */
	uint32_t n = 1;
	for (int i = 0; i < 2; i++) {
		put_back(asking, child, ENV_WAIT_MESSAGE);
		expect_is(ipc_recv(&from, NULL, NULL), MARK + 2);
		ipc_send(child, 8, NULL, 0);
		await_return(++n);
		expect_is(SHARED->result, 0);
		expect_is(SHARED->value, 8);
		put_back(asked, child, ENV_WAIT_MESSAGE);
		expect_is(ipc_recv(&from, NULL, NULL), MARK + 2);
		ipc_send(child, 9, NULL, 0);
		await_return(++n);
		expect_is(SHARED->value, 9);
	}
	expect_is(checkpoint_drop(asking), 0);
	finish(child, asked);
}

/* --- Reply and wait: an answer is given once --- */

static void serve(uint32_t arg)
{
	USED(arg);
	SHARED->result = sys_ipc_reply_wait(thisenv->env_ipc_from, thisenv->env_ipc_value + 1, NULL, 0, IPC_NO_PAGES);
	SHARED->value = thisenv->env_ipc_value;
}

static void test_reply_wait(void)
{
	envid_t child = start(serve, 0);
	await_call(child, 1, ENV_WAIT_MESSAGE);
	expect_is(sys_ipc_call(child, 50, NULL, 0, IPC_NO_PAGES), 0);
	expect_is(thisenv->env_ipc_value, 51);
	wait_until(SHARED->calls == 2 && env_of(child)->env_wait == ENV_WAIT_MESSAGE);
	envid_t checkpoint = take(child, ENV_WAIT_MESSAGE);

	for (int i = 0; i < 3; i++) {
		/* While this waits for anything from the child, the old answer would come. */
		put_back(checkpoint, child, ENV_WAIT_MESSAGE);
		expect_is(sys_ipc_wait(IPC_NO_PAGES, child, 0), -E_TIMEOUT);
		expect_is(sys_ipc_call(child, (uint32_t)(60 + i), NULL, 0, IPC_NO_PAGES), 0);
		expect_is(thisenv->env_ipc_value, 61 + i);
	}
	/* Its registers say: to nobody. */
	struct state_registers registers = { .fs = 0 };
	expect_is(sys_env_state_get(checkpoint, STATE_REGISTERS, &registers, sizeof registers), sizeof registers);
	expect_is(registers.frame.tf_regs.reg_edx, 0);
	finish(child, checkpoint);
}

/* --- The end of another --- */

static envid_t other;

static void await_end(uint32_t arg)
{
	int status = 77;

	SHARED->result = arg ? wait_status(other, &status) : wait_status(other, NULL);
	SHARED->status = status;
}

/* Its end is told at once, or not known any more. */
static void test_end(void)
{
	for (uint32_t arg = 0; arg < 2; arg++) {
		other = fork();
		if (other == 0)
			exit_status((int)sys_ipc_recv((void *)UTOP) + 5);
		envid_t child = start(await_end, arg);
		await_call(child, 1, ENV_WAIT_END);
		envid_t checkpoint = take(child, ENV_WAIT_END);
		put_back(checkpoint, child, ENV_WAIT_END);
		expect_is(env_of(child)->env_wait_for, other);
		expect_kernel_sound();
		/* The page of `status` is one to be copied on write when the kernel stores it. */
		ipc_send(other, 0, NULL, 0);
		wait_until(SHARED->returns >= 1);
		expect_is(sys_env_set_status(child, ENV_NOT_RUNNABLE), 0);
		if (SHARED->returns == 1) {
			expect_is(SHARED->result, 0);
			expect_is(SHARED->status, arg ? 5 : 77);
		}
		wait_status(other, NULL);
		expect_is(checkpoint_restore(checkpoint, child), child);
		wait_until(SHARED->returns > 20);
		expect_is(SHARED->result, -E_BAD_ENV);
		finish(child, checkpoint);
	}
}

/* --- Parked, asleep, at the console --- */

static void parks(uint32_t arg)
{
	USED(arg);
	SHARED->result = libos_sys_park(0, TIMEOUT_NEVER);
}

static void test_park(void)
{
	envid_t child = start(parks, 0);
	await_call(child, 1, ENV_WAIT_PARK);
	envid_t checkpoint = take(child, ENV_WAIT_PARK);

	for (uint32_t i = 1; i <= 3; i++) {
		expect_is(libos_sys_unpark(child), 0);
		await_return(i);
		expect_is(SHARED->result, 0);
		await_call(child, i + 1, ENV_WAIT_PARK);
		put_back(checkpoint, child, ENV_WAIT_PARK);
		SHARED->calls = i + 1;
	}
	finish(child, checkpoint);
}

static void sleeps(uint32_t arg)
{
	sleep_ms(arg);
}

static void test_sleep(void)
{
	envid_t child = start(sleeps, 30);
	wait_until(SHARED->calls == 1 && env_of(child)->env_wait == ENV_WAIT_MESSAGE);
	envid_t checkpoint = checkpoint_take(child);

	expect(checkpoint > 0);
	for (uint32_t i = 0; i < 3; i++) {
		uint32_t returned = SHARED->returns;
		wait_until(SHARED->returns > returned);
		expect_is(checkpoint_restore(checkpoint, child), child);
		expect_kernel_sound();
	}
	finish(child, checkpoint);
}

static void reads(uint32_t arg)
{
	USED(arg);
	SHARED->result = getchar();
}

/* Nobody types anything here, but perhaps an end of input: it waits, and the kernel's list of readers stays right. */
static void test_console(void)
{
	envid_t child = start(reads, 0);
	wait_until(env_of(child)->env_wait == ENV_WAIT_CONSOLE);
	envid_t checkpoint = take(child, ENV_WAIT_CONSOLE);

	for (int i = 0; i < 5; i++) {
		put_back(checkpoint, child, ENV_WAIT_CONSOLE);
		expect_kernel_sound();
	}
	expect(SHARED->returns <= 1);
	expect_is(sys_env_destroy(child), 0);
	expect_end(child, -E_KILLED);
	/* In a new environment too. */
	child = checkpoint_restore(checkpoint, 0);
	expect(child > 0);
	wait_until(env_of(child)->env_wait == ENV_WAIT_CONSOLE);
	finish(child, checkpoint);
}

/* --- Registers that the parent has set while the child waited: they count, not the call --- */

static void says_so(void)
{
	SHARED->value = 4711;
	for (;;)
		sys_yield();
}

static void test_replaced(void)
{
	envid_t child = start(receive, 0);
	await_call(child, 1, ENV_WAIT_MESSAGE);
	struct Trapframe tf = *(struct Trapframe *)&env_of(child)->env_tf;
	tf.tf_eip = (uintptr_t)says_so;
	expect_is(sys_env_set_trapframe(child, &tf), 0);
	envid_t checkpoint = take(child, ENV_WAIT_MESSAGE);
	struct state_registers registers = { .fs = 0 };
	expect_is(sys_env_state_get(checkpoint, STATE_REGISTERS, &registers, sizeof registers), sizeof registers);
	expect_is(registers.frame.tf_eip, (uintptr_t)says_so);
	expect_is(checkpoint_restore(checkpoint, child), child);
	wait_until(SHARED->value == 4711);
	finish(child, checkpoint);
}

void umain(int argc, char **argv)
{
	parent = sys_getenvid();
	expect_is(sys_page_alloc(0, (void *)SHARED, RW | PTE_SHARE), 0);
	test_receive();
	test_receive_page();
	test_send();
	test_call();
	test_reply_wait();
	test_end();
	test_park();
	test_sleep();
	test_console();
	test_replaced();
}
