/*
 * Threads: see <finch/thread.h>.
 *
 * From REGION on stand slots, one for each thread:
 *
 *     +------------------------+
 *     | exception stack, 4 KB  |
 *     +------------------------+
 *     | (unmapped)             |  where an exception stack that overflows ends
 *     +------------------------+
 *     | struct thread          |
 *     | stack, 32 KB           |
 *     +------------------------+
 *     | (unmapped)             |  where a stack that overflows ends
 *     +------------------------+
 *
 * A slot is in use while its pages are mapped. Up to POOL_MAX slots that nobody uses stay mapped, in the pool, for the
 * next threads. A thread is joined when its environment has ended: until then it stands on its stack.
 */
#include <finch/memory.h>
#include <finch/pgfault.h>
#include <finch/process.h>
#include <finch/thread.h>
#include <inc/lib.h>
#include "forking.h"
#include "park.h"

#define REGION 0xE0000000
#define SLOTS NENV
#define STACK_PAGES 8
#define SLOT_SIZE ((STACK_PAGES + 3) * PGSIZE)
#define STACK_AT PGSIZE
#define STACK_TOP (STACK_AT + STACK_PAGES * PGSIZE)
#define POOL_MAX 16

#define PERM_WRITE (PTE_P | PTE_U | PTE_W)

static_assert(REGION + SLOTS * SLOT_SIZE <= 0xEC000000, "the slots end below the stack");

struct thread {
	struct libos_self self; /* first */
	void *(*entry)(void *arg);
	void *arg;
	void *result;
	int id; /* generation << LOG2NENV | slot */
	envid_t envid;
	bool joined; /* [threads] somebody waits for it, or has */
	bool exited; /* it has ended by thread_exit */
	struct thread *next; /* [threads] in the pool */
} __attribute__((aligned(16)));

static struct mutex threads;
FORK_LOCK(threads);
static struct thread *pool;      /* [threads] */
static unsigned pooled;          /* [threads] */
static unsigned lowest;          /* [threads] all slots below are in use */
static unsigned generation;      /* [threads] */
static uint32_t others;          /* threads that have not ended, without the first */
static bool first_waits;         /* until that is 0 */

static struct thread *thread_in(unsigned slot)
{
	return (struct thread *)(REGION + slot * SLOT_SIZE + STACK_TOP) - 1;
}

static unsigned slot_of(const struct thread *thread)
{
	return ((uintptr_t)thread - REGION) / SLOT_SIZE;
}

static char *slot_start(unsigned slot)
{
	return (char *)(REGION + slot * SLOT_SIZE);
}

static struct thread *thread_self(void)
{
	return (struct thread *)libos_self();
}

/* --- Slots. All with `threads` locked. --- */

static int slot_map(unsigned slot)
{
	char *start = slot_start(slot);
	int err = pages_alloc(0, start + STACK_AT, PERM_WRITE, STACK_PAGES);

	if (err < 0)
		return err;
	err = sys_page_alloc(0, start + SLOT_SIZE - PGSIZE, PERM_WRITE);
	if (err < 0)
		pages_unmap(0, start + STACK_AT, STACK_PAGES);
	return err;
}

static int slot_take(struct thread **thread)
{
	if (pool) {
		*thread = pool;
		pool = pool->next;
		pooled--;
		return 0;
	}
	while (lowest < SLOTS && page_mapped(thread_in(lowest)))
		lowest++;
	if (lowest == SLOTS)
		return -E_NO_FREE_ENV;
	int err = slot_map(lowest);
	if (err < 0)
		return err;
	*thread = thread_in(lowest);
	return 0;
}

static void slot_give(struct thread *thread)
{
	unsigned slot = slot_of(thread);

	if (pooled < POOL_MAX) {
		thread->id = 0;
		thread->next = pool;
		pool = thread;
		pooled++;
		return;
	}
	lowest = MIN(lowest, slot);
	pages_unmap(0, slot_start(slot), SLOT_SIZE / PGSIZE);
}

/* --- fork --- */

