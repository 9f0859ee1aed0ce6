/*
 * Host test of drv/ide/channel.c against a device that is made of C here: it does what the standard says, or refuses,
 * or hangs, or says anything at all. Requests' memory is in blocks of exactly its size, so that ASan sees a sector too
 * much.
 */
#define TEST_GROUP "ide"
#include "host.h"

#include <abi/error.h>

/* --- In place of drv/lib and of the instructions for ports. --- */

#define DRV_LIB_BLOCK_SERVER_H
#define FINCH_ARCH_X86_H

enum { BLOCK_READ = 1, BLOCK_WRITE, BLOCK_FLUSH };

#define BLOCK_PIECES_MAX 33

struct block_piece {
	uint32_t address, size;
};
struct block_request {
	uint32_t op, unit;
	uint64_t sector;
	uint32_t count;
	char *memory;
	uint32_t piece_count;
	struct block_piece pieces[BLOCK_PIECES_MAX];
};

static uint32_t clock_ms, looks;
static int ended, result;

static uint32_t block_now(void)
{
	return clock_ms;
}

static bool block_passed(uint32_t since, uint32_t ms)
{
	return clock_ms - since >= ms;
}

static void block_pause(uint32_t ms)
{
	clock_ms += ms;
}

static void block_say(const char *format, ...)
{
	USED(format);
}

static uint32_t driver_physical(const volatile void *va)
{
	USED(va);
	return 0x00345000;
}

static void block_end(struct block_request *request, int how)
{
	USED(request);
	ended++;
	result = how;
}

static uint8_t inb(int port);
static void outb(int port, uint8_t value);
static void outl(int port, uint32_t value);
static void insw(int port, void *to, int count);
static void outsw(int port, const void *from, int count);

#include <common/error.c>
#include <drv/ide/channel.c>
#include <drv/lib/ata.c>

/* --- The device: the first one of the channel, a disk of DISK_SECTORS; there is no second one. --- */

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

/* --- The tests. --- */

static struct prd prds[PRD_MOST];
static struct channel channel;

static void set_up(bool with_dma, enum behaviour behaviour)
{
	memset(&dev, 0, sizeof(dev));
	dev.behaviour = behaviour;
	make_identity(with_dma);
	looks = 0;
	ended = 0;
	channel = (struct channel){
		.name = "test", .command = PORTS, .control = CONTROL, .master = with_dma ? MASTER : 0, .prds = prds
	};
	channel_reset(&channel);
}

static struct block_request make_request(uint32_t op, uint64_t sector, uint32_t count)
{
	struct block_request request = { .op = op, .sector = sector, .count = count, .piece_count = 1 };

	request.memory = malloc(count * ATA_SECTOR);
	request.pieces[0] = (struct block_piece){ 0x10000, count * ATA_SECTOR };
	for (uint32_t i = 0; i < count * ATA_SECTOR; i++)
		request.memory[i] = (char)random_number();
	return request;
}

/* Begin it, and look as often as the line is raised. */
static void carry_out(struct block_request *request)
{
	ended = 0;
	dev.line = false;
	channel_begin(&channel, 0, request);
	for (int i = 0; i < 1000 && dev.line; i++)
		channel_look(&channel);
}

static void finds_disk(void)
{
	set_up(true, GOOD);
	EXPECT_THAT(channel.devices[0].works && !channel.devices[1].works);
	EXPECT(DISK_SECTORS, channel.devices[0].disk.sectors);
	EXPECT(0x22, channel.devices[0].disk.dma_mode);
	EXPECT_THAT(!dev.off && !dev.line);
	EXPECT(0, dev.master_status);
	set_up(false, GOOD);
	EXPECT(0, channel.devices[0].disk.dma_mode);
	EXPECT(16, channel.devices[0].disk.multiple);
}

static void nobody_there(void)
{
	set_up(true, EMPTY);
	EXPECT_THAT(!channel.devices[0].works && !channel.devices[1].works);
	set_up(true, HANGS);
	EXPECT_THAT(!channel.devices[0].works);
	clock_ms = 0;
	set_up(true, BUSY_FOR_EVER);
	EXPECT_THAT(!channel.devices[0].works && !channel.devices[1].works);
	EXPECT_THAT(clock_ms < 5000);
}

static void pio_moves_all(void)
{
	set_up(false, GOOD);
	for (int round = 0; round < 300; round++) {
		uint32_t count = 1 + (uint32_t)random_below(round % 10 ? 40 : 256);
		uint32_t sector = (uint32_t)random_below(DISK_SECTORS - count + 1);
		struct block_request request = make_request(BLOCK_WRITE, sector, count);
		carry_out(&request);
		EXPECT(1, ended);
		EXPECT(0, result);
		EXPECT(0, memcmp(request.memory, disk + sector * ATA_SECTOR, count * ATA_SECTOR));
		memset(request.memory, 0, count * ATA_SECTOR);
		request.op = BLOCK_READ;
		carry_out(&request);
		EXPECT(1, ended);
		EXPECT(0, memcmp(request.memory, disk + sector * ATA_SECTOR, count * ATA_SECTOR));
		EXPECT_THAT(channel.request == NULL);
		free(request.memory);
	}
}

