/*
 * The event rings as a program sees them: making them when memory runs out, who may map them and how, what is overwritten,
 * and that nothing breaks when they are turned on and off while all CPUs write.
 */
#include <abi/rights.h>

#include "trace_rings.h"

#define OTHER ((char *)0x30000000)
#define FULL ((char *)0x50000000)
#define WRITERS 6

static volatile bool stop;

/* The rings are made once in a machine's life: if they are there already, this says nothing. */
static void out_of_memory(void)
{
	uint32_t before = free_pages();
	int result;

	for (uint32_t n = 0;; n = n < 4 ? n + 1 : n * 2) {
		expect_is(sys_test(TEST_FAIL_AFTER, n, NULL, 0), 0);
		result = trace_set(TRACE_KIND_FAULT);
		expect_is(sys_test(TEST_FAIL_AFTER, ~0u, NULL, 0), 0);
		if (result >= 0)
			break;
		expect_is(result, -E_NO_MEM);
		expect_is(free_pages(), before);
		expect_error(libos_sys_trace(TRACE_MAP, (uintptr_t)RINGS, 0), E_INVAL);
		expect_kernel_sound();
	}
	expect_is(trace_set(0), TRACE_KIND_FAULT);
	expect_kernel_sound();
}

static volatile int result_when_full;

/* Memory is really out, but for as much as some of the rings need, and not all. */
static void takes_memory(uint32_t left)
{
	uint32_t taken = 0;
	int n;

	while ((n = sys_page_alloc_range(0, FULL + taken * PGSIZE, RW, 1024)) > 0)
		taken += (uint32_t)n;
	expect_is(n, -E_NO_MEM);
	expect_is(pages_unmap(0, FULL + (taken - left) * PGSIZE, left), 0); /* the last: the kernel can reach those */
	result_when_full = trace_set(TRACE_KIND_FAULT);
}

/*
 * It is not tried for ever. Together the rings have a 32nd of memory, or more, or 513 pages each: see kern/trace.c. Twice:
 * what making a child takes up for good is there then.
 */
static void memory_full(void)
{
	uint32_t before = 0;

	for (int i = 0; i < 2; i++) {
		before = free_pages();
		expect_end(child_run(takes_memory, MIN(before / 32, cpu_total() * 512)), 0);
	}
	if (result_when_full >= 0) { /* they are there already */
		expect_is(trace_set(0), TRACE_KIND_FAULT);
		return;
	}
	expect_is(result_when_full, -E_NO_MEM);
	expect_is(free_pages(), before);
	expect_error(libos_sys_trace(TRACE_MAP, (uintptr_t)RINGS, 0), E_INVAL);
	expect_kernel_sound();
}

static void arguments(void)
{
	expect_error(libos_sys_trace(0, 0, 0), E_INVAL);
	expect_error(libos_sys_trace(TRACE_MAP + 1, 0, 0), E_INVAL);
	expect_error(trace_set(TRACE_KINDS_ALL + 1), E_INVAL);
	expect_error(trace_set(~0u), E_INVAL);
	expect_error(libos_sys_trace(TRACE_MAP, (uintptr_t)RINGS + 1, 0), E_INVAL);
	expect_error(libos_sys_trace(TRACE_MAP, (uintptr_t)RINGS, cpu_total()), E_INVAL);
	expect_error(libos_sys_trace(TRACE_MAP, (uintptr_t)RINGS, ~0u), E_INVAL);
	expect_error(libos_sys_trace(TRACE_MAP, UTOP, 0), E_INVAL);
	expect_error(libos_sys_trace(TRACE_MAP, UTOP - PGSIZE, 0), E_INVAL);
	expect_error(libos_sys_trace(TRACE_MAP, KERNBASE, 0), E_INVAL);
	expect_is(perm_of(RINGS), 0);
	/* No memory for the page tables where it is to be. */
	uint32_t before = free_pages();
	expect_is(sys_test(TEST_FAIL_AFTER, 0, NULL, 0), 0);
	expect_error(libos_sys_trace(TRACE_MAP, (uintptr_t)RINGS, 0), E_NO_MEM);
	expect_is(sys_test(TEST_FAIL_AFTER, ~0u, NULL, 0), 0);
	expect_is(perm_of(RINGS), 0);
	expect_is(free_pages(), before);
}

