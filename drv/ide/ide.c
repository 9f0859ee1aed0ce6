/*
 * ide [pio]: the driver for the disks of an IDE controller. It is started by the disk server; `pio`: without DMA.
 *
 * Units 0 and 1 are the two devices of the first channel, 2 and 3 those of the second. The channels work at the same
 * time, the devices of one do not.
 *
 * Source: PCI IDE Controller Specification 1.0 (where the registers are); SFF-8038i 1.0 (the bus master).
 */
#include <drv/ide/channel.h>
#include <drv/lib/ata_unit.h>
#include <inc/lib.h>

#define CHANNELS 2
#define UNITS (2 * CHANNELS)

/* The interface byte of the PCI class. */
#define NATIVE(channel) (1 << 2 * (channel)) /* its registers are where the base addresses say, not as in the AT */
#define BUS_MASTER 0x80

#define MASTER_RANGE 4
#define MASTER_PORTS 8 /* for each channel */
#define MASTER_STATUS 2
#define MASTER_SIMPLEX 0x80 /* only one of the channels can move data at a time */

static struct channel channels[CHANNELS] = {
	{ .name = "first channel", .command = 0x1F0, .control = 0x3F6 },
	{ .name = "second channel", .command = 0x170, .control = 0x376 },
};
static bool without_dma;

static bool has_ports(const struct driver_range *range, uint32_t count)
{
	return range->kind == PCI_BAR_PORTS && range->base != 0 && range->size >= count;
}

/* Where the registers of a channel are; command becomes 0 if they are nowhere. */
static void find_registers(const struct driver_page *page, int n)
{
	struct channel *channel = &channels[n];
	const struct driver_range *ranges = page->ranges;

	if (page->device.interface & NATIVE(n)) {
		bool has = has_ports(&ranges[2 * n], 8) && has_ports(&ranges[2 * n + 1], 4);
		channel->command = has ? (uint16_t)ranges[2 * n].base : 0;
		channel->control = (uint16_t)(ranges[2 * n + 1].base + 2);
	}
	if (without_dma || !(page->device.interface & BUS_MASTER) || page->dma_pages == 0 ||
	    !has_ports(&ranges[MASTER_RANGE], CHANNELS * MASTER_PORTS))
		return;
	channel->master = (uint16_t)(ranges[MASTER_RANGE].base + (uint32_t)n * MASTER_PORTS);
	channel->prds = (struct prd *)DRIVER_DMA + n * PRD_MOST;
	if (n > 0 && (inb(ranges[MASTER_RANGE].base + MASTER_STATUS) & MASTER_SIMPLEX))
		channel->master = 0;
}

static struct channel_device *device_of(uint32_t unit)
{
	return &channels[unit / 2].devices[unit % 2];
}

/* After a reset: a disk that is another one than before is not used. */
static void compare(uint32_t unit)
{
	struct channel_device *device = device_of(unit);

	if (device->works && !ata_unit_is(unit, &device->disk, device->disk.dma_mode ? "DMA" : "PIO"))
		device->works = false;
}

static int start(struct driver_page *page)
{
	for (int n = 0; n < CHANNELS; n++) {
		find_registers(page, n);
		if (channels[n].command)
			channel_reset(&channels[n]);
	}
	page->unit_count = 0;
	for (uint32_t unit = 0; unit < UNITS; unit++) {
		compare(unit);
		if (device_of(unit)->works)
			page->unit_count = UNITS;
	}
	return 0;
}

static int submit(struct block_request *request)
{
	struct channel *channel = &channels[request->unit / 2];

	if (!device_of(request->unit)->works)
		return -E_IO;
	if (channel->request)
		return -E_BUSY;
	channel_begin(channel, (int)request->unit % 2, request);
	return 0;
}

static void interrupt(void)
{
	for (int n = 0; n < CHANNELS; n++)
		if (channels[n].command)
			channel_look(&channels[n]);
}

static int reset(uint32_t unit)
{
	uint32_t first = unit / 2 * 2;

	channel_reset(&channels[unit / 2]);
	compare(first);
	compare(first + 1);
	return 3 << first;
}

static const struct block_driver driver = {
	.name = "ide",
	.start = start,
	.submit = submit,
	.interrupt = interrupt,
	.reset = reset,
};

void umain(int argc, char **argv)
{
	without_dma = argc > 1 && strcmp(argv[1], "pio") == 0;
	block_main(&driver);
}
