/*
 * disk_faults DISK SECTOR...: the first SECTORS of DISK are written and read with many requests in flight. Those with
 * one of the given sectors, which the machine was told to make bad, fail with -E_IO; all others succeed, and bring what
 * was written. disk_faults DISK slow: a write takes the device longer than a driver waits; it fails with -E_TIMEOUT, and
 * reads go on.
 *
 * Run by transcripts, which set up the machine for it: it is not in the list of tests.
 */
#include <finch/block.h>

#include "check.h"

#define SECTORS 2048
#define COUNT 8 /* of a request */
#define REQUESTS (SECTORS / COUNT)
#define BUFFERS ((char *)0x20000000)
#define SIZE (COUNT * BLOCK_SECTOR)

static struct block_disk *disk;
static uint32_t bad[8], bad_count;
static int request_of[BLOCK_DEPTH];
static uint32_t failed;

static bool is_bad(int request)
{
	for (uint32_t i = 0; i < bad_count; i++)
		if (bad[i] / COUNT == (uint32_t)request)
			return true;
	return false;
}

/* Another order than that of the sectors: 97 has no factor in common with REQUESTS. */
static int nth(int n)
{
	return n * 97 % REQUESTS;
}

static void end_one(void)
{
	int result, tag = block_wait_any(disk, &result);

	expect(tag >= 0);
	expect_is(result, is_bad(request_of[tag]) ? -E_IO : 0);
	failed += result < 0;
}

static void do_all(int op)
{
	int in_flight = 0;

	failed = 0;
	for (int n = 0; n < REQUESTS; n++) {
		int request = nth(n);
		if (in_flight == BLOCK_DEPTH)
			end_one();
		else
			in_flight++;
		int tag = block_submit(disk, op, (uint32_t)request * COUNT, COUNT, BUFFERS + request * SIZE);
		expect(tag >= 0);
		request_of[tag] = request;
	}
	while (in_flight-- > 0)
		end_one();
	expect_is(failed, bad_count);
}

static void fill(uint32_t seed)
{
	for (uint32_t i = 0; i < REQUESTS * SIZE; i++)
		BUFFERS[i] = (char)(seed * (i / BLOCK_SECTOR * 7 + i));
}

static void look(uint32_t seed)
{
	for (uint32_t i = 0; i < REQUESTS * SIZE; i++)
		if (!is_bad((int)(i / SIZE)))
			expect_is(BUFFERS[i], (char)(seed * (i / BLOCK_SECTOR * 7 + i)));
}

static void with_bad_sectors(void)
{
	for (uint32_t round = 1; round <= 3; round++) {
		fill(round);
		do_all(BLOCK_WRITE);
		expect_is(block_flush(disk), 0);
		memset(BUFFERS, 0, REQUESTS * SIZE);
		do_all(BLOCK_READ);
		look(round);
	}
	/* One that is right between two that are wrong. */
	expect_is(block_read(disk, bad[0] - 1, 1, BUFFERS), 0);
	expect_is(block_read(disk, bad[0], 1, BUFFERS), -E_IO);
	expect_is(block_read(disk, bad[0] + 1, 1, BUFFERS), 0);
}

static void with_slow_writes(void)
{
	int result = 0;

	for (int i = 0; i < 4 && result == 0; i++) /* the first are done at once */
		result = block_write(disk, 0, 16, BUFFERS);
	expect_is(result, -E_TIMEOUT);
	expect_is(block_read(disk, 100, 16, BUFFERS + SIZE), 0);
}

void umain(int argc, char **argv)
{
	expect_is(block_open(argv[1], &disk), 0);
	expect_is(pages_alloc(0, BUFFERS, RW, REQUESTS * SIZE / PGSIZE), 0);
	expect_is(block_share(disk, BUFFERS, REQUESTS * SIZE / PGSIZE), 0);
	if (argc > 2 && strcmp(argv[2], "slow") == 0) {
		with_slow_writes();
	} else {
		for (; bad_count < ARRAY_SIZE(bad) && 2 + (int)bad_count < argc; bad_count++)
			bad[bad_count] = (uint32_t)strtol(argv[2 + bad_count], NULL, 10);
		with_bad_sectors();
	}
	block_close(disk);
	printf("disk_faults: all right\n");
}
