/*
 * Environments of one address space that end while others of it make more, wait, map pages and end each other: by
 * env_destroy of any of them, the first one among them, by space_exit, and by faults. All of them go, and nothing stays.
 */
#include "child.h"

#define ROUNDS 60
#define STACKS 0x40000000
#define AREA 0x10000000

static volatile uint32_t started;
static uint32_t round_number;

static void mate(void);

/* A mate with a page of stack at place n; its first steps may be its last. */
static void make_mate(uint32_t n)
{
	uintptr_t stack = STACKS + n % 64 * 2 * PGSIZE;

	sys_page_alloc(0, (void *)stack, RW);
	sys_env_set_status(sys_env_thread((uintptr_t)mate, stack + PGSIZE - 64), ENV_RUNNABLE);
}

static envid_t any_child(uint32_t *random)
{
	uint32_t from = next_random(random) % 64;

	for (uint32_t i = 0; i < 64; i++) {
		if (envs[(from + i) % 64].env_parent_id == sys_getenvid() && envs[(from + i) % 64].env_status != ENV_FREE)
			return envs[(from + i) % 64].env_id;
	}
	return 0;
}

static unsigned live(void)
{
	unsigned n = 0;

	for (int i = 0; i < 64; i++)
		n += envs[i].env_status != ENV_FREE;
	return n;
}

/* Everything that can go wrong between those of one space. */
static __attribute__((noreturn)) void mate(void)
{
	uint32_t random = __atomic_add_fetch(&started, 1, __ATOMIC_RELAXED) * 7919 + round_number;

	for (;;) {
		uintptr_t va = AREA + next_random(&random) % 64 * PGSIZE;
		switch (next_random(&random) % 16) {
		case 0:
		case 1:
		case 2:
			if (live() < 30)
				make_mate(next_random(&random));
			break;
		case 3:
			sys_env_destroy(any_child(&random));
			break;
		case 4:
			if (next_random(&random) % 8 == 0)
				sys_space_exit(3);
			break;
		case 5:
			if (next_random(&random) % 16 == 0)
				*(volatile uint32_t *)0xF0100000 = 0;
			break;
		case 6:
			libos_sys_park(next_random(&random) % 2, 1);
			break;
		case 7:
			libos_sys_unpark(envs[next_random(&random) % 64].env_id);
			break;
		case 8:
			libos_sys_page_alloc(0, va, RW | 20 << PERM_COUNT_SHIFT);
			break;
		case 9:
			libos_sys_page_unmap(0, va, 40 << PERM_COUNT_SHIFT);
			break;
		case 10:
			libos_sys_page_map(0, va, any_child(&random), va + PTSIZE, RW);
			break;
		case 11:
			libos_sys_ipc_send(envs[next_random(&random) % 64].env_id, 1, va, RW, TIMEOUT_NEVER);
			break;
		case 12:
			sys_env_set_status(any_child(&random), next_random(&random) % 2 ? ENV_RUNNABLE : ENV_NOT_RUNNABLE);
			break;
		default:
			sys_yield();
		}
	}
}

/* The first of a space, which all this happens in. */
static void first(uint32_t n)
{
	for (uint32_t i = 0; i < 3; i++)
		make_mate(i);
	if (n % 3 == 0)
		sys_env_exit(2); /* the end of all, while the others are just starting */
	mate();
}

static void one_round(uint32_t n)
{
	uint32_t random = n + 1;

	round_number = n;
	envid_t child = child_run(first, n);
	uint32_t before = started;
	uint32_t wanted = next_random(&random) % 30;
	for (uint32_t i = 1; i < 1000 && env_alive(child) && started - before < wanted; i++) {
		if (i % 16 == 0)
			sys_env_set_status(child, ENV_RUNNABLE);
		sys_yield();
	}
	if (n % 8 == 7)
		expect_kernel_sound();
	/* Where it made its mates they are its children: with it, or by this one after it, all go. */
	sys_env_destroy(child);
	wait_status(child, NULL);
	for (int quiet = 0; quiet < 2; quiet++) {
		free_pages();
		while ((child = any_child(&random))) {
			quiet = 0;
			sys_env_destroy(child);
			sys_yield();
		}
	}
}

void umain(int argc, char **argv)
{
	uint32_t from = argc > 1 ? (uint32_t)strtol(argv[1], NULL, 0) : 0;

	grow_records(64);
	one_round(from);
	uint32_t before = free_pages();
	for (uint32_t n = 1; n < ROUNDS; n++) {
		one_round(from + n);
		if (free_pages() != before)
			fail("round %u: free pages: expected %u, saw %u", from + n, before, free_pages());
	}
	cprintf("%u mates\n", started);
	expect_kernel_sound();
}
