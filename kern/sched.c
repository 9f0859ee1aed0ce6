/* Scheduling: per-CPU round robin with stealing, or one queue in the order of a policy. See sched.h. */
#include <kern/console.h>
#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/monitor.h>
#include <kern/platform.h>
#include <kern/policy.h>
#include <kern/request.h>
#include <kern/rest.h>
#include <kern/sched.h>
#include <kern/selftest.h>
#include <kern/sched_run.h>
#include <kern/trace.h>
#include <kern/trap.h>
#include <kern/verify.h>

atomic_t sched_active_count, sched_idle_mask;
static atomic_t idle_ends; /* how often a CPU has had something to run again */

void runq_init(struct runq *runq, unsigned cpu)
{
	spin_init(&runq->lock, RANK_RUNQ, "run queue", cpu);
	list_init(&runq->ready);
	runq->count = 0;
}

void sched_init_cpu(struct cpu *cpu)
{
	runq_init(&cpu->runq, cpu->number);
	cpu->queue = policy ? &policy_queue : &cpu->runq;
}

uint64_t sched_switches(const struct cpu *cpu)
{
	return cpu->switches_then + (cpu->switches - (uint32_t)cpu->switches_then);
}

uint32_t sched_active(void)
{
	return atomic_load(&sched_active_count);
}

void sched_publish_queued(const struct env *env)
{
	env->pub->env_status = env->dying ? ENV_DYING : env->suspended ? ENV_NOT_RUNNABLE : ENV_RUNNABLE;
}

/* --- Round robin --- */

static inline struct env *pop_ready(struct cpu *cpu) REQUIRES(cpu->runq.lock)
{
	struct list *node = list_pop_front(&cpu->runq.ready);

	if (!node)
		return NULL;
	cpu->runq.count--;
	struct env *env = LIST_ENTRY(node, struct env, runq_node);
	env->sched = SCHED_RUNNING;
	return env;
}

/* --- Any policy --- */

static inline void runq_push(struct cpu *cpu, struct env *env, enum turn turn)
	REQUIRES(cpu->queue->lock) UNCHECKED_LOCKING
{
	if (unlikely(policy)) {
		sched_mark_queued(env);
		policy_push(env, turn);
		return;
	}
	sched_push(cpu, env);
	if (unlikely(turn == TURN_AT_ONCE || turn == TURN_BROKEN_OFF)) {
		list_remove(&env->runq_node);
		list_push_front(&cpu->runq.ready, &env->runq_node);
	}
}

/* yielder: who runs there and yields, if it does; it may be that it is to go on. */
static inline struct env *runq_pop(struct cpu *cpu, const struct env *yielder)
	REQUIRES(cpu->queue->lock) UNCHECKED_LOCKING
{
	return unlikely(policy) ? policy_pop(cpu, yielder) : pop_ready(cpu);
}

/* The lock of the run queue that env stands in or runs under. env's own lock is held. */
static struct cpu *lock_place(struct env *env) UNCHECKED_LOCKING
{
	for (;;) {
		struct cpu *cpu = __atomic_load_n(&env->cpu, __ATOMIC_ACQUIRE);
		spin_lock(&cpu->queue->lock);
		if (env->cpu == cpu)
			return cpu;
		spin_unlock(&cpu->queue->lock);
	}
}

/*
 * Take one idle CPU out of the mask, `wanted` if it is there, so that the next one who looks for one finds another.
 * NULL: none is idle.
 */
static struct cpu *claim_idle(struct cpu *wanted)
{
	uint32_t idle = atomic_load(&sched_idle_mask);

	while (unlikely(idle)) {
		uint32_t bit = wanted && idle & 1u << wanted->number ? 1u << wanted->number : idle & -idle;
		if (__atomic_compare_exchange_n(&sched_idle_mask.value, &idle, idle & ~bit, false, __ATOMIC_SEQ_CST,
						__ATOMIC_SEQ_CST))
			return cpus[__builtin_ctz(bit)];
	}
	return NULL;
}

void sched_poke(struct cpu *cpu)
{
	if (!cpu)
		return;
	if (cpu != this_cpu())
		platform_send_request(cpu->platform_number);
	else if (cpu->env)
		cpu->attention |= ATTEND_PREEMPT;
}

