/*
 * stress_family [SEED]: environments on all CPUs that do random things to each other, legal and not: they make,
 * suspend, redirect, wait for, write to and destroy children and strangers, map pages into and out of those who are
 * just ending, sleep at the console, fault. The parent of all keeps them going, and clears up; then the kernel must be
 * sound, and no page missing.
 *
 * Everything follows from the seed but for what the CPUs make of it. A failure names it.
 */
#include "child.h"

#define WORKERS 5
#define STEPS 250     /* of each worker */
#define STEPS_BELOW 40 /* of a child that does the same */
#define LIVE_MAX 48   /* environments, about: beyond that none are made */
#define SLOTS 128     /* in which they all are */
#define AREA 0x10000000
#define AREA_PAGES 2048

static uint32_t seed;
static volatile uint32_t steps_done, calls_right;

static uint32_t below(uint32_t *state, uint32_t n)
{
	return (next_random(state) >> 4) % n;
}

static unsigned live(void)
{
	unsigned n = 0;

	for (int i = 0; i < SLOTS; i++)
		n += envs[i].env_status != ENV_FREE;
	return n;
}

/* A child of this environment if it has one, mostly; or anyone, or nobody. */
static envid_t somebody(uint32_t *state)
{
	envid_t self = sys_getenvid();
	uint32_t from = below(state, SLOTS);

	switch (below(state, 8)) {
	case 0:
		return envs[below(state, SLOTS)].env_id;
	case 1:
		return below(state, 4) ? 0 : (envid_t)next_random(state);
	}
	for (uint32_t i = 0; i < SLOTS; i++) {
		const volatile struct Env *env = &envs[(from + i) % SLOTS];
		if (env->env_status != ENV_FREE && env->env_parent_id == self)
			return env->env_id;
	}
	return envs[from].env_id;
}

static uintptr_t some_page(uint32_t *state)
{
	switch (below(state, 16)) {
	case 0:
		return next_random(state); /* unaligned, mostly */
	case 1:
		return UTOP + below(state, 0x1000) * PGSIZE;
	case 2:
		return UTOP - PGSIZE * (1 + below(state, 2)); /* not the stack */
	case 3:
		return ROUNDDOWN(next_random(state) % UARCHIVE | AREA, PGSIZE);
	}
	return AREA + below(state, AREA_PAGES) * PGSIZE;
}

static uint32_t some_perm(uint32_t *state)
{
	uint32_t count = below(state, 3) ? 0 : below(state, 8) ? below(state, 300) : next_random(state) >> 12;
	uint32_t perm = below(state, 2) ? RW : RO;

	if (below(state, 16) == 0)
		perm = next_random(state) % PGSIZE;
	return perm | count << PERM_COUNT_SHIFT;
}

/* The kinds of children. */
static void worker(uint32_t number);

static void computes(uint32_t arg)
{
	for (volatile uint32_t n = arg % 5000;; n++)
		if (n % 65536 == 0)
			sys_yield();
}

static void ends(uint32_t arg)
{
	sys_env_exit(arg % 1000);
}

static void sleeps(uint32_t arg)
{
	for (;;) {
		sys_console_wait(arg % 2 ? TIMEOUT_NEVER : arg % 64);
		sys_cgetc();
	}
}

static void suspends(uint32_t arg)
{
	for (;;)
		sys_env_set_status(0, arg++ % 3 ? ENV_NOT_RUNNABLE : ENV_RUNNABLE);
}

static void faults(uint32_t arg)
{
	if (arg % 3 == 0)
		libos_sys_cputs((const char *)1, 1);
	*(volatile uint32_t *)(arg % 2 ? UENVS : 0xF0100000) = 0;
}

static void waits(uint32_t arg)
{
	for (int status;; arg = arg * 5 + 1)
		sys_env_wait(envs[arg % SLOTS].env_id, &status);
}

static child_function const kinds[] = { worker, computes, ends, sleeps, suspends, waits, worker, ends };

static void make(uint32_t *state)
{
	uint32_t kind = below(state, ARRAY_SIZE(kinds)), arg = next_random(state) | 0x80000000;

	if (live() >= LIVE_MAX)
		return;
	envid_t child = child_try(below(state, 30) ? kinds[kind] : faults, arg);
	if (child > 0 && below(state, 8))
		sys_env_set_status(child, ENV_RUNNABLE);
}

/* New registers for somebody, of which many are no good; never so that code of this program runs on with wrong ones. */
static int redirect(uint32_t *state)
{
	static const uintptr_t places[] = { 0, 0xF0100000, UTOP - 1, UENVS, 0xFFFFFFFF, USTACKTOP };
	struct Trapframe tf = {
		.tf_eip = (uintptr_t)kinds[1 + below(state, 5)], .tf_esp = USTACKTOP - 16,
		.tf_ds = GD_UD | 3, .tf_es = GD_UD | 3, .tf_eflags = next_random(state),
	};
	envid_t to = somebody(state);

	tf.tf_eflags &= ~(uint32_t)(FL_TF | FL_DF | FL_AC);
	if (below(state, 10) == 0)
		tf.tf_eip = places[below(state, ARRAY_SIZE(places))];
	if (below(state, 40) == 0)
		tf.tf_ds = next_random(state);
	if (to == 0 || to == sys_getenvid())
		return 0;
	return sys_env_set_trapframe(to, below(state, 10) ? &tf : (struct Trapframe *)some_page(state));
}

