/*
 * disk_hang: the driver of disk0 hangs, and programs end that had the disk open. It is destroyed after a while, and the
 * next one gets its own time to let go of what they had. Not in `tests`: test/transcript/disk_hang runs it.
 */
#include <finch/disks.h>
#include <finch/ipc.h>

#include "check.h"

#define LIST ((struct disks_list *)0x10000000)
#define MEMORY ((char *)0x20000000)
#define CLIENTS 2

/* Open the disk; when its driver hangs, end. */
static void client(void)
{
	struct block_disk *disk;

	expect_is(block_open("disk0", &disk), 0);
	expect_is(pages_alloc(0, MEMORY, RW, 1), 0);
	expect_is(block_share(disk, MEMORY, 1), 0);
	expect_is(sys_ipc_call(thisenv->env_parent_id, 0, NULL, 0, IPC_NO_PAGES), 0);
	sys_env_exit(0);
}

static void hang(void)
{
	expect_is(sys_ipc_call(disks_server(), DISKS_HANG, NULL, 0, IPC_NO_PAGES), 0);
	expect_is(thisenv->env_ipc_value, 0);
}

void umain(int argc, char **argv)
{
	static char data[8 * BLOCK_SECTOR];
	envid_t clients[CLIENTS];
	struct block_disk *disk;
	int status;

	for (int i = 0; i < CLIENTS; i++) {
		expect((clients[i] = fork()) >= 0);
		if (clients[i] == 0)
			client();
	}
	for (int i = 0; i < CLIENTS; i++) /* the disk is open; the answer comes when the driver hangs */
		expect_is(sys_ipc_wait(IPC_NO_PAGES, clients[i], TIMEOUT_NEVER), 0);
	hang();
	for (int i = 0; i < CLIENTS; i++) {
		expect_is(sys_ipc_try_send(clients[i], 0, (void *)UTOP, 0), 0);
		expect_is(wait_status(clients[i], &status), 0);
		expect_is(status, 0);
	}
	expect_is(block_open("disk0", &disk), 0);
	expect_is(block_read(disk, 0, 8, data), 0);
	block_close(disk);
	expect_is(disks_list(LIST), 0);
	expect_is(LIST->disks[0].starts, 2);
	printf("disk_hang: all right\n");
}
