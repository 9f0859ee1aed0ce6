/* ATA disks: see ata.h. */
#include <abi/error.h>
#include <drv/lib/ata.h>

/* Words of the answer to IDENTIFY DEVICE, and bits in them. */
enum {
	CONFIGURATION = 0,
	NOT_ATA = 1 << 15,
	MODEL = 27,
	MODEL_WORDS = 20,
	MULTIPLE = 47, /* low byte */
	CAPABILITIES = 49,
	HAS_DMA = 1 << 8,
	HAS_LBA = 1 << 9,
	VALID = 53,
	ULTRA_DMA_VALID = 1 << 2,
	SECTORS_28 = 60,
	MULTIWORD_DMA = 63, /* low byte: has them; high byte: which is chosen */
	QUEUE_DEPTH = 75,   /* less one, in bits 0 to 4 */
	SATA_CAPABILITIES = 76,
	HAS_NCQ = 1 << 8,
	COMMANDS_2 = 83, /* bit 14 set and bit 15 clear: the word counts */
	HAS_LBA48 = 1 << 10,
	HAS_FLUSH = 1 << 12,
	HAS_FLUSH_EXT = 1 << 13,
	ULTRA_DMA = 88,
	SECTORS_48 = 100,
	SECTOR_SIZE = 106,
	LONG_SECTORS = 1 << 12, /* longer than 256 words: words 117 and 118 say how long */
	SECTOR_WORDS = 117,
	INTEGRITY = 255, /* low byte 0xA5: the high byte makes the sum of all bytes 0 */
	INTEGRITY_MARK = 0xA5,
};

/* Commands. */
enum {
	READ_SECTORS = 0x20,
	READ_SECTORS_EXT = 0x24,
	READ_DMA_EXT = 0x25,
	READ_MULTIPLE_EXT = 0x29,
	WRITE_SECTORS = 0x30,
	WRITE_SECTORS_EXT = 0x34,
	WRITE_DMA_EXT = 0x35,
	WRITE_MULTIPLE_EXT = 0x39,
	READ_FPDMA_QUEUED = 0x60,
	WRITE_FPDMA_QUEUED = 0x61,
	READ_MULTIPLE = 0xC4,
	WRITE_MULTIPLE = 0xC5,
	SET_MULTIPLE_MODE = 0xC6,
	READ_DMA = 0xC8,
	WRITE_DMA = 0xCA,
	FLUSH_CACHE = 0xE7,
	FLUSH_CACHE_EXT = 0xEA,
	IDENTIFY_DEVICE = 0xEC,
	SET_FEATURES = 0xEF,
	SET_FEATURES_MODE = 0x03,
};

#define DEVICE_LBA 0x40
#define DEVICE_OLD 0xA0 /* bits that were always 1 before ATA-6, and count for nothing since */
#define MODE_MULTIWORD 0x20
#define MODE_ULTRA 0x40
#define LBA28_END 0x0FFFFFFFULL /* ATA8-ACS 7.16.7.22: the most that words 60 and 61 say */
#define LBA48_END (1ULL << 48)

static uint64_t number(const uint16_t *words, int first, int count)
{
	uint64_t value = 0;

	for (int i = count; i-- > 0;)
		value = value << 16 | words[first + i];
	return value;
}

/* Words such as 83 and 106 tell by their two highest bits whether anybody filled them in. */
static uint16_t marked(const uint16_t *words, int index)
{
	return words[index] >> 14 == 1 ? words[index] : 0;
}

static bool sum_is_right(const uint16_t *words)
{
	uint8_t sum = 0;

	if ((words[INTEGRITY] & 0xFF) != INTEGRITY_MARK)
		return true; /* it has none */
	for (int i = 0; i < ATA_IDENTIFY_WORDS; i++)
		sum = (uint8_t)(sum + (words[i] & 0xFF) + (words[i] >> 8));
	return sum == 0;
}

/* The first character of a word is in its high byte. What cannot be printed becomes '?'. */
static void copy_text(char *to, const uint16_t *words, int count)
{
	int length = 2 * count;

	for (int i = 0; i < length; i++) {
		char c = (char)(i % 2 ? words[i / 2] & 0xFF : words[i / 2] >> 8);
		to[i] = c >= ' ' && c <= '~' ? c : '?';
	}
	while (length > 0 && to[length - 1] == ' ')
		length--;
	to[length] = '\0';
}

static uint8_t highest_bit(uint8_t bits)
{
	uint8_t n = 0;

	while (bits >>= 1)
		n++;
	return n;
}

/* The mode that firmware, or the device by itself, has chosen: to that the timing of the controller has been set. */
static uint8_t chosen_mode(const uint16_t *words)
{
	uint8_t ultra = (uint8_t)(words[ULTRA_DMA] >> 8 & 0x7F), multiword = (uint8_t)(words[MULTIWORD_DMA] >> 8 & 7);

	if (!(words[CAPABILITIES] & HAS_DMA))
		return 0;
	if ((words[VALID] & ULTRA_DMA_VALID) && ultra)
		return (uint8_t)(MODE_ULTRA | highest_bit(ultra));
	return multiword ? (uint8_t)(MODE_MULTIWORD | highest_bit(multiword)) : 0;
}

static uint8_t queue_depth(const uint16_t *words)
{
	if (words[SATA_CAPABILITIES] == 0xFFFF || !(words[SATA_CAPABILITIES] & HAS_NCQ))
		return 0;
	return (uint8_t)((words[QUEUE_DEPTH] & 0x1F) + 1);
}

static uint8_t multiple(uint16_t word)
{
	uint8_t most = (uint8_t)(word & 0xFF), n = 1;

	while (2 * n <= most && n < 128) /* powers of two, which all devices take that have the command */
		n = (uint8_t)(2 * n);
	return n;
}

