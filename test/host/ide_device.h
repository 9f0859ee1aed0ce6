/*
 * A disk on an IDE channel, made of C, as the driver sees it through ports: for test_ide.c, after the driver. It does what
 * the standard says, or refuses, or hangs, or says anything at all.
 */
#ifndef FINCH_TEST_HOST_IDE_DEVICE_H
#define FINCH_TEST_HOST_IDE_DEVICE_H

static uint32_t looks; /* of the driver, at any port */

/* The first one of the channel, of so many sectors; there is no second one. */

#define DISK_SECTORS 512
#define CONTROL 0x3F6
#define PORTS 0x1F0
#define MASTER 0xC000

enum behaviour { GOOD, HANGS, FAILS, MAD, EMPTY, BUSY_FOR_EVER };

static struct {
	enum behaviour behaviour;
	uint8_t status, device, features, count, low, mid, high;
	uint8_t multiple;
	uint8_t *data;     /* what is moved through DATA */
	uint32_t left;     /* bytes of it */
	uint32_t burst;    /* bytes until the next interrupt */
	bool writes, line, off;
	uint8_t master_command, master_status;
	uint32_t resets;
} dev;

static uint8_t disk[DISK_SECTORS * ATA_SECTOR];
static uint16_t identity[ATA_IDENTIFY_WORDS];

static void make_identity(bool with_dma)
{
	memset(identity, 0, sizeof(identity));
	identity[CAPABILITIES] = HAS_LBA | (with_dma ? HAS_DMA : 0);
	identity[SECTORS_28] = DISK_SECTORS;
	identity[MULTIPLE] = 16;
	identity[MULTIWORD_DMA] = 0x0407;
	identity[COMMANDS_2] = 0x4000 | HAS_FLUSH;
}

static void raise_line(void)
{
	dev.line = true;
	dev.master_status |= MASTER_INTERRUPT;
}

static void refuse(void)
{
	dev.status = ATA_DRDY | ATA_ERR;
	dev.left = 0;
	raise_line();
}

static void offer(void)
{
	if (dev.left == 0) {
		dev.status = ATA_DRDY;
		return;
	}
	dev.burst = MIN(dev.left, (uint32_t)dev.multiple * ATA_SECTOR);
	dev.status = ATA_DRDY | ATA_DRQ;
}

static void transfer(bool writes, uint32_t sectors_at_once)
{
	uint32_t lba = (uint32_t)(dev.device & 0xF) << 24 | (uint32_t)dev.high << 16 | (uint32_t)dev.mid << 8 | dev.low;
	uint32_t sectors = dev.count ? dev.count : 256;

	if (lba >= DISK_SECTORS || sectors > DISK_SECTORS - lba || dev.behaviour == FAILS) {
		refuse();
		return;
	}
	dev.data = disk + lba * ATA_SECTOR;
	dev.left = sectors * ATA_SECTOR;
	dev.writes = writes;
	dev.burst = MIN(dev.left, sectors_at_once * ATA_SECTOR);
	dev.multiple = (uint8_t)sectors_at_once;
	dev.status = ATA_DRDY | ATA_DRQ;
	if (!writes)
		raise_line();
}

static void command(uint8_t code)
{
	static uint8_t chosen_multiple;

	if (dev.behaviour == HANGS) {
		dev.status = ATA_BSY;
		return;
	}
	switch (code) {
	case IDENTIFY_DEVICE:
		dev.data = (uint8_t *)identity;
		dev.left = dev.burst = sizeof(identity);
		dev.writes = false;
		dev.status = ATA_DRDY | ATA_DRQ;
		return;
	case SET_MULTIPLE_MODE:
		chosen_multiple = dev.count;
		break;
	case READ_SECTORS:
		transfer(false, 1);
		return;
	case WRITE_SECTORS:
		transfer(true, 1);
		return;
	case READ_MULTIPLE:
		transfer(false, chosen_multiple);
		return;
	case WRITE_MULTIPLE:
		transfer(true, chosen_multiple);
		return;
	case READ_DMA:
	case WRITE_DMA:
		dev.status = ATA_BSY; /* the test ends it */
		return;
	case SET_FEATURES:
	case FLUSH_CACHE:
		break;
	default:
		refuse();
		return;
	}
	dev.status = ATA_DRDY;
	raise_line();
}

static void move(void *to, const void *from, int words)
{
	uint32_t bytes = (uint32_t)words * 2;

	if (dev.behaviour == MAD)
		return;
	EXPECT_THAT(dev.status & ATA_DRQ);
	EXPECT(dev.burst, bytes);
	if (to)
		memcpy(to, dev.data, bytes);
	else
		memcpy(dev.data, from, bytes);
	dev.data += bytes;
	dev.left -= bytes;
	offer();
	if (dev.writes || dev.left > 0)
		raise_line();
}

static void insw(int port, void *to, int count)
{
	EXPECT(PORTS, port);
	if (dev.behaviour == MAD)
		memset(to, (int)random_number(), (size_t)count * 2);
	move(to, NULL, count);
}

static void outsw(int port, const void *from, int count)
{
	uint16_t sum = 0;

	EXPECT(PORTS, port);
	for (int i = 0; i < count; i++)
		sum = (uint16_t)(sum + ((const uint16_t *)from)[i]);
	USED(sum);
	move(NULL, from, count);
}

static bool selected(void)
{
	return !(dev.device & SECOND_DEVICE);
}

static uint8_t inb(int port)
{
	EXPECT_THAT(++looks < 100000000);
	if (dev.behaviour == MAD)
		return (uint8_t)random_number();
	if (dev.behaviour == EMPTY)
		return NOBODY;
	if (port == MASTER + MASTER_STATUS)
		return dev.master_status;
	if (port == PORTS + STATUS && selected())
		dev.line = false;
	if (port == PORTS + STATUS || port == CONTROL)
		return dev.behaviour == BUSY_FOR_EVER ? ATA_BSY : selected() ? dev.status : 0;
	if (!selected())
		return 0;
	if (port == PORTS + ERROR)
		return ATA_ABRT;
	return port == PORTS + LBA_MID ? dev.mid : port == PORTS + LBA_HIGH ? dev.high : 1;
}

static void outb(int port, uint8_t value)
{
	switch (port) {
	case CONTROL:
		dev.off = value & NO_INTERRUPTS;
		if (!(value & SOFT_RESET))
			break;
		dev.resets++;
		EXPECT_THAT(!(dev.master_command & MASTER_START));
		dev.status = dev.behaviour == HANGS ? ATA_BSY : ATA_DRDY;
		dev.mid = dev.high = 0;
		dev.left = 0;
		break;
	case MASTER + MASTER_COMMAND:
		dev.master_command = value;
		break;
	case MASTER + MASTER_STATUS:
		dev.master_status &= (uint8_t)~value;
		break;
	case PORTS + FEATURES:
		dev.features = value;
		break;
	case PORTS + COUNT:
		dev.count = value;
		break;
	case PORTS + LBA_LOW:
		dev.low = value;
		break;
	case PORTS + LBA_MID:
		dev.mid = value;
		break;
	case PORTS + LBA_HIGH:
		dev.high = value;
		break;
	case PORTS + DEVICE:
		dev.device = value;
		break;
	case PORTS + COMMAND:
		if (selected())
			command(value);
		break;
	default:
		EXPECT_THAT(port < 0);
	}
}

static void outl(int port, uint32_t value)
{
	EXPECT(MASTER + MASTER_TABLE, port);
	EXPECT(0x00345000, value);
}

#endif
