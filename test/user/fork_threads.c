/*
 * fork and copy on write among threads: writes of all threads go on while one forks, and none is lost; what the child has
 * does not change any more; a fork from any thread, after which the child can have threads of its own; locks that
 * others hold at that moment.
 */
#include "check.h"
#include "child.h"
#include <finch/thread.h>
#include <inc/malloc.h>

#define PAGES ((volatile uint32_t *)0x10000000) /* in each page a word for each writer */
#define SHARED ((volatile uint32_t *)0x30000000)
#define PAGE_COUNT 8
#define WRITERS 4
#define FORKS 6
#define BURSTS 10

static volatile bool stop;

static volatile uint32_t *word(unsigned page, unsigned writer)
{
	return &PAGES[page * NPTENTRIES + writer * 200];
}

/* Counts in all pages, alone in its words, and by as many in each. Returns how often. */
static void *write_on(void *arg)
{
	unsigned writer = (unsigned)(uintptr_t)arg;
	uint32_t rounds = 0;

	while (!stop || rounds == 0) {
		for (unsigned page = 0; page < PAGE_COUNT; page++)
			++*word(page, writer);
		rounds++;
		/* Somebody may have only this CPU. */
		if (rounds % 8 == 0)
			sys_yield();
	}
	return (void *)rounds;
}

static uint32_t sum(void)
{
	uint32_t sum = 0;

	for (unsigned page = 0; page < PAGE_COUNT; page++)
		for (unsigned writer = 0; writer < WRITERS; writer++)
			sum = sum * 31 + *word(page, writer);
	return sum;
}

/* The child: what it sees stays, though its parent's threads write on; then it writes itself. */
static void look(uint32_t round)
{
	uint32_t seen = sum();

	SHARED[0] = round + 1;
	wait_until(SHARED[1] > round);
	expect_is(sum(), seen);
	for (unsigned page = 0; page < PAGE_COUNT; page += 3)
		*word(page, 1) = 0xffffffff;
	sys_env_exit(0);
}

static void writers_and_forks(void)
{
	int threads[WRITERS];

	stop = false;
	for (unsigned i = 0; i < PAGE_COUNT; i++)
		for (unsigned writer = 0; writer < WRITERS; writer++)
			*word(i, writer) = 0;
	SHARED[0] = SHARED[1] = 0;
	for (unsigned i = 0; i < WRITERS; i++)
		expect((threads[i] = thread_create(write_on, (void *)(uintptr_t)i)) > 0);
	for (uint32_t round = 0; round < FORKS; round++) {
		envid_t child = fork();
		expect(child >= 0);
		if (child == 0)
			look(round);
		wait_until(SHARED[0] > round);
		uint32_t before = *word(0, 0);
		wait_until(*word(0, 0) - before > 3);
		SHARED[1] = round + 1;
		expect_end(child, 0);
	}
	stop = true;
	for (unsigned i = 0; i < WRITERS; i++) {
		void *rounds;
		expect_is(thread_join(threads[i], &rounds), 0);
		for (unsigned page = 0; page < PAGE_COUNT; page++)
			expect_is(*word(page, i), (uintptr_t)rounds);
	}
}

/* --- Forks by all threads at a time, which allocate too: the child finds the heap whole and free. --- */

static void *add_one(void *arg)
{
	char *piece = malloc(100);

	expect(piece);
	strcpy(piece, "a thread's");
	__atomic_add_fetch((uint32_t *)arg, 1, __ATOMIC_SEQ_CST);
	free(piece);
	return piece;
}

static void child_of_thread(const int *local)
{
	uint32_t count = 0;
	int ids[3];

	expect_is(thread_id(), 0);
	expect_is(*local, 77);
	expect_is(thisenv->env_id, sys_getenvid());
	for (int i = 0; i < 3; i++)
		expect((ids[i] = thread_create(add_one, &count)) > 0);
	for (int i = 0; i < 3; i++)
		expect_is(thread_join(ids[i], NULL), 0);
	expect_is(count, 3);
	exit();
}

