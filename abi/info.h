/*
 * The records that sys_info brings: about the machine (index 0); one CPU (index: its number); what is private of an
 * environment (index: the id of the caller, 0, or of a child: else -E_BAD_ENV); a budget (index: its number, the
 * caller's own or one below, else -E_INVAL; 0: the caller's own).
 */
#ifndef FINCH_ABI_INFO_H
#define FINCH_ABI_INFO_H

#include <abi/types.h>

enum { INFO_MACHINE = 1, INFO_CPU = 2, INFO_ENV = 3, INFO_BUDGET = 4 };

struct info_machine {
	uint32_t pages_total;    /* pages of RAM that the kernel manages */
	uint32_t pages_free;     /* of them free, zeroed ones included */
	uint32_t pages_zeroed;   /* of the free ones zeroed ahead of need */
	uint32_t cpus;           /* running CPUs */
	uint32_t envs_limit;     /* how many environments this machine has room for */
	uint32_t envs_live;
	uint64_t uptime_ns;      /* since the kernel started */
	int64_t clock_s;         /* seconds since 1970-01-01 00:00 UTC, from the RTC */
	uint32_t tsc_khz;
	uint32_t big_lock;       /* 1 with the boot word lock=big */
	char version[32];        /* ended by a zero */
	char policy[16];         /* of scheduling: the boot word sched=, "rr" without it; ended by a zero */
};

struct info_cpu {
	uint32_t number;
	uint32_t hardware_id;    /* its APIC id */
	uint32_t env_id;         /* the environment it runs, 0 if idle */
	uint32_t queued;         /* environments in its run queue, which all CPUs share if the policy is not rr */
	uint64_t idle_ns;        /* time spent idle since it started */
	uint64_t switches;       /* environments dispatched */
	uint64_t interrupts;
	char name[48];           /* the processor's brand, ended by a zero */
};

struct info_env {
	uint32_t env_id;
	uint32_t rights; /* RIGHT_ in <abi/rights.h> */
	int32_t budget;  /* the number of its budget; 0: none */
	int32_t held;    /* that of the budget that it holds; 0: none */
};

/* Of pages and environments, those of budgets below included. */
struct info_budget {
	int32_t number;
	uint32_t pages, pages_limit;
	uint32_t envs, envs_limit;
	uint32_t budgets; /* below it */
};

#endif
