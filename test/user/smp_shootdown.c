/*
 * When a mapping is taken away, replaced or made read-only, no CPU uses the old one after the call has returned:
 * children that use the page all the time on other CPUs, and children that sleep there while it happens.
 */
#include "child.h"

#define MINE ((volatile uint32_t *)0x10000000)  /* the page, as the parent has it */
#define OTHER ((volatile uint32_t *)0x10001000) /* another one */
#define ITS ((volatile uint32_t *)0x20000000)   /* where the child has one of them */
#define ROUNDS 8
#define BAD 0xBADBAD

static volatile uint32_t seen, rounds, resumed;

static void reader(uint32_t arg)
{
	USED(arg);
	for (;;) {
		seen = *ITS;
		rounds++;
	}
}

static void writer(uint32_t arg)
{
	USED(arg);
	for (;;) {
		rounds++;
		*ITS = rounds;
	}
}

static envid_t start(child_function function)
{
	envid_t child = child_make(function, 0);
	uint32_t before = rounds;

	expect_is(sys_page_map(0, (void *)MINE, child, (void *)ITS, RW), 0);
	expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
	wait_until(rounds != before);
	return child;
}

static void delay(void)
{
	for (int i = 0; i < 3; i++)
		sys_yield();
	for (volatile int i = 0; i < 5000; i++)
		continue;
}

/* Unmapped: the child must not read what the page holds from then on, and dies of its next look. */
static void unmap(void)
{
	for (uint32_t i = 1; i <= ROUNDS; i++) {
		*MINE = i;
		envid_t child = start(reader);
		wait_until(seen == i);
		expect_is(sys_page_unmap(child, (void *)ITS), 0);
		*MINE = BAD;
		expect_end(child, -E_KILLED);
		if (seen != i)
			fail("after page_unmap: expected that the child saw %u last, it saw 0x%x", i, seen);
		expect_is(refs_of(MINE), 1);
	}
}

/* Read-only: no write arrives any more. */
static void protect(bool by_map)
{
	for (uint32_t i = 1; i <= ROUNDS; i++) {
		envid_t child = start(writer);
		if (by_map)
			expect_is(sys_page_map(child, (void *)ITS, child, (void *)ITS, RO), 0);
		else
			expect_is(sys_page_protect(child, (void *)ITS, RO), 0);
		uint32_t before = *MINE;
		delay();
		expect_is(*MINE, before);
		expect_end(child, -E_KILLED);
		expect_is(*MINE, before);
	}
}

/* Another page in its place, again and again: what it sees belongs to the page that it has. */
static void replace(void)
{
	volatile uint32_t *pages_[2] = { MINE, OTHER };

	*MINE = 1000;
	envid_t child = start(reader);
	for (uint32_t i = 1; i <= 8 * ROUNDS; i++) {
		volatile uint32_t *now = pages_[i % 2], *old = pages_[(i + 1) % 2];
		*now = i;
		expect_is(sys_page_map(0, (void *)now, child, (void *)ITS, RW), 0);
		*old = BAD;
		/* Two rounds further, its look at the page has begun after the call. */
		uint32_t at = rounds;
		wait_until(rounds - at >= 2);
		if (seen != i)
			fail("after page_map in place of a page: expected that the child sees %u, it sees 0x%x", i,
			     seen);
	}
	expect_is(sys_env_destroy(child), 0);
	expect_end(child, -E_KILLED);
	expect_is(refs_of(MINE), 1);
	expect_is(refs_of(OTHER), 1);
}

/* One that looks at the page, and sleeps. */
static void sleeper(uint32_t arg)
{
	USED(arg);
	for (;;) {
		seen = *ITS;
		rounds++;
		sys_env_set_status(0, ENV_NOT_RUNNABLE);
		resumed++;
	}
}

/* Its CPU is idle meanwhile, perhaps with its page table still loaded. */
static void asleep(void)
{
	volatile uint32_t *pages_[2] = { MINE, OTHER };

	*MINE = 0;
	envid_t child = start(sleeper);
	const volatile struct Env *env = &envs[ENVX(child)];
	for (uint32_t i = 1; i <= 8 * ROUNDS; i++) {
		volatile uint32_t *now = pages_[i % 2], *old = pages_[(i + 1) % 2];
		wait_until(env->env_status == ENV_NOT_RUNNABLE);
		*now = i;
		expect_is(sys_page_map(0, (void *)now, child, (void *)ITS, RW), 0);
		*old = BAD;
		uint32_t at = rounds;
		expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
		wait_until(rounds != at);
		if (seen != i)
			fail("after page_map for a sleeping child: expected that it sees %u, it sees 0x%x", i, seen);
	}
	wait_until(env->env_status == ENV_NOT_RUNNABLE);
	expect_is(sys_page_unmap(child, (void *)ITS), 0);
	expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
	expect_end(child, -E_KILLED);
}

/* A range: no page of it is seen any more. */
static void ranges(void)
{
	enum { PAGES = 200 };
	char *mine = (char *)0x30000000;

	for (int i = 0; i < 5; i++) {
		expect_is(pages_alloc(0, mine, RW, PAGES), 0);
		envid_t child = child_make(reader, 0);
		expect_is(pages_share(mine, child, (void *)ITS, RW, PAGES), 0);
		uint32_t before = rounds;
		expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
		wait_until(rounds != before);
		/* It dies of the first, perhaps before the last is unmapped. */
		int error = pages_unmap(child, (void *)ITS, PAGES);
		if (error != -E_BAD_ENV)
			expect_is(error, 0);
		for (int p = 0; p < PAGES; p++) {
			*(volatile uint32_t *)(mine + p * PGSIZE) = BAD;
			if (!error)
				expect_is(refs_of(mine + p * PGSIZE), 1);
		}
		expect_end(child, -E_KILLED);
		expect(seen != BAD);
		for (int p = 0; p < PAGES; p++)
			expect_is(refs_of(mine + p * PGSIZE), 1);
		expect_is(pages_unmap(0, mine, PAGES), 0);
	}
}

void umain(int argc, char **argv)
{
	expect_is(sys_page_alloc(0, (void *)MINE, RW), 0);
	expect_is(sys_page_alloc(0, (void *)OTHER, RW), 0);
	unmap();
	protect(false);
	protect(true);
	replace();
	asleep();
	ranges();
	uint32_t before = free_pages();
	unmap();
	replace();
	ranges();
	expect_is(free_pages(), before);
	expect_kernel_sound();
}