void sched_poked(void)
{
	struct cpu *cpu = this_cpu();

	if (unlikely(cpu->poked) && cpu->env)
		cpu->attention |= ATTEND_PREEMPT;
}

static inline void record_ready(const struct env *env, const struct cpu *cpu)
{
	TRACE_ABOUT(SCHED, READY, env->pub->env_id, trace_env(), cpu->number, arch_call_result(&env->pub->env_tf));
}

/* There is one queue: it goes into that, and a CPU is told that is idle, or runs what is to make way for it. */
static __attribute__((noinline)) void ready_for_all(struct env *env)
{
	record_ready(env, env->cpu);
	spin_lock(&policy_queue.lock);
	sched_mark_queued(env);
	policy_push(env, this_cpu()->in_device ? TURN_AT_ONCE : TURN_NEW);
	/* In this order: an idle CPU sets its bit and then looks at the queue. */
	atomic_fence();
	struct cpu *cpu = claim_idle(env->cpu);
	if (!cpu)
		cpu = env->policy.node.place ? policy_preempt(env) : this_cpu();
	spin_unlock(&policy_queue.lock);
	sched_poke(cpu);
}

/* A device's interrupt has made it ready, and no CPU is idle: it runs at once, here. */
static __attribute__((noinline)) void ready_at_once(struct env *env)
{
	struct cpu *cpu = this_cpu();

	record_ready(env, cpu);
	spin_lock(&cpu->queue->lock);
	runq_push(cpu, env, TURN_AT_ONCE);
	spin_unlock(&cpu->queue->lock);
	sched_poke(cpu);
}

void sched_ready_somewhere(struct env *env)
{
	if (unlikely(policy)) {
		ready_for_all(env);
		return;
	}
	struct cpu *idle = claim_idle(env->cpu), *cpu = idle ? idle : env->cpu;
	if (unlikely(!idle && this_cpu()->in_device)) {
		ready_at_once(env);
		return;
	}
	record_ready(env, cpu);
	spin_lock(&cpu->runq.lock);
	sched_push(cpu, env);
	spin_unlock(&cpu->runq.lock);
	if (cpu == this_cpu())
		return;
	/* It may have become idle since: it sets its bit and then looks at its queue, we have done the reverse. */
	atomic_fence();
	if (idle || atomic_load(&sched_idle_mask) & 1u << cpu->number)
		platform_send_request(cpu->platform_number);
}

void sched_ready(struct env *env)
{
	struct cpu *cpu = this_cpu();

	assert(spin_held(&env->lock) && env->sched == SCHED_OFF);
	if (unlikely(cpu->in_device || policy))
		sched_ready_somewhere(env);
	else
		sched_ready_near(cpu, env);
}

void sched_ready_here(struct env *env)
{
	struct cpu *cpu = this_cpu();

	spin_lock(&cpu->queue->lock);
	runq_push(cpu, env, TURN_NEW);
	spin_unlock(&cpu->queue->lock);
}

bool sched_take_off(struct env *env) UNCHECKED_LOCKING
{
	assert(spin_held(&env->lock));
	if (env->sched == SCHED_OFF)
		return true;
	struct cpu *cpu = lock_place(env);
	if (env->sched == SCHED_QUEUED) {
		if (policy) {
			policy_remove(env);
		} else {
			list_remove(&env->runq_node);
			cpu->runq.count--;
		}
		env->sched = SCHED_OFF;
	}
	spin_unlock(&cpu->queue->lock);
	return env->sched == SCHED_OFF;
}

void sched_publish(struct env *env) UNCHECKED_LOCKING
{
	struct cpu *cpu = lock_place(env);

	env->pub->env_status = env->sched == SCHED_RUNNING ? ENV_RUNNING : ENV_RUNNABLE;
	spin_unlock(&cpu->queue->lock);
}

/* Take an environment from the longest queue of another CPU, if more than `spare` stand in it. */
static struct env *steal(struct cpu *thief, uint32_t spare)
{
	struct cpu *victim = NULL;
	struct env *env = NULL;

