/*
 * The event ring: abi/trace.h says what it looks like, abi/trace.def what is recorded.
 *
 * Off, it costs a test of a word and a branch not taken wherever something may be recorded, and nothing in system
 * calls: the byte that sends them the slow way for the big lock does so for this too. A CPU writes its own ring, with
 * interrupts off and without a lock. Readers look on as it does so.
 *
 * The rings are made at boot where the boot word trace=KIND,... asks for them, else when a program first does, and
 * stay.
 */
#ifndef FINCH_KERN_TRACE_H
#define FINCH_KERN_TRACE_H

#include <abi/trace.h>
#include <kern/arch.h>
#include <kern/check.h>
#include <kern/platform.h>

extern uint32_t trace_kinds; /* TRACE_KIND_ bits: what is recorded */

void trace_write(enum trace_event event, envid_t env, uint32_t a, uint32_t b, uint32_t c) __attribute__((cold));
/* The environment that runs on this CPU, 0: none. */
envid_t trace_env(void) __attribute__((cold));

/* Record an event of the kind KIND about an environment, or about the one that runs. */
#define TRACE_ABOUT(KIND, event, env, a, b, c)                                                                   \
	do {                                                                                                     \
		if (unlikely(trace_kinds & TRACE_KIND_##KIND))                                                   \
			trace_write(TRACE_##event, env, a, b, c);                                                \
	} while (0)
#define TRACE(KIND, event, a, b, c) TRACE_ABOUT(KIND, event, trace_env(), a, b, c)

/* When something began that is recorded at its end: 0 while its kind is off. */
#define TRACE_BEGIN(KIND) (unlikely(trace_kinds & TRACE_KIND_##KIND) ? arch_ticks() : 0)
/* How long it took, in ticks: at most what the word holds. */
uint32_t trace_took(uint64_t since) __attribute__((cold));

/* What tools/mktrace looks for in the memory of a machine: under this name, in this form. */
extern struct trace_root {
	char magic[8];
	uint32_t ring[CPUS_MAX]; /* page frames of the rings, 0: none */
	uint32_t envs;           /* the public records: physical address, */
	uint32_t env_count, env_size, env_id_at, env_label_at;
} trace_root;

/* env has a label. */
struct Env;
void trace_label(const struct Env *env);
/* Do the system call that tf asks for, and record it. */
int32_t trace_syscall(const struct Trapframe *tf);

/* Once all CPUs run: do what the boot words say. */
void trace_init(void);
/*
 * Make the rings, one a call: TRACE_AGAIN until all are there; 0: they are, for ever. -E_NO_MEM: those made before stay,
 * so that what is tried once more goes on there; who gives up calls trace_unmake. Call it before kinds are set.
 */
#define TRACE_AGAIN 1
int trace_make(void) must_use;
/* Unless all are there: none is. */
void trace_unmake(void);
/* Record these kinds from now on. Returns those until now. */
uint32_t trace_set(uint32_t kinds);
/* Map a ring for the caller: as TRACE_MAP. */
int trace_map(uintptr_t va, uint32_t cpu) must_use;
/* CPU number cpu's ring, or NULL; for the check of all invariants. */
const struct trace_ring *trace_ring_of(unsigned cpu);

#endif
