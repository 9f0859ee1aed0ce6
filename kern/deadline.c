/* Deadlines of waits: see deadline.h. A binary heap; the children of place n are at 2n and 2n + 1. */
#include <kern/cpu.h>
#include <kern/deadline.h>
#include <kern/env.h>
#include <kern/platform.h>
#include <kern/print.h>

#define NS_PER_MS 1000000ull
#define EXPIRE_AT_ONCE 32 /* woken before other interrupts get their turn */

static struct spinlock heap_lock = SPINLOCK(RANK_DEADLINE, "deadlines");
static struct env *heap[NENV + 1] GUARDED_BY(heap_lock);
static uint32_t count GUARDED_BY(heap_lock);

static inline uint64_t time_at(uint32_t place) REQUIRES(heap_lock)
{
	return heap[place]->deadline.at_ns;
}

static inline void put(struct env *env, uint32_t place) REQUIRES(heap_lock)
{
	heap[place] = env;
	env->deadline.place = place;
}

static void move_up(struct env *env, uint32_t place) REQUIRES(heap_lock)
{
	for (; place > 1 && time_at(place / 2) > env->deadline.at_ns; place /= 2)
		put(heap[place / 2], place);
	put(env, place);
}

static void move_down(struct env *env, uint32_t place) REQUIRES(heap_lock)
{
	for (uint32_t child; (child = place * 2) <= count; place = child) {
		if (child < count && time_at(child + 1) < time_at(child))
			child++;
		if (time_at(child) >= env->deadline.at_ns)
			break;
		put(heap[child], place);
	}
	put(env, place);
}

static void heap_remove(struct env *env) REQUIRES(heap_lock)
{
	uint32_t place = env->deadline.place;
	struct env *last = heap[count--];

	env->deadline.place = 0;
	if (last == env)
		return;
	if (place > 1 && time_at(place / 2) > last->deadline.at_ns)
		move_up(last, place);
	else
		move_down(last, place);
}

/* Set this CPU's timer for the earliest deadline, if that is before what it would wake up for. */
static void arm(struct cpu *cpu) REQUIRES(heap_lock)
{
	uint64_t now = platform_time_ns(), at = time_at(1);
	uint64_t left = at > now ? at - now : 1;

	cpu->wake_ns = at;
	/* A time slice that ends before sets the timer anew. */
	if (!cpu->timer_running || left < SCHED_SLICE_NS)
		platform_timer_set(left);
}

void deadline_set(struct env *env, uint32_t timeout_ms)
{
	struct cpu *cpu = this_cpu();

	env->deadline.at_ns = platform_time_ns() + timeout_ms * NS_PER_MS;
	env->deadline.serial = env->wait_serial;
	spin_lock(&heap_lock);
	move_up(env, ++count);
	if (env->deadline.place == 1)
		arm(cpu);
	spin_unlock(&heap_lock);
}

void deadline_cancel(struct env *env)
{
	/* It is set under env's lock, which is held; another CPU may take it out at any time. */
	if (likely(!__atomic_load_n(&env->deadline.place, __ATOMIC_RELAXED)))
		return;
	spin_lock(&heap_lock);
	if (env->deadline.place)
		heap_remove(env);
	spin_unlock(&heap_lock);
}

/* Take out the first whose time is up. NULL: none is; this CPU's timer is to come for the next. */
static struct env *take_expired(struct cpu *cpu, uint64_t now, uint32_t *serial)
{
	struct env *env = NULL;

	spin_lock(&heap_lock);
	if (count && time_at(1) <= now) {
		env = heap[1];
		*serial = env->deadline.serial;
		heap_remove(env);
	}
	cpu->wake_ns = count ? time_at(1) : 0;
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
	return place <= count ? heap[place] : NULL;
}