/* --- Who has not the right --- */

static volatile int refused[3];

static void tries(uint32_t arg)
{
	USED(arg);
	refused[0] = libos_sys_trace(TRACE_SET, TRACE_KINDS_ALL, 0);
	refused[1] = libos_sys_trace(TRACE_SET, 0, 0);
	refused[2] = libos_sys_trace(TRACE_MAP, (uintptr_t)OTHER, 0);
	if (perm_of(OTHER))
		sys_env_exit(3);
}

static void without_right(uint32_t rights, int wanted)
{
	envid_t child = child_make(tries, 0);

	expect_is(sys_env_set(child, ENV_SET_RIGHTS, rights), 0);
	expect_is(trace_set(TRACE_KIND_LOCK), 0);
	expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
	expect_end(child, wanted ? 0 : 3);
	for (unsigned i = 0; i < ARRAY_SIZE(refused); i++)
		expect(wanted ? refused[i] == wanted : refused[i] >= 0);
	expect_is(trace_set(0), wanted ? TRACE_KIND_LOCK : 0);
}

static void rights(void)
{
	without_right(0, -E_BAD_ENV);
	without_right(RIGHTS_ALL & ~(uint32_t)RIGHT_TRACE, -E_BAD_ENV);
	without_right(RIGHT_TRACE, 0);
	expect_kernel_sound();
}

static void write_to_it(uint32_t va)
{
	*(volatile uint32_t *)va = 1;
}

static void read_only(void)
{
	const struct trace_ring *ring = (const void *)RINGS;

	expect_is(strcmp(ring->magic, TRACE_MAGIC), 0);
	expect(ring->records >= PGSIZE / sizeof(struct trace_record) && (ring->records & (ring->records - 1)) == 0);
	uint32_t n = 1 + ring->records / (PGSIZE / sizeof(struct trace_record));
	for (uint32_t i = 0; i < n; i++)
		expect_is(perm_of(RINGS + i * PGSIZE), RO);
	expect_is(perm_of(RINGS + n * PGSIZE), 0);
	expect_error(sys_page_map(0, RINGS, 0, OTHER, RW), E_INVAL);
	expect_error(sys_page_protect(0, RINGS, RW), E_INVAL);
	/* A writer gets a copy. */
	uint32_t refs = refs_of(RINGS);
	expect_is(sys_page_map(0, RINGS, 0, OTHER, RO), 0);
	expect_is(sys_page_replace(OTHER, uvpt[PGNUM(OTHER)], RW), 0);
	*(volatile uint32_t *)OTHER = 0;
	expect_is(strcmp(ring->magic, TRACE_MAGIC), 0);
	expect_is(sys_page_unmap(0, OTHER), 0);
	expect_is(refs_of(RINGS), refs);
	envid_t child = child_make(write_to_it, (uint32_t)RINGS);
	expect_is(sys_page_map(0, RINGS, child, RINGS, RO), 0);
	expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
	expect_end(child, -E_KILLED);
	expect_is(strcmp(ring->magic, TRACE_MAGIC), 0);
	expect_is(refs_of(RINGS), refs);
	expect_kernel_sound();
}

/* A ring of which more was written than fits, since it was opened. NULL: there is none yet. */
static const struct trace_reader *full_ring(void)
{
	for (uint32_t n = 0; n < ring_count; n++) {
		if (rings[n].ring->count - rings[n].next > rings[n].ring->records)
			return &rings[n];
	}
	return NULL;
}

