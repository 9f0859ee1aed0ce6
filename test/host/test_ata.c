/* Host test of drv/lib/ata.c: identify data good, contradicting and damaged; the codes of commands. */
#define TEST_GROUP "ata"
#include "host.h"

#include <abi/error.h>
#include <drv/lib/ata.c>

static uint16_t words[ATA_IDENTIFY_WORDS];

static void set_sum(void)
{
	uint8_t sum = INTEGRITY_MARK;

	for (int i = 0; i < INTEGRITY; i++)
		sum = (uint8_t)(sum + (words[i] & 0xFF) + (words[i] >> 8));
	words[INTEGRITY] = (uint16_t)(INTEGRITY_MARK | (uint8_t)-sum << 8);
}

/* A disk of today. */
static void make_disk(uint64_t sectors)
{
	static const char model[] = "iFcn hidks";

	memset(words, 0, sizeof(words));
	words[CONFIGURATION] = 0x0040;
	for (int i = 0; i < MODEL_WORDS; i++)
		words[MODEL + i] = 0x2020;
	for (int i = 0; i < 5; i++)
		words[MODEL + i] = (uint16_t)(model[2 * i] | model[2 * i + 1] << 8);
	words[MULTIPLE] = 0x8010;
	words[CAPABILITIES] = HAS_DMA | HAS_LBA;
	words[VALID] = ULTRA_DMA_VALID | 2;
	words[SECTORS_28] = (uint16_t)MIN(sectors, LBA28_END);
	words[SECTORS_28 + 1] = (uint16_t)(MIN(sectors, LBA28_END) >> 16);
	words[MULTIWORD_DMA] = 0x0007;
	words[QUEUE_DEPTH] = 31;
	words[SATA_CAPABILITIES] = HAS_NCQ;
	words[COMMANDS_2] = 0x4000 | HAS_LBA48 | HAS_FLUSH | HAS_FLUSH_EXT;
	words[ULTRA_DMA] = 0x203F;
	for (int i = 0; i < 4; i++)
		words[SECTORS_48 + i] = (uint16_t)(sectors >> 16 * i);
	set_sum();
}

static struct ata_disk known(void)
{
	struct ata_disk disk = { 0 };

	EXPECT(0, ata_identify(&disk, words));
	return disk;
}

static void modern_disk(void)
{
	struct ata_disk disk;

	make_disk(5000000000);
	disk = known();
	EXPECT(5000000000, disk.sectors);
	EXPECT_THAT(disk.lba48 && disk.flush && disk.flush_ext);
	EXPECT(16, disk.multiple);
	EXPECT(0x45, disk.dma_mode);
	EXPECT(32, disk.queue_depth);
	EXPECT_TEXT("Finch disk", disk.model);
	EXPECT(65536, ata_sectors_most(&disk));
}

static void old_disk(void)
{
	struct ata_disk disk;

	make_disk(100000);
	words[COMMANDS_2] = 0; /* not filled in */
	words[SATA_CAPABILITIES] = 0xFFFF;
	words[ULTRA_DMA] = 0xFFFF;
	words[VALID] = 0;
	words[MULTIWORD_DMA] = 0x0407;
	words[MULTIPLE] = 0x8000;
	words[INTEGRITY] = 0;
	disk = known();
	EXPECT(100000, disk.sectors);
	EXPECT_THAT(!disk.lba48 && !disk.flush && !disk.flush_ext);
	EXPECT(1, disk.multiple);
	EXPECT(0x22, disk.dma_mode);
	EXPECT(0, disk.queue_depth);
	EXPECT(256, ata_sectors_most(&disk));
	EXPECT(0, ata_flush(&disk).command);
	words[MULTIWORD_DMA] = 0x0007; /* none chosen */
	EXPECT(0, known().dma_mode);
}

/* Queued commands carry 48 bits. */
static void queue_without_lba48(void)
{
	make_disk(1000);
	words[COMMANDS_2] &= ~HAS_LBA48;
	set_sum();
	EXPECT(0, known().queue_depth);
	EXPECT_THAT(!known().flush_ext);
}

static void not_for_us(void)
{
	struct ata_disk disk;

	make_disk(1000);
	words[CONFIGURATION] = 0x85C0; /* a CD drive */
	set_sum();
	EXPECT(-E_NOT_SUPP, ata_identify(&disk, words));
	make_disk(1000);
	words[CAPABILITIES] &= ~HAS_LBA;
	set_sum();
	EXPECT(-E_NOT_SUPP, ata_identify(&disk, words));
	make_disk(1000);
	words[SECTOR_SIZE] = 0x4000 | LONG_SECTORS;
	words[SECTOR_WORDS] = 2048;
	set_sum();
	EXPECT(-E_NOT_SUPP, ata_identify(&disk, words));
	words[SECTOR_SIZE] = LONG_SECTORS; /* not filled in */
	set_sum();
	EXPECT(0, ata_identify(&disk, words));
}

static void contradictions(void)
{
	struct ata_disk disk;

	make_disk(1000);
	words[MODEL] ^= 1;
	EXPECT(-E_INVAL, ata_identify(&disk, words));
	make_disk(0);
	EXPECT(-E_INVAL, ata_identify(&disk, words));
	make_disk(LBA48_END + 1);
	EXPECT(-E_INVAL, ata_identify(&disk, words));
	make_disk(LBA48_END);
	EXPECT(0, ata_identify(&disk, words));
	make_disk(1000);
	words[COMMANDS_2] = 0;
	words[SECTORS_28 + 1] = 0x1000;
	set_sum();
	EXPECT(-E_INVAL, ata_identify(&disk, words));
}

