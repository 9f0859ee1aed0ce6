/*
 * Many environments on all CPUs: each gets its turns, an idle CPU takes work from a busy one, and what they all do at
 * once to pages, children and themselves leaves nothing behind.
 */
#include "child.h"

#define YIELDERS 16 /* as many ends as are remembered */
#define YIELDS 300
#define WORKERS 16
#define WORKS 60

static volatile uint32_t total, released;

static void yielder(uint32_t arg)
{
	USED(arg);
	while (!released)
		sys_yield();
	for (int i = 0; i < YIELDS; i++) {
		__atomic_add_fetch(&total, 1, __ATOMIC_SEQ_CST);
		sys_yield();
	}
}

static void yields(void)
{
	envid_t children[YIELDERS];

	total = released = 0;
	for (int i = 0; i < YIELDERS; i++)
		children[i] = child_run(yielder, i);
	released = 1;
	for (int i = 0; i < YIELDERS; i++)
		expect_end(children[i], 0);
	expect_is(total, YIELDERS * YIELDS);
}

static void spinner(uint32_t arg)
{
	USED(arg);
	for (;;)
		continue;
}

/* With more that spin than there are CPUs, each CPU comes to run one, and each of them runs. */
static void all_cpus(void)
{
	uint32_t cpus = cpu_total(), used = 0, ran = 0;
	envid_t children[32];
	uint32_t n = MIN(cpus + 3, 32u);

	for (uint32_t i = 0; i < n; i++)
		children[i] = child_run(spinner, i);
	while (used != (1ull << cpus) - 1 || ran != (1u << n) - 1) {
		for (uint32_t i = 0; i < n; i++) {
			const volatile struct Env *env = &envs[ENVX(children[i])];
			if (env->env_runs > 0) {
				ran |= 1u << i;
				used |= 1u << env->env_cpunum;
			}
		}
		used |= 1u << envs[ENVX(sys_getenvid())].env_cpunum;
		sys_yield();
	}
	for (uint32_t i = 0; i < n; i++) {
		expect_is(sys_env_destroy(children[i]), 0);
		expect_end(children[i], -E_KILLED);
	}
}

static void nothing(uint32_t arg)
{
	USED(arg);
}

/* Everything that an environment does, in an order of its own. */
static void worker(uint32_t number)
{
	char *area = (char *)0x10000000;
	uint32_t seed = number * 7919 + 1;
	bool mapped[8] = { false };

	for (int i = 0; i < WORKS; i++) {
		uint32_t slot = next_random(&seed) % 8;
		char *page = area + slot * PTSIZE / 2; /* two to a table */
		switch (next_random(&seed) % 8) {
		case 0:
		case 1:
			expect_is(sys_page_alloc(0, page, RW), 0);
			expect_is(*(volatile uint32_t *)page, 0);
			*(volatile uint32_t *)page = number;
			mapped[slot] = true;
			break;
		case 2:
			expect_is(sys_page_unmap(0, page), 0);
			mapped[slot] = false;
			break;
		case 3:
			if (mapped[slot]) {
				expect_is(sys_page_map(0, page, 0, page + PGSIZE, RO), 0);
				expect_is(*(volatile uint32_t *)(page + PGSIZE), number);
				expect_is(sys_page_unmap(0, page + PGSIZE), 0);
			}
			break;
		case 4:
			expect_end(child_run(nothing, 0), 0);
			break;
		case 5: {
			envid_t child = child_run(spinner, 0);
			expect_is(sys_env_destroy(child), 0);
			expect_end(child, -E_KILLED);
			break;
		}
		case 6:
			expect(pages_alloc(0, (char *)0x40000000, RW, 100) == 0);
			expect(pages_unmap(0, (char *)0x40000000, 100) == 0);
			break;
		default:
			sys_yield();
		}
	}
}

static void work(void)
{
	envid_t children[WORKERS];

	for (int i = 0; i < WORKERS; i++)
		children[i] = child_run(worker, i);
	for (int i = 0; i < WORKERS; i++)
		expect_end(children[i], 0);
}

void umain(int argc, char **argv)
{
	yields();
	all_cpus();
	work();
	grow_records(5 * WORKERS);
	uint32_t before = free_pages();
	yields();
	all_cpus();
	work();
	expect_is(free_pages(), before);
	expect_kernel_sound();
}
