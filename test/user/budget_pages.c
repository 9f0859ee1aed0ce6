/*
 * What pages are charged to which budget, exactly: pages, superpages, tables, what is sent; limits, also when memory is out.
 */
#include <finch/spawn.h>
#include "budget.h"

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
	grow_records(20);
	pages_are_counted();
	superpages_are_counted();
	ports_are_counted();
	tables_are_counted();
	page_outlives();
	no_memory();
	quiet();
	spawned();
	expect_kernel_sound();
}
