/* Condition variables: see <finch/mutex.h>. Who waits stands in a queue; taking it out and marking it woken are one. */
#include <finch/mutex.h>
#include <inc/lib.h>
#include "park.h"

static void enqueue(struct cond *cond, struct libos_waiter *waiter)
{
	waiter->envid = thisenv->env_id;
	waiter->woken = 0;
	waiter->next = NULL;
	mutex_lock(&cond->lock);
	if (cond->first)
		cond->last->next = waiter;
	else
		cond->first = waiter;
	cond->last = waiter;
	mutex_unlock(&cond->lock);
}

/* Take waiter out of the queue. False: it has been woken. */
static bool forget(struct cond *cond, struct libos_waiter *waiter)
{
	struct libos_waiter *before = NULL;

	mutex_lock(&cond->lock);
	bool found = !waiter->woken;
	if (found) {
		struct libos_waiter **place = &cond->first;
		for (; *place != waiter; place = &before->next)
			before = *place;
		*place = waiter->next;
		if (cond->last == waiter)
			cond->last = before;
	}
	mutex_unlock(&cond->lock);
	return found;
}

static bool woken(const struct libos_waiter *waiter)
{
	return __atomic_load_n(&waiter->woken, __ATOMIC_ACQUIRE);
}

void cond_wait(struct cond *cond, struct mutex *mutex)
{
	struct libos_waiter *waiter = &libos_self()->cond_waiter;

	enqueue(cond, waiter);
	mutex_unlock(mutex);
	while (!woken(waiter))
		park(TIMEOUT_NEVER);
	mutex_lock(mutex);
}

int cond_wait_for(struct cond *cond, struct mutex *mutex, uint32_t timeout_ms)
{
	struct libos_waiter *waiter = &libos_self()->cond_waiter;
	unsigned since = sys_time_msec(), passed = 0;
	bool timeout = false;

	enqueue(cond, waiter);
	mutex_unlock(mutex);
	while (!woken(waiter) && !timeout) {
		if (passed >= timeout_ms) {
			timeout = forget(cond, waiter);
		} else {
			park(timeout_ms - passed);
			passed = (sys_time_msec() - since) & 0x7FFFFFFF;
		}
	}
	mutex_lock(mutex);
	return timeout ? -E_TIMEOUT : 0;
}

/* Wake at most so many. */
static void wake(struct cond *cond, bool all)
{
	struct libos_waiter *waiter;

	/* Who is about to wait has the mutex locked; who changed something had it too, or does not mind. */
	if (!__atomic_load_n(&cond->first, __ATOMIC_SEQ_CST))
		return;
	mutex_lock(&cond->lock);
	do {
		if (!(waiter = cond->first))
			break;
		cond->first = waiter->next;
		envid_t envid = waiter->envid;
		__atomic_store_n(&waiter->woken, 1, __ATOMIC_RELEASE);
		unpark(envid);
	} while (all);
	mutex_unlock(&cond->lock);
}

void cond_signal(struct cond *cond)
{
	wake(cond, false);
}

void cond_broadcast(struct cond *cond)
{
	wake(cond, true);
}
