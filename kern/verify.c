/* The kernel's invariants: see verify.h. */
#include <kern/cpu.h>
#include <kern/buddy.h>
#include <kern/family.h>
#include <kern/page.h>
#include <kern/print.h>
#include <kern/request.h>
#include <kern/verify.h>

static unsigned verify_queue(struct cpu *cpu)
{
	unsigned wrong = 0;
	uint32_t found = 0;

	spin_lock(&cpu->runq.lock);
	LIST_FOR_EACH(node, &cpu->runq.ready) {
		const struct env *env = LIST_ENTRY(node, struct env, runq_node);
		if (!env->alive || env->cpu != cpu || env->sched != SCHED_QUEUED) {
			kprintf("CPU %u: environment %08x stands in its queue but should not\n", cpu->number,
				env->pub->env_id);
			wrong++;
		}
		found++;
	}
	if (found != cpu->runq.count) {
		kprintf("CPU %u: %u in the queue, the count says %u\n", cpu->number, found, cpu->runq.count);
		wrong++;
	}
	spin_unlock(&cpu->runq.lock);
	return wrong;
}

static unsigned verify_env(uint32_t index, uint32_t *live)
{
	const struct env *env = env_slot(index);

	if (!env || !env->alive)
		return 0;
	++*live;
	const struct Env *pub = env->pub;
	unsigned wrong = 0;
	if (ENVX(pub->env_id) != (int)index || pub->env_id < NENV || pub->env_status == ENV_FREE) {
		kprintf("slot %u has id %08x and status %u\n", index, pub->env_id, pub->env_status);
		wrong++;
	}
	if (env->parent && (!env->parent->alive || env->parent->pub->env_id != pub->env_parent_id)) {
		kprintf("%08x: its parent is not %08x\n", pub->env_id, pub->env_parent_id);
		wrong++;
	}
	return wrong;
}

static unsigned verify_envs(void)
{
	unsigned wrong = 0;
	uint32_t live = 0;

	spin_lock(&family_lock);
	for (uint32_t i = 0; i < env_limit(); i++)
		wrong += verify_env(i, &live);
	if (live != env_live()) {
		kprintf("%u environments live, the count says %u\n", live, env_live());
		wrong++;
	}
	spin_unlock(&family_lock);
	return wrong;
}

static atomic_t wrong_in_caches;

void verify_cache(void)
{
	atomic_add(&wrong_in_caches, page_verify_cache());
}

unsigned verify_all(void)
{
	unsigned wrong = buddy_verify() + verify_envs();

	for (unsigned n = 0; n < cpu_count; n++) {
		wrong += verify_queue(cpus[n]);
		atomic_store_release(&cpus[n]->verify_wanted, n != this_cpu()->number);
	}
	verify_cache();
	request_all((uint32_t)((1ull << cpu_count) - 1));
	return wrong + atomic_exchange(&wrong_in_caches, 0);
}
