/* The driver of virtio's disk: Virtual I/O Device (VIRTIO) Version 1.1, whose sections are named. */
#include <drv/lib/block_server.h>
#include <inc/lib.h>

static int start(struct driver_page *page)
{
	page->unit_count = 0;
	return 0;
}

static int submit(struct block_request *request)
{
	USED(request);
	return -E_IO;
}

static void interrupt(void)
{
}

static int reset(uint32_t unit)
{
	USED(unit);
	return -E_IO;
}

static const struct block_driver driver = {
	.name = "virtio_blk",
	.start = start,
	.submit = submit,
	.interrupt = interrupt,
	.reset = reset,
};

void umain(int argc, char **argv)
{
	block_main(&driver);
}
