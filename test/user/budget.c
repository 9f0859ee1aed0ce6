/*
 * Budgets: what is charged to whom, exactly; limits; budgets below budgets; who may end which. Whatever is done, the
 * kernel's counts are those that TEST_CHECK finds.
 */
#include <finch/budget.h>
#include <finch/spawn.h>
#include "child.h"

#define A ((char *)0x10000000)
#define MANY 1000000

static volatile int32_t result[8];
static volatile uint32_t step, go;

static struct info_budget info_of(int32_t number)
{
	struct info_budget info;

	expect_is(budget_info(number, &info), 0);
	return info;
}

/* No such budget, for us to see. */
static bool unknown(int32_t number)
{
	struct info_budget info;
	return budget_info(number, &info) == -E_INVAL;
}

static int32_t budget_of(envid_t envid)
{
	struct info_env info = { 0 };

	expect(sys_info(INFO_ENV, (uint32_t)envid, &info, sizeof info) > 0);
	return info.budget;
}

/* A child with a budget of its own, that will run function(arg). */
static envid_t limited(child_function function, uint32_t arg, uint32_t pages_limit, uint32_t envs_limit, int32_t *budget)
{
	envid_t child = child_make(function, arg);

	*budget = sys_budget_create(child, 0, pages_limit, envs_limit);
	if (*budget <= 0)
		fail("sys_budget_create: expected a number, saw %e", *budget);
	return child;
}

static void start(envid_t child)
{
	expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
}

static void kill(envid_t child)
{
	expect_is(sys_env_destroy(child), 0);
	expect_end(child, -E_KILLED);
}

static void waits(uint32_t arg)
{
	USED(arg);
	for (;;)
		libos_sys_park(0, TIMEOUT_NEVER);
}

