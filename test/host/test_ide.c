/*
 * Host test of drv/ide/channel.c against a device that is made of C here: it does what the standard says, or refuses,
 * or hangs, or says anything at all. Requests' memory is in blocks of exactly its size, so that ASan sees a sector too
 * much.
 */
#define TEST_GROUP "ide"
#include "driver.h"

/* --- In place of drv/lib and of the instructions for ports. --- */

#define FINCH_ARCH_X86_H

static void driver_pauses(void)
{
}

static uint32_t driver_physical(const volatile void *va)
{
	USED(va);
	return 0x00345000;
}

static uint8_t inb(int port);
static void outb(int port, uint8_t value);
static void outl(int port, uint32_t value);
static void insw(int port, void *to, int count);
static void outsw(int port, const void *from, int count);

#include <common/error.c>
#include <drv/ide/channel.c>
#include <drv/lib/ata.c>

#include "ide_device.h"

/* --- The tests. --- */

static struct prd prds[PRD_MOST];
static struct channel channel;

static void set_up(bool with_dma, enum behaviour behaviour)
{
	memset(&dev, 0, sizeof(dev));
	dev.behaviour = behaviour;
	make_identity(with_dma);
	looks = 0;
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
	request->ended = 0;
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
		EXPECT(1, request.ended);
		EXPECT(0, request.result);
		EXPECT(0, memcmp(request.memory, disk + sector * ATA_SECTOR, count * ATA_SECTOR));
		memset(request.memory, 0, count * ATA_SECTOR);
		request.op = BLOCK_READ;
		carry_out(&request);
		EXPECT(1, request.ended);
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
	channel_look(&channel);
	channel_begin(&channel, 0, &request);
	for (int i = 0; i < 20; i++)
		channel_look(&channel);
	EXPECT(1, request.ended);
	EXPECT(0, memcmp(request.memory, disk + 3 * ATA_SECTOR, 40 * ATA_SECTOR));
	free(request.memory);
}

static void flushes(void)
{
	struct block_request request = { .op = BLOCK_FLUSH };

	set_up(true, GOOD);
	carry_out(&request);
	EXPECT(1, request.ended);
	EXPECT(0, request.result);
}

static void by_dma(void)
{
	struct block_request request = make_request(BLOCK_READ, 5, 24);

	set_up(true, GOOD);
	request.piece_count = 2;
	request.pieces[1] = (struct block_piece){ 0x20000, 0x10000 };
	channel_begin(&channel, 0, &request);
	EXPECT(MASTER_TO_MEMORY | MASTER_START, dev.master_command);
	EXPECT(0x10000, prds[0].address);
	EXPECT(24 * ATA_SECTOR, prds[0].bytes);
	EXPECT(0, prds[0].flags);
	EXPECT(0, prds[1].bytes); /* 64 KB */
	EXPECT(PRD_LAST, prds[1].flags);
	dev.status = ATA_DRDY; /* the device says so before the data is in memory */
	channel_look(&channel);
	EXPECT(0, request.ended);
	raise_line();
	channel_look(&channel);
	EXPECT(1, request.ended);
	EXPECT(0, request.result);
	EXPECT(0, dev.master_command);
	request.op = BLOCK_WRITE;
	channel_begin(&channel, 0, &request);
	EXPECT(MASTER_START, dev.master_command);
	dev.status = ATA_DRDY | ATA_ERR;
	raise_line();
	channel_look(&channel);
	EXPECT(2, request.ended);
	EXPECT(-E_IO, request.result);
	channel_begin(&channel, 0, &request);
	dev.status = ATA_DRDY;
	dev.master_status |= MASTER_ERROR; /* a region that it could not reach */
	raise_line();
	channel_look(&channel);
	EXPECT(3, request.ended);
	EXPECT(-E_IO, request.result);
	free(request.memory);
}

/* A reset in the middle ends DMA, and the disk can be used after it. */
static void reset_in_the_middle(void)
{
	struct block_request request = make_request(BLOCK_WRITE, 5, 24);

	set_up(true, GOOD);
	channel_begin(&channel, 0, &request);
	channel_reset(&channel);
	EXPECT(0, dev.master_command);
	EXPECT(0, request.ended);
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
		EXPECT(1, request.ended);
		EXPECT(-E_IO, request.result);
		dev.behaviour = GOOD;
		carry_out(&request);
		EXPECT(0, request.result);
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
	EXPECT(0, request.ended);
	EXPECT_THAT(looks < 3000);
	dev.status = ATA_BSY | ATA_DRQ | ATA_ERR; /* while it is busy, the other bits mean nothing */
	channel_look(&channel);
	EXPECT(0, request.ended);
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
		channel_begin(&channel, 0, &request);
		for (int i = 0; i < 50; i++)
			channel_look(&channel);
		EXPECT_THAT(request.ended <= 1);
		EXPECT(request.ended == 0, channel.request != NULL);
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
