/*
 * lib_spawn: spawn, spawnl, wait and statuses. It starts itself with a flag that says what the child has to do:
 *
 *   -s N   end with status N           -a WORD...  the words must be those of expected_words
 *   -k     destroy itself              -i          check what it inherited
 *   -p     panic                       -l          leave by returning from umain
 */
#include <finch/archive.h>

#include "check.h"

#define SHARED ((volatile uint32_t *)0xA1000000)
#define PRIVATE ((volatile uint32_t *)0xA1001000)
#define SHARED_TOO ((volatile uint32_t *)0xA1C00000)
#define HOARD ((char *)0x10000000)
#define MAGIC 0x600DF00D

static const char *const expected_words[] = { "-a", "", "a b", "\"", "-", "\xFF", "end" };
#define EXPECTED_WORDS ((int)ARRAY_SIZE(expected_words))

/* --- The child. --- */

static void child_words(int argc, char **argv)
{
	expect_is(argc, EXPECTED_WORDS + 1);
	for (int i = 0; i < EXPECTED_WORDS; i++)
		if (strcmp(argv[i + 1], expected_words[i]) != 0)
			fail("word %d: expected \"%s\", saw \"%s\"", i, expected_words[i], argv[i + 1]);
	expect(argv[argc] == NULL);
	expect_is(strcmp(binaryname, "lib_spawn"), 0);
}

static void child_inherited(void)
{
	expect_is(*SHARED, MAGIC);
	expect_is(perm_of(SHARED), RW | PTE_SHARE);
	expect_is(perm_of(SHARED_TOO), RO | PTE_SHARE);
	expect_is(*SHARED_TOO, MAGIC);
	*SHARED += 1;
	expect(!page_mapped((void *)PRIVATE));
	expect_is(iscons(7), 1);
	expect_is(thisenv->env_id, sys_getenvid());
	expect_is(strcmp((const char *)thisenv->env_label, "lib_spawn"), 0);
	expect(archive_size() > 0);
}

static void be_child(int argc, char **argv)
{
	switch (argv[1][1]) {
	case 's': exit_status((int)strtol(argv[2], NULL, 0));
	case 'k': sys_env_destroy(0); break;
	case 'p': panic("as the test wants it");
	case 'a': child_words(argc, argv); break;
	case 'i': child_inherited(); break;
	}
}

/* --- The parent. --- */

static uint32_t envs_live(void)
{
	struct info_machine machine;
	expect_is(machine_info(&machine), 0);
	return machine.envs_live;
}

/* Wait for child; its status. */
static int status_of(envid_t child)
{
	int status = 12345;

	if (child < 0)
		fail("spawn: expected a child, saw %e", child);
	expect(child > 0);
	expect_is(wait_status(child, &status), 0);
	expect(!env_alive(child));
	return status;
}

static void statuses(void)
{
	expect_is(status_of(spawnl("lib_spawn", "lib_spawn", "-s", "0", 0)), 0);
	expect_is(status_of(spawnl("lib_spawn", "lib_spawn", "-s", "7", 0)), 7);
	expect_is(status_of(spawnl("lib_spawn", "lib_spawn", "-s", "0x7fffffff", 0)), 0x7fffffff);
	expect_is(status_of(spawnl("lib_spawn", "lib_spawn", "-l", 0)), 0);
	expect_is(status_of(spawnl("lib_spawn", "lib_spawn", "-k", 0)), 0);
	expect_is(status_of(spawnl("lib_spawn", "lib_spawn", "-p", 0)), -E_KILLED);
	envid_t child = spawnl("lib_spawn", "lib_spawn", "-s", "3", 0);
	wait(child);
	expect_error(wait_status(child, NULL), E_BAD_ENV); /* an end is told once */
	wait(child);
	expect_error(wait_status(sys_getenvid(), NULL), E_BAD_ENV);
	expect_error(wait_status(0x7FFFF000, NULL), E_BAD_ENV);
}

static void arguments(void)
{
	const char *argv[EXPECTED_WORDS + 2] = { "lib_spawn" };

	for (int i = 0; i < EXPECTED_WORDS; i++)
		argv[i + 1] = expected_words[i];
	expect_is(status_of(spawn("/boot/lib_spawn", argv)), 0);
	expect_is(status_of(spawn("/bin/lib_spawn", argv)), 0);
}

/* Arguments that need more than the one page of stack; and more than may be. */
static void long_arguments(void)
{
	static char word[60000];
	static const char *many[501]; /* static: the stack is one page */

	memset(word, 'x', sizeof(word) - 1);
	expect_is(status_of(spawnl("lib_spawn", "lib_spawn", "-s", "4", word, 0)), 4);
	expect_is(status_of(spawnl("lib_spawn", "lib_spawn", "-s", "5", word, word, 0)), 5);
	expect_error(spawnl("lib_spawn", "lib_spawn", "-s", "4", word, word, word, 0), E_NO_MEM);
	many[0] = "lib_spawn", many[1] = "-s", many[2] = "6";
	for (int i = 3; i < 500; i++)
		many[i] = "word";
	expect_is(status_of(spawn("lib_spawn", many)), 6);
}