static void *forks(void *arg)
{
	int local = 77;

	for (int i = 0; i < 3; i++) {
		char *piece = malloc(2000);
		expect(piece);
		envid_t child = fork();
		expect(child >= 0);
		if (child == 0)
			child_of_thread(&local);
		free(piece);
		expect_end(child, 0);
	}
	return NULL;
}

static void forks_by_threads(void)
{
	int threads[WRITERS];

	for (unsigned i = 0; i < WRITERS; i++)
		expect((threads[i] = thread_create(forks, NULL)) > 0);
	for (unsigned i = 0; i < WRITERS; i++)
		expect_is(thread_join(threads[i], NULL), 0);
}

/* --- The stacks of other threads are not there in the child; theirs are not its. --- */

static volatile uintptr_t other_stack;

static void *stands(void *arg)
{
	volatile uint32_t local = 1;

	other_stack = (uintptr_t)&local;
	while (!stop)
		sys_yield();
	return NULL;
}

static void alone(void)
{
	stop = false;
	int id = thread_create(stands, NULL);

	expect(id > 0);
	wait_until(other_stack);
	envid_t child = fork();
	expect(child >= 0);
	if (child == 0) {
		expect(!page_mapped((void *)other_stack));
		sys_env_exit(0);
	}
	expect_end(child, 0);
	expect(perm_of((void *)other_stack) == RW);
	stop = true;
	expect_is(thread_join(id, NULL), 0);
	other_stack = 0;
}

/* --- Threads that write to one page that was just shared, at the same moment: each page is copied once. --- */

static volatile uint32_t go;

static void *bump(void *arg)
{
	unsigned writer = (unsigned)(uintptr_t)arg;

	for (uint32_t round = 1; round <= BURSTS; round++) {
		wait_until(go >= round);
		for (unsigned page = 0; page < PAGE_COUNT; page++)
			++*word(page, writer);
		__atomic_add_fetch((uint32_t *)&SHARED[3], 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

static void faults_at_once(void)
{
	int threads[WRITERS];
	uint32_t before[PAGE_COUNT];

	go = 0;
	SHARED[3] = 0;
	for (unsigned i = 0; i < PAGE_COUNT; i++)
		for (unsigned writer = 0; writer < WRITERS; writer++)
			*word(i, writer) = 0;
	for (unsigned i = 0; i < WRITERS; i++)
		expect((threads[i] = thread_create(bump, (void *)(uintptr_t)i)) > 0);
	for (uint32_t round = 1; round <= BURSTS; round++) {
		envid_t child = sys_exofork();
		expect(child > 0);
		expect_is(pages_copy(child, (void *)PAGES, 0, 0, PTE_COW, PAGE_COUNT), 0);
		for (unsigned page = 0; page < PAGE_COUNT; page++)
			before[page] = uvpt[PGNUM(word(page, 0))] >> PGSHIFT;
		go = round;
		wait_until(SHARED[3] == round * WRITERS);
		for (unsigned page = 0; page < PAGE_COUNT; page++) {
			expect(uvpt[PGNUM(word(page, 0))] >> PGSHIFT != before[page]);
			expect_is(pages[before[page]].pp_ref, 1);
			expect_is(refs_of(word(page, 0)), 1);
			for (unsigned writer = 0; writer < WRITERS; writer++)
				expect_is(*word(page, writer), round);
		}
		expect_is(sys_env_destroy(child), 0);
		expect_is(wait_status(child, NULL), 0);
	}
	for (unsigned i = 0; i < WRITERS; i++)
		expect_is(thread_join(threads[i], NULL), 0);
}

static void all(void)
{
	writers_and_forks();
	forks_by_threads();
	alone();
	faults_at_once();
}

void umain(int argc, char **argv)
{
	expect_is(sys_page_alloc(0, (void *)SHARED, RW | PTE_SHARE), 0);
	expect_is(pages_alloc(0, (void *)PAGES, RW, PAGE_COUNT), 0);
	grow_records(30);
	all();
	uint32_t before = free_pages();
	all();
	/* As many threads at a time as before: their stacks stay. */
	expect(free_pages() + 8 >= before && free_pages() <= before + 8);
	expect_kernel_sound();
}
