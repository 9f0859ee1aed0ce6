/* What an AHCI controller reads from memory: see table.h. */
#include <drv/ahci/table.h>

enum {
	FIS_REGISTERS_TO_DEVICE = 0x27,
	FIS_WORDS = 5,
	FIS_IS_COMMAND = 0x80, /* not a write to the control register */

	HEADER_WRITE = 1 << 6, /* memory to device */
	HEADER_REGIONS_SHIFT = 16,
};

static void build_fis(uint8_t *fis, const struct ata_command *command)
{
	uint64_t high = command->ext ? command->lba >> 24 : 0;

	fis[0] = FIS_REGISTERS_TO_DEVICE;
	fis[1] = FIS_IS_COMMAND;
	fis[2] = command->command;
	fis[3] = (uint8_t)command->features;
	fis[4] = (uint8_t)command->lba;
	fis[5] = (uint8_t)(command->lba >> 8);
	fis[6] = (uint8_t)(command->lba >> 16);
	fis[7] = command->device;
	fis[8] = (uint8_t)high;
	fis[9] = (uint8_t)(high >> 8);
	fis[10] = (uint8_t)(high >> 16);
	fis[11] = (uint8_t)(command->features >> 8);
	fis[12] = (uint8_t)command->count;
	fis[13] = (uint8_t)(command->count >> 8);
	for (int i = 14; i < 4 * FIS_WORDS; i++)
		fis[i] = 0;
}

static bool to_device(enum ata_way way)
{
	return way == ATA_PIO_OUT || way == ATA_DMA_OUT || way == ATA_QUEUED_OUT;
}

void ahci_region(struct ahci_table *table, uint32_t n, physaddr_t address, uint32_t bytes)
{
	table->regions[n] = (struct ahci_region){ .address = address, .last = bytes - 1 };
}

void ahci_build(struct ahci_header *header, struct ahci_table *table, physaddr_t physical,
		const struct ata_command *command, uint32_t regions)
{
	build_fis(table->fis, command);
	*header = (struct ahci_header){
		.flags = FIS_WORDS | (to_device(command->way) ? HEADER_WRITE : 0) | regions << HEADER_REGIONS_SHIFT,
		.table = physical,
	};
}

void ahci_clear(struct ahci_header *header, struct ahci_table *table, physaddr_t physical)
{
	for (size_t i = 0; i < sizeof(table->fis); i++)
		table->fis[i] = 0;
	*header = (struct ahci_header){ .flags = FIS_WORDS, .table = physical };
}