/* More events than fit: the oldest are overwritten, and a reader who began before knows how many it did not see. */
static void wraps(void)
{
	uint64_t lost = 0, read = 0, written = 0, before[RINGS_MAX];
	uint32_t size = rings[0].ring->records;

	rings_open();
	for (uint32_t n = 0; n < ring_count; n++)
		before[n] = rings[n].ring->count;
	expect_is(trace_set(TRACE_KIND_SYSCALL), 0);
	while (!full_ring())
		sys_getenvid();
	expect_is(trace_set(0), TRACE_KIND_SYSCALL);
	for (uint32_t n = 0; n < ring_count; n++) {
		struct trace_record record;
		uint64_t last = 0;
		while (trace_next(&rings[n], &record)) {
			expect(record.time >= last);
			last = record.time;
			read++;
		}
		lost += rings[n].lost;
		written += rings[n].ring->count - before[n];
		expect(rings[n].ring->count - before[n] - rings[n].lost <= size);
	}
	if (lost == 0 || read + lost != written)
		fail("expected %llu records read or lost, and some of them lost, saw %llu and %llu", written, read, lost);
}

static void writes(uint32_t arg)
{
	USED(arg);
	while (!stop)
		sys_yield();
}

/* What is read while it is written is whole: known events, in the order of time, under numbers that count up. */
static void read_all(uint64_t last[])
{
	struct trace_record record;

	for (uint32_t n = 0; n < ring_count; n++) {
		/* Bounded: others go on writing. */
		for (int i = 0; i < 1000 && trace_next(&rings[n], &record); i++) {
			if (record.number != (uint32_t)rings[n].next || record.time < last[n] || !record.event ||
			    trace_event_name(record.event)[0] == '?')
				fail("CPU %u: record %u is event %u at %llu, after %llu", n, record.number, record.event,
				     record.time, last[n]);
			last[n] = record.time;
		}
	}
}

/*
 * Where the next record is to be written stands the oldest: who reads there gets that one whole, or is told that it is
 * lost. A part of the new one would show in its time.
 */
static void read_where_it_is_written(const struct trace_reader *full)
{
	struct trace_record middle, oldest;
	struct trace_reader reader = *full;
	uint64_t first = reader.ring->count - reader.ring->records;

	reader.next = first + reader.ring->records / 2;
	if (!trace_next(&reader, &middle))
		fail("expected a record in the middle of a full ring, saw none");
	reader.next = first;
	if (!trace_next(&reader, &oldest))
		fail("expected records in a full ring, saw none");
	if (oldest.number != (uint32_t)reader.next || oldest.time > middle.time)
		fail("record %u is of %llu, but one half a ring later of %llu", oldest.number, oldest.time, middle.time);
}

static void overtaken(void)
{
	envid_t children[WRITERS];

	rings_open();
	stop = false;
	for (unsigned i = 0; i < WRITERS; i++)
		children[i] = child_run(writes, 0);
	expect_is(trace_set(TRACE_KINDS_ALL), 0);
	wait_until(full_ring());
	for (int i = 0; i < 50000; i++)
		read_where_it_is_written(full_ring());
	stop = true;
	for (unsigned i = 0; i < WRITERS; i++)
		expect_end(children[i], 0);
	expect_is(trace_set(0), TRACE_KINDS_ALL);
}

static void on_and_off(void)
{
	envid_t children[WRITERS];
	uint64_t last[RINGS_MAX] = { 0 };
	uint32_t seed = 1;

	rings_open();
	for (unsigned i = 0; i < WRITERS; i++)
		children[i] = child_run(writes, 0);
	for (int i = 0; i < 300; i++) {
		expect(trace_set(next_random(&seed) & TRACE_KINDS_ALL) >= 0);
		read_all(last);
		if (i % 50 == 0)
			expect_kernel_sound();
	}
	stop = true;
	for (unsigned i = 0; i < WRITERS; i++)
		expect_end(children[i], 0);
	expect(trace_set(0) >= 0);
	/* Off is off. */
	rings_open();
	for (int i = 0; i < 100; i++)
		sys_yield();
	for (uint32_t n = 0; n < ring_count; n++)
		expect_is(rings[n].ring->count - rings[n].next, 0);
}

void umain(int argc, char **argv)
{
	memory_full();
	out_of_memory();
	arguments();
	rights();
	rings_open();
	read_only();
	wraps();
	on_and_off();
	overtaken();
	expect_kernel_sound();
}
