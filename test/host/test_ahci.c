/*
 * Host test of drv/ahci/port.c: what it does with several requests under way when they end, fail, or the device goes.
 * The registers are plain memory, so a bit that is written as 1 to clear it stays; each test says what the controller
 * did, and looks what came of it.
 */
#define TEST_GROUP "ahci"
#include "driver.h"

static uint32_t driver_physical(const volatile void *va)
{
	return (uint32_t)(uintptr_t)va;
}

#include <common/error.c>
#include <drv/ahci/port.c>
#include <drv/ahci/table.c>
#include <drv/lib/ata.c>

/* --- The controller, where the driver waits for it. --- */

static struct ahci_port_registers registers;
static struct port_memory memory;
static struct port port;
static struct block_request requests[AHCI_SLOTS];

static enum { GOOD, STUCK, UNPLUGGED, DEAF, MAD } behaviour;
static uint32_t sectors = 100000;
static int resets;

static void fill_identity(void)
{
	memset(memory.identify, 0, sizeof(memory.identify));
	memory.identify[CAPABILITIES] = HAS_LBA | HAS_DMA;
	memory.identify[COMMANDS_2] = 0x4000 | HAS_LBA48 | HAS_FLUSH | HAS_FLUSH_EXT;
	memory.identify[SECTORS_48] = (uint16_t)sectors;
	memory.identify[SECTORS_48 + 1] = (uint16_t)(sectors >> 16);
	memory.identify[QUEUE_DEPTH] = 31;
	memory.identify[SATA_CAPABILITIES] = HAS_NCQ;
}

static void make_mad(void)
{
	uint32_t *words = (uint32_t *)&registers;

	for (size_t i = 0; i < sizeof(registers) / 4; i++)
		words[i] = random_below(2) ? (uint32_t)random_number() : random_below(2) ? 0 : 0xFFFFFFFF;
	memory.headers[random_below(AHCI_SLOTS)].moved = (uint32_t)random_number();
	damage((uint8_t *)memory.identify, sizeof(memory.identify));
}

static void driver_pauses(void)
{
	if (behaviour == MAD) {
		make_mad();
		return;
	}
	if (behaviour == STUCK)
		registers.command |= PORT_COMMAND_RUNS;
	if ((registers.sata_control & 0xF) == SATA_CONTROL_RESET) {
		resets++;
		registers.sata_status = behaviour == UNPLUGGED ? 0 : 0x123;
		registers.task = ATA_DRDY;
		registers.signature = 0x00000101;
		registers.interrupts = 0;
	}
	if (behaviour == GOOD && registers.issue == 1 && memory.tables[0].fis[2] == IDENTIFY_DEVICE) {
		fill_identity();
		memory.headers[0].moved = sizeof(memory.identify);
		registers.interrupts = 0;
		registers.issue = 0;
	}
}

static void set_up(bool can_queue, bool works)
{
	behaviour = works ? GOOD : DEAF;
	memset(&registers, 0, sizeof(registers));
	memset(requests, 0, sizeof(requests));
	port = (struct port){ .registers = &registers, .memory = &memory, .slots = 32, .can_queue = can_queue };
	port_prepare(&port);
	EXPECT_THAT(port_reset(&port));
	EXPECT(works, port.works);
	resets = 0;
	registers.sata_error = registers.interrupts = registers.issue = registers.sata_active = 0;
}

static int begin(int n, uint32_t op)
{
	requests[n] = (struct block_request){ .op = op, .sector = (uint32_t)n * 8, .count = 8, .piece_count = 1 };
	requests[n].pieces[0] = (struct block_piece){ 0x10000, 8 * BLOCK_SECTOR };
	return port_begin(&port, &requests[n]);
}

/* The controller has these slots left; the others of `all` have moved all. */
static void look(uint32_t left, uint32_t interrupts)
{
	for (int slot = 0; slot < AHCI_SLOTS; slot++)
		memory.headers[slot].moved = 8 * BLOCK_SECTOR;
	registers.issue = registers.sata_active = left;
	registers.interrupts = interrupts;
	registers.sata_error = 0;
	port_look(&port);
}

static uint32_t ended(void)
{
	uint32_t bits = 0;

	for (int n = 0; n < AHCI_SLOTS; n++) {
		EXPECT_THAT(requests[n].ended <= 1);
		bits |= (uint32_t)requests[n].ended << n;
	}
	return bits;
}

static uint8_t code(int slot)
{
	return memory.tables[slot].fis[2];
}

/* --- The tests. --- */

static void finds_disk(void)
{
	set_up(true, true);
	EXPECT(sectors, port.disk.sectors);
	EXPECT(32, port.depth);
	EXPECT_THAT(registers.command & PORT_COMMAND_START);
	EXPECT_THAT(registers.interrupts_on & PORT_INTERRUPT_DONE);
	set_up(true, false);
	EXPECT_THAT(clock_ms < 10000);
	EXPECT_THAT(!(registers.command & PORT_COMMAND_START));
	EXPECT(-E_IO, begin(0, BLOCK_READ));
}

static void in_any_order(void)
{
	set_up(true, true);
	for (int n = 0; n < 32; n++)
		EXPECT(0, begin(n, n % 2 ? BLOCK_WRITE : BLOCK_READ));
	EXPECT(READ_FPDMA_QUEUED, code(0));
	EXPECT(WRITE_FPDMA_QUEUED, code(31));
	EXPECT(1u << 31, registers.sata_active);
	{
		struct block_request more = { .op = BLOCK_READ, .count = 1 };
		EXPECT(-E_BUSY, port_begin(&port, &more));
	}
	look(0xFFFFFFFE, PORT_INTERRUPT_DONE);
	EXPECT(1, ended());
	look(0x0F0F0F0F, PORT_INTERRUPT_DONE);
	EXPECT(0xF0F0F0F1, ended());
	look(0x0F0F0F0F, 0);
	EXPECT(0xF0F0F0F1, ended());
	look(0, PORT_INTERRUPT_DONE);
	EXPECT(0xFFFFFFFF, ended());
	EXPECT(0, port.running);
}