/* Whatever the device says, what is taken from it keeps its promises. */
static void damaged_answers(void)
{
	for (int i = 0; i < 200000; i++) {
		struct ata_disk disk;
		uint16_t *copy;

		make_disk(random_number() >> random_below(64));
		copy = (uint16_t *)block_copy(words, sizeof(words));
		damage((uint8_t *)copy, sizeof(words));
		if (random_below(2))
			copy[INTEGRITY] = 0;
		if (ata_identify(&disk, copy) == 0) {
			EXPECT_THAT(disk.sectors > 0 && disk.sectors <= LBA48_END);
			EXPECT_THAT(disk.lba48 || disk.sectors <= LBA28_END);
			EXPECT_THAT(disk.multiple >= 1 && disk.multiple <= 128);
			EXPECT_THAT(disk.queue_depth <= 32 && disk.queue_depth != 1);
			EXPECT_THAT(disk.dma_mode == 0 || disk.dma_mode >= MODE_MULTIWORD);
			for (const char *c = disk.model; *c; c++)
				EXPECT_THAT(*c >= ' ' && *c <= '~');
			EXPECT_THAT(strlen(disk.model) <= 40);
		}
		free(copy);
	}
}

static void ends(void)
{
	struct ata_disk disk;

	make_disk(1000);
	disk = known();
	EXPECT_THAT(ata_has(&disk, 0, 1000));
	EXPECT_THAT(ata_has(&disk, 999, 1));
	EXPECT_THAT(!ata_has(&disk, 999, 2));
	EXPECT_THAT(!ata_has(&disk, 1000, 1));
	EXPECT_THAT(!ata_has(&disk, 0, 0));
	EXPECT_THAT(!ata_has(&disk, ~0ULL, 2));
	EXPECT_THAT(!ata_has(&disk, 1, ~0ULL));
}

static void codes(void)
{
	/* how, below 2^28 with and without many; above */
	static const uint8_t expected[][4] = {
		{ ATA_PIO_IN, 0xC4, 0x20, 0x29 },
		{ ATA_PIO_OUT, 0xC5, 0x30, 0x39 },
		{ ATA_DMA_IN, 0xC8, 0xC8, 0x25 },
		{ ATA_DMA_OUT, 0xCA, 0xCA, 0x35 },
		{ ATA_QUEUED_IN, 0x60, 0x60, 0x60 },
		{ ATA_QUEUED_OUT, 0x61, 0x61, 0x61 },
	};
	struct ata_disk disk, single;

	make_disk(5000000000);
	disk = single = known();
	single.multiple = 1;
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		enum ata_way how = (enum ata_way)expected[i][0];
		EXPECT(expected[i][1], ata_transfer(&disk, how, 1000, 8, 0).command);
		EXPECT(expected[i][2], ata_transfer(&single, how, 1000, 8, 0).command);
		EXPECT(expected[i][3], ata_transfer(&disk, how, 4000000000, 8, 0).command);
		EXPECT(expected[i][3], ata_transfer(&disk, how, 0, 257, 0).command);
		EXPECT(how, ata_transfer(&disk, how, 0, 1, 0).way);
	}
	EXPECT(0xEA, ata_flush(&disk).command);
	disk.flush_ext = false;
	EXPECT(0xE7, ata_flush(&disk).command);
}

static void addresses(void)
{
	struct ata_disk disk;
	struct ata_command command;

	make_disk(5000000000);
	disk = known();
	command = ata_transfer(&disk, ATA_DMA_IN, 0xABCDEF1, 256, 0);
	EXPECT(0xEA, command.device);
	EXPECT(0, command.count);
	EXPECT_THAT(!command.ext);
	command = ata_transfer(&disk, ATA_DMA_IN, LBA28_END - 1, 1, 0);
	EXPECT(0xEF, command.device);
	command = ata_transfer(&disk, ATA_DMA_IN, LBA28_END - 1, 2, 0);
	EXPECT_THAT(command.ext);
	EXPECT(0x40, command.device);
	EXPECT(2, command.count);
	command = ata_transfer(&disk, ATA_DMA_OUT, 1, 65536, 0);
	EXPECT_THAT(command.ext);
	EXPECT(0, command.count);
	command = ata_transfer(&disk, ATA_QUEUED_OUT, 7, 65535, 31);
	EXPECT(31 << 3, command.count);
	EXPECT(65535, command.features);
	EXPECT(7, command.lba);
}

static void error_texts(void)
{
	EXPECT_THAT(!ata_failed(ATA_DRDY));
	EXPECT_THAT(ata_failed(ATA_DRDY | ATA_ERR));
	EXPECT_THAT(ata_failed(ATA_DF));
	EXPECT_TEXT("the medium cannot be read there", ata_error_text(ATA_ERR, ATA_UNC));
	EXPECT_TEXT("device fault", ata_error_text(ATA_ERR | ATA_DF, ATA_ABRT));
	EXPECT_TEXT("refused by the device", ata_error_text(ATA_ERR, ATA_ABRT));
	for (int error = 0; error < 256; error++)
		EXPECT_THAT(ata_error_text(ATA_ERR, (uint8_t)error)[0] != '\0');
}

int main(void)
{
	RUN(modern_disk);
	RUN(old_disk);
	RUN(queue_without_lba48);
	RUN(not_for_us);
	RUN(contradictions);
	RUN(damaged_answers);
	RUN(ends);
	RUN(codes);
	RUN(addresses);
	RUN(error_texts);
	return tests_failed != 0;
}
