/*
 * bench [wall] [keys] [only KEY] [PROGRAM]: what the basic operations cost. tools/bench runs it and makes the table.
 *
 * It prints a line for each operation: its key, its cost, and how many operations a row had. The cost is in ticks of
 * the time-stamp counter, which on a machine that runs one instruction a tick (./finch run --icount) are instructions;
 * with `wall` it is in nanoseconds. `-` instead of a cost: it cannot be measured here.
 *
 * An operation is done in rows, the first of them to warm up. The cost is that of the median row less that of the median
 * row in which nothing is done as often, so reading the counter, the loop and the call of a function are not in it.
 *
 *   keys        bytes keep coming at the console, so it can sleep a moment to let the idle CPU zero pages
 *   only KEY    only that operation, for tools/profile
 *   PROGRAM     the program of operation start-tiny
 *
 * One CPU is expected: with more, environments run at once, and other CPUs have pools of pages of their own.
 */
#include <arch/usercall.h>
#include <finch/machine.h>
#include <finch/memory.h>
#include <finch/syscall.h>
#include <inc/lib.h>
#include <inc/x86.h>

#define ROWS 9
#define POOL_ROW 6 /* pages taken in a row from the zeroed pool, which holds about 60 */
#define RANGE 4096 /* pages in a large range: 16 MB */
#define FAULT_ROW 200 /* fresh pages mapped by a fault handler in a row */

#define PERM_WRITE (PTE_P | PTE_U | PTE_W)

#define PAGE ((char *)0x10000000)
#define FIRST_RANGE ((char *)0x20000000)
#define SECOND_RANGE ((char *)0x30000000)
#define HELD ((char *)0x40000000) /* pages kept so that the pool is empty */

void libos_gate_int(void);

struct operation {
	const char *key;
	void (*run)(void);
	int count;            /* times in a row */
	int parts;            /* what one time is counted as: pages, for a range */
	bool (*before)(void); /* before each row. False: it cannot be measured here */
	bool (*after)(void);  /* after each row. False: it was not what should have been measured */
};

static bool wall, keys;
static const char *only, *tiny_program;

static struct info_machine machine(void)
{
	struct info_machine info;
	int err = machine_info(&info);

	if (err < 0)
		panic("machine_info: %e", err);
	return info;
}

static void check(int result, const char *what)
{
	if (result < 0)
		panic("%s: %e", what, result);
}

/* --- Calls. Ten of the shortest in a function, so that its own beginning and end do not count. --- */

#define TEN(call) (call, call, call, call, call, call, call, call, call, call)

static inline uint32_t by_int(int number)
{
	uint32_t result;
	__asm__ volatile("int $0x30" : "=a"(result) : "0"(number) : "memory", "cc");
	return result;
}

static void null_int(void)
{
	TEN(by_int(SYS_getenvid));
}

static void null_sysenter(void)
{
	TEN(libos_call0(SYS_getenvid));
}

static bool has_sysenter(void)
{
	return libos_gate != libos_gate_int;
}

static void yield(void)
{
	libos_call0(SYS_yield);
}

/* --- Environments --- */

/* Start this program anew, to do what the flag says. */
static envid_t start_self(const char *flag)
{
	envid_t child = spawnl("bench", "bench", flag, 0);
	check(child, "start bench");
	return child;
}

static envid_t partner;

static bool partner_start(void)
{
	partner = start_self("-y");
	for (int i = 0; i < 5; i++)
		yield();
	return true;
}

static bool partner_end(void)
{
	sys_env_destroy(partner);
	wait(partner);
	return true;
}

static void exofork_destroy(void)
{
	envid_t child = sys_exofork();
	check(child, "exofork");
	sys_env_destroy(child);
	wait(child);
}

static void start_tiny(void)
{
	envid_t child = spawnl(tiny_program, tiny_program, 0);
	check(child, tiny_program);
	wait(child);
}

static bool has_tiny(void)
{
	return tiny_program;
}

static void start_this(void)
{
	wait(start_self("-n"));
}

/* --- Single pages: with the pool of zeroed pages full, and with it empty --- */

static uint32_t zeroed_before;

static void page_alloc_unmap(void)
{
	sys_page_alloc(0, PAGE, PERM_WRITE);
	sys_page_unmap(0, PAGE);
}

