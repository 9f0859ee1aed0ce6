/*
 * sector DISK [N]: show sector N (0) of a disk (disk0, disk1, ...) in hexadecimal and as text. sector -w DISK N: fill it
 * with bytes that are the low byte of N. Without arguments: the disks that there are.
 */
#include <finch/disks.h>
#include <finch/process.h>
#include <inc/lib.h>

#include "number.h"

#define LIST ((struct disks_list *)0x10000000)
#define ROW 16

static void fail(const char *what, int err) __attribute__((noreturn));
static void fail(const char *what, int err)
{
	printf("sector: %s: %e\n", what, err);
	exit_status(1);
}

static void show_disks(void)
{
	int err = disks_list(LIST);

	if (err < 0)
		fail("listing disks", err);
	printf("NAME    SIZE MB  DRIVER      STARTED  FLAGS  MODEL\n");
	for (uint32_t i = 0; i < LIST->count; i++) {
		const struct disks_disk *disk = &LIST->disks[i];
		printf("disk%-2u %8u  %-10s  %7u  %s     %s\n", i, (uint32_t)(disk->sectors >> 11), disk->driver_name,
		       disk->starts, disk->flags & BLOCK_READ_ONLY ? "ro" : "rw", disk->model);
	}
}

static void show(const uint8_t *data, size_t size)
{
	for (size_t at = 0; at < size; at += ROW) {
		printf("%03x ", (unsigned)at);
		for (size_t i = at; i < at + ROW; i++)
			printf(" %02x", data[i]);
		printf("  ");
		for (size_t i = at; i < at + ROW; i++)
			printf("%c", data[i] >= ' ' && data[i] < 0x7F ? data[i] : '.');
		printf("\n");
	}
}

static void fill(struct block_disk *disk, uint64_t sector, uint8_t *data)
{
	memset(data, (int)(sector & 0xFF), BLOCK_SECTOR);
	int err = block_write(disk, sector, 1, data);
	if (err == 0)
		err = block_flush(disk);
	if (err < 0)
		fail("writing", err);
	printf("written\n");
}

void umain(int argc, char **argv)
{
	static uint8_t data[BLOCK_SECTOR];
	struct block_disk *disk;
	int err;

	if (!disks_server())
		fail("no disk server (./finch run --disk FILE starts it)", -E_NOT_FOUND);
	if (argc < 2) {
		show_disks();
		return;
	}
	bool write = strcmp(argv[1], "-w") == 0;
	if (write && argc < 4) {
		printf("sector: which one is to be written? As in: sector -w disk0 7\n");
		exit_status(1);
	}
	const char *name = argv[1 + write];
	uint64_t sector = (uint64_t)number_argument(argc, argv, 2 + write, (struct number){ "N", 0, 0, 0x7FFFFFFF });
	if ((err = block_open(name, &disk)) < 0)
		fail(name, err);
	if (write) {
		fill(disk, sector, data);
	} else {
		if ((err = block_read(disk, sector, 1, data)) < 0)
			fail("reading", err);
		show(data, sizeof(data));
	}
	block_close(disk);
}
