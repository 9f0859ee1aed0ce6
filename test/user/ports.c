/*
 * I/O ports: who has which, up to the byte; for whom not: children, threads, whoever comes to the slot of one that had
 * some, or to its CPU, by whatever switch. Read are ports where no device is; written is the one of the firmware's
 * codes.
 */
#include <finch/exception.h>
#include <finch/ipc.h>
#include "child.h"

#define FREE 0x7000       /* no device answers here */
#define PAGES_MEET 0x8000 /* the second page of a bitmap starts with this port */
#define END 0xFFF8        /* ports that can be had lie below */
#define POST 0x80
#define FAMILY 10
#define ROUNDS 60
#define CATCHES 30

/* --- Instructions that may fault: 0 they did not, 1 they did. --- */

#define PORT(name, instruction)                                                                                  \
	int name(uint32_t port);                                                                                 \
	extern const char name##_at[], name##_done[];                                                            \
	__asm__(".text\n" #name ": pushl %edi; pushl %esi; pushl $0; movl 16(%esp), %edx\n"                       \
		"movl %esp, %edi; movl %esp, %esi; xorl %eax, %eax\n" #name "_at: " instruction                   \
		"\nxorl %eax, %eax\n" #name "_done: addl $4, %esp; popl %esi; popl %edi; ret");
PORT(in_8, "inb %dx, %al")
PORT(in_16, "inw %dx, %ax")
PORT(in_32, "inl %dx, %eax")
PORT(out_8, "outb %al, %dx")
PORT(out_16, "outw %ax, %dx")
PORT(out_32, "outl %eax, %dx")
PORT(ins_8, "insb")
PORT(ins_16, "insw")
PORT(ins_32, "insl")
PORT(outs_8, "outsb")
PORT(outs_16, "outsw")
PORT(outs_32, "outsl")

static const struct {
	const char *name;
	int (*instruction)(uint32_t port);
	const char *at, *done;
	unsigned size;
	bool writes;
} ways[] = {
#define WAY(name, size, writes) { #name, name, name##_at, name##_done, size, writes }
	WAY(in_8, 1, false),    WAY(in_16, 2, false),   WAY(in_32, 4, false),  WAY(ins_8, 1, false),
	WAY(ins_16, 2, false),  WAY(ins_32, 4, false),  WAY(out_8, 1, true),   WAY(out_16, 2, true),
	WAY(out_32, 4, true),   WAY(outs_8, 1, true),   WAY(outs_16, 2, true), WAY(outs_32, 4, true),
};

static bool faults(struct ExceptionFrame *frame)
{
	for (unsigned i = 0; i < ARRAY_SIZE(ways); i++) {
		if (frame->ef_eip != (uintptr_t)ways[i].at || frame->ef_trapno != T_GPFLT || frame->ef_err != 0)
			continue;
		frame->ef_eip = (uintptr_t)ways[i].done;
		frame->ef_regs.reg_eax = 1;
		return true;
	}
	return false;
}

/* In a child: the parent's handler is there, but not the stack for it. */
static void catch_faults(void)
{
	expect_is(sys_page_alloc(0, (void *)(UXSTACKTOP - PGSIZE), RW), 0);
	expect_is(libos_sys_env_set(0, ENV_SET_EXCEPTION_UPCALL, (uintptr_t)exception_upcall), 0);
}

static int allow(envid_t envid, uint32_t port, uint32_t count)
{
	return libos_sys_port_allow(envid, port, count, 1);
}

static int forbid(envid_t envid, uint32_t port, uint32_t count)
{
	return libos_sys_port_allow(envid, port, count, 0);
}

/* Each access that touches [first, end) alone is done, each other one faults. */
static void expect_range(uint32_t first, uint32_t end, bool writes)
{
	for (unsigned i = 0; i < ARRAY_SIZE(ways); i++) {
		if (ways[i].writes && !writes)
			continue;
		for (uint32_t port = first - 5; port < end + 2; port++) {
			int wanted = !(port >= first && port + ways[i].size <= end);
			int saw = ways[i].instruction(port);
			if (saw != wanted)
				fail("%s at port %x, while %x to %x may be used: expected %s, saw %s", ways[i].name, port,
				     first, end - 1, wanted ? "a fault" : "none", saw ? "a fault" : "none");
		}
	}
}

static void own(void)
{
	expect_range(FREE, FREE, true);
	expect_is(allow(0, FREE, 1), 0);
	expect_range(FREE, FREE + 1, true);
	expect_is(allow(0, FREE + 1, 6), 0);
	expect_range(FREE, FREE + 7, true);
	expect_is(forbid(0, FREE + 4, 1), 0);
	expect_is(in_32(FREE), 0);
	expect_is(in_16(FREE + 3), 1);
	expect_is(in_32(FREE + 1), 1);
	expect_is(in_8(FREE + 4), 1);
	expect_is(in_16(FREE + 5), 0);
	expect_is(forbid(0, FREE, 7), 0);
	expect_range(FREE, FREE, true);
	/* Where the pages of the bitmap meet, and at their end. */
	expect_is(allow(0, PAGES_MEET - 3, 6), 0);
	expect_range(PAGES_MEET - 3, PAGES_MEET + 3, true);
	expect_is(forbid(0, PAGES_MEET, 100), 0);
	expect_range(PAGES_MEET - 3, PAGES_MEET, true);
	expect_is(allow(0, END - 20, 20), 0);
	expect_range(END - 20, END, true);
	for (uint32_t port = END; port <= 0xFFFF; port++)
		expect_is(in_8(port), 1);
	expect_is(in_16(0xFFFF), 1);
	expect_is(in_32(0xFFFE), 1);
	/* One with a device behind it: a code that nobody shows. */
	expect_is(out_8(POST), 1);
	expect_is(allow(0, POST, 1), 0);
	expect_is(out_8(POST), 0);
	/* Long ranges; none is left. */
	expect_is(allow(0, 0x1003, 0x3000), 0);
	expect_is(in_8(0x1002), 1);
	expect_is(in_8(0x1003), 0);
	expect_is(in_8(0x4002), 0);
	expect_is(in_8(0x4003), 1);
	expect_is(forbid(0, 0, END), 0);
	expect_range(FREE, FREE, false);
	expect_is(in_8(0x2000), 1);
}

static void refused(void)
{
	static const uint16_t kernels[] = { 0x20, 0x21, 0x40, 0x43, 0x60, 0x61, 0x64, 0x70, 0x71, 0x92, 0xA0, 0xA1, 0xE9,
					    0xF4, 0x3D4, 0x3D5, 0x3F8, 0x3FF, 0x4D0, 0x4D1 };

	for (unsigned i = 0; i < ARRAY_SIZE(kernels); i++) {
		expect_error(allow(0, kernels[i], 1), E_INVAL);
		expect_error(allow(0, kernels[i] - 4, 9), E_INVAL);
		expect_is(in_8(kernels[i]), 1);
	}
	expect_error(allow(0, 0, END), E_INVAL);
	expect_error(allow(0, FREE, 0), E_INVAL);
	expect_error(allow(0, END, 1), E_INVAL);
	expect_error(allow(0, END - 1, 2), E_INVAL);
	expect_error(allow(0, FREE, 0xFFFFFFFF), E_INVAL);
	expect_error(allow(0, 0xFFFFFFFF, 1), E_INVAL);
	expect_error(allow(0, 0x80000000, 0x80000001), E_INVAL);
	expect_error(allow(-1, FREE, 1), E_BAD_ENV);
	expect_error(allow(thisenv->env_parent_id, FREE, 1), E_BAD_ENV);
	expect_range(FREE, FREE, false);
}

/* --- Others --- */

static volatile int result;
static volatile bool go, here;

static void tries(uint32_t port)
{
	catch_faults();
	here = true;
	wait_until(go);
	result = in_8(port);
}

static int tried_by(envid_t child)
{
	result = -1;
	go = true;
	expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
	expect_end(child, 0);
	go = false;
	return result;
}

static void without_right(uint32_t arg)
{
	USED(arg);
	result = allow(0, FREE, 1);
}

static void children(void)
{
	expect_is(allow(0, FREE, 1), 0);
	/* Not inherited; given, without the parent having it; gone with its owner. */
	expect_is(tried_by(child_make(tries, FREE)), 1);
	envid_t child = child_make(tries, FREE + 9);
	expect_is(allow(child, FREE + 8, 2), 0);
	expect_is(in_8(FREE + 9), 1);
	expect_is(tried_by(child), 0);
	envid_t next = child_make(tries, FREE + 9);
	expect_is(ENVX(next), ENVX(child));
	expect_is(tried_by(next), 1);
	/* Taken away again; and only of one that is suspended. */
	child = child_make(tries, FREE + 9);
	expect_is(allow(child, FREE + 9, 1), 0);
	expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
	expect_error(forbid(child, FREE + 9, 1), E_INVAL);
	expect_is(sys_env_set_status(child, ENV_NOT_RUNNABLE), 0);
	expect_is(forbid(child, FREE + 9, 1), 0);
	expect_is(tried_by(child), 1);
	/* Without the right one gives none, not even to itself. */
	child_run_without_rights(without_right);
	expect_error(result, E_BAD_ENV);
	expect_is(in_8(FREE), 0);
	expect_is(forbid(0, FREE, 1), 0);
}

/* Spends its time in a call that does not end early, though it is to stop. */
static void tries_busily(uint32_t port)
{
	catch_faults();
	here = true;
	while (!go) {
		expect_is(libos_sys_page_alloc_dma(0, 0x10000000, RW | 1024 << PERM_COUNT_SHIFT), 1024);
		expect_is(pages_unmap(0, (void *)0x10000000, 1024), 0);
	}
	result = in_8(port);
}

/* Given while it runs on another CPU, made to stop for the least time, so that it may not have come to that. */
static void caught(void)
{
	for (int i = 0; i < CATCHES; i++) {
		here = false;
		envid_t child = child_run(i % 2 ? tries : tries_busily, FREE);
		wait_until(here);
		expect_is(sys_env_set_status(child, ENV_NOT_RUNNABLE), 0);
		expect_is(allow(child, FREE, 1), 0);
		expect_is(tried_by(child), 0);
	}
}

static uint32_t thread_stack[512];

static void thread(uint32_t arg)
{
	USED(arg);
	result = in_8(FREE);
	sys_env_exit(0);
}

static void threads(void)
{
	expect_is(allow(0, FREE, 1), 0);
	thread_stack[510] = 0;
	envid_t id = sys_env_thread((uintptr_t)thread, (uintptr_t)&thread_stack[508]);
	expect(id > 0);
	expect_is(sys_page_alloc(0, (void *)0x30000000, RW), 0);
	expect_is(libos_sys_env_set(id, ENV_SET_EXCEPTION_STACK, 0x30000000 + PGSIZE), 0);
	expect_is(libos_sys_env_set(id, ENV_SET_EXCEPTION_UPCALL, (uintptr_t)exception_upcall), 0);
	expect_is(tried_by(id), 1);
	expect_is(in_8(FREE), 0);
	expect_is(forbid(0, FREE, 1), 0);
}

/* --- Switches --- */

static volatile envid_t partner;

/* Member n of a family: each has one port, of eight, and every other one has none. */
static void expect_own(uint32_t n)
{
	for (uint32_t i = 0; i < FAMILY; i++) {
		int wanted = !(i == n && n % 2);
		int saw = in_8(FREE + 8 * i);
		if (saw != wanted)
			fail("member %u, which has %s port, at that of member %u: expected %d, saw %d", n,
			     n % 2 ? "one" : "no", i, wanted, saw);
	}
}

static void yields(uint32_t n)
{
	catch_faults();
	for (int i = 0; i < ROUNDS; i++) {
		expect_own(n);
		sys_yield();
	}
}

static void answers(uint32_t n)
{
	catch_faults();
	expect_is(sys_ipc_wait(IPC_NO_PAGES, 0, TIMEOUT_NEVER), 0);
	for (int i = 0; i < ROUNDS - 1; i++) {
		expect_own(n);
		envid_t client = envs[ENVX(sys_getenvid())].env_ipc_from;
		expect_is(sys_ipc_reply_wait(client, 0, NULL, 0, IPC_NO_PAGES), 0);
	}
	expect_own(n);
	expect_is(sys_ipc_try_send(envs[ENVX(sys_getenvid())].env_ipc_from, 0, (void *)UTOP, 0), 0);
}

static void asks(uint32_t n)
{
	catch_faults();
	for (int i = 0; i < ROUNDS; i++) {
		expect_own(n);
		expect_is(sys_ipc_call(partner, 0, NULL, 0, IPC_NO_PAGES), 0);
	}
	expect_own(n);
}

static envid_t member(child_function function, uint32_t n)
{
	envid_t child = child_make(function, n);

	if (n % 2)
		expect_is(allow(child, FREE + 8 * n, 1), 0);
	expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
	return child;
}

static void switches(void)
{
	envid_t family[FAMILY];

	for (uint32_t n = 0; n < FAMILY; n++)
		family[n] = member(yields, n);
	for (uint32_t n = 0; n < FAMILY; n++)
		expect_end(family[n], 0);
	/* One that has none calls one that has; the other way round; and both have, or neither. */
	for (uint32_t pair = 0; pair < 4; pair++) {
		partner = member(answers, pair & 1);
		envid_t client = member(asks, 2 + (pair >> 1));
		expect_end(client, 0);
		expect_end(partner, 0);
	}
}

static void no_memory(void)
{
	uint32_t before = free_pages();

	envid_t child = child_make(tries, FREE);
	if (sys_test(TEST_FAIL_AFTER, 0, NULL, 0) == 0) {
		int error = allow(child, FREE, 1);
		sys_test(TEST_FAIL_AFTER, ~0u, NULL, 0);
		expect_is(error, -E_NO_MEM);
	}
	expect_is(tried_by(child), 1);
	child = child_make(tries, FREE);
	expect_is(allow(child, FREE, 1), 0);
	expect_kernel_sound();
	expect_is(tried_by(child), 0);
	expect_is(free_pages(), before);
}

void umain(int argc, char **argv)
{
	grow_records(FAMILY);
	set_exception_handler(faults);
	refused();
	own();
	children();
	caught();
	threads();
	switches();
	no_memory();
	expect_kernel_sound();
}
