/* The system-call numbers (from syscall.def) and the constants that go with them. */
#ifndef FINCH_ABI_SYSCALL_H
#define FINCH_ABI_SYSCALL_H

#define SYSCALL0(number, name, ...) SYS_##name = number,
#define SYSCALL1 SYSCALL0
#define SYSCALL2 SYSCALL0
#define SYSCALL3 SYSCALL0
#define SYSCALL4 SYSCALL0
#define SYSCALL5 SYSCALL0
#define SYSCALL5F SYSCALL0
enum {
#include <abi/syscall.def>
	NSYSCALLS
};
#undef SYSCALL0
#undef SYSCALL1
#undef SYSCALL2
#undef SYSCALL3
#undef SYSCALL4
#undef SYSCALL5
#undef SYSCALL5F

/* A page count within a permission word: see syscall.def. */
#define PERM_COUNT_SHIFT 12

/*
 * What SYS_env_set sets, each for an environment:
 *
 * ENV_SET_EXCEPTION_UPCALL: where exceptions other than page faults go, 0 for nowhere. A bad address shows when one comes.
 * ENV_SET_EXCEPTION_STACK: the top of its exception stack, of one page, on which both upcalls start: a multiple of PGSIZE
 *	above 0 and up to UXSTACKTOP, which it is in a new environment.
 * ENV_SET_TLS: the base of the segment that gs selects, and gs is set to select it. In a new environment gs and the base
 *	are those of the caller of exofork, or 0 after env_thread. For the caller, or a child that is suspended.
 */
enum { ENV_SET_EXCEPTION_UPCALL = 1, ENV_SET_EXCEPTION_STACK, ENV_SET_TLS };

/* Flags of SYS_park. */
enum { PARK_ENDS = 1 };

/* A timeout, in milliseconds, that never comes. */
#define TIMEOUT_NEVER 0xFFFFFFFF

/* What SYS_machine can do. */
enum { MACHINE_POWEROFF = 1, MACHINE_REBOOT = 2 };

#endif