/* While this program sleeps, the CPU has nothing to do and zeroes pages. */
static bool pool_fill(void)
{
	for (int i = 0; keys && machine().pages_zeroed < POOL_ROW && i < 20; i++) {
		while (sys_cgetc() > 0)
			continue;
		sys_console_wait();
	}
	zeroed_before = machine().pages_zeroed;
	return zeroed_before >= POOL_ROW;
}

static bool pool_was_used(void)
{
	return machine().cpus > 1 || zeroed_before - machine().pages_zeroed == POOL_ROW;
}

/* Hold what is zeroed. Pages that come free are not zeroed before the CPU is idle, which this program prevents. */
static bool pool_empty(void)
{
	static char *at = HELD;

	while (machine().pages_zeroed > 0 && at < HELD + PTSIZE) {
		check(sys_page_alloc(0, at, PERM_WRITE), "page_alloc");
		at += PGSIZE;
	}
	return machine().pages_zeroed == 0;
}

static bool pool_was_empty(void)
{
	return machine().pages_zeroed == 0;
}

/* --- Ranges: done whole, by as many calls as it takes --- */

static void range_alloc(void)
{
	check(pages_alloc(0, FIRST_RANGE, PERM_WRITE, RANGE), "pages_alloc");
}

static void range_map(void)
{
	check(pages_share(FIRST_RANGE, 0, SECOND_RANGE, PERM_WRITE, RANGE), "pages_share");
}

static void range_unmap(void)
{
	check(pages_unmap(0, SECOND_RANGE, RANGE), "pages_unmap");
}

static bool first_range_gone(void)
{
	return pages_unmap(0, FIRST_RANGE, RANGE) == 0;
}

static bool first_range_there(void)
{
	return pages_alloc(0, FIRST_RANGE, PERM_WRITE, RANGE) == 0;
}

static bool ranges_gone(void)
{
	return pages_unmap(0, SECOND_RANGE, RANGE) == 0 && first_range_gone();
}

static bool ranges_there(void)
{
	return first_range_there() && pages_share(FIRST_RANGE, 0, SECOND_RANGE, PERM_WRITE, RANGE) == 0;
}

/* --- Page faults to a handler of the program --- */

/* The faulting instruction is the two bytes of `movl (%ecx), %eax`. */
#define FAULT_AT(address) __asm__ volatile(".byte 0x8B, 0x01" : : "c"(address) : "eax", "memory")

static char *fault_next;

static void skip_instruction(struct UTrapframe *utf)
{
	utf->utf_eip += 2;
}

static void map_page(struct UTrapframe *utf)
{
	sys_page_alloc(0, ROUNDDOWN((void *)utf->utf_fault_va, PGSIZE), PERM_WRITE);
}

static void user_fault(void)
{
	FAULT_AT(FIRST_RANGE);
}

static void user_fault_map(void)
{
	FAULT_AT(fault_next);
	fault_next += PGSIZE;
}

static bool handler_skips(void)
{
	set_pgfault_handler(skip_instruction);
	return true;
}

static bool handler_maps(void)
{
	set_pgfault_handler(map_page);
	fault_next = PAGE + 2 * PGSIZE;
	return pool_empty();
}

static bool mapped_gone(void)
{
	return pages_unmap(0, PAGE + 2 * PGSIZE, FAULT_ROW) == 0;
}

/* --- fork, with more or less memory that the parent has written to since the last fork --- */

static void fork_exit_wait(void)
{
	envid_t child = fork();

	if (child == 0)
		exit();
	check(child, "fork");
	wait(child);
}

static bool touch(size_t count)
{
	if (!page_mapped(FIRST_RANGE) && pages_alloc(0, FIRST_RANGE, PERM_WRITE, count) < 0)
		return false;
	for (size_t i = 0; i < count; i++)
		((volatile char *)FIRST_RANGE)[i * PGSIZE]++;
	return true;
}

static bool touch_4m(void)
{
	return touch(PTSIZE / PGSIZE);
}

static bool touch_16m(void)
{
	return touch(RANGE);
}

/*
 * page-pool first: a CPU that was idle has some zeroed pages even where no keys come. Starting programs before the
 * large ranges, whose page tables stay: spawn looks through all that there are.
 */