/* Wait until child, which is not to end, has done something. */
#define await(child, cond)                                                                                       \
	do {                                                                                                     \
		while (!(cond)) {                                                                                \
			if (!env_alive(child))                                                                   \
				fail("a child has ended; expected: %s", #cond);                                  \
			sys_yield();                                                                             \
		}                                                                                                \
	} while (0)

/* --- Who can be given one --- */

static void makes_one(uint32_t arg)
{
	USED(arg);
	step = (uint32_t)child_run(waits, 0);
	waits(0);
}

static void makes_thread(uint32_t arg)
{
	USED(arg);
	/* It never runs. */
	step = (uint32_t)sys_env_thread(UTEXT, USTACKTOP - 64);
	waits(0);
}

static void not_with_family(child_function function)
{
	step = 0;
	envid_t child = child_run(function, 0);
	await(child, step);
	expect_error(sys_budget_create(child, 0, MANY, 10), E_INVAL); /* it may run */
	expect_is(sys_env_set_status(child, ENV_NOT_RUNNABLE), 0);
	expect_error(sys_budget_create(child, 0, MANY, 10), E_INVAL);
	expect_error(sys_budget_create((envid_t)step, 0, MANY, 10), E_BAD_ENV);
	kill(child);
	/* Of a thread, the space's end was the end too. */
	if (envs[ENVX(step)].env_status != ENV_FREE && envs[ENVX(step)].env_id == (envid_t)step)
		end_orphan((envid_t)step);
}

static void who(void)
{
	int32_t budget;

	expect(unknown(0) && unknown(1) && unknown(-1) && unknown(0x7fffffff));
	expect_is(budget_of(0), 0);
	expect_error(sys_budget_create(0x7ffff000, 0, MANY, 10), E_BAD_ENV);
	expect_error(sys_budget_create(thisenv->env_parent_id, 0, MANY, 10), E_BAD_ENV);
	not_with_family(makes_one);
	not_with_family(makes_thread);
	envid_t child = child_make(waits, 0);
	expect_error(sys_budget_create(child, 0, MANY, 0), E_INVAL);
	expect_error(sys_budget_create(child, 1, MANY, 10), E_INVAL);
	expect_error(sys_budget_create(child, -1, MANY, 10), E_INVAL);
	budget = sys_budget_create(child, 0, MANY, 10);
	expect(budget > 0);
	expect_is(budget_of(child), budget);
	/* Once: it is not of our budget any more. */
	expect_error(sys_budget_create(child, 0, MANY, 10), E_INVAL);
	kill(child);
	expect(unknown(budget));
	expect_error(sys_budget_end(budget), E_INVAL);
	expect_error(sys_budget_create(0, budget, MANY, 10), E_INVAL);
	/* The next one has another number, though the record may be the same. */
	child = limited(waits, 0, MANY, 10, (int32_t *)&result[0]);
	expect(result[0] != budget && unknown(budget));
	kill(child);
}

/* --- Pages --- */

/* As many pages as there may be, and back. */
static void fills(uint32_t arg)
{
	uint32_t n = 0;

	USED(arg);
	expect_is(sys_page_alloc(0, A, RW), 0); /* with its table */
	uint32_t room = info_of(0).pages_limit - info_of(0).pages;
	while ((result[0] = sys_page_alloc(0, A + (n + 1) * PGSIZE, RW)) == 0)
		n++;
	result[1] = (int32_t)(n - room);
	result[2] = (int32_t)(info_of(0).pages_limit - info_of(0).pages);
	/* In place of one that is there: that is not given back before the other is there. */
	result[3] = sys_page_alloc(0, A, RW);
	expect_is(sys_page_unmap(0, A), 0);
	result[4] = sys_page_alloc(0, A, RW);
	/* A range does what it can. */
	expect_is(pages_unmap(0, A, 8), 0);
	result[5] = sys_page_alloc_range(0, A, RW, 20 + n);
	step = 1;
	waits(0);
}

static void pages_are_counted(void)
{
	int32_t budget;

	step = 0;
	envid_t child = limited(fills, 0, 50, 1, &budget);
	/* The child's image was there before. */
	expect_is(info_of(budget).pages, 0);
	expect_is(info_of(budget).envs, 1);
	expect_is(info_of(budget).envs_limit, 1);
	start(child);
	await(child, step);
	expect_is(result[0], -E_NO_MEM);
	expect_is(result[1], 0);
	expect_is(result[2], 0);
	expect_is(result[3], -E_NO_MEM);
	expect_is(result[4], 0);
	expect_is(result[5], 8);
	expect_is(info_of(budget).pages, 50);
	/* What we do there is charged there. */
	expect_error(sys_page_alloc(child, A + PTSIZE, RW), E_NO_MEM);
	expect_error(sys_page_map(0, (void *)UTEXT, child, A + PTSIZE, RO), E_NO_MEM);
	expect_kernel_sound();
	expect_is(pages_unmap(child, A, 2), 0);
	expect_is(sys_page_alloc(child, A + PTSIZE, RW), 0);
	expect_is(info_of(budget).pages, 50);
	kill(child);
	expect(unknown(budget));
}

/* A superpage is 1024 pages, and its table in reserve; taken apart it is charged as long as somebody has some of it. */
static void superpages_are_counted(void)
{
	char *other = A + 2 * PTSIZE;
	int32_t budget;

	envid_t child = limited(waits, 0, 1100, 1, &budget);
	if (sys_page_alloc_large(child, A, RW) < 0) { /* a CPU without PSE, little memory */
		kill(child);
		return;
	}
	expect_is(info_of(budget).pages, NPTENTRIES + 1);
	expect_error(sys_page_alloc_large(child, A + PTSIZE, RW), E_NO_MEM);
	expect_is(info_of(budget).pages, NPTENTRIES + 1);
	/* Mapped by another budget's, as a whole: only the reserve is that one's. */
	expect_is(sys_page_map_range(child, A, 0, other, RW, NPTENTRIES), NPTENTRIES);
	expect_is(info_of(budget).pages, NPTENTRIES + 1);
	expect_is(pages_unmap(child, A, NPTENTRIES), 0);
	expect_is(info_of(budget).pages, NPTENTRIES + 1);
	expect_is(pages_unmap(0, other, 5), 0);
	expect_is(info_of(budget).pages, NPTENTRIES + 1 - 5);
	expect_kernel_sound();
	kill(child);
	expect_is(info_of(budget).pages, NPTENTRIES - 5);
	expect_is(pages_unmap(0, other, NPTENTRIES), 0);
	expect(unknown(budget));
}

/* What says which ports a program may use takes two pages. */
static void ports_are_counted(void)
{
	int32_t budget;

	envid_t child = limited(waits, 0, 1, 1, &budget);
	expect_error(libos_sys_port_allow(child, 0x300, 8, 1), E_NO_MEM);
	expect_is(info_of(budget).pages, 0);
	kill(child);
	child = limited(waits, 0, 2, 1, &budget);
	expect_is(libos_sys_port_allow(child, 0x300, 8, 1), 0);
	expect_is(info_of(budget).pages, 2);
	expect_kernel_sound();
	kill(child);
	expect(unknown(budget));
}

/* One page, mapped all over the space: the tables count. */
static void maps_widely(uint32_t arg)
{
	uint32_t n = 0;

	USED(arg);
	expect_is(sys_page_alloc(0, A, RW), 0);
	while ((result[0] = sys_page_map(0, A, 0, A + (n + 1) * PTSIZE, RW)) == 0)
		n++;
	result[1] = (int32_t)n;
	result[2] = (int32_t)info_of(0).pages;
	/* And so do the lists of messages. */
	result[3] = sys_ipc_send(thisenv->env_parent_id, 0, (void *)UTEXT, (int)libos_range(RO, 2), 0);
}

static void tables_are_counted(void)
{
	int32_t budget;
	envid_t child = limited(maps_widely, 0, 40, 1, &budget);

	start(child);
	expect_end(child, 0);
	expect_is(result[0], -E_NO_MEM);
	expect(result[1] > 30 && result[1] < 40);
	expect_is(result[2], 40);
	expect_is(result[3], -E_NO_MEM);
	expect(unknown(budget));
}

/* A page that is sent away stays charged to whom it was taken for, until nobody has it. */
static void sends(uint32_t to)
{
	expect_is(sys_page_alloc(0, A, RW), 0);
	expect_is(sys_ipc_send((envid_t)to, 1, A, RW, TIMEOUT_NEVER), 0);
	expect_is(sys_page_unmap(0, A), 0);
	result[0] = (int32_t)info_of(0).pages;
}

static void page_outlives(void)
{
	int32_t budget;
	expect_is(sys_page_alloc(0, A, RW), 0); /* the table is there from now on */
	expect_is(sys_page_unmap(0, A), 0);
	uint32_t before = free_pages();
	envid_t child = limited(sends, (uint32_t)sys_getenvid(), 40, 1, &budget);

	start(child);
	expect_is(ipc_recv(NULL, A, NULL), 1);
	expect_end(child, 0);
	expect(result[0] >= 2); /* it, and the table for it */
	expect_is(info_of(budget).envs, 0);
	expect_is(info_of(budget).pages, 1);
	/* Others come and go meanwhile. */
	int32_t other;
	kill(limited(waits, 0, 10, 10, &other));
	expect(other != budget && unknown(other));
	expect_is(info_of(budget).pages, 1);
	expect_is(sys_budget_end(budget), 0);
	expect_kernel_sound();
	expect_is(sys_page_unmap(0, A), 0);
	expect(unknown(budget));
	uint32_t after = free_pages();
	if (before != after)
		fail("expected %u free pages, saw %u", before, after);
}

/* --- Environments --- */

static void forks(uint32_t arg)
{
	envid_t first = child_make(waits, 0), second = sys_exofork();

	USED(arg);
	expect(second > 0);
	result[0] = sys_exofork();
	result[1] = sys_env_thread(UTEXT, USTACKTOP - 64);
	kill(second);
	result[2] = sys_env_thread(UTEXT, USTACKTOP - 64);
	result[3] = sys_exofork();
	kill(first);
	result[4] = sys_exofork();
	result[5] = (int32_t)info_of(0).envs;
	step = 1;
	waits(0);
}

static void envs_are_counted(void)
{
	int32_t budget;

	step = 0;
	envid_t child = limited(forks, 0, 1000, 3, &budget);
	start(child);
	await(child, step);
	expect_is(result[0], -E_NO_FREE_ENV);
	expect_is(result[1], -E_NO_FREE_ENV);
	expect(result[2] > 0);
	expect_is(result[3], -E_NO_FREE_ENV);
	expect(result[4] > 0);
	expect_is(result[5], 3);
	/* Orphans stay where they are. */
	kill(child);
	expect_is(info_of(budget).envs, 1);
	expect_is(envs[ENVX(result[4])].env_parent_id, sys_getenvid());
	expect_kernel_sound();
	expect_is(sys_budget_end(budget), 0);
	expect_is(envs[ENVX(result[4])].env_status, ENV_FREE);
	expect(unknown(budget));
}

/* --- Budgets below budgets --- */

static void grows(uint32_t arg)
{
	USED(arg);
	uint32_t n = 0;
	while (sys_page_alloc(0, A + n * PGSIZE, RW) == 0)
		n++;
	step++;
	waits(0);
}

/* In a budget of 200 pages and 10 environments, two children may have 150 each: together they have not. */
static void divides(uint32_t arg)
{
	int32_t first, second;
	envid_t a = limited(grows, 0, 150, 5, &first), b = limited(grows, 0, 150, 5, &second);

	USED(arg);
	expect_is(info_of(0).budgets, 2);
	expect_is(info_of(0).envs, 3);
	start(a);
	await(a, step == 1);
	expect_is(info_of(first).pages, 150);
	start(b);
	await(b, step == 2);
	expect(info_of(second).pages < 60);
	expect_is(info_of(0).pages, 200);
	/* Neither our own, nor what cannot be. */
	result[0] = sys_budget_end(info_of(0).number);
	result[1] = sys_budget_end(0);
	result[2] = sys_budget_end(first);
	expect(info_of(0).pages < 60);
	expect_is(info_of(0).envs, 2);
	/* As deep as it may be, and no deeper; and as many as environments. */
	int32_t below = second;
	for (result[3] = 0;; result[3]++) {
		int32_t next = sys_budget_create(0, below, 1, 100);
		if (next < 0)
			break;
		below = next;
	}
	result[4] = second;
	step = 3;
	waits(0);
}

static void tree(void)
{
	int32_t budget;

	step = 0;
	envid_t child = limited(divides, 0, 200, 10, &budget);
	start(child);
	await(child, step == 3);
	expect_is(result[0], -E_INVAL);
	expect_is(result[1], -E_INVAL);
	expect_is(result[2], 0);
	expect(result[3] >= 4 && result[3] < 10);
	expect_kernel_sound();
	/* We see, and can end, what is below what is below. */
	expect_is(info_of(result[4]).envs, 1);
	expect_is(sys_budget_end(result[4]), 0);
	expect_is(info_of(budget).envs, 1);
	expect_is(sys_budget_end(budget), 0);
	expect_end(child, -E_KILLED);
	expect(unknown(budget));
}

/* What others have is neither seen nor ended, nor built upon. */
static void pries(uint32_t other)
{
	struct info_budget info;

	result[0] = budget_info((int32_t)other, &info);
	result[1] = sys_budget_end((int32_t)other);
	result[2] = sys_budget_create(0, (int32_t)other, 1, 1);
	result[3] = sys_budget_end(info_of(0).number);
	envid_t child = child_make(waits, 0);
	result[4] = sys_budget_create(child, info_of(0).number, 1, 1);
	/* All that there could be, and not one is ours. */
	for (uint32_t n = 0; n < 4000; n++) {
		int32_t number = (int32_t)(n / 100 << 13 | n % 100); /* as the kernel makes them */
		expect_error(sys_budget_end(number), E_INVAL);
	}
	kill(child);
}

static void apart(void)
{
	int32_t first, second;
	envid_t a = limited(waits, 0, 100, 5, &first), b = limited(pries, (uint32_t)first, 200, 5, &second);

	start(a);
	start(b);
	expect_end(b, 0);
	for (int i = 0; i < 5; i++)
		expect_is(result[i], -E_INVAL);
	expect_is(info_of(first).envs, 1);
	kill(a);
}

/* --- One that is held for children to come --- */

static void holds(uint32_t arg)
{
	USED(arg);
	result[0] = sys_budget_create(0, 0, 100, 5);
	result[1] = sys_budget_create(0, result[0], 50, 3);
	expect_is(info_of(result[0]).budgets, 1);
	envid_t child = child_make(waits, 0);
	/* In ours, but where it is put. */
	expect_is(budget_of(child), budget_of(0));
	expect(sys_budget_create(child, result[1], 20, 1) > 0);
	expect_is(info_of(result[1]).envs, 1);
	expect_is(info_of(result[0]).envs, 1);
	step = 1;
	wait_until(go);
	/* Another in their place: they go with the last in them. */
	result[2] = sys_budget_create(0, 0, 1, 1);
	expect(!unknown(result[0]));
	kill(child);
	result[3] = unknown(result[1]);
	expect_is(info_of(0).envs, 1);
}

static void held(void)
{
	int32_t budget;

	step = go = 0;
	envid_t child = limited(holds, 0, 200, 10, &budget);
	start(child);
	await(child, step);
	expect_kernel_sound();
	expect_is(info_of(budget).envs, 2);
	expect_is(info_of(budget).budgets, 3);
	go = 1;
	expect_end(child, 0);
	expect_is(result[3], true);
	expect(result[2] > 0);
	/* What it held went with it. */
	expect(unknown(result[2]) && unknown(budget));
}

/* --- When memory is out, too --- */

static void fails_everywhere(uint32_t arg)
{
	USED(arg);
	for (uint32_t n = 0;; n++) {
		uint32_t before = info_of(0).pages;
		int error = sys_test(TEST_FAIL_AFTER, n, NULL, 0);
		envid_t child = error ? error : sys_exofork();
		sys_test(TEST_FAIL_AFTER, ~0u, NULL, 0);
		if (child > 0) {
			expect_is(info_of(0).pages, before + 1);
			kill(child);
			expect_is(info_of(0).pages, before);
			result[0] = (int32_t)n;
			break;
		}
		expect_is(child, -E_NO_MEM);
		expect_is(info_of(0).pages, before);
	}
	for (uint32_t n = 0;; n++) {
		uint32_t before = info_of(0).pages;
		expect_is(sys_test(TEST_FAIL_AFTER, n, NULL, 0), 0);
		int error = sys_page_alloc(0, A, RW);
		sys_test(TEST_FAIL_AFTER, ~0u, NULL, 0);
		if (!error) {
			expect_is(info_of(0).pages, before + 2);
			result[1] = (int32_t)n;
			break;
		}
		expect_is(error, -E_NO_MEM);
		/* A table may stay; it is counted. */
		expect(info_of(0).pages <= before + 1);
	}
}

static void no_memory(void)
{
	int32_t budget;
	envid_t child = limited(fails_everywhere, 0, 100, 3, &budget);

	start(child);
	expect_end(child, 0);
	expect(result[0] >= 1 && result[1] >= 1);
}

/* Who has reached its limit fails alone: no CPU is asked for what it has in its cache. */
static uint64_t interrupts(void)
{
	uint64_t sum = 0;

	for (uint32_t n = 0; n < cpu_total(); n++) {
		struct info_cpu cpu;
		expect_is(machine_cpu(n, &cpu), 0);
		sum += cpu.interrupts;
	}
	return sum;
}

static void fails_often(uint32_t arg)
{
	uint32_t n = 0;

	USED(arg);
	while (sys_page_alloc(0, A + n * PGSIZE, RW) == 0)
		n++;
	uint64_t before = interrupts();
	for (int i = 0; i < 4000; i++)
		expect_error(sys_page_alloc(0, A + n * PGSIZE, RW), E_NO_MEM);
	/* The clock's are few. */
	result[0] = interrupts() - before < 1000;
}

static void quiet(void)
{
	int32_t budget;
	envid_t child = limited(fails_often, 0, 30, 1, &budget);

	start(child);
	expect_end(child, 0);
	expect_is(result[0], true);
}

/* --- The end in slices --- */

#define MANY_CHILDREN 150 /* more than pass on at once */
#define SENDERS 40        /* more than are refused at once */

static void has_many(uint32_t arg)
{
	for (uint32_t i = 0; i < arg; i++)
		expect(sys_exofork() > 0);
	step = 1;
	waits(0);
}

static uint32_t children_of(envid_t parent)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < NENV; i++)
		n += envs[i].env_status != ENV_FREE && envs[i].env_parent_id == parent;
	return n;
}

