/*
 * The names of <inc/lib.h> and others of Finch's library that test/bench/ uses, in terms of Linux's calls; so the same
 * source is a program for Linux. Each does the least that Linux needs for it.
 */
#include <common/format.h>
#include <finch/memory.h>
#include <finch/thread.h>
#include <inc/x86.h>
#include "linux.h"

#define ARGUMENTS_MAX 8
#define SIGCHLD 17
#define SIGSEGV 11
#define SIGKILL 9

/* --- Output --- */

static struct {
	char text[256];
	size_t length;
} out;

static void out_flush(void)
{
	linux_call(CALL_WRITE, 1, out.text, out.length);
	out.length = 0;
}

static void out_put(int c, void *arg)
{
	out.text[out.length++] = (char)c;
	if (c == '\n' || out.length == sizeof out.text)
		out_flush();
}

int printf(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	format(out_put, NULL, fmt, ap);
	va_end(ap);
	return 0;
}

void libos_panic(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	printf("panic at %s:%d: ", file, line);
	va_start(ap, fmt);
	format(out_put, NULL, fmt, ap);
	va_end(ap);
	printf("\n");
	exit();
}

/* --- Processes --- */

void exit(void)
{
	for (;;)
		linux_call(CALL_EXIT_GROUP, 0);
}

envid_t fork(void)
{
	return linux_call(CALL_FORK);
}

void wait(envid_t child)
{
	linux_call(CALL_WAITPID, child, 0, 0);
}

void sys_yield(void)
{
	linux_call(CALL_SCHED_YIELD);
}

int sys_env_destroy(envid_t child)
{
	return linux_call(CALL_KILL, child, SIGKILL);
}

struct program {
	char path[64];
	const char *argv[ARGUMENTS_MAX];
};

/* Source: Linux, include/uapi/linux/sched.h. */
enum {
	CLONE_VM = 0x100,
	CLONE_FS = 0x200,
	CLONE_FILES = 0x400,
	CLONE_SIGHAND = 0x800,
	CLONE_VFORK = 0x4000,
	CLONE_THREAD = 0x10000,
	CLONE_SYSVSEM = 0x40000,
	CLONE_PARENT_SETTID = 0x100000,
	CLONE_CHILD_CLEARTID = 0x200000,
};

static void *run_program(void *argument)
{
	static const char *const no_environment[] = { NULL };
	struct program *program = argument;

	linux_call(CALL_EXECVE, program->path, program->argv, no_environment);
	return NULL;
}

/* As vfork and execve. Programs stand in the root. */
envid_t spawnl(const char *name, const char *arg0, ...)
{
	static char stack[4096] __attribute__((aligned(16)));
	struct program program = { "/", { arg0 } };
	va_list rest;

	strlcpy(program.path + 1, name, sizeof program.path - 1);
	va_start(rest, arg0);
	for (int i = 1; i < ARGUMENTS_MAX - 1 && (program.argv[i] = va_arg(rest, const char *)); i++)
		continue;
	va_end(rest);
	return linux_clone(CLONE_VM | CLONE_VFORK | SIGCHLD, stack + sizeof stack, run_program, &program, NULL);
}

/* --- Memory --- */

int linux_map(void *va, size_t count, int perm, int file)
{
	enum { READ = 1, WRITE = 2, SHARED = 1, PRIVATE = 2, FIXED = 0x10, ANONYMOUS = 0x20, POPULATE = 0x8000 };
	int flags = FIXED | POPULATE | (file < 0 ? PRIVATE | ANONYMOUS : SHARED);
	int at = linux_call(CALL_MMAP2, va, count * PGSIZE, perm & PTE_W ? READ | WRITE : READ, flags, file, 0);

	return (uintptr_t)at == (uintptr_t)va ? 0 : at;
}

int pages_alloc(envid_t self, void *va, int perm, size_t count)
{
	return linux_map(va, count, perm, -1);
}

int pages_unmap(envid_t self, void *va, size_t count)
{
	return linux_call(CALL_MUNMAP, va, count * PGSIZE);
}

int sys_page_alloc(envid_t self, void *va, int perm)
{
	return linux_map(va, 1, perm, -1);
}

int sys_page_unmap(envid_t self, void *va)
{
	return linux_call(CALL_MUNMAP, va, PGSIZE);
}

bool page_mapped(const void *va)
{
	char there;

	return linux_call(CALL_MINCORE, va, PGSIZE, &there) == 0;
}

/* --- Pipes --- */

