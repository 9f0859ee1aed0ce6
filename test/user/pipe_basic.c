/* Pipes: what comes out is what went in, in order, whoever is at the ends; and how they end. */
#include <finch/thread.h>
#include "child.h"

#define STREAM (600 * 1024)
#define RECORDS 2000

static char buffer[40000];

static void make(int fds[2])
{
	expect_is(pipe(fds), 0);
}

static void close_both(const int fds[2])
{
	expect_is(close(fds[0]), 0);
	expect_is(close(fds[1]), 0);
}

static struct Fd *fd_of(int fdnum)
{
	struct Fd *fd = NULL;
	expect_is(fd_lookup(fdnum, &fd), 0);
	return fd;
}

static envid_t forked(void)
{
	envid_t child = fork();
	if (child < 0)
		fail("fork: expected an id, saw %e", child);
	return child;
}

static void alone(void)
{
	struct Stat stat;
	int fds[2];
	char text[16] = "";

	make(fds);
	expect_is(fstat(fds[0], &stat), 0);
	expect(strcmp(stat.st_name, "<pipe>") == 0 && stat.st_dev == &devpipe && !stat.st_isdir);
	expect_is(fd_of(fds[0])->fd_dev_id, 'p');
	expect(strcmp(devpipe.dev_name, "pipe") == 0);
	expect_is(perm_of(fd_of(fds[0])), RW | PTE_SHARE);
	expect_is(perm_of(fd2data(fd_of(fds[0]))), RW | PTE_SHARE);
	expect_is(pageref(fd2data(fd_of(fds[0]))), 2);
	expect_is(pipeisclosed(fds[0]), 0);
	expect_is(pipeisclosed(fds[1]), 0);
	expect_error(pipeisclosed(17), E_INVAL);
	expect_error((int)read(fds[1], text, 1), E_INVAL);
	expect_error((int)write(fds[0], text, 1), E_INVAL);
	expect_is((int)read(fds[0], text, 0), 0);
	expect_is((int)write(fds[1], "hello", 5), 5);
	expect_is(fstat(fds[0], &stat), 0);
	expect_is(stat.st_size, 5);
	expect_is((int)read(fds[0], text, 3), 3);
	expect_is((int)read(fds[0], text + 3, 10), 2);
	expect(strcmp(text, "hello") == 0);
	/* What was written before the last writer went is still there. */
	expect_is((int)write(fds[1], "rest", 4), 4);
	expect_is(close(fds[1]), 0);
	expect_is(pipeisclosed(fds[0]), 1);
	expect_is((int)read(fds[0], text, 10), 4);
	expect_is((int)read(fds[0], text, 10), 0);
	expect_is((int)read(fds[0], text, 10), 0);
	expect_is(close(fds[0]), 0);
	make(fds);
	expect_is(close(fds[0]), 0);
	expect_is(pipeisclosed(fds[1]), 1);
	expect_error((int)write(fds[1], "x", 1), E_EOF);
	expect_is(close(fds[1]), 0);
}

/* A second descriptor of an end keeps it open. */
static void dups(void)
{
	int fds[2];
	char byte;

	make(fds);
	expect_is(dup(fds[1], 20), 20);
	expect_is(pageref(fd2data(fd_of(fds[0]))), 3);
	expect_is(close(fds[1]), 0);
	expect_is(pipeisclosed(fds[0]), 0);
	expect_is((int)write(20, "x", 1), 1);
	expect_is((int)read(fds[0], &byte, 1), 1);
	expect_is(byte, 'x');
	expect_is(close(20), 0);
	expect_is((int)read(fds[0], &byte, 1), 0);
	expect_is(close(fds[0]), 0);
}

static void limits(void)
{
	int fds[2], more[2], pipes = 0;
	uint32_t before = free_pages();

	while (pipe(fds) == 0)
		pipes++;
	expect_is(pipes, 16);
	expect_error(pipe(more), E_MAX_OPEN);
	close_all();
	if (before)
		expect(free_pages() >= before - 4); /* page tables stay */
	before = free_pages();
	uint32_t n = 0;
	int err;
	do {
		sys_test(TEST_FAIL_AFTER, n++, NULL, 0);
		err = pipe(fds);
		sys_test(TEST_FAIL_AFTER, ~0u, NULL, 0);
		if (err < 0) {
			expect_is(err, -E_NO_MEM);
			if (before)
				expect_is(free_pages(), before);
		}
	} while (err < 0);
	expect(n > 3 || !before);
	close_both(fds);
}

/* --- Between two: a stream of which both know every byte, in pieces of all sizes --- */

static void send_stream(int fd, uint32_t seed)
{
	uint32_t sizes = seed;

	for (uint32_t sent = 0; sent < STREAM;) {
		uint32_t n = MIN(next_random(&sizes) % (sizes % 4 ? 300 : sizeof buffer) + 1, STREAM - sent);
		for (uint32_t i = 0; i < n; i++)
			buffer[i] = (char)((sent + i) * 7 + (sent + i) / 251);
		expect_is((int)write(fd, buffer, n), n);
		sent += n;
	}
}

