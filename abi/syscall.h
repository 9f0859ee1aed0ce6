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
 * ENV_SET_EXCEPTION_UPCALL: where exceptions other than page faults go, 0 for nowhere. A bad address shows when one
 * comes.
 * ENV_SET_EXCEPTION_STACK: the top of its exception stack, of one page, on which both upcalls start: a multiple of
 *	PGSIZE above 0 and up to UXSTACKTOP, which it is in a new environment.
 * ENV_SET_TLS: the base of the segment that gs selects, and gs is set to select it. In a new environment gs and the
 *	base are those of the caller of exofork, or 0 after env_thread. For the caller, or a child that is suspended.
 * ENV_SET_RIGHTS: its rights (<abi/rights.h>), of those that the caller has; those of its children stay as they are.
 * ENV_SET_TYPE: env_type, any number; the caller needs RIGHT_TYPE.
 * ENV_SET_PRIORITY: 0 to 31, the highest runs; without RIGHT_SCHED at most that of the caller.
 * ENV_SET_TICKETS: its share, 1 to 10000; without RIGHT_SCHED at most that of the caller.
 * ENV_SET_SUSPENDED: 0: a child that is suspended goes on where it was, as with ENV_RUNNABLE, but a wait goes on too.
 */
enum {
	ENV_SET_EXCEPTION_UPCALL = 1,
	ENV_SET_EXCEPTION_STACK,
	ENV_SET_TLS,
	ENV_SET_RIGHTS,
	ENV_SET_TYPE,
	ENV_SET_PRIORITY,
	ENV_SET_TICKETS,
	ENV_SET_SUSPENDED,
};

/*
 * What SYS_irq does with a line. IRQ_ATTACH: from now on envid gets its interrupts, as messages from 0 whose value has
 * the bits of the lines that came, whenever it receives from anyone. Several may be attached to a line, and all are
 * told. The line is held back then until all of them have said IRQ_DONE (or ended). IRQ_DETACH: no more.
 */
enum { IRQ_ATTACH = 1, IRQ_DONE, IRQ_DETACH };

/* Flags of SYS_park. */
enum { PARK_ENDS = 1 };

/* A timeout, in milliseconds, that never comes. */
#define TIMEOUT_NEVER 0xFFFFFFFF

/* What SYS_machine can do. */
enum { MACHINE_POWEROFF = 1, MACHINE_REBOOT = 2 };

#endif
