/*
 * An IDE channel: a cable with up to two devices, of which one at a time does one command.
 *
 * Devices are reset and identified by looking at them, with their interrupts off; requests go by interrupts. Nothing
 * here waits for a device while a request is under way, but for what the standard counts in microseconds.
 *
 * Source: ATA/ATAPI-6 (T13/1410D): section 7 (registers), 9 (protocols); SFF-8038i 1.0 (bus master).
 */
#ifndef DRV_IDE_CHANNEL_H
#define DRV_IDE_CHANNEL_H

#include <drv/ide/prd.h>
#include <drv/lib/ata.h>
#include <drv/lib/block_server.h>

struct channel_device {
	bool works; /* it is a disk, and answers */
	struct ata_disk disk;
};

struct channel {
	const char *name;
	uint16_t command, control; /* the first port of the eight; that of the device control register */
	uint16_t master;           /* the first port of the bus master's eight; 0: PIO alone */
	struct prd *prds;          /* PRD_MOST, in DMA memory */
	struct channel_device devices[2];

	/* The request under way, or NULL. */
	struct block_request *request;
	struct ata_command running;
	char *at;         /* PIO: where the next sector goes or comes from */
	uint32_t sectors; /* PIO: that are still to be moved */
};

/*
 * Stop DMA, reset both devices, find out what they are and make them ready. A request that was under way is forgotten.
 * Takes a second or two at most for each device.
 */
void channel_reset(struct channel *channel);

/* Begin a request for a device that works, when none is under way; block_end is called later. */
void channel_begin(struct channel *channel, int number, struct block_request *request);

/* See what the devices have done, and make them let go of the interrupt line. */
void channel_look(struct channel *channel);

#endif
