/* Each kind of event in a run made for it, with what it says; and none of them while its kind is off. */
#include <finch/ipc.h>

#include "trace_rings.h"

static volatile bool stop;
static uint32_t self;

static void start(uint32_t kinds)
{
	expect_is(trace_set(0), 0);
	rings_open();
	expect_is(trace_set(kinds), 0);
}

static void finish(uint32_t kinds)
{
	expect_is(trace_set(0), kinds);
	for (uint32_t n = 0; n < ring_count; n++)
		expect(rings[n].ring->count - rings[n].next < rings[n].ring->records);
}

/* --- System calls --- */

static void calls(void)
{
	start(TRACE_KIND_SYSCALL);
	libos_sys_page_unmap(0, 0x12345000, 0);
	libos_sys_page_unmap(0, 0x12345001, 0);
	sys_yield();
	finish(TRACE_KIND_SYSCALL);
	libos_sys_page_unmap(0, 0x12346000, 0);
	uint64_t at = expect_event(TRACE_CALL, self, SYS_page_unmap, 0, 0);
	at = expect_event(TRACE_RESULT, self, SYS_page_unmap, 0, at);
	at = expect_event(TRACE_CALL, self, SYS_page_unmap, 0, at);
	at = expect_event(TRACE_RESULT, self, SYS_page_unmap, (uint32_t)-E_INVAL, at);
	at = expect_event(TRACE_CALL, self, SYS_yield, ANY, at);
	at = expect_event(TRACE_RESULT, self, SYS_yield, 0, at);
	at = expect_event(TRACE_CALL, self, SYS_trace, TRACE_SET, at);
	struct trace_record record;
	if (ring_find(TRACE_CALL, self, ANY, ANY, at + 1, &record))
		fail("expected no call after recording was off, saw %u", record.words[0]);
	expect_no_event(TRACE_RUN, ANY, ANY);
	expect_no_event(TRACE_INTERRUPT, ANY, ANY);
}

/* --- Who runs --- */

static void waits_for_end(uint32_t other)
{
	sys_env_exit(wait_status((envid_t)other, NULL) == 0 ? 7 : 8);
}

static void returns(uint32_t arg)
{
	USED(arg);
}

static void scheduling(void)
{
	start(TRACE_KIND_SCHED);
	envid_t first = child_make(returns, 0), second = child_run(waits_for_end, (uint32_t)first);
	expect_is(sys_env_set_label(first, "first child"), 0);
	wait_until(envs[ENVX(second)].env_wait == ENV_WAIT_END);
	expect_is(sys_env_set_status(first, ENV_RUNNABLE), 0);
	expect_end(second, 7);
	/* Nobody else is there: this CPU or another has nothing to run. */
	sleep_ms(20);
	finish(TRACE_KIND_SCHED);
	uint64_t made = expect_event(TRACE_MADE, (uint32_t)first, self, ANY, 0);
	uint32_t words[3];
	memcpy(words, "first child", sizeof words);
	expect_event(TRACE_LABEL, (uint32_t)first, words[0], words[1], made);
	uint64_t at = expect_event(TRACE_RUN, (uint32_t)second, ANY, ANY, made);
	uint64_t blocked = expect_event(TRACE_BLOCK, (uint32_t)second, ENV_WAIT_END, (uint32_t)first, at);
	at = expect_event(TRACE_READY, (uint32_t)first, self, ANY, made);
	at = expect_event(TRACE_RUN, (uint32_t)first, ANY, ANY, at);
	at = expect_event(TRACE_ENDED, (uint32_t)first, 0, (uint32_t)first, MAX(at, blocked));
	at = expect_event(TRACE_READY, (uint32_t)second, ANY, ANY, at);
	at = expect_event(TRACE_RUN, (uint32_t)second, ANY, ANY, at);
	expect_event(TRACE_ENDED, (uint32_t)second, 7, (uint32_t)second, at);
	expect_event(TRACE_BLOCK, self, ENV_WAIT_MESSAGE, self, 0);
	expect_event(TRACE_IDLE, ANY, ANY, ANY, made);
	expect_no_event(TRACE_CALL, ANY, ANY);
}

/* --- Messages --- */

static void receives(uint32_t arg)
{
	USED(arg);
	sys_ipc_recv((void *)UTOP);
}

static void sends(uint32_t to)
{
	sys_ipc_send((envid_t)to, 6, (void *)UTOP, 0, TIMEOUT_NEVER);
}

static void serves(uint32_t arg)
{
	USED(arg);
	int err = sys_ipc_wait(IPC_NO_PAGES, 0, TIMEOUT_NEVER);
	while (err == 0) {
		struct Env *me = (struct Env *)&envs[ENVX(sys_getenvid())];
		err = sys_ipc_reply_wait(me->env_ipc_from, me->env_ipc_value + 1, NULL, 0, IPC_NO_PAGES);
	}
}

static void wait_for_receiver(envid_t child)
{
	wait_until(envs[ENVX(child)].env_ipc_recving && envs[ENVX(child)].env_status == ENV_NOT_RUNNABLE);
}

