/* Host test of drv/ahci/table.c: what the controller reads, byte by byte. */
#define TEST_GROUP "ahci_table"
#include "host.h"

#include <abi/error.h>
#include <drv/ahci/table.c>
#include <drv/lib/ata.c>

static struct ahci_header header;
static struct ahci_table table;
static const struct ata_disk disk = { .sectors = 1ULL << 40, .lba48 = true, .flush_ext = true, .multiple = 16 };

static uint32_t data(void)
{
	ahci_region(&table, 0, 0x00123000, 0x1000);
	ahci_region(&table, 1, 0xFFC00000, 0x400000);
	ahci_region(&table, 2, 0x00000200, 0x200);
	return 3;
}

static void expect_fis(const uint8_t *expected)
{
	for (int i = 0; i < 20; i++)
		EXPECT(expected[i], table.fis[i]);
}

static void read_dma_ext(void)
{
	static const uint8_t expected[20] = { 0x27, 0x80, 0x25, 0,    0xBC, 0x9A, 0x78,
					      0x40, 0x56, 0x34, 0x12, 0,    0x09, 0x20 };
	uint32_t regions = data();
	struct ata_command command = ata_transfer(&disk, ATA_DMA_IN, 0x123456789ABC, 0x2009, 0);

	ahci_build(&header, &table, 0x00ABC400, &command, regions);
	expect_fis(expected);
	EXPECT(5 | 3 << 16, header.flags);
	EXPECT(0, header.moved);
	EXPECT(0x00ABC400, header.table);
	EXPECT(0, header.table_high);
	EXPECT(0x123000, table.regions[0].address);
	EXPECT(0xFFF, table.regions[0].last);
	EXPECT(0xFFC00000, table.regions[1].address);
	EXPECT(0x3FFFFF, table.regions[1].last);
	EXPECT(0x1FF, table.regions[2].last);
	EXPECT(0, table.regions[1].address_high);
}

static void write_dma_28(void)
{
	static const uint8_t expected[20] = { 0x27, 0x80, 0xCA, 0, 0xBC, 0x9A, 0x78, 0xE6, 0, 0, 0, 0, 8 };
	uint32_t regions = data();
	struct ata_command command = ata_transfer(&disk, ATA_DMA_OUT, 0x6789ABC, 8, 0);

	ahci_build(&header, &table, 0, &command, regions);
	expect_fis(expected);
	EXPECT(5 | 1 << 6 | 3 << 16, header.flags);
}

static void queued_write(void)
{
	static const uint8_t expected[20] = { 0x27, 0x80, 0x61, 0x34, 1, 0, 0, 0x40, 0, 0, 0, 0x12, 31 << 3 };
	uint32_t regions = data();
	struct ata_command command = ata_transfer(&disk, ATA_QUEUED_OUT, 1, 0x1234, 31);

	ahci_build(&header, &table, 0, &command, regions);
	expect_fis(expected);
	EXPECT(5 | 1 << 6 | 3 << 16, header.flags);
}

static void no_data(void)
{
	static const uint8_t expected[20] = { 0x27, 0x80, 0xEA, 0, 0, 0, 0, 0x40 };
	struct ata_command command = ata_flush(&disk);

	ahci_build(&header, &table, 0, &command, 0);
	expect_fis(expected);
	EXPECT(5, header.flags);
	ahci_clear(&header, &table, 0x1000);
	EXPECT(0, table.fis[0]);
	EXPECT(0x1000, header.table);
}

/* Nothing of a former, longer command is left where the controller looks. */
static void after_another(void)
{
	uint32_t regions = data();
	struct ata_command command = ata_transfer(&disk, ATA_QUEUED_OUT, 0x123456789ABC, 0x1234, 5);

	ahci_build(&header, &table, 0, &command, regions);
	no_data();
}

int main(void)
{
	RUN(read_dma_ext);
	RUN(write_dma_28);
	RUN(queued_write);
	RUN(no_data);
	RUN(after_another);
	return tests_failed != 0;
}
