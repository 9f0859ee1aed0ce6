/*
 * Environments: what runs. Slots, ids, family, states, the end.
 *
 * Each slot has a public record (struct Env, in envs[] of programs) and, once used, a private one (struct env), which
 * stays where it is for ever: a pointer is always good, but what it names may have ended, so whoever does not
 * hold the lock checks the id under it.
 *
 * Three things make an environment runnable or not, and they are different: `suspended` (somebody said so),
 * `wait` (it asked for something that has not come), `dying`. It may run if it has none of the first two; one
 * that is dying gets the CPU to be taken apart, slice by slice, as if it ran.
 *
 * Locks: family lock (RANK_FAMILY) before env locks (RANK_ENV).
 */
#ifndef FINCH_KERN_ENV_H
#define FINCH_KERN_ENV_H

#include <abi/env.h>
#include <common/list.h>
#include <kern/arch.h>
#include <kern/breakpoint.h>
#include <kern/deadline.h>
#include <kern/lock.h>
#include <kern/message.h>
#include <kern/policy.h>
#include <kern/sched.h>
#include <kern/space.h>

#define OPEN_TO_ALL -1
#define ENV_NOTICES 16 /* ends of its own children that an environment remembers until it asks */

struct env_notice {
	envid_t id; /* 0: none */
	int status;
};

struct env {
	struct spinlock lock;
	struct Env *pub; /* fields written under lock, or by the CPU that runs it */
	uint32_t index;

	/* Guarded by lock. */
	envid_t id;      /* by which it can be found: 0 when it is not alive, or is dying */
	bool alive;      /* has an id that names it */
	bool ends_space; /* its end is that of all in its space */
	bool unparked;   /* somebody called unpark since it parked last */
	union {
		struct {
			bool dying;
			bool suspended;
			bool timed;              /* its wait may end by itself: when its time is up, or by an interrupt */
			bool drives : 1;         /* it is attached to interrupt lines, or may use ports */
			bool frame_replaced : 1; /* by its parent while it waited: the wait's result is not to be put into it */
		};
		uint32_t out_of_the_ordinary; /* one of those */
	};
	envid_t open_to; /* who may hand it a word and the CPU at once: an id, OPEN_TO_ALL, or 0: nobody; see env_publish */
	uint32_t wait_serial; /* counts its waits */
	struct { /* a word that is often set as a whole */
		uint8_t wait;  /* ENV_WAIT_: what it waits for */
		uint8_t sched; /* enum sched_place; guarded by the run-queue lock of cpu, or by lock while SCHED_OFF */
		bool active;   /* counted by sched_count_active */
		/* The call it waits in happens again when it is woken, unless it is interrupted. */
		bool restarts;
	} __attribute__((aligned(4)));
	struct deadline deadline; /* of that wait */
	int status;      /* how it ended */
	bool ended_itself;

	/* Set while alive, by the creator; constant until the end. */
	struct space *space;
	bool leads;      /* the space was made for it */

	uint32_t rights; /* RIGHT_ bits; guarded by lock */
	struct budget *budget; /* NULL: none; constant while it runs */

	/* Guarded by lock. */
	bool was_awaited; /* somebody has waited for messages from it alone */
	uint16_t irq_lines, irq_pending; /* lines that it is attached to, and those of them that came: bits; see irq.h */
	uintptr_t window; /* where it wants a message's pages: see message.h */

	/* Guarded by the run-queue lock of cpu, or by lock while SCHED_OFF. */
	struct cpu *cpu;
	struct list runq_node;
	struct policy_env policy;

	/* Guarded by the family lock. */
	struct env *parent;    /* NULL: started by the kernel */
	bool orphan;           /* its creator has ended: parent leaves it no notice */
	struct list children;  /* through sibling */
	struct list sibling;
	struct list mates;     /* a ring without a head: the others of its space that have not been ended with it */
	struct list listener;  /* among those who want to hear of ends */
	struct list waiters;   /* who sleeps until this one ends, through wait_node */
	struct list wait_node; /* in waiters of another; or, by its own and the input lock, among the console's readers */
	struct env_notice notices[ENV_NOTICES];
	unsigned notice_next;
	struct env_notice awaited; /* what ended its last wait for an end: no later end takes its place */

	struct budget *held;   /* it holds this one for its children; NULL: none */
	struct budget *ends;   /* and is ending this one */
	uint32_t ends_at;      /* of which the environments in the slots before this one have been ended */

	/* Guarded by the lock of the message queues. */
	struct list senders;     /* who wait to send to this one, through wait_node */
	struct env *sending_to;  /* in whose queue this one is or is about to be; NULL: its message is taken, or gone */
	struct message message;  /* what it sends */
	bool calls;              /* and then waits for the answer */
	bool gave_way;           /* its own: it let its receiver run first, and sends again */
	uint32_t sends;          /* counts its sends that block */

	envid_t ended_by;      /* who ended it */
	bool left_space; /* while dying: the environment has left its space (space is still set, to be destroyed) */
	bool first;      /* started by the kernel as the first program: its end decides the machine's status */

	struct env_step step;
	struct arch_env arch;
};

/* Has the environment that runs on this CPU this right? */
bool env_may(uint32_t right);

/* Make room for as many environments as memory allows, at most NENV; the records are mapped at UENVS. */
void env_init(void);
/* The public records, env_limit() of them. */
const struct Env *env_records(void);
uint32_t env_limit(void);
uint32_t env_live(void);
/* Slots from this number on were never used. */
uint32_t env_slots_used(void);

/*
 * A new environment: suspended, and locked, for its maker to set registers and FPU (arch_env_init, arch_env_inherit)
 * and unlock it; it can end from then on. Its space is given (adopted on success): a new one, or the parent's, joined.
 * parent NULL: the kernel. -E_NO_FREE_ENV (also if the parent is just being ended), -E_NO_MEM.
 */
