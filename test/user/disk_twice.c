/*
 * disk_twice: there is one disk server. A second one refuses to start, also when the first has been destroyed and its
 * drivers go on; when they have ended too, another one starts. Not in `tests`: test/transcript/disk_twice runs it.
 */
#include <finch/block.h>
#include <finch/disks.h>
#include <finch/pci.h>

#include "check.h"

static envid_t start(void)
{
	envid_t server = spawnl("disks", "disks", NULL);

	expect(server > 0);
	return server;
}

static void use(void)
{
	static char data[BLOCK_SECTOR];
	struct block_disk *disk;
	int err;

	while ((err = block_open("disk0", &disk)) == -E_NOT_FOUND) /* it has just been started */
		sys_yield();
	expect_is(err, 0);
	expect_is(block_read(disk, 0, 1, data), 0);
	block_close(disk);
}

static void refused(void)
{
	int status;

	expect_is(wait_status(start(), &status), 0);
	expect_is(status, 1);
}

static void destroy(envid_t envid)
{
	expect_is(sys_env_destroy(envid), 0);
	wait_status(envid, NULL);
}

void umain(int argc, char **argv)
{
	envid_t server = start(), driver;

	use();
	expect_error(pci_open(), E_BUSY);
	refused();
	use();
	destroy(server);
	refused();
	while ((driver = ipc_find_env(ENV_TYPE_DRIVER)))
		destroy(driver);
	server = start();
	use();
	destroy(server);
	while ((driver = ipc_find_env(ENV_TYPE_DRIVER)))
		destroy(driver);
	printf("disk_twice: all right\n");
}
