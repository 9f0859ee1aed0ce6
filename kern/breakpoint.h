/*
 * Breakpoints in programs, watchpoints and single steps, for the monitor.
 *
 * They are made with the processor's debug registers, the same on all CPUs, so that no program's memory is changed and
 * text that programs share stays shared. A register compares addresses alone: that an address means another
 * environment's is seen here, and that one goes on. The list is changed in the monitor alone, which one CPU is in at a
 * time.
 */
#ifndef FINCH_KERN_BREAKPOINT_H
#define FINCH_KERN_BREAKPOINT_H

#include <abi/env.h>

#define BREAKPOINTS_MAX 4

enum breakpoint_kind { BREAK_NONE, BREAK_EXECUTE, BREAK_WRITE, BREAK_ACCESS };

struct breakpoint {
	enum breakpoint_kind kind;
	uintptr_t va;               /* below UTOP */
	uint32_t size;              /* in bytes, 1, 2 or 4, of which va is a multiple; of BREAK_EXECUTE 1 */
	envid_t envid;              /* for this environment alone; 0: for those with this label, or for all */
	char label[ENV_LABEL_SIZE]; /* "": for all */
};

/* In struct env: how the monitor steps it. Written in the monitor, and by the CPU that runs it. */
struct env_step {
	uint32_t left; /* instructions that it is still to run, one by one */
	bool own;      /* the program steps itself too */
	/*
	 * It was stepped, and did not step itself. The processor's flag for that may turn up again later, from where the
	 * program saved it: in a frame on its exception stack, or in a child that it made meanwhile. So that is not the
	 * program's own.
	 */
	bool kept;
};

extern struct breakpoint breakpoints[BREAKPOINTS_MAX];

/* The list was changed: bring it to all CPUs. The caller holds no lock. */
void breakpoints_changed(void);
/* Bring it to the calling CPU: for request_serve. */
void breakpoints_load(void);

/*
 * Let the environment that runs on this CPU, and whose frame tf is, run `count` instructions, then enter the monitor.
 */
void breakpoint_step(struct Trapframe *tf, uint32_t count);

/*
 * A debug exception with the frame tf, a program's or the kernel's (whose copies watchpoints see). If it comes from
 * here, it is dealt with, by the monitor if it was waited for. False: it is the program's own.
 */
bool breakpoint_trap(struct Trapframe *tf);

#endif