static void inheritance(void)
{
	expect_is(sys_page_alloc(0, (void *)SHARED, RW | PTE_SHARE), 0);
	expect_is(sys_page_alloc(0, (void *)PRIVATE, RW), 0);
	*SHARED = MAGIC;
	expect_is(sys_page_map(0, (void *)SHARED, 0, (void *)SHARED_TOO, RO | PTE_SHARE), 0);
	int fd = opencons();
	expect(fd >= 0);
	expect_is(dup(fd, 7), 7);
	envid_t child = spawnl("lib_spawn", "lib_spawn", "-i", 0);
	expect_is(status_of(child), 0);
	expect_is(*SHARED, MAGIC + 1);
	expect_is(pageref((void *)SHARED), 2);
	close(7);
	close(fd);
	sys_page_unmap(0, (void *)SHARED);
	sys_page_unmap(0, (void *)SHARED_TOO);
	sys_page_unmap(0, (void *)PRIVATE);
}

static void refusals(void)
{
	const char *argv[] = { "x", NULL };
	uint32_t live = envs_live();

	expect_error(spawn("no_such_program", argv), E_NOT_FOUND);
	expect_error(spawn("/tmp/lib_spawn", argv), E_NOT_FOUND);
	expect_error(spawn("", argv), E_BAD_PATH);
	expect_error(spawn("/boot/", argv), E_BAD_PATH);
	expect_is(envs_live(), live);
}

/* Let each kernel allocation in a spawn fail once: it works all the same, or says so and leaves nothing behind. */
static void failing_allocations(void)
{
	if (sys_test(TEST_FAIL_AFTER, ~0u, NULL, 0) == -E_NOSYS)
		return;
	uint32_t live = envs_live();
	for (uint32_t n = 0; n < 60; n++) {
		expect_is(sys_test(TEST_FAIL_AFTER, n, NULL, 0), 0);
		envid_t child = spawnl("lib_spawn", "lib_spawn", "-l", 0);
		sys_test(TEST_FAIL_AFTER, ~0u, NULL, 0);
		if (child >= 0)
			expect_is(status_of(child), 0);
		else if (child != -E_NO_MEM)
			fail("allocation %u fails: expected -E_NO_MEM, saw %e", n, child);
		expect_is(envs_live(), live);
	}
	expect_kernel_sound();
}

/* Take all memory there is, from HOARD on; how many pages. */
static size_t take_all(void)
{
	size_t count = 0;

	for (size_t step = 1024; step > 0; step /= 2) {
		int done;
		while ((done = sys_page_alloc_range(0, HOARD + count * PGSIZE, RW, step)) > 0)
			count += (size_t)done;
		expect_error(done, E_NO_MEM);
	}
	return count;
}

/* With a few pages more each time, spawn says that memory is short, until there is enough. */
static void short_of_memory(void)
{
	struct info_machine machine;
	uint32_t failures = 0, live = envs_live();

	expect_is(machine_info(&machine), 0);
	if (machine.pages_total > 128 * 256)
		return; /* more than 128 MB take too long */
	size_t held = take_all();
	for (;; failures++) {
		envid_t child = spawnl("lib_spawn", "lib_spawn", "-l", 0);
		if (child >= 0) {
			expect_is(status_of(child), 0);
			break;
		}
		expect_is(child, -E_NO_MEM);
		expect_is(envs_live(), live);
		if (failures == 200)
			fail("spawn: expected a child with 200 pages free, saw %e", child);
		expect_is(sys_page_unmap(0, HOARD + --held * PGSIZE), 0);
	}
	expect_is(pages_unmap(0, HOARD, held), 0);
	expect(failures > 5); /* an address space, tables, pages of data and stack */
	expect_kernel_sound();
}

static void many(void)
{
	envid_t children[20];

	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 20; i++)
			children[i] = spawnl("lib_spawn", "lib_spawn", "-s", "9", 0);
		/* Only the last 16 ends are kept: who must know all waits for each while it lives or soon after. */
		for (int i = 0; i < 20; i++) {
			int status;
			int err = wait_status(children[i], &status);
			expect(err == -E_BAD_ENV || (err == 0 && status == 9));
		}
	}
}

void umain(int argc, char **argv)
{
	if (argc > 1 && argv[1][0] == '-') {
		be_child(argc, argv);
		return;
	}
	statuses();
	arguments();
	long_arguments();
	inheritance();
	refusals();
	many();
	failing_allocations();
	short_of_memory();
}
