/*
 * ahci [unqueued]: the driver for the disks of an AHCI (Serial ATA) controller. It is started by the disk server;
 * `unqueued`: without queued commands (NCQ).
 *
 * Unit n is the n-th port that the controller has.
 *
 * Source: Serial ATA AHCI 1.3.1, sections 3.1 (registers) and 10 (software).
 */
#include <drv/ahci/port.h>
#include <drv/lib/ata_unit.h>
#include <inc/lib.h>

#define REGISTERS_RANGE 5
#define RESET_MS 1000   /* AHCI 10.4.3 */
#define HANDOFF_MS 2000 /* AHCI 10.6.3 */

static volatile struct ahci_registers *registers;
static struct port ports[DRIVER_UNITS];
static uint32_t port_count;
static bool unqueued;

static bool await(const volatile uint32_t *word, uint32_t mask, uint32_t ms)
{
	uint32_t since = block_now();

	while (*word & mask) {
		if (block_passed(since, ms))
			return false;
		block_pause(1);
	}
	return true;
}

/* The firmware may use the controller, until it is told not to. It gets its time; then it is ours. */
static void take_from_firmware(void)
{
	if (!(registers->capabilities_2 & AHCI_CAN_HANDOFF))
		return;
	registers->handoff |= AHCI_HANDOFF_OURS;
	await(&registers->handoff, AHCI_HANDOFF_FIRMWARE, HANDOFF_MS);
}

/* After that nothing of the controller's moves data. */
static bool reset_controller(void)
{
	registers->control = AHCI_CONTROL_AHCI;
	registers->control = AHCI_CONTROL_AHCI | AHCI_CONTROL_RESET;
	if (!await(&registers->control, AHCI_CONTROL_RESET, RESET_MS))
		return false;
	registers->control = AHCI_CONTROL_AHCI;
	return true;
}

/* The registers of so many ports are in the range. */
static uint32_t ports_in(const struct driver_range *range)
{
	if (range->kind != PCI_BAR_MEMORY || !range->va || range->size < offsetof(struct ahci_registers, ports))
		return 0;
	return MIN((uint32_t)AHCI_PORTS, (uint32_t)((range->size - offsetof(struct ahci_registers, ports)) /
						    sizeof(struct ahci_port_registers)));
}

/* Those that there is memory for. */
static void find_ports(const struct driver_page *page, uint32_t numbers)
{
	uint32_t can = registers->capabilities, implemented = registers->implemented;
	uint32_t most = MIN((uint32_t)DRIVER_UNITS, (uint32_t)(page->dma_pages * PGSIZE / sizeof(struct port_memory)));

	for (uint32_t number = 0; number < numbers && port_count < most; number++) {
		if (!(implemented >> number & 1))
			continue;
		ports[port_count] = (struct port){
			.unit = port_count,
			.bit = 1u << number,
			.registers = &registers->ports[number],
			.memory = (struct port_memory *)DRIVER_DMA + port_count,
			.slots = AHCI_CAN_SLOTS(can),
			.can_queue = (can & AHCI_CAN_QUEUE) && !unqueued,
		};
		port_count++;
	}
}

/* One after another: disks that wait to be told spin up one at a time. False: as port_reset. */
static bool reset_ports(void)
{
	bool all = true;

	for (uint32_t n = 0; n < port_count; n++) {
		port_prepare(&ports[n]);
		all &= port_reset(&ports[n]);
	}
	registers->interrupts = 0xFFFFFFFF;
	registers->control = AHCI_CONTROL_AHCI | AHCI_CONTROL_INTERRUPTS;
	return all;
}

/* After a reset: a disk that is another one than before is not used. */
static void compare(struct port *port)
{
	char how[32];

	if (!port->works)
		return;
	snprintf(how, sizeof(how), "%u requests at a time%s", port->depth, port_queues(port) ? ", queued" : "");
	if (!ata_unit_is(port->unit, &port->disk, how))
		port->works = false;
}

static int start(struct driver_page *page)
{
	const struct driver_range *range = &page->ranges[REGISTERS_RANGE];

	if (ports_in(range) == 0)
		return -E_NOT_SUPP;
	registers = (volatile struct ahci_registers *)range->va;
	take_from_firmware();
	if (!reset_controller())
		return -E_IO;
	find_ports(page, ports_in(range));
	if (!reset_ports())
		return -E_IO;
	page->unit_count = 0;
	for (uint32_t n = 0; n < port_count; n++) {
		compare(&ports[n]);
		if (ports[n].works)
			page->unit_count = port_count;
	}
	return 0;
}

static int submit(struct block_request *request)
{
	return port_begin(&ports[request->unit], request);
}

static void interrupt(void)
{
	uint32_t came = registers->interrupts;

	for (uint32_t n = 0; n < port_count; n++) {
		if ((came & ports[n].bit) || ports[n].running)
			port_look(&ports[n]);
	}
	registers->interrupts = came; /* after the ports: it stays set as long as one of those has something */
}

static int reset(uint32_t unit)
{
	if (port_reset(&ports[unit])) {
		compare(&ports[unit]);
		return 1 << unit;
	}
	if (!reset_controller() || !reset_ports())
		return -E_IO;
	for (uint32_t n = 0; n < port_count; n++)
		compare(&ports[n]);
	return (1 << port_count) - 1;
}

static const struct block_driver driver = {
	.name = "ahci",
	.start = start,
	.submit = submit,
	.interrupt = interrupt,
	.reset = reset,
};

void umain(int argc, char **argv)
{
	unqueued = argc > 1 && strcmp(argv[1], "unqueued") == 0;
	block_main(&driver);
}
