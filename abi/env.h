/*
 * The public record of an environment, which every program can read in envs[], and the numbers in it.
 *
 * The kernel writes it, programs read it. It holds no kernel pointer; the kernel's own state of an
 * environment is struct env in kern/env.h. Field names and order up to env_ipc_perm are the programming interface.
 */
#ifndef FINCH_ABI_ENV_H
#define FINCH_ABI_ENV_H

#include <abi/types.h>
#include <arch/trapframe.h>

#define LOG2NENV 12
#define NENV (1 << LOG2NENV)
#define ENVX(envid) ((envid) & (NENV - 1)) /* an id's index in envs[] */

/* env_status */
enum { ENV_FREE = 0, ENV_DYING, ENV_RUNNABLE, ENV_RUNNING, ENV_NOT_RUNNABLE };

/* env_type: for the library's ipc_find_env; of no meaning to the kernel. DRIVER: of the disk server's */
enum EnvType { ENV_TYPE_USER = 0, ENV_TYPE_FS, ENV_TYPE_NS, ENV_TYPE_DISKS, ENV_TYPE_DRIVER };

/* env_wait: why an environment that is ENV_NOT_RUNNABLE is so */
enum {
	ENV_WAIT_NONE = 0,
	ENV_WAIT_SUSPENDED,
	ENV_WAIT_CONSOLE,
	ENV_WAIT_END,
	ENV_WAIT_MESSAGE,
	ENV_WAIT_SEND,
	ENV_WAIT_DELIVERY, /* for a moment: its message is being put in place */
	ENV_WAIT_PARK,
	ENV_WAIT_BUDGET, /* for the end of all in a budget */
};

#define ENV_LABEL_SIZE 16

/* For scheduling; which of them counts depends on the policy (info_machine.policy). */
#define PRIORITY_MAX 31
#define TICKETS_MAX 10000

struct Env {
	struct Trapframe env_tf;    /* saved registers: true when it is not running */
	envid_t env_id;             /* 0 for a slot never used; else the last id of this slot */
	envid_t env_parent_id;      /* 0: started by the kernel */
	enum EnvType env_type;
	uint32_t env_status;
	uint32_t env_runs;          /* how often it was given a CPU */
	int env_cpunum;             /* the CPU that it runs on or last ran on */
	void *env_pgfault_upcall;
	bool env_ipc_recving;
	void *env_ipc_dstva;
	uint32_t env_ipc_value;
	envid_t env_ipc_from;
	int env_ipc_perm;
	uint32_t env_wait;          /* ENV_WAIT_: what it waits for */
	envid_t env_wait_for;       /* ENV_WAIT_END: for whose end; ENV_WAIT_SEND: to whom */
	char env_label[ENV_LABEL_SIZE];
	void *env_exception_upcall;    /* where exceptions other than page faults go, NULL: nowhere */
	uintptr_t env_exception_stack; /* top of the page that both upcalls use as their stack */
	/*
	 * For how long it has run, in ticks of the time-stamp counter, as of when it last left a CPU or the timer last
	 * came. Its halves are written one after the other: read it by env_cpu_time().
	 */
	uint64_t env_cpu_time;
	uint32_t env_priority;      /* 0 to 31; where the policy has levels: its level now, as adjusted or lent by callers */
	uint32_t env_tickets;       /* 1 to 10000 */
};

/* The public record of a page of physical memory: pages[address / PGSIZE]. */
struct PageInfo {
	uint32_t pp_ref; /* how many mappings it has, plus one for each holder in the kernel */
};

#endif
