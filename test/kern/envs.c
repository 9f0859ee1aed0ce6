/* Tests of slots and ids of environments: kern/env.c; and of what TEST_CHECK looks at. */
#include <abi/error.h>
#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/verify.h>
#include "test.h"

static struct env *create(void) UNCHECKED_LOCKING
{
	struct space *space = space_create(NULL);
	struct env *env;

	if (!space)
		return NULL;
	if (env_create(NULL, space, &env) == 0) {
		spin_unlock(&env->lock);
		return env;
	}
	space_abandon(space);
	return NULL;
}

static void end(struct env *env)
{
	spin_lock(&env->lock);
	env->dying = true;
	env_publish(env);
	spin_unlock(&env->lock);
	while (!env_reap_slice(env))
		continue;
}

/* Fresh slots in order, freed ones last out first in; ids count generations, and wrap before they get negative. */
void test_env_ids(void)
{
	struct env *envs[5], *found;

	for (unsigned i = 0; i < 5; i++) {
		envs[i] = create();
		EXPECT_IS(envs[i]->pub->env_id, NENV + i);
		EXPECT_IS(envs[i]->pub->env_status, ENV_NOT_RUNNABLE);
	}
	EXPECT_IS(env_live(), 5);
	EXPECT_IS(env_find(NENV + 1, false, &found), 0);
	EXPECT(found == envs[1]);
	env_release(found);
	end(envs[1]);
	EXPECT_IS(env_find(NENV + 1, false, &found), -E_BAD_ENV);
	end(envs[3]);
	envs[3] = create();
	EXPECT_IS(envs[3]->pub->env_id, 2 * NENV + 3);
	EXPECT_IS(env_find(NENV + 3, false, &found), -E_BAD_ENV);
	envs[1] = create();
	EXPECT_IS(envs[1]->pub->env_id, 2 * NENV + 1);
	/* The last generation, and the first again. */
	end(envs[1]);
	envs[1]->pub->env_id = 0x7FFFEFFF - NENV + 2;
	envs[1] = create();
	EXPECT_IS(envs[1]->pub->env_id, 0x7FFFF001);
	EXPECT_IS(env_find(0x7FFFF001, false, &found), 0);
	env_release(found);
	end(envs[1]);
	envs[1] = create();
	EXPECT_IS(envs[1]->pub->env_id, NENV + 1);
	EXPECT_IS(env_find(-1, false, &found), -E_BAD_ENV);
	EXPECT_IS(env_find((envid_t)0x80000001, false, &found), -E_BAD_ENV);
	EXPECT_IS(env_find(1, false, &found), -E_BAD_ENV);
	EXPECT_IS(env_find(2 * NENV + 2, false, &found), -E_BAD_ENV);
	EXPECT_IS(env_find(NENV + 100, false, &found), -E_BAD_ENV);
	for (unsigned i = 0; i < 5; i++)
		end(envs[i]);
	EXPECT_IS(env_live(), 0);
}

/* As many as there can be, and again. */
void test_env_limit(void)
{
	for (unsigned again = 0; again < 2; again++) {
		uint32_t count = 0;
		while (create())
			count++;
		EXPECT(count == env_limit() || test_free_pages() < 64);
		EXPECT_IS(env_live(), count);
		for (uint32_t i = 0; i < env_limit(); i++) {
			struct env *env = env_slot(i);
			if (env && env->alive)
				end(env);
		}
		EXPECT_IS(env_live(), 0);
	}
}

static void take_off_and_end(struct env *env)
{
	spin_lock(&env->lock);
	EXPECT(sched_take_off(env));
	spin_unlock(&env->lock);
	end(env);
}

/* Who is woken by a device's interrupt goes first, and whom it interrupts is told; on one CPU, where no other takes them. */
void test_env_at_once(void)
{
	struct cpu *cpu = this_cpu();
	struct env *envs[4];

	if (cpu_count > 1)
		return;
	for (unsigned i = 0; i < 4; i++)
		envs[i] = create();
	cpu->env = envs[3];
	cpu->attention = 0;
	env_start(envs[0]);
	env_start(envs[1]);
	EXPECT_IS(cpu->attention, 0);
	cpu->in_device = true;
	env_start(envs[2]);
	cpu->in_device = false;
	EXPECT_IS(cpu->attention, ATTEND_PREEMPT);
	EXPECT(list_first(&cpu->queue->ready) == &envs[2]->runq_node);
	EXPECT(list_last(&cpu->queue->ready) == &envs[1]->runq_node);
	EXPECT_IS(cpu->queue->count, 3);
	cpu->attention = 0;
	cpu->env = NULL;
	for (unsigned i = 0; i < 3; i++)
		take_off_and_end(envs[i]);
	end(envs[3]);
}

/* Last: whatever the tests before did, all holds together. */
void test_invariants(void)
{
	EXPECT_IS(verify_all(), 0);
	EXPECT_IS(this_cpu()->locks_held, 0);
	EXPECT(!this_cpu()->space && !this_cpu()->env);
}