static void orphans(void)
{
	int32_t budget;
	envid_t child = limited(has_many, MANY_CHILDREN, 1000, MANY_CHILDREN + 1, &budget);

	step = 0;
	start(child);
	await(child, step);
	uint32_t before = children_of(sys_getenvid());
	kill(child);
	expect_is(children_of(child), 0);
	expect_is(children_of(sys_getenvid()), before - 1 + MANY_CHILDREN);
	expect_kernel_sound();
	expect_is(sys_budget_end(budget), 0);
	expect_is(children_of(sys_getenvid()), before - 1);
}

static void queues(uint32_t to)
{
	int error = sys_ipc_send((envid_t)to, 0, (void *)UTEXT, RO, TIMEOUT_NEVER);
	if (error == -E_BAD_ENV)
		__atomic_add_fetch(&step, 1, __ATOMIC_SEQ_CST);
}

static void senders(void)
{
	envid_t victim = child_run(waits, 0), sender = 0;

	step = 0;
	for (int i = 0; i < SENDERS; i++) {
		sender = child_run(queues, (uint32_t)victim);
		await(sender, envs[ENVX(sender)].env_wait == ENV_WAIT_SEND);
	}
	/* Its end is perhaps not known any more after so many others'. */
	expect_is(sys_env_destroy(victim), 0);
	wait_until(step == SENDERS);
	wait_until(children_of(sys_getenvid()) == 0);
	expect_kernel_sound();
}