/* Looked at at any time, as happens when a line is shared, or after an interrupt that may have been lost. */
static void looks_too_many(void)
{
	struct block_request request;

	set_up(false, GOOD);
	request = make_request(BLOCK_WRITE, 3, 40);
	ended = 0;
	channel_look(&channel);
	channel_begin(&channel, 0, &request);
	for (int i = 0; i < 20; i++)
		channel_look(&channel);
	EXPECT(1, ended);
	EXPECT(0, memcmp(request.memory, disk + 3 * ATA_SECTOR, 40 * ATA_SECTOR));
	free(request.memory);
}

static void flushes(void)
{
	struct block_request request = { .op = BLOCK_FLUSH };

	set_up(true, GOOD);
	carry_out(&request);
	EXPECT(1, ended);
	EXPECT(0, result);
}

static void by_dma(void)
{
	struct block_request request = make_request(BLOCK_READ, 5, 24);

	set_up(true, GOOD);
	request.piece_count = 2;
	request.pieces[1] = (struct block_piece){ 0x20000, 0x10000 };
	ended = 0;
	channel_begin(&channel, 0, &request);
	EXPECT(MASTER_TO_MEMORY | MASTER_START, dev.master_command);
	EXPECT(0x10000, prds[0].address);
	EXPECT(24 * ATA_SECTOR, prds[0].bytes);
	EXPECT(0, prds[0].flags);
	EXPECT(0, prds[1].bytes); /* 64 KB */
	EXPECT(PRD_LAST, prds[1].flags);
	dev.status = ATA_DRDY; /* the device says so before the data is in memory */
	channel_look(&channel);
	EXPECT(0, ended);
	raise_line();
	channel_look(&channel);
	EXPECT(1, ended);
	EXPECT(0, result);
	EXPECT(0, dev.master_command);
	request.op = BLOCK_WRITE;
	channel_begin(&channel, 0, &request);
	EXPECT(MASTER_START, dev.master_command);
	dev.status = ATA_DRDY | ATA_ERR;
	raise_line();
	channel_look(&channel);
	EXPECT(2, ended);
	EXPECT(-E_IO, result);
	channel_begin(&channel, 0, &request);
	dev.status = ATA_DRDY;
	dev.master_status |= MASTER_ERROR; /* a region that it could not reach */
	raise_line();
	channel_look(&channel);
	EXPECT(3, ended);
	EXPECT(-E_IO, result);
	free(request.memory);
}

/* A reset in the middle ends DMA, and the disk can be used after it. */
static void reset_in_the_middle(void)
{
	struct block_request request = make_request(BLOCK_WRITE, 5, 24);

	set_up(true, GOOD);
	ended = 0;
	channel_begin(&channel, 0, &request);
	channel_reset(&channel);
	EXPECT(0, dev.master_command);
	EXPECT(0, ended);
	EXPECT(2, dev.resets);
	EXPECT_THAT(channel.devices[0].works && !channel.request);
	free(request.memory);
}

static void errors(void)
{
	struct block_request request;

	for (uint32_t op = BLOCK_READ; op <= BLOCK_WRITE; op++) {
		set_up(false, GOOD);
		dev.behaviour = FAILS;
		request = make_request(op, 0, 20);
		carry_out(&request);
		EXPECT(1, ended);
		EXPECT(-E_IO, result);
		dev.behaviour = GOOD;
		carry_out(&request);
		EXPECT(0, result);
		free(request.memory);
	}
}

/* Nothing comes, and nothing waits: that is the business of who called. */
static void hangs(void)
{
	struct block_request request = make_request(BLOCK_WRITE, 0, 20);

	set_up(false, GOOD);
	dev.behaviour = HANGS;
	looks = 0;
	carry_out(&request);
	channel_look(&channel);
	EXPECT(0, ended);
	EXPECT_THAT(looks < 3000);
	dev.status = ATA_BSY | ATA_DRQ | ATA_ERR; /* while it is busy, the other bits mean nothing */
	channel_look(&channel);
	EXPECT(0, ended);
	channel_reset(&channel);
	EXPECT_THAT(!channel.devices[0].works);
	free(request.memory);
}

/* Whatever it says: a request ends once or not at all, within its memory. */
static void mad_device(void)
{
	for (int round = 0; round < 3000; round++) {
		uint32_t op = 1 + (uint32_t)random_below(2), count = 1 + (uint32_t)random_below(60);
		struct block_request request = make_request(op, random_below(400), count);

		set_up(round % 2, GOOD);
		dev.behaviour = MAD;
		ended = 0;
		channel_begin(&channel, 0, &request);
		for (int i = 0; i < 50; i++)
			channel_look(&channel);
		EXPECT_THAT(ended <= 1);
		EXPECT(ended == 0, channel.request != NULL);
		if (round % 10 == 0) {
			channel_reset(&channel);
			EXPECT_THAT(channel.request == NULL);
		}
		free(request.memory);
	}
}

int main(void)
{
	RUN(finds_disk);
	RUN(nobody_there);
	RUN(pio_moves_all);
	RUN(looks_too_many);
	RUN(flushes);
	RUN(by_dma);
	RUN(reset_in_the_middle);
	RUN(errors);
	RUN(hangs);
	RUN(mad_device);
	return tests_failed != 0;
}
