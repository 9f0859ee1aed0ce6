/*
 * end_tree [N]: a tree of N environments, made by themselves, that spin, sleep, and send pages to each other. Destroying it
 * from the top, in which children pass to their grandparents while they make more, leaves no page, id or message behind.
 */
#include "child.h"

#define FANOUT 5
#define PAGE ((volatile uint32_t *)0x10000000)

static volatile uint32_t made, wanted;
static volatile bool stop;

static void node(uint32_t depth)
{
	envid_t self = sys_getenvid(), parent = envs[ENVX(self)].env_parent_id;

	sys_page_alloc(0, (void *)PAGE, RW);
	for (int i = 0; i < FANOUT && !stop; i++) {
		if (__atomic_fetch_add(&made, 1, __ATOMIC_RELAXED) >= wanted) {
			__atomic_sub_fetch(&made, 1, __ATOMIC_RELAXED);
			break;
		}
		envid_t child = child_try(node, depth + 1);
		if (child > 0)
			sys_env_set_status(child, ENV_RUNNABLE);
		else
			__atomic_sub_fetch(&made, 1, __ATOMIC_RELAXED);
	}
	for (;;) {
		switch (ENVX(self) % 4) {
		case 0:
			libos_sys_ipc_recv((uintptr_t)PAGE + PGSIZE);
			break;
		case 1: /* what it waits for has ended, perhaps */
			sys_env_wait(parent, NULL);
			sys_yield();
			break;
		default:
			libos_sys_ipc_send(parent, self, (uintptr_t)PAGE, RW, TIMEOUT_NEVER);
			parent = envs[ENVX(self)].env_parent_id;
			sys_yield();
		}
	}
}

static envid_t some_child(int *from)
{
	for (int i = 0; i < NENV; i++) {
		int at = (*from + i) % NENV;
		if (envs[at].env_status != ENV_FREE && envs[at].env_parent_id == sys_getenvid()) {
			*from = at + 1;
			return envs[at].env_id;
		}
	}
	return 0;
}

/* Destroy all, while (early) they still make more. Returns how many there were. */
static uint32_t one_tree(uint32_t n, bool early)
{
	envid_t child;
	int from = 0;

	made = 1;
	wanted = n;
	stop = false;
	child_run(node, 0);
	wait_until(made >= (early ? n / 2 : n));
	uint32_t count = made;
	for (int i = 0; early && i < 50; i++) {
		sys_env_destroy(some_child(&from));
		sys_yield();
	}
	stop = true;
	/* One that ends while we look may have passed on children that we have looked at before: so once more, and again. */
	for (int quiet = 0; quiet < 3; quiet++) {
		free_pages(); /* waits for what is dying */
		while ((child = some_child(&from))) {
			int error = sys_env_destroy(child);
			expect(error == 0 || error == -E_BAD_ENV); /* it is dying */
			if (error)
				sys_yield();
			quiet = 0;
		}
	}
	return count;
}

static uint32_t live(void)
{
	struct info_machine machine;

	expect(machine_info(&machine) >= 0);
	return machine.envs_live;
}

void umain(int argc, char **argv)
{
	uint32_t n = argc > 1 ? (uint32_t)strtol(argv[1], NULL, 0) : 200, alive = live();

	grow_records(n + 8);
	one_tree(8, false);
	uint32_t before = free_pages();
	cprintf("%u\n", one_tree(n, false));
	expect_is(free_pages(), before);
	cprintf("%u\n", one_tree(n, true));
	expect_is(free_pages(), before);
	expect_is(live(), alive);
	for (int i = 0; i < NENV; i++)
		expect(envs[i].env_status == ENV_FREE || envs[i].env_parent_id != sys_getenvid());
	expect_kernel_sound();
}
