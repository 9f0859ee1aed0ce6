/*
 * block_errors: what <finch/block.h> says of wrong use, on disk0, and of disk1, which is read-only. Not in `tests`: it
 * needs disks; test/transcript/disk_errors runs it.
 */
#include <finch/block.h>

#include "check.h"

#define SHARED ((char *)0x20000000)
#define SHARED_PAGES 64
#define OTHER ((char *)0x30000000) /* not shared */

static struct block_disk *disk;
static uint64_t sectors;

static int submit_and_wait(struct block_disk *on, int op, uint64_t sector, uint32_t count, void *memory)
{
	int tag = block_submit(on, op, sector, count, memory);

	return tag < 0 ? tag : block_wait(on, tag);
}

static void names(void)
{
	static const char *const wrong[] = { "",       "disk",   "disk2",   "disk15", "disk16",
					     "disk-1", "disk0 ", "disk00x", "Disk0" };
	struct block_disk *other;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		expect_error(block_open(wrong[i], &other), E_NOT_FOUND);
}

static void places(void)
{
	expect_is(submit_and_wait(disk, BLOCK_READ, sectors - 1, 1, SHARED), 0);
	expect_error(submit_and_wait(disk, BLOCK_READ, sectors, 1, SHARED), E_INVAL);
	expect_error(submit_and_wait(disk, BLOCK_READ, sectors - 1, 2, SHARED), E_INVAL);
	expect_error(submit_and_wait(disk, BLOCK_WRITE, sectors, 1, SHARED), E_INVAL);
	expect_error(submit_and_wait(disk, BLOCK_READ, ~(uint64_t)0, 1, SHARED), E_INVAL);
	expect_error(submit_and_wait(disk, BLOCK_READ, 1ull << 32, 1, SHARED), E_INVAL);
	expect_error(submit_and_wait(disk, BLOCK_READ, (uint64_t)0 - 1, 2, SHARED), E_INVAL);
	expect_error(submit_and_wait(disk, BLOCK_READ, 0, 0, SHARED), E_INVAL);
	expect_error(submit_and_wait(disk, BLOCK_READ, 0, BLOCK_COUNT_MAX + 1, SHARED), E_INVAL);
	expect_error(submit_and_wait(disk, BLOCK_READ, 0, 0xFFFFFFFF, SHARED), E_INVAL);
	expect_error(submit_and_wait(disk, 0, 0, 1, SHARED), E_INVAL);
	expect_error(submit_and_wait(disk, 99, 0, 1, SHARED), E_INVAL);
	expect_error(block_read(disk, sectors - 1, 2, OTHER), E_INVAL);
	expect_is(block_read(disk, sectors - 1, 1, OTHER), 0);
}

static void memory(void)
{
	expect_error(block_submit(disk, BLOCK_READ, 0, 1, OTHER), E_FAULT);
	expect_error(block_submit(disk, BLOCK_READ, 0, 2, SHARED + SHARED_PAGES * PGSIZE - BLOCK_SECTOR), E_FAULT);
	expect_error(block_submit(disk, BLOCK_READ, 0, 1, SHARED - BLOCK_SECTOR), E_FAULT);
	expect_error(submit_and_wait(disk, BLOCK_READ, 0, 1, SHARED + 4), E_FAULT); /* not a multiple */
	expect_is(submit_and_wait(disk, BLOCK_READ, 0, 2, SHARED + SHARED_PAGES * PGSIZE - 2 * BLOCK_SECTOR), 0);
	expect_error(block_share(disk, OTHER + 1, 1), E_INVAL);
	expect_error(block_share(disk, (void *)0x38000000, 1), E_INVAL); /* nothing is there */
	expect_error(block_share(disk, (void *)ROUNDDOWN((uintptr_t)umain, PGSIZE), 1), E_INVAL); /* only to be read */
	expect_error(block_share(disk, (void *)(UTOP - PGSIZE), 2), E_INVAL);
}

static void tags(void)
{
	int first[BLOCK_DEPTH], result;

	expect_error(block_wait(disk, 0), E_INVAL);
	expect_error(block_wait(disk, -1), E_INVAL);
	expect_error(block_wait(disk, BLOCK_DEPTH), E_INVAL);
	expect_error(block_wait_any(disk, &result), E_INVAL);
	for (int i = 0; i < BLOCK_DEPTH; i++)
		expect((first[i] = block_submit(disk, BLOCK_READ, (uint64_t)i, 1, SHARED + i * BLOCK_SECTOR)) >= 0);
	expect_error(block_submit(disk, BLOCK_READ, 0, 1, SHARED), E_BUSY);
	expect_is(block_wait(disk, first[7]), 0);
	expect_error(block_wait(disk, first[7]), E_INVAL);
	expect_is(block_submit(disk, BLOCK_READ, 0, 1, SHARED), first[7]);
	for (int i = 0; i < BLOCK_DEPTH; i++) {
		expect(block_wait_any(disk, &result) >= 0);
		expect_is(result, 0);
	}
	expect_error(block_wait_any(disk, &result), E_INVAL);
}

