/* Deadlines of waits: see deadline.h. */
#include <kern/cpu.h>
#include <kern/deadline.h>
#include <kern/env.h>
#include <kern/platform.h>

#define NS_PER_MS 1000000ull
#define EXPIRE_AT_ONCE 32 /* woken before other interrupts get their turn */

static struct spinlock heap_lock = SPINLOCK(RANK_DEADLINE, "deadlines");
static struct heap_node *nodes[NENV + 1];
static struct heap heap GUARDED_BY(heap_lock) = { .nodes = nodes };

static inline uint64_t first_time(void) REQUIRES(heap_lock)
{
	return heap_first(&heap)->key;
}

/* Set this CPU's timer for the earliest deadline, if that is before what it would wake up for. */
static void arm(struct cpu *cpu) REQUIRES(heap_lock)
{
	uint64_t now = platform_time_ns(), at = first_time();
	uint64_t left = at > now ? at - now : 1;

	cpu->wake_ns = at;
	/* A time slice that ends before sets the timer anew. */
	if (!cpu->timer_running || left < sched_slice_ns())
		platform_timer_set(left);
}

void deadline_set(struct env *env, uint32_t timeout_ms)
{
	struct cpu *cpu = this_cpu();

	env->deadline.node.key = platform_time_ns() + timeout_ms * NS_PER_MS;
	env->deadline.serial = env->wait_serial;
	spin_lock(&heap_lock);
	heap_insert(&heap, &env->deadline.node);
	if (env->deadline.node.place == 1)
		arm(cpu);
	spin_unlock(&heap_lock);
}

void deadline_cancel(struct env *env)
{
	/* It is set under env's lock, which is held; another CPU may take it out at any time. */
	if (likely(!__atomic_load_n(&env->deadline.node.place, __ATOMIC_RELAXED)))
		return;
	spin_lock(&heap_lock);
	if (env->deadline.node.place)
		heap_remove(&heap, &env->deadline.node);
	spin_unlock(&heap_lock);
}

/* Take out the first whose time is up. NULL: none is; this CPU's timer is to come for the next. */
static struct env *take_expired(struct cpu *cpu, uint64_t now, uint32_t *serial)
{
	struct env *env = NULL;

	spin_lock(&heap_lock);
	if (heap.count && first_time() <= now) {
		env = LIST_ENTRY(heap_first(&heap), struct env, deadline.node);
		*serial = env->deadline.serial;
		heap_remove(&heap, &env->deadline.node);
	}
	cpu->wake_ns = heap.count ? first_time() : 0;
	spin_unlock(&heap_lock);
	return env;
}

void deadline_expire(void)
{
	struct cpu *cpu = this_cpu();
	uint64_t now = platform_time_ns();
	struct env *env;
	uint32_t serial;

	if (likely(!cpu->wake_ns))
		return;
	for (unsigned n = 0; n < EXPIRE_AT_ONCE && (env = take_expired(cpu, now, &serial)); n++)
		env_time_up(env, serial);
	if (cpu->wake_ns)
		platform_timer_set(deadline_limit(~0ull));
}

uint64_t deadline_limit(uint64_t ns)
{
	uint64_t wake = this_cpu()->wake_ns;

	if (likely(!wake))
		return ns;
	uint64_t now = platform_time_ns(), left = wake > now ? wake - now : 1;
	return MIN(left, ns);
}

const struct env *deadline_at(uint32_t place) UNCHECKED_LOCKING
{
	return place <= heap.count ? LIST_ENTRY(heap.nodes[place], struct env, deadline.node) : NULL;
}