int ata_identify(struct ata_disk *disk, const uint16_t words[ATA_IDENTIFY_WORDS])
{
	uint16_t commands = marked(words, COMMANDS_2);

	if (!sum_is_right(words))
		return -E_INVAL;
	if ((words[CONFIGURATION] & NOT_ATA) && words[CONFIGURATION] != 0x848A) /* 0x848A: a CompactFlash card */
		return -E_NOT_SUPP;
	if (!(words[CAPABILITIES] & HAS_LBA))
		return -E_NOT_SUPP;
	if ((marked(words, SECTOR_SIZE) & LONG_SECTORS) && number(words, SECTOR_WORDS, 2) != ATA_SECTOR / 2)
		return -E_NOT_SUPP;
	*disk = (struct ata_disk){
		.lba48 = commands & HAS_LBA48,
		.flush = commands & HAS_FLUSH,
		.flush_ext = (commands & HAS_LBA48) && (commands & HAS_FLUSH_EXT),
		.multiple = multiple(words[MULTIPLE]),
		.dma_mode = chosen_mode(words),
		.queue_depth = (commands & HAS_LBA48) ? queue_depth(words) : 0,
	};
	disk->sectors = disk->lba48 ? number(words, SECTORS_48, 4) : number(words, SECTORS_28, 2);
	if (disk->queue_depth == 1) /* one at a time is what the others do too */
		disk->queue_depth = 0;
	if (disk->sectors == 0 || disk->sectors > (disk->lba48 ? LBA48_END : LBA28_END))
		return -E_INVAL;
	copy_text(disk->model, words + MODEL, MODEL_WORDS);
	return 0;
}

uint32_t ata_sectors_most(const struct ata_disk *disk)
{
	return disk->lba48 ? 65536 : 256;
}

bool ata_has(const struct ata_disk *disk, uint64_t lba, uint64_t count)
{
	return count > 0 && lba < disk->sectors && count <= disk->sectors - lba;
}

/* One code for each way with 28 and with 48 bits; without and with many sectors for an interrupt. */
static uint8_t transfer_code(enum ata_way how, bool ext, bool many)
{
	switch (how) {
	case ATA_PIO_IN:
		return many ? (ext ? READ_MULTIPLE_EXT : READ_MULTIPLE) : (ext ? READ_SECTORS_EXT : READ_SECTORS);
	case ATA_PIO_OUT:
		return many ? (ext ? WRITE_MULTIPLE_EXT : WRITE_MULTIPLE) : (ext ? WRITE_SECTORS_EXT : WRITE_SECTORS);
	case ATA_DMA_IN:
		return ext ? READ_DMA_EXT : READ_DMA;
	case ATA_DMA_OUT:
		return ext ? WRITE_DMA_EXT : WRITE_DMA;
	case ATA_QUEUED_IN:
		return READ_FPDMA_QUEUED;
	case ATA_QUEUED_OUT:
		return WRITE_FPDMA_QUEUED;
	default:
		return 0;
	}
}

struct ata_command ata_transfer(const struct ata_disk *disk, enum ata_way how, uint64_t lba, uint32_t count,
				uint32_t tag)
{
	bool queued = how == ATA_QUEUED_IN || how == ATA_QUEUED_OUT, pio = how == ATA_PIO_IN || how == ATA_PIO_OUT;
	/* LBA28 where it is enough: every device has it, and it takes fewer writes to registers. */
	bool ext = queued || lba + count > LBA28_END || count > 256;
	struct ata_command command = {
		.lba = lba,
		.command = transfer_code(how, ext, pio && disk->multiple > 1),
		.device = (uint8_t)(ext ? DEVICE_LBA : DEVICE_OLD | DEVICE_LBA | (lba >> 24 & 0xF)),
		.count = (uint16_t)(ext ? count : count & 0xFF), /* 65536 and 256 go as 0 */
		.ext = ext,
		.multiple = pio ? disk->multiple : 0,
		.way = how,
	};

	if (queued) { /* here the count stands among the features, and the tag in its place */
		command.features = (uint16_t)count;
		command.count = (uint16_t)(tag << 3);
	}
	return command;
}

struct ata_command ata_flush(const struct ata_disk *disk)
{
	if (disk->flush_ext)
		return (struct ata_command){ .command = FLUSH_CACHE_EXT, .device = DEVICE_LBA, .ext = true };
	return (struct ata_command){ .command = disk->flush ? FLUSH_CACHE : 0, .device = DEVICE_OLD };
}

struct ata_command ata_command_identify(void)
{
	return (struct ata_command){
		.command = IDENTIFY_DEVICE, .device = DEVICE_OLD, .way = ATA_PIO_IN, .multiple = 1
	};
}

struct ata_command ata_command_set_mode(uint8_t mode)
{
	return (struct ata_command){
		.command = SET_FEATURES, .device = DEVICE_OLD, .features = SET_FEATURES_MODE, .count = mode
	};
}

struct ata_command ata_command_set_multiple(uint8_t sectors)
{
	return (struct ata_command){ .command = SET_MULTIPLE_MODE, .device = DEVICE_OLD, .count = sectors };
}

const char *ata_error_text(uint8_t status, uint8_t error)
{
	if (status & ATA_DF)
		return "device fault";
	if (!(status & ATA_ERR))
		return "no error";
	if (error & ATA_UNC)
		return "the medium cannot be read there";
	if (error & ATA_ICRC)
		return "damaged on the cable";
	if (error & ATA_IDNF)
		return "no such sector";
	if (error & (ATA_MC | ATA_MCR))
		return "medium changed";
	if (error & ATA_NM)
		return "no medium";
	return error & ATA_ABRT ? "refused by the device" : "error of no kind";
}
