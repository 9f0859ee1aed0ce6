/*
 * The driver of virtio's disk, as a PCI device of the modern kind. Sections are those of Virtual I/O Device (VIRTIO)
 * Version 1.1.
 *
 * A request takes a chain of descriptors: its head, its memory, its status byte. Where the device can, the chain stands
 * in a table of its own, and takes one descriptor of the queue (indirect: section 2.6.5.3); else in a fixed part of the
 * queue's own table. What the device writes is checked like what a program says.
 */
#include <drv/lib/block_server.h>
#include <inc/lib.h>

#include "virtio.h"

/* Device type 2 (section 5.2): features, request types, status. */
#define FEATURE_READ_ONLY (1u << 5)
#define FEATURE_FLUSH (1u << 9)
#define REQUEST_READ 0
#define REQUEST_WRITE 1
#define REQUEST_FLUSH 4
#define STATUS_OK 0
#define STATUS_NONE 0xFF /* not one of the device's */

#define CHAIN_MAX (BLOCK_PIECES_MAX + 2)
#define DEPTH_MAX 64 /* requests in flight */

/* Section 5.2.6; what stands before and behind the data. */
struct head {
	uint32_t type;
	uint32_t reserved;
	uint64_t sector;
};

/* What a request in flight has in DMA memory. */
struct flight {
	struct virtio_descriptor chain[CHAIN_MAX]; /* if indirect */
	struct head head;
	uint8_t status;
} __attribute__((aligned(16)));

struct memory {
	struct virtio_queue_memory queue;
	struct flight flights[DEPTH_MAX];
};

static struct memory *const dma = (struct memory *)DRIVER_DMA;
static struct virtio device;
static struct virtio_queue queue;
static bool indirect;
static uint32_t depth;                            /* requests that fit */
static struct block_request *in_flight[DEPTH_MAX]; /* by tag; NULL: free */

/* --- Starting. --- */

static int set_up(struct driver_page *page)
{
	uint32_t wanted[2] = { FEATURE_READ_ONLY | FEATURE_FLUSH | VIRTIO_FEATURE_INDIRECT, VIRTIO_FEATURE_VERSION_1 };
	int err = virtio_begin(&device, wanted);

	if (err == 0)
		err = virtio_queue_set_up(&device, &queue, 0, &dma->queue);
	if (err < 0)
		return err;
	indirect = wanted[0] & VIRTIO_FEATURE_INDIRECT;
	depth = MIN((uint32_t)queue.size / (indirect ? 1 : CHAIN_MAX), (uint32_t)DEPTH_MAX);
	if (depth == 0)
		return -E_NOT_SUPP;
	struct driver_unit *unit = &page->units[0];
	unit->sectors = virtio_config64(&device, 0); /* section 5.2.4: capacity, in 512 bytes */
	unit->flags = wanted[0] & FEATURE_READ_ONLY ? BLOCK_READ_ONLY : 0;
	unit->flags |= wanted[0] & FEATURE_FLUSH ? BLOCK_VOLATILE : 0;
	virtio_ready(&device);
	return 0;
}

static int start(struct driver_page *page)
{
	int err = sizeof(struct memory) > page->dma_pages * PGSIZE ? -E_NO_MEM : virtio_find(&device, page);

	if (err == 0)
		err = set_up(page);
	if (err < 0)
		return err;
	strlcpy(page->units[0].model, "virtio disk", DRIVER_MODEL);
	page->unit_count = 1;
	return 0;
}

static int reset(uint32_t unit)
{
	USED(unit);
	memset(in_flight, 0, sizeof(in_flight));
	int err = set_up(driver_page());
	return err < 0 ? err : 1;
}

/* --- Requests. --- */

static uint32_t request_type(const struct block_request *request)
{
	return request->op == BLOCK_READ ? REQUEST_READ : request->op == BLOCK_WRITE ? REQUEST_WRITE : REQUEST_FLUSH;
}

/* Write the chain to table, whose entry 0 is number first of all that the device sees there. Returns its length. */
static uint32_t build_chain(struct virtio_descriptor *table, uint32_t first, struct flight *flight,
			    const struct block_request *request)
{
	uint16_t data_flags = request->op == BLOCK_READ ? VIRTIO_DESCRIPTOR_WRITE : 0;
	uint32_t n = 0;

	table[n++] = (struct virtio_descriptor){ driver_physical(&flight->head), sizeof(flight->head), 0, 0 };
	for (uint32_t i = 0; i < request->piece_count; i++) {
		const struct block_piece *piece = &request->pieces[i];
		table[n++] = (struct virtio_descriptor){ piece->address, piece->size, data_flags, 0 };
	}
	table[n++] = (struct virtio_descriptor){ driver_physical(&flight->status), 1, VIRTIO_DESCRIPTOR_WRITE, 0 };
	for (uint32_t i = 0; i < n - 1; i++) {
		table[i].flags |= VIRTIO_DESCRIPTOR_NEXT;
		table[i].next = (uint16_t)(first + i + 1);
	}
	return n;
}

/* The first descriptor of the queue's table that is request tag's. */
static uint32_t descriptor_of(uint32_t tag)
{
	return indirect ? tag : tag * CHAIN_MAX;
}

static int submit(struct block_request *request)
{
	uint32_t tag = 0;

	while (tag < depth && in_flight[tag])
		tag++;
	if (tag == depth)
		return -E_BUSY;
	if (request->op == BLOCK_FLUSH && !(driver_page()->units[0].flags & BLOCK_VOLATILE)) {
		block_end(request, 0);
		return 0;
	}
	struct flight *flight = &dma->flights[tag];
	uint32_t first = descriptor_of(tag);
	struct virtio_descriptor *own = &queue.memory->descriptors[first];

	flight->head = (struct head){ request_type(request), 0, request->op == BLOCK_FLUSH ? 0 : request->sector };
	flight->status = STATUS_NONE;
	if (indirect) {
		uint32_t n = build_chain(flight->chain, 0, flight, request);
		*own = (struct virtio_descriptor){ driver_physical(flight->chain), n * sizeof(struct virtio_descriptor),
						   VIRTIO_DESCRIPTOR_INDIRECT, 0 };
	} else {
		build_chain(own, first, flight, request);
	}
	in_flight[tag] = request;
	virtio_queue_offer(&queue, first);
	return 0;
}

/* The device says that it has done the chain that starts with descriptor `first`. False: there is no such one. */
static bool end_chain(uint32_t first)
{
	uint32_t tag = indirect ? first : first / CHAIN_MAX;

	if (tag >= depth || first != descriptor_of(tag) || !in_flight[tag])
		return false;
	struct block_request *request = in_flight[tag];
	uint8_t status = *(volatile uint8_t *)&dma->flights[tag].status;
	in_flight[tag] = NULL;
	block_end(request, status == STATUS_OK ? 0 : -E_IO);
	return true;
}

static void interrupt(void)
{
	uint32_t first;

	virtio_acknowledge(&device);
	while (virtio_queue_take(&queue, &first))
		if (!end_chain(first))
			block_say("the device has done %u, which nobody asked for", first);
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