	for (unsigned n = 0; n < cpu_count; n++) {
		if (cpus[n] != thief && cpus[n]->runq.count > spare) {
			victim = cpus[n];
			spare = victim->runq.count;
		}
	}
	if (!victim)
		return NULL;
	spin_lock(&victim->runq.lock);
	if ((env = pop_ready(victim)))
		__atomic_store_n(&env->cpu, thief, __ATOMIC_RELEASE);
	spin_unlock(&victim->runq.lock);
	return env;
}

static struct env *next_ready(struct cpu *cpu)
{
	struct env *env = NULL;

	if (unlikely(policy)) {
		spin_lock(&policy_queue.lock);
		env = policy_pop(cpu, NULL);
		spin_unlock(&policy_queue.lock);
		return env;
	}
	if (cpu->runq.count) {
		spin_lock(&cpu->runq.lock);
		env = pop_ready(cpu);
		spin_unlock(&cpu->runq.lock);
	}
	return env ? env : steal(cpu, 0);
}

static void slice_begin(struct cpu *cpu)
{
	cpu->timer_running = true;
	platform_timer_set(deadline_limit(sched_slice_ns()));
}

/*
 * Is nobody left who could make work? Who blocks counts as asleep before it has looked for what it waits for: so the count
 * is true only if all CPUs were idle all the while.
 */
static bool at_rest(void)
{
	uint32_t before = atomic_load(&idle_ends);

	return atomic_load(&sched_idle_mask) == ~0u >> (32 - cpu_count) && sched_active() == 0 &&
	       atomic_load(&idle_ends) == before;
}

/* Nothing to run: sleep until something is. */
static struct env *idle(struct cpu *cpu)
{
	struct env *env;
	uint64_t since = platform_time_ns();

	TRACE(SCHED, IDLE, 0, 0, 0);
	cpu->idle_since_ns = since;
	atomic_exchange(&cpu->lazy, 1);
	for (;;) {
		/* The bit first: whoever makes work after this look at the queues sees it, and interrupts the sleep. */
		atomic_or(&sched_idle_mask, 1u << cpu->number);
		if ((env = next_ready(cpu)))
			break;
		if (unlikely(cpu->attention & ATTEND_MONITOR))
			monitor_call();
		if (at_rest())
			rest_begin();
		big_lock_leave();
		request_serve();
		verify_attend();
		if (VARIANT_DEBUG)
			selftest_help();
		if (!page_zero_ahead())
			arch_idle();
		else
			arch_poll_interrupts();
		big_lock_enter();
	}
	atomic_add(&idle_ends, 1);
	atomic_and(&sched_idle_mask, ~(1u << cpu->number));
	/* In this order: see flush() in space.c. */
	atomic_exchange(&cpu->lazy, 0);
	if (atomic_exchange(&cpu->flush_pending, 0))
		arch_tlb_flush_user();
	cpu->idle_ns += platform_time_ns() - since;
	cpu->idle_since_ns = 0;
	/* What ticks found meanwhile is not about env, nor is the time its. */
	cpu->attention &= ~(ATTEND_SWITCH | ATTEND_SLICE);
	cpu->charged = arch_ticks_low();
	return env;
}

/* env may run. */
static inline void run(struct cpu *cpu, struct env *env)
{
	sched_run(cpu, NULL, env, NULL);
	TRACE(SCHED, RUN, cpu->queue->count, 0, 0);
	arch_env_switch_ports(cpu, env);
	if (unlikely(!cpu->timer_running)) {
		cpu->charged = arch_ticks_low();
		slice_begin(cpu);
	}
}

/* A slice of the end of env, which was taken from a queue or from this CPU, which has no environment now. */
void sched_take_apart(struct env *env)
{
	if (env_reap_slice(env))
		return;
	sched_ready_here(env);
	/*
	 * Its space may be kept by a call on another CPU that waits for this one's answer, or be used by one that is to
	 * end too, for which its CPU needs the big lock; and it may be large.
	 */
	big_lock_leave();
	arch_poll_interrupts();
	big_lock_enter();
}

/*
 * May env, which was taken from a queue, run? It was queued while it could, but its CPU may have done that between
 * another's decision to suspend it and the request that tells of it. From this look until cpu->env is set no request is
 * answered, so that one who decides later finds it running.
 */
