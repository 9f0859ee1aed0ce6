/* What has no form on Linux, and what differs there (test/bench/linux/linux.c). See table.c. */
#include <arch/usercall.h>
#include <finch/exception.h>
#include <finch/ipc.h>
#include <finch/machine.h>
#include <finch/syscall.h>
#include "operations.h"

#define HELD ((char *)0x40000000) /* pages kept so that the pool is empty */

void libos_gate_int(void);

static struct info_machine machine(void)
{
	struct info_machine info;

	check(machine_info(&info), "machine_info");
	return info;
}

/* --- Calls. Ten of the shortest in a function, so that its own beginning and end do not count. --- */

#define TEN(call) (call, call, call, call, call, call, call, call, call, call)

static inline uint32_t by_int(int number)
{
	uint32_t result;
	__asm__ volatile("int $0x30" : "=a"(result) : "0"(number) : "memory", "cc");
	return result;
}

void null_int(void)
{
	TEN(by_int(SYS_getenvid));
}

void null_sysenter(void)
{
	TEN(libos_call0(SYS_getenvid));
}

bool has_sysenter(void)
{
	return libos_gate != libos_gate_int;
}

/* --- Calls of a server in its own address space --- */

static envid_t server;

static void serve_calls(void)
{
	int err = sys_ipc_wait(IPC_NO_PAGES, 0, TIMEOUT_NEVER);

	while (err == 0)
		err = sys_ipc_reply_wait(thisenv->env_ipc_from, thisenv->env_ipc_value + 1, NULL, 0, IPC_NO_PAGES);
	check(err, "reply_wait");
}

void message_call(void)
{
	check(sys_ipc_call(server, 1, NULL, 0, IPC_NO_PAGES), "call");
}

bool server_start(void)
{
	check(server = fork(), "fork");
	if (server == 0)
		serve_calls();
	for (int i = 0; i < 20; i++)
		message_call(); /* by now both have their own copies of pages */
	return true;
}

bool server_end(void)
{
	sys_env_destroy(server);
	wait(server);
	return true;
}

/* --- Environments --- */

void exofork_destroy(void)
{
	envid_t child = sys_exofork();
	check(child, "exofork");
	sys_env_destroy(child);
	wait(child);
}

/* --- Exceptions that the program handles: an instruction that it skips, and int n, as a library would have it --- */

static bool skips(struct ExceptionFrame *frame)
{
	if (frame->ef_trapno == T_ILLOP)
		frame->ef_eip += 2;
	return true;
}

bool exceptions_skip(void)
{
	set_exception_handler(skips);
	return true;
}

void exception_skipped(void)
{
	__asm__ volatile("ud2" : : : "memory");
}

void int_128(void)
{
	__asm__ volatile("int $0x80" : : : "memory");
}

/* --- The pool of zeroed pages: full, and empty --- */

static uint32_t zeroed_before;

/* While this program sleeps, the CPU has nothing to do and zeroes pages. */
bool pool_fill(void)
{
	for (int i = 0; keys && machine().pages_zeroed < POOL_ROW && i < 20; i++) {
		while (sys_cgetc() > 0)
			continue;
		sys_console_wait(TIMEOUT_NEVER);
	}
	zeroed_before = machine().pages_zeroed;
	return zeroed_before >= POOL_ROW;
}

bool pool_was_used(void)
{
	return machine().cpus > 1 || zeroed_before - machine().pages_zeroed == POOL_ROW;
}

/* Hold what is zeroed. Pages that come free are not zeroed before the CPU is idle, which this program prevents. */
bool pool_empty(void)
{
	static char *at = HELD;

	while (machine().pages_zeroed > 0 && at < HELD + PTSIZE) {
		check(sys_page_alloc(0, at, PERM_WRITE), "page_alloc");
		at += PGSIZE;
	}
	return machine().pages_zeroed == 0;
}

bool pool_was_empty(void)
{
	return machine().pages_zeroed == 0;
}

/* --- Ranges --- */

void range_map(void)
{
	check(pages_share(FIRST_RANGE, 0, SECOND_RANGE, PERM_WRITE, RANGE), "pages_share");
}

void range_unmap(void)
{
	check(pages_unmap(0, SECOND_RANGE, RANGE), "pages_unmap");
}

bool first_range_there(void)
{
	return pages_alloc(0, FIRST_RANGE, PERM_WRITE, RANGE) == 0;
}

bool ranges_gone(void)
{
	return pages_unmap(0, SECOND_RANGE, RANGE) == 0 && first_range_gone();
}

bool ranges_there(void)
{
	return first_range_there() && pages_share(FIRST_RANGE, 0, SECOND_RANGE, PERM_WRITE, RANGE) == 0;
}

/* --- A message with a page, and the answer without --- */

#define SENT ((char *)0x50000000)
#define RECEIVED ((char *)0x50400000)

static envid_t receiver;

static void answer_pages(void)
{
	for (;;) {
		envid_t from;
		int32_t value = ipc_recv(&from, RECEIVED, NULL);
		ipc_send(from, (uint32_t)value, NULL, 0);
	}
}

void message_page(void)
{
	ipc_send(receiver, 1, SENT, PERM_WRITE);
	ipc_recv(NULL, NULL, NULL);
}

bool page_partner(void)
{
	check(sys_page_alloc(0, SENT, PERM_WRITE), "page_alloc");
	receiver = fork();
	check(receiver, "fork");
	if (receiver == 0)
		answer_pages();
	*(volatile char *)SENT = 0; /* this environment's own again */
	for (int i = 0; i < 20; i++)
		message_page();
	return true;
}

bool page_partner_end(void)
{
	sys_env_destroy(receiver);
	wait(receiver);
	sys_page_unmap(0, SENT);
	return true;
}
