/*
 * CPUs: the state of each, reached through a segment register.
 *
 * Fields belong to their own CPU unless marked otherwise; the kernel runs with interrupts off, so they need no lock.
 */
#ifndef FINCH_KERN_CPU_H
#define FINCH_KERN_CPU_H

#include <kern/arch.h>
#include <kern/atomic.h>
#include <kern/page.h>
#include <kern/platform.h>
#include <kern/sched.h>

struct env;
struct space;

/* cpu->attention: what is to be done before this CPU goes back to user mode. Set by the CPU itself alone. */
enum {
	ATTEND_SWITCH = 1, /* run another environment, if there is one: time is up, yield, or this one blocked */
	ATTEND_ENV = 2,    /* look at the current environment's state: it may be dying or suspended */
	ATTEND_STEP = 4,   /* the user's trap flag was set when it entered by sysenter: give it back */
	ATTEND_FRAME = 8,  /* the frame was changed as a whole: nothing may be left out when it is restored */
	ATTEND_PREEMPT = 16, /* run another in place of this one, if one should go first */
	ATTEND_MONITOR = 32, /* somebody wants the monitor */
	ATTEND_SLICE = 64, /* timer_running may be false: so that a plain switch need not look */
};

/* cpu->errands */
enum {
	ERRAND_DRAIN = 1,       /* give cached pages back */
	ERRAND_BREAKPOINTS = 2, /* load the breakpoints */
};

#define CPU_LOCKS_MAX 16

struct cpu {
	struct cpu *self; /* first: arch_this_cpu reads it */
	struct env *env;  /* whose frame stands at the top of the stack; NULL: none (idle, or one that just left) */
	uint32_t attention;
	uint32_t number;          /* index in cpus[] */
	uint32_t bit;             /* 1 << number: in masks of CPUs */
	uint32_t platform_number; /* what the platform calls it */
	struct space *space; /* whose page table is loaded; NULL: the kernel's */
	struct arch_cpu arch;

	struct page_cache pages;
	bool over_budget; /* the last page that could not be had here was refused by a budget */
	struct runq runq; /* has its own lock */
	struct runq *queue; /* that, or the one of all CPUs; constant */
	/* With the lock of the latter: */
	struct env *running; /* whom it took last: runs it, or is about to take another */
	bool poked;          /* it has been told to look whether another should run there */

	/* Requests from other CPUs: kern/request.h. */
	atomic_t request_wanted; /* any CPU adds 1 */
	atomic_t request_done;
	atomic_t flush_pending;  /* any CPU sets: translations to forget before user code runs here */
	atomic_t lazy;           /* 1: idle, so nobody need interrupt it for a flush */
	atomic_t errands;        /* any CPU sets bits: what is to be done with the next answer */
	atomic_t started;        /* 1 once it runs */

	/* Statistics, for people. */
	uint64_t idle_ns;
	uint64_t idle_since_ns; /* 0: it is not idle */
	uint32_t switches;       /* counted where it has to be fast; all of them: sched_switches */
	uint64_t switches_then;  /* all of them at the last tick */
	uint64_t interrupts;

	uint64_t wake_ns; /* the deadline that this CPU's timer is to come for; 0: for none */
	bool timer_running; /* for the end of a time slice */
	bool in_device;     /* what becomes ready now does so through a device's interrupt */
	uint32_t charged;   /* up to when its environment's time is counted: the low half of the time-stamp counter */
	bool big_lock_held;
	uint32_t panic_depth;
	const struct Trapframe *stopped; /* its registers, once it was stopped for good: a panic elsewhere, or time up */
	unsigned locks_held;      /* debug builds */
	const void *locks[CPU_LOCKS_MAX];
};

extern struct cpu *cpus[CPUS_MAX]; /* of CPUs that run; NULL beyond cpu_count */
extern unsigned cpu_count;

static inline struct cpu *this_cpu(void)
{
	return arch_this_cpu();
}

/* The boot CPU's record, usable before memory is up. */
struct cpu *cpu_boot(void);
/* Start all other CPUs, one by one, once the platform knows them. Reports those that do not answer. */
void cpu_start_others(void);
/* Where a started CPU goes on. */
void cpu_main(void) __attribute__((noreturn));

#endif