static void receive_stream(int fd, uint32_t seed)
{
	uint32_t sizes = seed, got = 0;
	ssize_t n;

	while ((n = read(fd, buffer, next_random(&sizes) % (sizes % 4 ? 300 : sizeof buffer) + 1)) > 0) {
		for (uint32_t i = 0; i < (uint32_t)n; i++, got++)
			if (buffer[i] != (char)(got * 7 + got / 251))
				fail("byte %u: expected %02x, saw %02x", got, (uint8_t)(got * 7 + got / 251),
				     (uint8_t)buffer[i]);
	}
	expect_is((int)n, 0);
	expect_is(got, STREAM);
}

static void stream_by_fork(uint32_t seed, bool child_reads)
{
	int fds[2];

	make(fds);
	envid_t child = forked();
	if ((child == 0) == child_reads) {
		close(fds[1]);
		receive_stream(fds[0], seed + 1);
		close(fds[0]);
	} else {
		close(fds[0]);
		send_stream(fds[1], seed);
		close(fds[1]);
	}
	if (child == 0)
		exit();
	expect_end(child, 0);
}

/* This program anew, its input a pipe. */
static void stream_by_spawn(void)
{
	int fds[2];

	make(fds);
	expect_is(dup(fds[0], 5), 5);
	expect_is(close(fds[0]), 0);
	int writer = fds[1];
	char number[12];
	snprintf(number, sizeof number, "%d", writer);
	envid_t child = spawnl("pipe_basic", "pipe_basic", number, 0);
	expect(child > 0);
	close(5);
	send_stream(writer, 77);
	close(writer);
	expect_end(child, 0);
}

static void *thread_receives(void *arg)
{
	uint32_t got = 0;
	char bytes[3000];
	ssize_t n;

	while ((n = read((int)arg, bytes, sizeof bytes)) > 0)
		for (uint32_t i = 0; i < (uint32_t)n; i++, got++)
			expect_is(bytes[i], (char)(got * 7 + got / 251));
	return (void *)got;
}

static void stream_by_thread(void)
{
	int fds[2];
	void *got;

	make(fds);
	int id = thread_create(thread_receives, (void *)fds[0]);
	expect(id > 0);
	send_stream(fds[1], 5);
	close(fds[1]);
	expect_is(thread_join(id, &got), 0);
	expect_is((uint32_t)got, STREAM);
	close(fds[0]);
}

/* One byte there, one byte back. */
static void ping_pong(void)
{
	int there[2], back[2];
	char byte = 0;

	make(there);
	make(back);
	envid_t child = forked();
	if (child == 0) {
		close(there[1]);
		close(back[0]);
		while (read(there[0], &byte, 1) == 1) {
			byte++;
			if (write(back[1], &byte, 1) != 1)
				exit_status(1);
		}
		exit();
	}
	close(there[0]);
	close(back[1]);
	for (int i = 0; i < RECORDS; i++) {
		byte = (char)i;
		expect_is((int)write(there[1], &byte, 1), 1);
		expect_is((int)read(back[0], &byte, 1), 1);
		expect_is(byte, (char)(i + 1));
	}
	close(there[1]);
	expect_is((int)read(back[0], &byte, 1), 0);
	close(back[0]);
	expect_end(child, 0);
}

/* --- Many at each end: every record arrives once, in one piece --- */

struct record {
	uint32_t writer, number, check[14];
};

static void write_records(int fd, uint32_t writer)
{
	struct record record = { .writer = writer };

	for (record.number = 0; record.number < RECORDS / 4; record.number++) {
		for (uint32_t i = 0; i < ARRAY_SIZE(record.check); i++)
			record.check[i] = writer * 31 + record.number + i;
		if (write(fd, &record, sizeof record) != sizeof record)
			exit_status(1);
	}
}

/* Ends with the sum of what it has read, in 31 bits. */
static void read_records(int fd)
{
	struct record record;
	uint32_t count = 0;
	ssize_t n;

	/* A read may be cut short by where the ring is empty, but never between the records of several readers. */
	while ((n = read(fd, &record, sizeof record)) > 0) {
		if (n != sizeof record)
			exit_status(0x10000000);
		for (uint32_t i = 0; i < ARRAY_SIZE(record.check); i++)
			if (record.check[i] != record.writer * 31 + record.number + i)
				exit_status(0x20000000);
		count++;
	}
	exit_status((int)count);
}

static void many(uint32_t writers, uint32_t readers)
{
	envid_t children[16];
	uint32_t n = 0, total = 0;
	int fds[2];

	make(fds);
	for (uint32_t i = 0; i < writers + readers; i++) {
		if ((children[n++] = forked()) != 0)
			continue;
		close(fds[i < writers ? 0 : 1]);
		if (i >= writers)
			read_records(fds[0]);
		write_records(fds[1], i);
		exit();
	}
	close_both(fds);
	for (uint32_t i = 0; i < n; i++) {
		int status = 0;
		expect_is(wait_status(children[i], &status), 0);
		if (i < writers)
			expect_is(status, 0);
		else
			total += (uint32_t)status;
	}
	expect_is(total, writers * (RECORDS / 4));
}

