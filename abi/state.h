/*
 * The parts of an environment's state that SYS_env_state_get and SYS_env_state_set move, and the records of
 * SYS_page_list.
 *
 * Together with its pages they are all that makes an environment go on as it would have. What stands here is of fixed
 * layout: it goes into files (doc/checkpoint.md). The structs of STATE_REGISTERS and STATE_FPU are in <arch/state.h>.
 */
#ifndef FINCH_ABI_STATE_H
#define FINCH_ABI_STATE_H

#include <abi/env.h>
#include <arch/state.h>

/*
 * STATE_REGISTERS: struct state_registers. Of an environment that waits in a system call they are as before that call,
 *	so that it makes the call anew, with its whole timeout; but an answer that ipc_reply_wait has given is not given
 *	twice. Set, they end a wait: no result is put into them.
 * STATE_FPU: struct state_fpu.
 * STATE_UPCALLS: struct state_upcalls.
 * STATE_MESSAGE: struct state_message. Not set while it waits.
 * STATE_GENERAL: struct state_general.
 */
enum { STATE_REGISTERS = 1, STATE_FPU, STATE_UPCALLS, STATE_MESSAGE, STATE_GENERAL, STATE_PARTS };

struct state_upcalls {
	uint32_t pgfault;   /* 0: none */
	uint32_t exception; /* 0: none */
	uint32_t stack;     /* the top of its exception stack, as for ENV_SET_EXCEPTION_STACK */
};

struct state_message {
	uint32_t wait;     /* ENV_WAIT_: what it waits for; not set */
	envid_t wait_for;  /* whom; not set */
	uint32_t window;   /* where it wanted pages last, as for SYS_ipc_wait */
	uint32_t value;    /* the last message */
	envid_t from;
	uint32_t perm;
	uint32_t unparked; /* 1: its next park returns at once */
};

struct state_general {
	char label[ENV_LABEL_SIZE]; /* ended by a zero */
	uint32_t rights;            /* of these, those that the caller has are set */
	uint32_t priority, tickets; /* as ENV_SET_ has them; without RIGHT_SCHED at most the caller's are set; tickets 0: neither is */
	uint32_t environments;      /* how many run in its address space; not set */
};

/* What SYS_page_list tells of a mapping. */
struct page_record {
	uintptr_t va;
	uint32_t entry; /* as uvpt has it: the page's physical address and PTE_ bits; with PTE_PS, uvpd's */
};

#endif
