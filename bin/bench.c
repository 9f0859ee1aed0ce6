/*
 * bench [wall] [PROGRAM]: what the kernel's basic operations cost. By itself in ticks of the time-stamp counter, which
 * under `./finch bench` (QEMU's -icount, one CPU) are guest instructions; with `wall` in nanoseconds. PROGRAM is a tiny
 * program to start and wait for.
 *
 * Each operation is done a few times to warm up, then in a row of many; the figure is the mean of the best of several
 * rows, less the cost of the empty loop.
 */
#include <arch/usercall.h>
#include <finch/machine.h>
#include <finch/memory.h>
#include <finch/syscall.h>
#include <inc/lib.h>

#define ROWS 5

void libos_gate_int(void);

static bool wall;

/* Now, in ticks or in nanoseconds. */
static uint64_t now(void)
{
	struct info_machine machine;

	if (!wall)
		return read_tsc();
	int err = machine_info(&machine);
	if (err < 0)
		panic("machine_info: %e", err);
	return machine.uptime_ns;
}

/* The time of count calls of operation, the best of ROWS rows. */
static uint64_t best_row(void (*operation)(void), int count)
{
	uint64_t best = ~0ull;

	for (int row = 0; row < ROWS; row++) {
		uint64_t start = now();
		for (int i = 0; i < count; i++)
			operation();
		best = MIN(best, now() - start);
	}
	return best;
}

static void nothing(void)
{
	__asm__ volatile("");
}

static void report(const char *what, uint64_t figure)
{
	printf("%-52s %9llu\n", what, figure);
}

static void measure(const char *what, void (*operation)(void), int count)
{
	for (int i = 0; i < 3; i++)
		operation();
	uint64_t time = best_row(operation, count), loop = best_row(nothing, count);
	report(what, (time - MIN(loop, time) + (uint64_t)count / 2) / (uint64_t)count);
}

/* --- The operations. --- */

static void null_call(void)
{
	libos_call0(SYS_getenvid);
}

static void yield(void)
{
	libos_call0(SYS_yield);
}

static void *const page = (void *)0x10000000;

static void page_alloc_unmap(void)
{
	sys_page_alloc(0, page, PTE_P | PTE_U | PTE_W);
	sys_page_unmap(0, page);
}

static void range_alloc_unmap(void)
{
	sys_page_alloc_range(0, page, PTE_P | PTE_U | PTE_W, 256);
	sys_page_unmap_range(0, page, 256);
}

static void range_map_unmap(void)
{
	sys_page_map_range(0, (void *)UARCHIVE, 0, page, PTE_P | PTE_U, 64);
	sys_page_unmap_range(0, page, 64);
}

static void exofork_destroy(void)
{
	envid_t child = sys_exofork();
	if (child > 0)
		sys_env_destroy(child);
}

/* Start this program anew, to do what the flag says. */
static envid_t start_self(const char *flag)
{
	envid_t child = spawnl("bench", "bench", flag, 0);
	if (child < 0)
		panic("bench %s does not start: %e", flag, child);
	return child;
}

static const char *tiny_program;

static void start_tiny_and_wait(void)
{
	envid_t child = spawnl(tiny_program, tiny_program, 0);
	if (child < 0)
		panic("%s does not start: %e", tiny_program, child);
	wait(child);
}

static void start_self_and_wait(void)
{
	wait(start_self("-n"));
}

/* --- What needs more than a call. --- */

static void measure_gates(void)
{
	void (*chosen)(void) = libos_gate;

	libos_gate = libos_gate_int;
	measure("null call, int 0x30", null_call, 1000);
	libos_gate = chosen;
	if (chosen != libos_gate_int)
		measure("null call, sysenter", null_call, 1000);
}

static void measure_yield(void)
{
	measure("yield, alone", yield, 1000);
	envid_t child = start_self("-y");
	measure("yield, two environments, per two switches", yield, 1000);
	sys_env_destroy(child);
	wait(child);
}

static uint32_t pages_zeroed(void)
{
	struct info_machine machine;
	return machine_info(&machine) < 0 ? 0 : machine.pages_zeroed;
}

/* Take the zeroed pages one by one while there are any, so that what comes next must be zeroed in line. */
static void measure_pages(void)
{
	char *held = (char *)0x20000000, *at = held;
	uint32_t zeroed = pages_zeroed();

	if (zeroed > 3 * ROWS)
		measure("page alloc + unmap, page from the zeroed pool", page_alloc_unmap, (int)(zeroed - 3) / ROWS);
	while (pages_zeroed() > 0 && sys_page_alloc(0, at, PTE_P | PTE_U | PTE_W) == 0)
		at += PGSIZE;
	measure("page alloc + unmap, zeroed in line", page_alloc_unmap, 200);
	pages_unmap(0, held, (size_t)(at - held) / PGSIZE);
	measure("256 pages, alloc + unmap, by ranges", range_alloc_unmap, 10);
	measure("64 pages, map + unmap, by ranges", range_map_unmap, 10);
}

static void measure_start(void)
{
	measure("exofork + destroy", exofork_destroy, 50);
	if (tiny_program)
		measure("start a tiny program and wait for it", start_tiny_and_wait, 20);
	measure("start this program and wait for it", start_self_and_wait, 20);
}

void umain(int argc, char **argv)
{
	uint64_t started = read_tsc();

	if (argc > 1 && strcmp(argv[1], "-n") == 0)
		return;
	if (argc > 1 && strcmp(argv[1], "-y") == 0)
		for (;;)
			yield();
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "wall") == 0)
			wall = true;
		else
			tiny_program = argv[i];
	}
	printf("%-52s %9s\n", "operation", wall ? "ns" : "ticks");
	if (!wall && thisenv->env_parent_id == 0)
		report("reset to the first program's start", started);
	measure_gates();
	measure_yield();
	measure_pages();
	measure_start();
}
