/* The half of a disk's driver that is the same for all: block_server.h. */
#include <drv/lib/block_server.h>
#include <finch/process.h>
#include <inc/lib.h>

void block_end(struct block_request *request, int result)
{
	USED(request);
	USED(result);
}

void block_main(const struct block_driver *driver)
{
	driver_page()->error = driver->start(driver_page());
	exit_status(0);
}
