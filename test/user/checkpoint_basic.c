/* Checkpoints: a child is put back, in memory and registers, again and again. */
#include <finch/checkpoint.h>
#include "child.h"

#define ROUNDS 5
#define SHARED ((volatile struct shared *)0x20000000)

struct shared {
	uint32_t step, go, seen[4];
};

static volatile uint32_t data = 1;

/* Counts on when it is told to; tells what it has counted. */
static void counts(void)
{
	uint32_t local = 100;

	for (;;) {
		local++;
		data++;
		SHARED->seen[0] = local;
		SHARED->seen[1] = data;
		SHARED->seen[2] = thisenv->env_id;
		SHARED->step++;
		while (SHARED->go == 0)
			sys_yield();
		SHARED->go--;
	}
}

static void step(uint32_t local, uint32_t memory, envid_t id)
{
	uint32_t before = SHARED->step;

	SHARED->go++;
	wait_until(SHARED->step != before && SHARED->go == 0);
	expect_is(SHARED->seen[0], local);
	expect_is(SHARED->seen[1], memory);
	expect_is(SHARED->seen[2], id);
}

void umain(int argc, char **argv)
{
	expect_is(sys_page_alloc(0, (void *)SHARED, RW | PTE_SHARE), 0);
	envid_t child = fork();
	if (child == 0)
		counts();
	wait_until(SHARED->step == 1);
	step(102, 3, child);
	envid_t kept = checkpoint_take(child);
	if (kept < 0)
		fail("checkpoint_take: %e", kept);
	step(103, 4, child);
	for (int i = 0; i < ROUNDS; i++) {
		step(104, 5, child);
		int err = checkpoint_restore(kept, child);
		if (err != child)
			fail("checkpoint_restore: %e", err);
		step(103, 4, child);
	}
	expect_is(sys_env_destroy(child), 0);
	expect_end(child, -E_KILLED);
	envid_t again = checkpoint_restore(kept, 0);
	expect(again > 0);
	step(103, 4, again);
	step(104, 5, again);
	expect_is(checkpoint_drop(kept), 0);
	step(105, 6, again);
	expect_is(sys_env_destroy(again), 0);
	expect_end(again, -E_KILLED);
	expect_kernel_sound();
}
