/*
 * disk_lost: a write is given up, since the driver hangs, and done after all, by the driver that takes its place. It writes
 * what it was to write, whatever was asked for meanwhile. Not in `tests`: test/transcript/disk_lost runs it.
 */
#include <finch/disks.h>
#include <finch/ipc.h>

#include "check.h"

static void ask(uint32_t op)
{
	expect_is(sys_ipc_call(disks_server(), op, NULL, 0, IPC_NO_PAGES), 0);
	expect_is(thisenv->env_ipc_value, 0);
}

void umain(int argc, char **argv)
{
	static char data[BLOCK_SECTOR];
	struct block_disk *disk;
	int err;

	block_patience_ms = 500;
	expect_is(block_open("disk0", &disk), 0);
	ask(DISKS_HANG);
	memset(data, 'a', sizeof(data));
	expect_error(block_write(disk, 1, 1, data), E_TIMEOUT);
	memset(data, 'b', sizeof(data));
	expect_error(block_write(disk, 2, 1, data), E_TIMEOUT);
	ask(DISKS_KILL);
	while ((err = block_read(disk, 1, 1, data)) == -E_TIMEOUT)
		sys_yield();
	expect_is(err, 0);
	expect_is(data[0], 'a');
	expect_is(data[BLOCK_SECTOR - 1], 'a');
	expect_is(block_read(disk, 2, 1, data), 0);
	expect_is(data[0], 0);
	block_close(disk);
	printf("disk_lost: all right\n");
}
