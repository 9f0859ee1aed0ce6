/*
 * sector DISK N: show sector N of a disk (disk0, disk1, ...) in hexadecimal and as text. Without arguments: the disks there are.
 */
#include <finch/disks.h>
#include <finch/process.h>
#include <inc/lib.h>

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
		fail("no disk server", err);
	printf("NAME    SIZE MB  DRIVER      STARTED  FLAGS  MODEL\n");
	for (uint32_t i = 0; i < LIST->count; i++) {
		const struct disks_disk *disk = &LIST->disks[i];
		printf("disk%-2u %8u  %-10s  %7u  %s  %s\n", i, (uint32_t)(disk->sectors >> 11), disk->driver_name, disk->starts,
		       disk->flags & BLOCK_READ_ONLY ? "ro" : "rw", disk->model);
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

void umain(int argc, char **argv)
{
	static uint8_t data[BLOCK_SECTOR];
	struct block_disk *disk;
	int err;

	if (argc < 2) {
		show_disks();
		return;
	}
	if ((err = block_open(argv[1], &disk)) < 0)
		fail(argv[1], err);
	if ((err = block_read(disk, argc > 2 ? (uint64_t)strtol(argv[2], NULL, 0) : 0, 1, data)) < 0)
		fail("reading", err);
	show(data, sizeof(data));
	block_close(disk);
}