/* Queued commands and others never are under way together. */
static void flush_waits(void)
{
	set_up(true, true);
	EXPECT(0, begin(0, BLOCK_WRITE));
	EXPECT(-E_BUSY, begin(1, BLOCK_FLUSH));
	look(0, PORT_INTERRUPT_DONE);
	EXPECT(0, begin(1, BLOCK_FLUSH));
	EXPECT(FLUSH_CACHE_EXT, code(0));
	EXPECT(-E_BUSY, begin(2, BLOCK_READ));
	look(0, PORT_INTERRUPT_DONE);
	EXPECT(3, ended());
}

static void too_little_moved(void)
{
	set_up(false, true);
	EXPECT(0, begin(0, BLOCK_READ));
	EXPECT(READ_DMA, code(0));
	memory.headers[0].moved = 512;
	registers.issue = 0;
	registers.interrupts = PORT_INTERRUPT_DONE;
	port_look(&port);
	EXPECT(1, ended());
	EXPECT(-E_IO, requests[0].result);
}

/* Which of four failed is found out by doing them one at a time. */
static void one_of_many_fails(bool can_queue)
{
	set_up(can_queue, true);
	for (int n = 0; n < 4; n++)
		EXPECT(0, begin(n, BLOCK_READ));
	look(0xE, PORT_INTERRUPT_FATAL); /* slot 0 seems to have ended: perhaps with the error */
	EXPECT(0, ended());
	EXPECT(1, resets);
	EXPECT(1, port.running);
	EXPECT(READ_DMA, code(0));
	EXPECT(0, code(1)); /* the controller finds nothing there, whatever it remembers */
	EXPECT(-E_BUSY, begin(9, BLOCK_READ));
	look(0, PORT_INTERRUPT_DONE);
	EXPECT(1, ended());
	registers.task = ATA_DRDY | ATA_ERR;
	look(2, PORT_INTERRUPT_FATAL);
	EXPECT(3, ended());
	EXPECT(-E_IO, requests[1].result);
	EXPECT(1, resets); /* one that the device itself reports needs none */
	look(0, PORT_INTERRUPT_DONE);
	look(0, PORT_INTERRUPT_DONE);
	EXPECT(0xF, ended());
	EXPECT(0, requests[0].result | requests[2].result | requests[3].result);
	EXPECT(0, begin(5, BLOCK_READ));
	EXPECT(can_queue ? READ_FPDMA_QUEUED : READ_DMA, code(0));
}

static void one_of_many_fails_queued(void)
{
	one_of_many_fails(true);
}

static void one_of_many_fails_unqueued(void)
{
	one_of_many_fails(false);
}

/* Some controllers tell of a queued command that failed in that register alone. */
static void sata_error(void)
{
	set_up(true, true);
	EXPECT(0, begin(0, BLOCK_READ));
	registers.issue = 0;
	registers.sata_active = 1;
	registers.interrupts = PORT_INTERRUPT_DONE;
	registers.sata_error = 1;
	port_look(&port);
	EXPECT(0, ended());
	EXPECT(READ_DMA, code(0));
	EXPECT(1, resets);
}

static void unplugged(void)
{
	set_up(true, true);
	for (int n = 0; n < 3; n++)
		EXPECT(0, begin(n, BLOCK_WRITE));
	behaviour = UNPLUGGED;
	registers.sata_status = 0;
	look(7, PORT_INTERRUPT_PHY);
	EXPECT(7, ended());
	EXPECT(-E_IO, requests[2].result);
	EXPECT(-E_IO, begin(4, BLOCK_READ));
	/* Another disk in its place is not taken for it. */
	set_up(true, true);
	EXPECT(0, begin(0, BLOCK_WRITE));
	sectors = 200000;
	look(1, PORT_INTERRUPT_PHY);
	EXPECT(-E_IO, requests[0].result);
	EXPECT(1, ended());
	EXPECT(-E_IO, begin(4, BLOCK_READ));
	sectors = 100000;
}

/* What may still be moved to memory has not ended. */
static void does_not_stop(void)
{
	set_up(true, true);
	for (int n = 0; n < 3; n++)
		EXPECT(0, begin(n, BLOCK_READ));
	behaviour = STUCK;
	registers.command |= PORT_COMMAND_RUNS;
	look(7, PORT_INTERRUPT_FATAL);
	EXPECT(0, ended());
	EXPECT_THAT(!port_reset(&port));
	EXPECT(0, ended());
	EXPECT(0, resets);
}

static void mad_controller(void)
{
	for (int round = 0; round < 3000; round++) {
		int begun = 0;
		set_up(round % 2, true);
		for (int n = 0; n < 8; n++)
			begun += begin(n, 1 + (uint32_t)random_below(3)) == 0;
		behaviour = MAD;
		for (int i = 0; i < 20; i++) {
			make_mad();
			port_look(&port);
			ended();
		}
		EXPECT_THAT(__builtin_popcount(ended()) <= begun);
		port_reset(&port);
	}
}

int main(void)
{
	RUN(finds_disk);
	RUN(in_any_order);
	RUN(flush_waits);
	RUN(too_little_moved);
	RUN(one_of_many_fails_queued);
	RUN(one_of_many_fails_unqueued);
	RUN(sata_error);
	RUN(unplugged);
	RUN(does_not_stop);
	RUN(mad_controller);
	return tests_failed != 0;
}