/* --- Who is interrupted while it sleeps does not end it any more --- */

static void ends(uint32_t budget)
{
	result[0] = sys_budget_end((int32_t)budget);
	step = 2;
	waits(0);
}

/* Its end takes long. */
static void wide(uint32_t arg)
{
	USED(arg);
	expect_is(sys_page_alloc(0, A, RW), 0);
	for (uint32_t n = 1; n < 400; n++)
		expect_is(sys_page_map(0, A, 0, A + n * PTSIZE, RW), 0);
	step = 1;
	waits(0);
}

static void interrupted(void)
{
	for (int i = 0; i < 10; i++) {
		int32_t budget;
		envid_t child = limited(wide, 0, 600, 1, &budget);
		step = 0;
		start(child);
		await(child, step);
		envid_t ender = child_run(ends, (uint32_t)budget);
		await(ender, step == 2 || envs[ENVX(ender)].env_wait == ENV_WAIT_BUDGET);
		expect_is(sys_env_set_status(ender, ENV_RUNNABLE), 0);
		await(ender, step == 2);
		expect(result[0] == 0 || result[0] == -E_INTERRUPTED);
		expect_end(child, -E_KILLED);
		expect(unknown(budget));
		expect_kernel_sound();
		kill(ender);
	}
}

/* A program that is started with a budget is charged for what it is loaded into. */
static void spawned(void)
{
	struct spawn_limits limits = { .pages = 60, .envs = 2 };
	const char *argv[] = { "spin", "1", "600000", NULL };
	envid_t child = spawn_limited("spin", argv, &limits);

	expect(child > 0);
	expect_is(budget_of(child), limits.budget);
	expect(info_of(limits.budget).pages > 4);
	expect_is(budget_end(limits.budget), 0);
	expect_end(child, -E_KILLED);
	limits.pages = 4;
	uint32_t before = free_pages();
	expect_error(spawn_limited("spin", argv, &limits), E_NO_MEM);
	uint32_t after = free_pages();
	expect_is(after, before);
}

void umain(int argc, char **argv)
{
	USED(argc);
	USED(argv);
	grow_records(20);
	who();
	pages_are_counted();
	superpages_are_counted();
	ports_are_counted();
	tables_are_counted();
	page_outlives();
	envs_are_counted();
	tree();
	apart();
	held();
	no_memory();
	quiet();
	orphans();
	senders();
	interrupted();
	spawned();
	expect_kernel_sound();
}
