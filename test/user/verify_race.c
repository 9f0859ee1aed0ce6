/*
 * The check of the kernel's invariants, which makes all CPUs stand still, asked for by several at once, by those who are
 * suspended, redirected and destroyed while they wait for its answer: none of them waits for ever.
 */
#include "child.h"

#define CHILDREN 3
#define ROUNDS 20

static volatile uint32_t checks;

static void asks(uint32_t n)
{
	USED(n);
	for (;;) {
		expect_kernel_sound();
		checks++;
		for (int i = 0; i < 50; i++)
			sys_yield();
	}
}

void umain(int argc, char **argv)
{
	envid_t children[CHILDREN] = { 0 };
	struct Trapframe tf = {
		.tf_eip = (uintptr_t)asks, .tf_esp = USTACKTOP - 16, .tf_ds = GD_UD | 3, .tf_es = GD_UD | 3,
	};
	uint32_t random = 1;

	for (int i = 0; i < ROUNDS; i++) {
		envid_t *child = &children[i % CHILDREN];
		if (!*child)
			*child = child_run(asks, 0);
		switch (next_random(&random) % 4) {
		case 0:
			expect_is(sys_env_destroy(*child), 0);
			expect_end(*child, -E_KILLED);
			*child = 0;
			break;
		case 1:
			expect_is(sys_env_set_status(*child, ENV_NOT_RUNNABLE), 0);
			expect_is(sys_env_set_status(*child, ENV_RUNNABLE), 0);
			break;
		default:
			expect_is(sys_env_set_trapframe(*child, &tf), 0);
		}
		uint32_t before = checks;
		if (i % 5 == 4 && *child)
			wait_until(checks != before);
	}
	for (int i = 0; i < CHILDREN; i++) {
		if (children[i])
			expect_is(sys_env_destroy(children[i]), 0);
	}
	expect_kernel_sound();
	cprintf("%u checks\n", checks);
}
