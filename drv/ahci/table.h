/*
 * What an AHCI controller reads from memory: command headers, command tables, FISes. Built here, without touching
 * hardware.
 *
 * Source: Serial ATA AHCI 1.3.1, section 4.2 (memory structures); the register FIS: Serial ATA 3.0, 10.3.4.
 */
#ifndef DRV_AHCI_TABLE_H
#define DRV_AHCI_TABLE_H

#include <drv/lib/ata.h>

#define AHCI_SLOTS 32
#define AHCI_REGIONS 40 /* in our tables; a request of the largest size in single pages has fewer */

struct ahci_header {
	uint32_t flags; /* from the upper half on: how many regions */
	uint32_t moved; /* bytes, by the controller; not for queued commands */
	uint32_t table, table_high;
	uint32_t reserved[4];
};

struct ahci_region {
	uint32_t address, address_high;
	uint32_t reserved;
	uint32_t last; /* bytes - 1 */
};

struct ahci_table {
	uint8_t fis[64];
	uint8_t packet[16];
	uint8_t reserved[48];
	struct ahci_region regions[AHCI_REGIONS];
};

static_assert(sizeof(struct ahci_header) == 32, "AHCI 4.2.2");
static_assert(sizeof(struct ahci_region) == 16, "AHCI 4.2.3.3");
static_assert(sizeof(struct ahci_table) % 128 == 0, "AHCI 4.2.2: where a table may stand");

/* Region n of a table: bytes of memory, even as address is, and 4 MB at most. */
void ahci_region(struct ahci_table *table, uint32_t n, physaddr_t address, uint32_t bytes);

/*
 * Fill in the header and the FIS of a slot: command, which moves the first `regions` regions. physical: where the table
 * is.
 */
void ahci_build(struct ahci_header *header, struct ahci_table *table, physaddr_t physical,
		const struct ata_command *command, uint32_t regions);

/* Make a slot harmless: a controller that runs it by mistake finds no command there. */
void ahci_clear(struct ahci_header *header, struct ahci_table *table, physaddr_t physical);

#endif
