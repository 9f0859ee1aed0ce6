/*
 * A port of an AHCI controller, with one device behind it.
 *
 * Up to 32 requests are with the controller at a time. To a disk that can, reads and writes go as queued commands
 * (NCQ), which it does in whatever order suits it; a flush waits for those to end. To others the controller gives one
 * after another.
 *
 * After an error nobody knows for certain whose it was, if several were under way: all of them are done once more then,
 * one at a time and not queued. A request that fails alone has failed.
 *
 * Source: Serial ATA AHCI 1.3.1, sections 5 (commands), 6.2 (errors), 10 (software).
 */
#ifndef DRV_AHCI_PORT_H
#define DRV_AHCI_PORT_H

#include <drv/ahci/registers.h>
#include <drv/ahci/table.h>
#include <drv/lib/ata.h>
#include <drv/lib/block_server.h>

/* In DMA memory, on a multiple of 1 KB. */
struct port_memory {
	struct ahci_header headers[AHCI_SLOTS];
	uint8_t received[256];
	uint16_t identify[ATA_IDENTIFY_WORDS];
	uint8_t unused[256];
	struct ahci_table tables[AHCI_SLOTS];
};

static_assert(offsetof(struct port_memory, received) % 256 == 0, "AHCI 3.3.3");
static_assert(sizeof(struct port_memory) % 1024 == 0, "the next one's headers: AHCI 3.3.1");

struct port {
	uint32_t unit;
	uint32_t bit; /* of its number, among the ports that the controller may have */
	volatile struct ahci_port_registers *registers;
	struct port_memory *memory;
	uint32_t slots; /* that the controller has */
	bool can_queue; /* the controller */

	bool works; /* it is a disk, and answers */
	struct ata_disk disk;
	uint32_t depth; /* requests that may be under way */

	uint32_t running; /* a bit for each slot that the controller has */
	bool queued;      /* those run as queued commands */
	uint32_t again;   /* a bit for each slot that is to be done once more */
	struct block_request *requests[AHCI_SLOTS];
};

/* Do reads and writes go as queued commands? */
static inline bool port_queues(const struct port *port)
{
	return port->can_queue && port->disk.queue_depth > 0;
}

/* Right after a reset of the controller: tell it where the port's memory is. */
void port_prepare(struct port *port);

/*
 * Reset the device, find out what it is and make it ready. Requests that were under way are forgotten. False: the port
 * does not stop, and may still move data; only a reset of the controller helps. Takes two seconds at most.
 */
bool port_reset(struct port *port);

/* Begin a request: as submit of struct block_driver. */
int port_begin(struct port *port, struct block_request *request);

/* See what the port has done, and make it let go of the interrupt line. */
void port_look(struct port *port);

#endif
