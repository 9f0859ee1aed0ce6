/* Linux's kernel as the programs of test/bench/ need it: numbers of calls, and the way in. No C library. */
#ifndef BENCH_LINUX_H
#define BENCH_LINUX_H

#include <inc/lib.h>

/* Source: Linux, arch/x86/entry/syscalls/syscall_32.tbl. */
enum {
	CALL_FORK = 2,
	CALL_READ = 3,
	CALL_WRITE = 4,
	CALL_CLOSE = 6,
	CALL_WAITPID = 7,
	CALL_EXECVE = 11,
	CALL_GETPID = 20,
	CALL_KILL = 37,
	CALL_PIPE = 42,
	CALL_GETPPID = 64,
	CALL_REBOOT = 88,
	CALL_MUNMAP = 91,
	CALL_FTRUNCATE = 93,
	CALL_SCHED_SETSCHEDULER = 156,
	CALL_SCHED_YIELD = 158,
	CALL_RT_SIGACTION = 174,
	CALL_MMAP2 = 192,
	CALL_MINCORE = 218,
	CALL_FUTEX = 240,
	CALL_EXIT_GROUP = 252,
	CALL_CLOCK_GETTIME = 265,
	CALL_MEMFD_CREATE = 356,
};

/* The fastest way into the kernel that it offers: its own stub, which uses sysenter, or linux_gate_int. */
extern void (*linux_gate)(void);
void linux_gate_int(void);

int linux_call(int number, ...);
int linux_clone(int flags, void *stack, void *(*run)(void *), void *argument, int *id);

/* Map count pages of a file, or fresh ones (file -1), at va, at once and not with the first access. 0 or an error. */
int linux_map(void *va, size_t count, int perm, int file);

/* Once: memory for messages, which children that are forked share. */
void linux_messages_prepare(void);

/* Ticks of the time-stamp counter in a millisecond: measured, once. */
uint32_t tsc_khz(void);

#endif
