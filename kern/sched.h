/*
 * Scheduling: which environment a CPU runs next.
 *
 * Round robin: each CPU has a run queue of environments that are ready; one that finds its own empty steals. One that
 * becomes ready goes to the CPU it last ran on if that is idle, else to an idle CPU, which is woken at once, else
 * to its last CPU. Time slices are SCHED_SLICE_NS long. One whose wait a device's interrupt ended runs at once, once:
 * the one it interrupts goes on after it, and the slice ends as it would have.
 *
 * Under another policy (kern/policy.h) all CPUs have one queue, which is in the policy's order.
 *
 * An environment's place (`sched` and `cpu` in struct env) is guarded by the lock of its CPU's run queue while it is
 * queued or running, and by the environment's own lock while it is off.
 */
#ifndef FINCH_KERN_SCHED_H
#define FINCH_KERN_SCHED_H

#include <common/list.h>
#include <kern/atomic.h>
#include <kern/lock.h>

#define SCHED_SLICE_NS 10000000

struct env;

enum sched_place { SCHED_OFF, SCHED_QUEUED, SCHED_RUNNING };

struct runq {
	struct spinlock lock;
	struct list ready; /* [lock] of struct env, through runq_node */
	uint32_t count;    /* [lock] of all who stand in it; read by others without it, as a hint */
};

struct cpu;

void runq_init(struct runq *runq, unsigned cpu);
/* Once a CPU, before it runs anything; the policy is chosen. */
void sched_init_cpu(struct cpu *cpu);

/* Put env, which is off all CPUs and queues and may run, on a queue. Its lock is held. */
void sched_ready(struct env *env);
/* The same, but on the calling CPU's queue and without waking others: for one that is ending. */
void sched_ready_here(struct env *env);
/* Take env off its queue if it is queued. Its lock is held. True: it is off now; false: it runs on a CPU. */
bool sched_take_off(struct env *env);
/* Make the public status of env, which may run and was not taken off, say whether it does. Its lock is held. */
void sched_publish(struct env *env);
/* A slice of the end of env, which stands in no queue and runs nowhere; what is left is queued on this CPU. */
void sched_take_apart(struct env *env);

/*
 * Called on the way back to user mode when the attention of cpu, the calling one, is set: gives the CPU to an
 * environment that may run, idling until there is one. Afterwards the frame at the top of the stack is that environment's.
 */
void sched_attend(struct cpu *cpu);
/* The time slice is over. */
void sched_tick(void);
/* Make a CPU (NULL: none) look whether another environment should run there; policy_preempt chose it. */
void sched_poke(struct cpu *cpu);
/* It may be for that that another CPU has interrupted this one. */
void sched_poked(void);

/* Environments that run, are ready, or wait for something that can still come; none left: the system is at rest. */
extern atomic_t sched_active_count;
extern atomic_t sched_idle_mask; /* bit n: CPU n is idle, and nobody has chosen it for something yet */
static inline void sched_count_active(int change)
{
	atomic_add(&sched_active_count, change);
}
/* How many they are; for tests. */
uint32_t sched_active(void);

/* How often this CPU was given to an environment. */
uint64_t sched_switches(const struct cpu *cpu);

#endif