static const struct operation operations[] = {
	{ "page-pool", page_alloc_unmap, POOL_ROW, 1, pool_fill, pool_was_used },
	{ "null-int", null_int, 100, 10, NULL, NULL },
	{ "null-sysenter", null_sysenter, 100, 10, has_sysenter, NULL },
	{ "yield-alone", yield, 1000, 1, NULL, NULL },
	{ "yield-pair", yield, 1000, 1, partner_start, partner_end },
	{ "exofork", exofork_destroy, 50, 1, NULL, NULL },
	{ "start-tiny", start_tiny, 20, 1, has_tiny, NULL },
	{ "start-this", start_this, 20, 1, NULL, NULL },
	{ "user-fault", user_fault, 1000, 1, handler_skips, NULL },
	{ "user-fault-map", user_fault_map, FAULT_ROW, 1, handler_maps, mapped_gone },
	{ "fork-small", fork_exit_wait, 20, 1, NULL, NULL },
	{ "fork-4m", fork_exit_wait, 1, 1, touch_4m, first_range_gone },
	{ "fork-16m", fork_exit_wait, 1, 1, touch_16m, first_range_gone },
	{ "page-inline", page_alloc_unmap, 200, 1, pool_empty, pool_was_empty },
	{ "range-alloc", range_alloc, 1, RANGE, pool_empty, first_range_gone },
	{ "range-map", range_map, 1, RANGE, first_range_there, ranges_gone },
	{ "range-unmap", range_unmap, 1, RANGE, ranges_there, ranges_gone },
};

/* --- Measuring --- */

/* tools/profile counts what is executed between these two. */
__attribute__((noinline)) void profile_start(void)
{
	__asm__ volatile("");
}

__attribute__((noinline)) void profile_end(void)
{
	__asm__ volatile("");
}

static void nothing(void)
{
	__asm__ volatile("");
}

static __attribute__((noinline)) uint64_t row(void (*run)(void), int count)
{
	if (run != nothing)
		profile_start();
	__asm__ volatile("" : "+r"(run)); /* called whatever it is, not in line */
	uint64_t start = read_tsc();
	for (int i = 0; i < count; i++)
		run();
	uint64_t time = read_tsc() - start;
	if (run != nothing)
		profile_end();
	return time;
}

static uint64_t median(uint64_t rows[])
{
	for (int i = 1; i < ROWS; i++) {
		for (int j = i; j > 0 && rows[j] < rows[j - 1]; j--) {
			uint64_t moved = rows[j];
			rows[j] = rows[j - 1];
			rows[j - 1] = moved;
		}
	}
	return rows[ROWS / 2];
}

/* The cost of a median row of the operation, in ticks. False: it cannot be measured. */
static bool measure(const struct operation *operation, uint64_t *ticks)
{
	uint64_t rows[ROWS], empty[ROWS];
	uint64_t time;

	for (int i = -1; i < ROWS; i++) { /* row -1 to warm up */
		if (operation->before && !operation->before())
			return false;
		time = row(operation->run, operation->count);
		if (operation->after && !operation->after())
			return false;
		rows[MAX(i, 0)] = time;
		empty[MAX(i, 0)] = row(nothing, operation->count);
	}
	time = median(rows);
	*ticks = time - MIN(time, median(empty));
	return true;
}

static void report(const struct operation *operation)
{
	uint64_t ticks, each = (uint64_t)operation->count * (uint64_t)operation->parts;

	if (!measure(operation, &ticks)) {
		printf("%-16s %9s %6d\n", operation->key, "-", (int)each);
		return;
	}
	if (wall)
		ticks = ticks * 1000000 / machine().tsc_khz;
	printf("%-16s %9llu %6d\n", operation->key, (ticks + each / 2) / each, (int)each);
}

static void read_arguments(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "wall") == 0)
			wall = true;
		else if (strcmp(argv[i], "keys") == 0)
			keys = true;
		else if (strcmp(argv[i], "only") == 0 && i + 1 < argc)
			only = argv[++i];
		else
			tiny_program = argv[i];
	}
}

void umain(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "-n") == 0)
		return;
	if (argc > 1 && strcmp(argv[1], "-y") == 0)
		for (;;)
			yield();
	read_arguments(argc, argv);
	/* A neighbour that stays, so that the page table is there. */
	check(sys_page_alloc(0, PAGE + PGSIZE, PERM_WRITE), "page_alloc");
	for (size_t i = 0; i < ARRAY_SIZE(operations); i++) {
		if (!only || strcmp(only, operations[i].key) == 0)
			report(&operations[i]);
	}
}