static int one_call(uint32_t *state, uint32_t i)
{
	char text[8];
	uintptr_t from = some_page(state), to = some_page(state);
	envid_t who = somebody(state);

	switch (below(state, 19)) {
	case 16:
		return libos_sys_ipc_try_send(who, i, from, some_perm(state) % PGSIZE);
	case 17:
		return libos_sys_ipc_send(who, i, from, RW, TIMEOUT_NEVER);
	case 18:
		return libos_sys_ipc_recv(to);
	case 0:
		return who == 0 || who == sys_getenvid() ? 0 : sys_env_destroy(who);
	case 1:
		return sys_env_set_status(who, below(state, 3) ? ENV_RUNNABLE : ENV_NOT_RUNNABLE);
	case 2:
		return sys_env_set_status(who, below(state, 6));
	case 3:
		return redirect(state);
	case 4:
		return below(state, 3) ? 0 : sys_env_wait(who, below(state, 4) ? (int *)text : (int *)from);
	case 5:
		return below(state, 4) ? (int)sys_getenvid() : sys_console_wait(below(state, 2) ? TIMEOUT_NEVER : below(state, 20));
	case 6:
		return libos_sys_page_alloc(below(state, 2) ? 0 : who, to, some_perm(state) & 0x3FFFFF);
	case 7:
	case 8:
		return libos_sys_page_map(0, from, who, to, some_perm(state));
	case 9:
	case 10:
		return libos_sys_page_map(who, from, 0, to, some_perm(state));
	case 11:
		return libos_sys_page_unmap(below(state, 2) ? 0 : who, from < UTEXT || from >= AREA ? from : AREA,
					    (who ? some_perm(state) : 0) & ~0xFFFu);
	case 12:
		to = MAX(to, (uintptr_t)AREA);
		return libos_sys_page_protect(below(state, 2) ? 0 : who, to, some_perm(state) & 0x1FFFFF);
	case 13:
		return libos_sys_info(below(state, 4), below(state, 6), (void *)from, below(state, 200));
	case 14:
		if (below(state, 2))
			return sys_env_set_label(who, (const char *)from);
		return libos_call4(100 + below(state, 999), who, from, to, 0);
	}
	make(state);
	return 0;
}

/* number: with the top bit, a child of one; its stack page it keeps. */
static void worker(uint32_t number)
{
	uint32_t state = seed * 2654435761u + number, steps = number >> 31 ? STEPS_BELOW : STEPS;

	for (uint32_t i = 0; i < steps; i++) {
		if (one_call(&state, i) >= 0)
			__atomic_add_fetch(&calls_right, 1, __ATOMIC_RELAXED);
		__atomic_add_fetch(&steps_done, 1, __ATOMIC_RELAXED);
		if (i % 8 == 0)
			sys_yield();
	}
	sys_env_exit(0);
}

/* Destroy everyone, down to those who pass on while they do. */
static void clear_up(void)
{
	envid_t self = sys_getenvid();
	int quiet = 0;

	/* One that ends while we look may have passed on children that we have looked at before: so once more, and again. */
	while (quiet++ < 3) {
		free_pages(); /* waits for what is dying, which may pass on more */
		for (int i = 0; i < NENV; i++) {
			/* One that is dying may still pass on its children. */
			if (envs[i].env_status == ENV_FREE || envs[i].env_parent_id != self)
				continue;
			sys_env_destroy(envs[i].env_id);
			quiet = 0;
		}
	}
}

static void round(void)
{
	envid_t workers[WORKERS];
	uint32_t state = seed;
	unsigned left;

	steps_done = calls_right = 0;
	for (uint32_t i = 0; i < WORKERS; i++)
		workers[i] = child_run(worker, i);
	do {
		left = 0;
		for (int i = 0; i < WORKERS; i++) {
			if (!env_alive(workers[i]))
				continue;
			left++;
			if (below(&state, 4) == 0)
				sys_env_set_status(workers[i], ENV_NOT_RUNNABLE);
			sys_env_set_status(workers[i], ENV_RUNNABLE);
		}
		/* The workers' children may wait for each other: that ends when we clear up. */
		for (int i = 0; i < 5; i++)
			sys_yield();
	} while (left);
	clear_up();
}

void umain(int argc, char **argv)
{
	seed = argc > 1 ? (uint32_t)strtol(argv[1], NULL, 0) : (uint32_t)read_tsc() % 1000000;
	cprintf("seed %u\n", seed);
	grow_records(2 * SLOTS); /* those that are still dying have theirs too */
	expect_end(child_run(ends, 0), 0); /* the same for the page table that holds UTEMP */
	uint32_t before = free_pages();
	round();
	uint32_t after = free_pages();
	cprintf("%u steps, %u calls went well\n", steps_done, calls_right);
	if (after != before)
		fail("seed %u: free pages: expected %u, saw %u", seed, before, after);
	int wrong = sys_test(TEST_CHECK, 0, NULL, 0);
	if (wrong > 0)
		fail("seed %u: TEST_CHECK: expected 0 broken invariants, saw %d", seed, wrong);
}