int pipe(int fds[2])
{
	return linux_call(CALL_PIPE, fds);
}

ssize_t read(int fdnum, void *buf, size_t len)
{
	return linux_call(CALL_READ, fdnum, buf, len);
}

ssize_t write(int fdnum, const void *buf, size_t len)
{
	return linux_call(CALL_WRITE, fdnum, buf, len);
}

int close(int fdnum)
{
	return linux_call(CALL_CLOSE, fdnum);
}

/* --- Messages: a word in shared memory for each process, and futexes --- */

#define BOXES 64

static struct box {
	volatile int full; /* the futex */
	envid_t from;
	uint32_t value;
} *const boxes = (struct box *)0x60000000;

void linux_messages_prepare(void)
{
	int file = linux_call(CALL_MEMFD_CREATE, "messages", 0);

	linux_call(CALL_FTRUNCATE, file, PGSIZE);
	linux_map(boxes, 1, PTE_W, file);
}

static void futex(volatile int *word, int operation, int value)
{
	linux_call(CALL_FUTEX, word, operation, value, NULL);
}

enum { FUTEX_WAIT = 0, FUTEX_WAKE = 1 };

void ipc_send(envid_t to, uint32_t value, void *va, int perm)
{
	struct box *box = &boxes[to % BOXES];

	box->from = linux_call(CALL_GETPID);
	box->value = value;
	box->full = 1;
	futex(&box->full, FUTEX_WAKE, 1);
}

int32_t ipc_recv(envid_t *from, void *va, int *perm)
{
	struct box *box = &boxes[linux_call(CALL_GETPID) % BOXES];

	while (!box->full)
		futex(&box->full, FUTEX_WAIT, 0);
	box->full = 0;
	if (from)
		*from = box->from;
	return (int32_t)box->value;
}

/* --- Threads. One at a time, whose stack is kept: the C library keeps some too. --- */

static volatile int thread;

int thread_create(void *(*entry)(void *arg), void *arg)
{
	static char stack[16 * 1024] __attribute__((aligned(16)));

	return linux_clone(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_PARENT_SETTID |
			   CLONE_CHILD_CLEARTID, stack + sizeof stack, entry, arg, (int *)&thread);
}

int thread_join(int id, void **result)
{
	while (thread)
		futex(&thread, FUTEX_WAIT, id);
	return 0;
}

/* --- Page faults: a signal --- */

/* Source: Linux, include/uapi/asm-generic/siginfo.h, arch/x86/include/uapi/asm/sigcontext.h. */
struct signal_info {
	int signal, error, code;
	uint32_t address;
};

struct signal_context {
	uint32_t before[5];
	uint32_t gs, fs, es, ds, edi, esi, ebp, esp, ebx, edx, ecx, eax, trap, error, eip, cs, eflags;
};

static void (*fault_handler)(struct UTrapframe *utf);

static void on_fault(int signal, struct signal_info *info, struct signal_context *context)
{
	struct UTrapframe utf = { .utf_fault_va = info->address, .utf_err = context->error, .utf_eip = context->eip };

	fault_handler(&utf);
	context->eip = utf.utf_eip;
}

void set_pgfault_handler(void (*handler)(struct UTrapframe *utf))
{
	enum { SIGINFO = 4, RESTORER = 0x04000000, NODEFER = 0x40000000 };
	void linux_restorer(void);
	const struct {
		void (*handler)(int, struct signal_info *, struct signal_context *);
		uint32_t flags;
		void (*restorer)(void);
		uint32_t mask[2];
	} action = { on_fault, SIGINFO | RESTORER | NODEFER, linux_restorer, { 0, 0 } };

	fault_handler = handler;
	linux_call(CALL_RT_SIGACTION, SIGSEGV, &action, NULL, sizeof action.mask);
}

/* --- Time --- */

static uint64_t now_ns(void)
{
	struct {
		int32_t s, ns;
	} now;

	linux_call(CALL_CLOCK_GETTIME, 1, &now); /* the monotonic one */
	return (uint64_t)now.s * 1000000000 + (uint64_t)now.ns;
}

uint32_t tsc_khz(void)
{
	static uint32_t khz;

	if (!khz) {
		uint64_t ns = now_ns(), ticks = read_tsc();
		while (now_ns() - ns < 100000000)
			continue;
		ticks = read_tsc() - ticks;
		khz = (uint32_t)(ticks * 1000000 / (now_ns() - ns));
	}
	return khz;
}