static inline bool may_run(const struct env *env)
{
	return !(env->dying | env->suspended);
}

/* env was taken from a queue but may not run: take it apart, or off. False: it may run by now. */
static bool put_away(struct env *env)
{
	if (env->dying) {
		sched_take_apart(env);
		return true;
	}
	spin_lock(&env->lock);
	bool away = env->suspended && !env->dying;
	if (away) {
		env->sched = SCHED_OFF;
		env_publish(env);
	}
	spin_unlock(&env->lock);
	return away;
}

/* Run env, which was taken from a queue, or if it may not run, the next that may. */
static __attribute__((noinline)) void run_or_next(struct cpu *cpu, struct env *env)
{
	while (unlikely(!may_run(env))) {
		if (!put_away(env))
			continue;
		if (!(env = next_ready(cpu)))
			env = idle(cpu);
		cpu->charged = arch_ticks_low();
	}
	run(cpu, env);
}

static void run_next(struct cpu *cpu)
{
	struct env *env = next_ready(cpu);

	run_or_next(cpu, env ? env : idle(cpu));
}

/* Go on with next, which was taken from a queue; the environment that ran here stands in one. */
static inline void switch_to(struct cpu *cpu, struct env *next)
{
	/* Not ours any more: a request that is answered now is not about it. */
	cpu->env = NULL;
	run_or_next(cpu, next);
}

/* next may not run, or it or the one that ran here uses ports: the rest of rotate, in full. */
static __attribute__((noinline)) void rotate_in_full(struct cpu *cpu, struct env *env, struct env *next)
	RELEASES(cpu->runq.lock) UNCHECKED_LOCKING
{
	cpu->runq.count--;
	if (env) {
		arch_env_save_plain(cpu, env);
		sched_push(cpu, env);
		sched_charge_time(cpu, env->pub); /* before another CPU can take it */
	}
	spin_unlock(&cpu->runq.lock);
	switch_to(cpu, next);
}

/*
 * Round robin: the first of this CPU's queue runs, and the current environment, if there is one, goes behind the others.
 * False: none is there. Under another policy that is always so. This is the way of most switches, written to be short:
 * queue, take, save and load in one function, and each thing looked at once.
 */
static inline __attribute__((always_inline)) bool rotate(struct cpu *cpu) UNCHECKED_LOCKING
{
	struct env *env = cpu->env;

	if (cpu->runq.count == 0)
		return false;
	spin_lock(&cpu->runq.lock);
	if (unlikely(list_empty(&cpu->runq.ready))) {
		spin_unlock(&cpu->runq.lock);
		return false;
	}
	struct env *next = LIST_ENTRY(list_take_first(&cpu->runq.ready), struct env, runq_node);
	__asm__("" : "+r"(next)); /* so that this is not kept in a register as two addresses, its link's being the other */
	next->sched = SCHED_RUNNING;
	/* From here on no request is answered: see may_run, of which this is a part. */
	if (unlikely(next->out_of_the_ordinary | arch_ports_open(cpu))) {
		rotate_in_full(cpu, env, next);
		return true;
	}
	if (env) {
		sched_mark_queued(env);
		list_push_back(&cpu->runq.ready, &env->runq_node);
		sched_charge_time(cpu, env->pub);
		sched_run(cpu, env, next, &cpu->runq.lock);
	} else {
		cpu->runq.count--;
		spin_unlock(&cpu->runq.lock);
		sched_run(cpu, NULL, next, NULL);
	}
	TRACE(SCHED, RUN, cpu->queue->count, 0, 0);
	return true;
}

/* Take the first of this CPU's queue, if it is there and can simply run; see may_run. */
static inline struct env *take_plain(struct cpu *cpu)
{
	struct env *env = NULL;

	if (cpu->runq.count == 0)
		return NULL;
	spin_lock(&cpu->runq.lock);
	struct list *first = cpu->runq.ready.next;
	env = LIST_ENTRY(first, struct env, runq_node);
	if (likely(first != &cpu->runq.ready) && likely(!(env->out_of_the_ordinary | arch_ports_open(cpu)))) {
		list_take_first(&cpu->runq.ready);
		cpu->runq.count--;
		env->sched = SCHED_RUNNING;
	} else {
		env = NULL;
	}
	spin_unlock(&cpu->runq.lock);
	return env;
}