int env_create(struct env *parent, struct space *space, struct env **made) must_use UNCHECKED_LOCKING;

extern struct env *env_slots[NENV]; /* never used: one that has no id */

/* The environment with that id, locked; NULL: there is none. Not for the caller's own; by 0, one that has no id. */
static inline struct env *env_lock_id(envid_t id) UNCHECKED_LOCKING
{
	struct env *env = __atomic_load_n(&env_slots[ENVX(id)], __ATOMIC_ACQUIRE);

	if (!env)
		__builtin_unreachable(); /* so that callers look at the id alone */
	spin_lock(&env->lock);
	if (likely(env->id == id))
		return env;
	spin_unlock(&env->lock);
	return NULL;
}

/* From now on env wants pages there: see message.h. */
static inline void env_open_window(struct env *env, uintptr_t window)
{
	env->pub->env_ipc_dstva = (void *)window_va(window);
	env->window = window;
}

/*
 * Look an id up, 0 meaning the caller. On success *env is locked unless it is the caller (which cannot end while it
 * is in the kernel). With `right`: -E_BAD_ENV unless it is the caller or a child of it.
 */
int env_find(envid_t id, bool right, struct env **env) must_use UNCHECKED_LOCKING;
/* Unlock what env_find returned. */
void env_release(struct env *env) UNCHECKED_LOCKING;
/*
 * Begin the end of env, which is not the caller and may be dying already: status as env_wait brings it. Returns the CPU
 * that still runs it as a mask: once request_all has had its answer, env runs no user instruction any more. Whoever
 * picks it from then on takes it apart.
 */
uint32_t env_doom_other(struct env *env, int status, bool itself) REQUIRES(env->lock);
/* SYS_env_destroy. */
int env_destroy(envid_t id);
/* On the way back to user mode: put the current environment away if it is dying or suspended. Returns it if it is
 * dying, so that it is taken apart. */
struct env *env_attend(void);
/* End the environment that runs on this CPU, or, with `all`, every one of its space, with this status. */
void env_end_current(int status, bool itself, bool all);
/*
 * Take some more of a dying environment apart; true: it is gone, or waits for others of its space, which queue it then.
 * Called without locks, on the CPU that picked it.
 */
bool env_reap_slice(struct env *env);

/*
 * The environment that runs on this CPU stops, to wait for something. The caller then checks whether it has come
 * already. restarts: the call happens again when it is woken; else its result is what env_wake gives. After timeout_ms
 * (WAIT_FOREVER: never) the wait ends with -E_TIMEOUT. Returns the number of this wait, for env_wake_wait.
 */
uint32_t env_block(uint32_t wait, envid_t wait_for, bool restarts, uint32_t timeout_ms);
/* The same for env, which is the one that runs, and locked. */
uint32_t env_block_locked(struct env *env, uint32_t wait, envid_t wait_for, bool restarts, uint32_t timeout_ms)
	REQUIRES(env->lock);
/* The time of its wait number `serial` is up, if it still waits. */
void env_time_up(struct env *env, uint32_t serial);

/* End the wait of env, whose lock is held and which is alive and waits. */
void env_end_wait(struct env *env, int32_t result) REQUIRES(env->lock);
/* The same, if that is still its wait with this number. */
void env_wake_wait(struct env *env, uint32_t serial, int32_t result);
/* End the wait of env if it is `wait`. */
void env_wake(struct env *env, uint32_t wait, int32_t result);

/* Let an environment that env_create made run for the first time. Returns 0. */
int env_start(struct env *env);

/* Set the status that SYS_env_set_status asks for: ENV_RUNNABLE or ENV_NOT_RUNNABLE. envid: as for env_find. */
int env_set_status(envid_t id, int status);
/* Replace the registers of envid (made harmless by the caller); one that runs is made to stand still for it. */
int env_set_frame(envid_t id, const struct Trapframe *tf);

/*
 * Lock id, a child of the caller that is suspended, together with the family, once it stands still and no message is
 * just being handed to it or taken from it. -E_BAD_ENV; -E_INVAL: it is not suspended, or the caller.
 */
int env_lock_still(envid_t id, struct env **env) must_use UNCHECKED_LOCKING;
void env_unlock_still(struct env *env) UNCHECKED_LOCKING;
#define ENV_UNSETTLED 1
/* End the wait of env, if it is in one, as if it had not begun; locked as above. False: its end is on the way. */
bool env_forget_wait(struct env *env) UNCHECKED_LOCKING;
/* env is not suspended any more: it runs, or waits on. */
void env_go_on(struct env *env) REQUIRES(env->lock);

/* May an exception stack end here? */
static inline bool exception_stack_good(uintptr_t top)
{
	return top % PGSIZE == 0 && top > 0 && top <= UXSTACKTOP;
}

/* Has the caller a reason to wait for id: is it another environment that lives or whose end the caller remembers? */
bool env_can_wait(envid_t id);
/* SYS_env_wait without the copying: 0 and *status, or an error; -E_INTERRUPTED with *sleeping set: it blocked. */
int env_wait(envid_t id, int *status, bool *sleeping);

/* Make the public status of env say what is so. */
void env_publish(struct env *env);

/* The private record of a slot, NULL if never used; for the monitor and tests. */
struct env *env_slot(uint32_t index);
/* Is there one that is dying and not yet gone? */
bool env_any_dying(void);
/* Print a line an environment: id, parent, state, CPU, what it waits for, label. */
void env_print_all(void);

/* The first program's end: 16 it exited by itself, 17 it did not, -1 it has not ended. */
int env_first_status(void);

#endif