/* --- Partners that are destroyed --- */

static void killed_while_asleep(void)
{
	int fds[2];
	char byte;

	/* The writer goes, the reader sleeps: the end. */
	make(fds);
	envid_t child = forked();
	if (child == 0)
		for (;;)
			sys_ipc_recv((void *)UTOP);
	close(fds[1]);
	envid_t killer = forked();
	if (killer == 0) {
		const volatile struct Env *parent = &envs[ENVX(thisenv->env_parent_id)];
		while (parent->env_status == ENV_RUNNING || parent->env_status == ENV_RUNNABLE)
			sys_yield();
		exit();
	}
	expect_is(pipeisclosed(fds[0]), 0);
	expect_is(sys_env_destroy(child), 0);
	expect_is((int)read(fds[0], &byte, 1), 0);
	close(fds[0]);
	expect_end(killer, 0);
	expect_end(child, -E_KILLED);
	/* The reader goes, the writer sleeps, for the ring is full. */
	make(fds);
	volatile uint32_t *shared = (volatile uint32_t *)0x20000000;
	expect_is(sys_page_alloc(0, (void *)shared, RW | PTE_SHARE), 0);
	child = forked();
	if (child == 0) {
		close(fds[0]);
		while (write(fds[1], buffer, sizeof buffer) > 0)
			shared[0]++;
		exit_status(5);
	}
	close(fds[1]);
	wait_until(envs[ENVX(child)].env_status == ENV_NOT_RUNNABLE || pipeisclosed(fds[0]) ||
		   fd_of(fds[0])->fd_offset == 0);
	close(fds[0]);
	expect_end(child, 5);
	expect_is(sys_page_unmap(0, (void *)shared), 0);
}

/* At whatever moment: writing, reading, holding a lock. The others go on, and see the end. */
static void killed_anywhere(void)
{
	uint32_t seed = 99;

	for (int round = 0; round < 30; round++) {
		int fds[2];
		make(fds);
		envid_t writer = forked();
		if (writer == 0) {
			close(fds[0]);
			for (;;)
				write(fds[1], buffer, round % 2 ? 100 : 20000);
		}
		envid_t other = forked();
		if (other == 0) {
			close(fds[0]);
			write_records(fds[1], 1);
			exit();
		}
		envid_t reader = forked();
		if (reader == 0) {
			close(fds[1]);
			for (;;)
				read(fds[0], buffer, 50);
		}
		close(fds[1]);
		for (uint32_t i = next_random(&seed) % 20; i > 0; i--)
			read(fds[0], buffer, 1000);
		sys_env_destroy(round % 3 ? writer : reader);
		for (uint32_t i = next_random(&seed) % 20; i > 0; i--)
			read(fds[0], buffer, 1000);
		sys_env_destroy(round % 3 ? reader : writer);
		/* Only `other` is left, and ends: all that it wrote comes, then the end. */
		while (read(fds[0], buffer, sizeof buffer) > 0)
			continue;
		close(fds[0]);
		expect_end(other, 0);
		wait_status(writer, NULL);
		wait_status(reader, NULL);
	}
}

/* Descriptors that come and go while a reader waits: it must not see an end before there is one. */
static void no_false_end(void)
{
	int fds[2];
	char byte = 0;

	make(fds);
	envid_t child = forked();
	if (child == 0) {
		close(fds[0]);
		for (int i = 0; i < 60; i++) {
			envid_t grandchild = fork();
			if (grandchild == 0) {
				dup(fds[1], 20);
				close(fds[1]);
				exit();
			}
			dup(fds[1], 21);
			close(fds[1]);
			dup(21, fds[1]);
			close(21);
			if (i % 2)
				sys_env_destroy(grandchild);
			else
				wait(grandchild);
		}
		write(fds[1], "z", 1);
		exit();
	}
	close(fds[1]);
	expect_is((int)read(fds[0], &byte, 1), 1);
	expect_is(byte, 'z');
	expect_is((int)read(fds[0], &byte, 1), 0);
	close(fds[0]);
	expect_end(child, 0);
}

void umain(int argc, char **argv)
{
	if (argc > 1) {
		/* Both ends came with it. */
		expect_is(close((int)strtol(argv[1], 0, 0)), 0);
		receive_stream(5, 3);
		return;
	}
	grow_records(24);
	close_all();
	alone();
	dups();
	limits();
	stream_by_fork(1, true);
	stream_by_fork(2, false);
	stream_by_spawn();
	stream_by_thread();
	ping_pong();
	many(1, 3);
	many(3, 1);
	many(4, 4);
	killed_while_asleep();
	killed_anywhere();
	no_false_end();
	expect_kernel_sound();
}