static void sent_and_queued(void)
{
	envid_t child = child_run(receives, 0);

	wait_for_receiver(child);
	start(TRACE_KIND_MESSAGE);
	expect_is(sys_ipc_try_send(child, 5, (void *)UTOP, 0), 0);
	expect_end(child, 0);
	child = child_make(receives, 0);
	envid_t sender = child_run(sends, (uint32_t)child);
	wait_until(envs[ENVX(sender)].env_wait == ENV_WAIT_SEND);
	envid_t second = child;
	expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
	expect_end(child, 0);
	expect_end(sender, 0);
	finish(TRACE_KIND_MESSAGE);
	expect_event(TRACE_MESSAGE, ANY, self, 5, 0);
	expect_no_event(TRACE_QUEUED, self, ANY);
	uint64_t at = expect_event(TRACE_QUEUED, (uint32_t)sender, (uint32_t)second, 6, 0);
	expect_event(TRACE_MESSAGE, (uint32_t)second, (uint32_t)sender, 6, at);
	expect_no_event(TRACE_BLOCK, ANY, ANY);
}

/* A call that goes straight to its server, and the answer back. */
static void called(void)
{
	envid_t server = child_run(serves, 0);
	uint32_t kinds = TRACE_KIND_MESSAGE | TRACE_KIND_SCHED;

	wait_for_receiver(server);
	start(kinds);
	expect_is(sys_ipc_call(server, 41, NULL, 0, IPC_NO_PAGES), 0);
	finish(kinds);
	expect_is(thisenv->env_ipc_value, 42);
	uint64_t at = expect_event(TRACE_MESSAGE, (uint32_t)server, self, 41, 0);
	uint64_t blocked = expect_event(TRACE_BLOCK, self, ENV_WAIT_MESSAGE, (uint32_t)server, 0);
	at = expect_event(TRACE_RUN, (uint32_t)server, ANY, ANY, MAX(at, blocked));
	at = expect_event(TRACE_MESSAGE, self, (uint32_t)server, 42, at);
	expect_event(TRACE_RUN, self, ANY, ANY, at);
	expect_is(sys_env_destroy(server), 0);
	expect_end(server, -E_KILLED);
}

/* --- Exceptions --- */

static void touches(uint32_t address)
{
	*(volatile char *)address = 1;
}

static void handle(struct UTrapframe *frame)
{
	if (sys_page_alloc(0, (void *)ROUNDDOWN(frame->utf_fault_va, PGSIZE), RW) < 0)
		fail("the handler has no memory");
}

static void exceptions(void)
{
	set_pgfault_handler(handle);
	start(TRACE_KIND_FAULT);
	touches(0x20000123);
	envid_t child = child_run(touches, 0x30000456);
	expect_end(child, -E_KILLED);
	finish(TRACE_KIND_FAULT);
	uint32_t trap = T_PGFLT | (FEC_U | FEC_WR) << 8;
	uint64_t at = expect_event(TRACE_FAULT, self, trap, 0x20000123, 0);
	expect_event(TRACE_HANDLED, self, 1, ANY, at);
	at = expect_event(TRACE_FAULT, (uint32_t)child, trap, 0x30000456, at);
	expect_event(TRACE_HANDLED, (uint32_t)child, 0, ANY, at);
	expect_is(sys_page_unmap(0, (void *)0x20000000), 0);
}

/* --- What comes by itself: it is waited for --- */

static void interrupts(void)
{
	struct trace_record record;

	start(TRACE_KIND_IRQ);
	while (!ring_find(TRACE_INTERRUPT, ANY, ANY, ANY, 0, &record))
		continue;
	finish(TRACE_KIND_IRQ);
	expect(record.words[0] >= 32 && record.words[0] < 256);
}

static void loops(uint32_t arg)
{
	USED(arg);
	while (!stop)
		continue;
}

/* One that runs on another CPU is destroyed: that CPU is asked to stop it. */
static void requests(void)
{
	struct trace_record record;

	start(TRACE_KIND_REQUEST);
	stop = false;
	while (!ring_find(TRACE_REQUEST, ANY, ANY, ANY, 0, &record)) {
		envid_t child = child_run(loops, 0);
		wait_until(envs[ENVX(child)].env_status == ENV_RUNNING);
		expect_is(sys_env_destroy(child), 0);
		expect_end(child, -E_KILLED);
	}
	finish(TRACE_KIND_REQUEST);
	expect(record.words[0] != 0 && record.words[0] >> ring_count == 0);
	expect_event(TRACE_ANSWER, ANY, ANY, ANY, 0);
}

static void unparks(uint32_t whom)
{
	while (!stop)
		libos_sys_unpark((envid_t)whom);
}

/* All CPUs want the lock of one environment. */
static void locks(void)
{
	struct trace_record record;
	envid_t children[2];

	start(TRACE_KIND_LOCK);
	stop = false;
	for (unsigned i = 0; i < ARRAY_SIZE(children); i++)
		children[i] = child_run(unparks, self);
	while (!ring_find(TRACE_LOCK, ANY, ANY, ANY, 0, &record))
		sys_yield();
	stop = true;
	for (unsigned i = 0; i < ARRAY_SIZE(children); i++)
		expect_end(children[i], 0);
	expect_is(trace_set(0), TRACE_KIND_LOCK);
	expect(record.words[0] < 32);
}

void umain(int argc, char **argv)
{
	self = (uint32_t)sys_getenvid();
	expect(trace_set(TRACE_KINDS_ALL) >= 0);
	expect_is(trace_set(0), TRACE_KINDS_ALL);
	calls();
	scheduling();
	sent_and_queued();
	called();
	exceptions();
	interrupts();
	if (cpu_total() > 1) {
		requests();
		locks();
	}
	expect_kernel_sound();
}