void threads_place(struct piece *all, struct piece *own)
{
	all->start = REGION;
	all->end = REGION + SLOTS * SLOT_SIZE;
	if ((uintptr_t)thread_self() - REGION < SLOTS * SLOT_SIZE) {
		own->start = (uintptr_t)slot_start(slot_of(thread_self()));
		own->end = own->start + SLOT_SIZE;
	}
}

void threads_forked(void)
{
	libos_first = libos_self();
	pool = NULL;
	pooled = lowest = 0;
	others = 0;
}

/* --- Threads --- */

static void thread_start(void)
{
	struct thread *thread = thread_self();

	thread_exit(thread->entry(thread->arg));
}

/* Make the environment of a thread that is otherwise ready to run, and let it run. */
static int thread_run(struct thread *thread)
{
	uintptr_t *stack = (uintptr_t *)thread - 1;

	*stack = 0; /* where thread_start would return to: the end of a backtrace */
	envid_t envid = sys_env_thread((uintptr_t)thread_start, (uintptr_t)stack);
	if (envid < 0)
		return envid;
	thread->envid = envid;
	thread->self.env = &envs[ENVX(envid)];
	int err = sys_env_set(envid, ENV_SET_TLS, (uintptr_t)&thread->self);
	if (err == 0)
		err = sys_env_set(envid, ENV_SET_EXCEPTION_STACK, (uintptr_t)slot_start(slot_of(thread)) + SLOT_SIZE);
	if (err == 0)
		err = sys_env_set_status(envid, ENV_RUNNABLE);
	if (err < 0)
		panic("thread_create: %e", err); /* a child of this environment's own: it cannot fail */
	return 0;
}

int thread_create(void *(*entry)(void *arg), void *arg)
{
	struct thread *thread;
	int err = pgfault_install();

	if (err < 0)
		return err;
	mutex_lock(&threads);
	if ((err = slot_take(&thread)) == 0) {
		generation = MAX((generation + 1) & (0x7FFFFFFF >> LOG2NENV), 1u);
		*thread = (struct thread){
			.self.self = &thread->self, .entry = entry, .arg = arg,
			.id = (int)(generation << LOG2NENV | slot_of(thread)),
		};
		int id = thread->id;
		__atomic_add_fetch(&others, 1, __ATOMIC_SEQ_CST);
		if ((err = thread_run(thread)) == 0) {
			err = id;
		} else {
			__atomic_sub_fetch(&others, 1, __ATOMIC_SEQ_CST);
			slot_give(thread);
		}
	}
	mutex_unlock(&threads);
	return err;
}

/* The thread that is to be joined, which no other can join any more. NULL: see thread_join. */
static struct thread *claim(int id)
{
	struct thread *thread = thread_in((unsigned)ENVX(id));

	mutex_lock(&threads);
	if (id <= 0 || !page_mapped(thread) || thread->id != id || thread->joined || &thread->self == libos_self())
		thread = NULL;
	else
		thread->joined = true;
	mutex_unlock(&threads);
	return thread;
}

/* One that is not the first has ended. */
static void count_end(void)
{
	if (__atomic_sub_fetch(&others, 1, __ATOMIC_SEQ_CST) == 0 && __atomic_load_n(&first_waits, __ATOMIC_SEQ_CST))
		unpark(libos_first->env->env_id);
}

int thread_join(int id, void **result)
{
	struct thread *thread = claim(id);

	if (!thread)
		return -E_INVAL;
	/* An error says that it has ended. */
	wait_status(thread->envid, NULL);
	int err = thread->exited ? 0 : -E_KILLED;
	if (result)
		*result = thread->result;
	if (err < 0)
		count_end();
	mutex_lock(&threads);
	slot_give(thread);
	mutex_unlock(&threads);
	return err;
}

void thread_exit(void *result)
{
	if (libos_self() == libos_first) {
		__atomic_store_n(&first_waits, true, __ATOMIC_SEQ_CST);
		while (__atomic_load_n(&others, __ATOMIC_SEQ_CST) > 0)
			park(TIMEOUT_NEVER);
		exit();
	}
	thread_self()->result = result;
	thread_self()->exited = true;
	count_end();
	sys_env_exit(0);
}

int thread_id(void)
{
	return libos_self() == libos_first ? 0 : thread_self()->id;
}