/*
 * What other CPUs have asked for while this one spun for the queue's lock, which sets bits of its attention, was about env
 * (which then was still this CPU's): it need not be attended to at once. About next nobody asks before it is its.
 */
void sched_stop(struct cpu *cpu, struct env *env)
{
	struct env *next = likely(!trace_kinds) ? take_plain(cpu) : NULL;

	sched_count_active(-1);
	if (!env)
		__builtin_unreachable(); /* so that nobody looks */
	if (likely(next)) {
		sched_run(cpu, env, next, &env->lock);
		big_lock_leave();
		arch_leave(cpu);
	}
	TRACE(SCHED, BLOCK, env->wait, env->pub->env_wait_for, WAIT_FOREVER);
	arch_env_save_plain(cpu, env);
	cpu->env = NULL;
	cpu->attention |= ATTEND_SWITCH;
	spin_unlock(&env->lock);
}

/*
 * The current environment makes way for another that should run in place of it, if there is one. In an order, it stands in
 * that with the others, but if it yields.
 */
static __attribute__((noinline)) void make_way(struct cpu *cpu, enum turn turn)
{
	struct env *env = cpu->env, *next = NULL;
	bool others = !policy || turn == TURN_GIVEN_UP;

	sched_charge(cpu, env);
	spin_lock(&cpu->queue->lock);
	cpu->poked = false;
	if (cpu->queue->count && (!others || (next = runq_pop(cpu, env)))) {
		arch_env_save(cpu, env);
		runq_push(cpu, env, turn);
		if (!others)
			next = runq_pop(cpu, NULL);
	}
	spin_unlock(&cpu->queue->lock);
	if (next)
		switch_to(cpu, next);
}

/* All that there may be to attend to. */
static __attribute__((noinline)) void attend_to(struct cpu *cpu)
{
	if (unlikely(cpu->attention & ATTEND_MONITOR))
		monitor_call(); /* meanwhile, others may have asked for more */
	uint32_t attention = cpu->attention;
	cpu->attention = 0;
	struct env *ending = attention & ATTEND_ENV && cpu->env ? env_attend() : NULL;
	if (ending) {
		sched_take_apart(ending);
		cpu->charged = arch_ticks_low();
	}
	if (!cpu->env)
		run_next(cpu);
	else if (attention & ATTEND_SWITCH && likely(!policy))
		(void)rotate(cpu);
	else if (attention & (ATTEND_SWITCH | ATTEND_PREEMPT))
		make_way(cpu, !(attention & ATTEND_SWITCH) ? TURN_BROKEN_OFF : cpu->timer_running ? TURN_GIVEN_UP : TURN_OVER);
	if (cpu->env && !cpu->timer_running)
		slice_begin(cpu);
}

void sched_attend(struct cpu *cpu)
{
	if (likely(cpu->attention == ATTEND_SWITCH)) {
		cpu->attention = 0;
		/* Others run, or it is alone and goes on. */
		if (likely(rotate(cpu)) || (cpu->env && !policy))
			return;
		cpu->attention |= ATTEND_SWITCH;
	}
	attend_to(cpu);
}

void sched_tick(void)
{
	struct cpu *cpu = this_cpu();

	cpu->timer_running = false;
	cpu->switches_then = sched_switches(cpu);
	deadline_expire();
	cpu->attention |= ATTEND_SWITCH | ATTEND_SLICE;
	if (!cpu->env)
		return;
	sched_charge(cpu, cpu->env);
	/* A queue that is two longer than this one's gives one up, so that busy CPUs come to share evenly. */
	struct env *env = steal(cpu, cpu->queue->count + 1);
	if (env)
		sched_ready_here(env);
	/* None waits longer than a slice while a CPU is idle. */
	struct cpu *idle = cpu->queue->count ? claim_idle(NULL) : NULL;
	if (idle)
		platform_send_request(idle->platform_number);
}