/*
 * What was written is read, by memory that is shared and memory that is not, across pages, and in more than one
 * request.
 */
static void data(void)
{
	const uint32_t count = BLOCK_COUNT_MAX + 13, size = count * BLOCK_SECTOR;

	for (uint32_t i = 0; i < size; i++)
		OTHER[i + 8] = (char)(i * 7 + i / BLOCK_SECTOR);
	expect_is(block_write(disk, 100, count, OTHER + 8), 0);
	expect_is(block_flush(disk), 0);
	expect_is(submit_and_wait(disk, BLOCK_READ, 103, 20, SHARED + 3 * BLOCK_SECTOR), 0);
	expect(memcmp(SHARED + 3 * BLOCK_SECTOR, OTHER + 8 + 3 * BLOCK_SECTOR, 20 * BLOCK_SECTOR) == 0);
	/* Any place is good for these, also one in shared memory that no request could name. */
	expect_is(block_read(disk, 103, 20, SHARED + 4), 0);
	expect(memcmp(SHARED + 4, OTHER + 8 + 3 * BLOCK_SECTOR, 20 * BLOCK_SECTOR) == 0);
	expect_is(block_write(disk, 103, 20, SHARED + 4), 0);
	memset(OTHER + size + 64, 0, size);
	expect_is(block_read(disk, 100, count, OTHER + size + 64), 0);
	expect(memcmp(OTHER + 8, OTHER + size + 64, size) == 0);
}

static void read_only(void)
{
	struct block_disk *other;

	expect_is(block_open("disk1", &other), 0);
	expect(block_flags(other) & BLOCK_READ_ONLY);
	expect(!(block_flags(disk) & BLOCK_READ_ONLY));
	expect_is(block_read(other, 0, 1, OTHER), 0);
	expect_error(block_write(other, 0, 1, OTHER), E_READ_ONLY);
	expect_error(block_write(other, block_sectors(other), 1, OTHER), E_INVAL);
	expect_is(block_flush(other), 0);
	block_close(other);
}

/* A child cannot use what its parent has opened, but may open it itself; and when it ends, that is closed. */
static void children(void)
{
	for (int i = 0; i < 40; i++) { /* more than can be open */
		envid_t child = fork();
		struct block_disk *other;
		int status;

		expect(child >= 0);
		if (child == 0) {
			expect_error(block_submit(disk, BLOCK_READ, 0, 1, SHARED), E_BAD_ENV);
			expect_is(block_open("disk0", &other), 0);
			expect_is(block_read(other, 0, 1, OTHER), 0);
			for (int n = 0; n < 8; n++) /* some are in flight when it ends */
				block_submit(other, BLOCK_READ, 0, 8, OTHER);
			sys_env_exit(0);
		}
		expect_is(wait_status(child, &status), 0);
		expect_is(status, 0);
	}
}

static void too_many(void)
{
	struct block_disk *others[32];
	int err, n = 0;

	while ((err = block_open("disk0", &others[n])) == 0)
		expect(++n < 32);
	expect_is(err, -E_MAX_OPEN);
	expect(n >= 12);
	while (n-- > 0)
		block_close(others[n]);
	expect_is(block_open("disk0", &others[0]), 0);
	block_close(others[0]);
}

/* More than may be shared; what was shared before that can be used. */
static void share_all(void)
{
	volatile char *other = OTHER;
	char *much = (char *)0x40000000;
	int err = 0;

	*other = 1; /* since the forks it is a page to be copied when written */
	for (uint32_t n = 0; err == 0; n += 512) {
		expect(n <= BLOCK_SHARE_MAX);
		for (uint32_t i = 0; i < 512; i++) /* one page of memory, many times */
			expect_is(sys_page_map(0, OTHER, 0, much + (n + i) * PGSIZE, RW), 0);
		err = block_share(disk, much + n * PGSIZE, 512);
	}
	expect_is(err, -E_NO_MEM);
	expect_is(submit_and_wait(disk, BLOCK_READ, 5, 8, much + 512 * PGSIZE), 0);
}

void umain(int argc, char **argv)
{
	expect_is(pages_alloc(0, SHARED, RW, SHARED_PAGES), 0);
	expect_is(pages_alloc(0, OTHER, RW, 128), 0);
	expect_is(block_open("disk0", &disk), 0);
	expect_is(block_share(disk, SHARED, SHARED_PAGES), 0);
	sectors = block_sectors(disk);
	expect(sectors >= 2048);
	names();
	places();
	memory();
	tags();
	data();
	read_only();
	children();
	too_many();
	share_all();
	block_close(disk);
	printf("block_errors: all right\n");
}
