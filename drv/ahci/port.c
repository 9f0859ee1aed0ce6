/* Ports of AHCI controllers: see port.h. */
#include <common/error.h>
#include <drv/ahci/port.h>

#define STOP_MS 500   /* AHCI 10.1.2: it stops within that, or not at all */
#define LINK_MS 1000  /* for the link, once a device is felt */
#define ABSENT_MS 20  /* a device is felt within 10 ms: Serial ATA, 8.4 */
#define READY_MS 1500 /* for the device: the firmware has waited for it to spin up */
#define POLLED_MS 1500

#define PORT_INTERRUPT_BAD                                                                                       \
	(PORT_INTERRUPT_FATAL | PORT_INTERRUPT_OVERFLOW | PORT_INTERRUPT_PHY | PORT_INTERRUPT_CONNECT)

#define SIGNATURE(task_file) ((uint32_t)(task_file) << 16 | 0x0101)

/* Memory that the controller reads is written before, and what it wrote is read after. */
static void order(void)
{
	__asm__ volatile("" : : : "memory");
}

/* Do the bits in mask of a register become so within ms milliseconds? */
static bool await(const volatile uint32_t *word, uint32_t mask, uint32_t wanted, uint32_t ms)
{
	uint32_t since = block_now();

	while ((*word & mask) != wanted) {
		if (block_passed(since, ms))
			return false;
		block_pause(1);
	}
	return true;
}

/* --- Start and stop. --- */

void port_prepare(struct port *port)
{
	volatile struct ahci_port_registers *registers = port->registers;

	registers->interrupts_on = 0;
	registers->list = driver_physical(port->memory->headers);
	registers->list_high = 0;
	registers->fis = driver_physical(port->memory->received);
	registers->fis_high = 0;
	registers->command = PORT_COMMAND_ACTIVE | PORT_COMMAND_POWER | PORT_COMMAND_SPIN_UP | PORT_COMMAND_FIS;
}

/* From then on the controller touches no memory of requests. */
static bool stop(struct port *port)
{
	port->registers->command &= ~PORT_COMMAND_START;
	return await(&port->registers->command, PORT_COMMAND_RUNS, 0, STOP_MS);
}

/* When it is stopped and the device idle. */
static void start(struct port *port)
{
	struct port_memory *memory = port->memory;

	/* A slot of before that the controller has not forgotten, as it should have, is harmless then. */
	for (int slot = 0; slot < AHCI_SLOTS; slot++)
		ahci_clear(&memory->headers[slot], &memory->tables[slot], driver_physical(&memory->tables[slot]));
	order();
	port->registers->sata_error = 0xFFFFFFFF;
	port->registers->interrupts = 0xFFFFFFFF;
	port->registers->command |= PORT_COMMAND_START;
}

/* --- Reset. --- */

static bool is_linked(const struct port *port)
{
	return SATA_STATUS_DETECTED(port->registers->sata_status) == SATA_LINKED;
}

/* Reset the link (COMRESET): is a device there? */
static bool connect(struct port *port)
{
	volatile struct ahci_port_registers *registers = port->registers;
	uint32_t since;

	registers->sata_control = SATA_CONTROL_AWAKE | SATA_CONTROL_RESET;
	block_pause(2); /* 1 ms at least: AHCI 10.4.2 */
	registers->sata_control = SATA_CONTROL_AWAKE;
	since = block_now();
	while (!is_linked(port)) {
		bool felt = SATA_STATUS_DETECTED(registers->sata_status) == SATA_PRESENT;
		if (block_passed(since, felt ? LINK_MS : ABSENT_MS))
			return false;
		block_pause(1);
	}
	registers->sata_error = 0xFFFFFFFF;
	return await(&registers->task, ATA_BSY | ATA_DRQ, 0, READY_MS);
}

static bool is_disk(const struct port *port)
{
	/* A CD drive has another one, as has what multiplies ports; they are left alone. */
	return port->registers->signature == SIGNATURE(ATA_SIGNATURE_DISK);
}

static void issue(struct port *port, uint32_t slot, const struct ata_command *command, uint32_t regions)
{
	struct port_memory *memory = port->memory;
	struct ahci_table *table = &memory->tables[slot];

	ahci_build(&memory->headers[slot], table, driver_physical(table), command, regions);
	order();
	if (command->way == ATA_QUEUED_IN || command->way == ATA_QUEUED_OUT)
		port->registers->sata_active = 1u << slot;
	port->registers->issue = 1u << slot;
}

/* Ask the device what it is, without interrupts. */
static int identify(struct port *port, struct ata_disk *disk)
{
	struct ata_command command = ata_command_identify();

	ahci_region(&port->memory->tables[0], 0, driver_physical(port->memory->identify),
		    sizeof(port->memory->identify));
	issue(port, 0, &command, 1);
	if (!await(&port->registers->issue, 1, 0, POLLED_MS))
		return -E_TIMEOUT;
	order();
	if ((port->registers->interrupts & PORT_INTERRUPT_FATAL) ||
	    port->memory->headers[0].moved != sizeof(port->memory->identify))
		return -E_IO;
	return ata_identify(disk, port->memory->identify);
}

static void forget(struct port *port)
{
	port->works = false;
	port->running = port->again = 0;
	port->queued = false;
}

bool port_reset(struct port *port)
{
	int err;

	forget(port);
	port->registers->interrupts_on = 0;
	if (!stop(port))
		return false;
	if (connect(port) && is_disk(port)) {
		start(port);
		err = identify(port, &port->disk);
		if (err < 0) {
			block_say("unit %u: the disk does not say what it is: %s", port->unit, error_text(err));
			return stop(port);
		}
		port->works = true;
		port->depth = port_queues(port) ? MIN(port->slots, (uint32_t)port->disk.queue_depth) : port->slots;
	}
	/* The line's interrupts are wanted in any case: something may be plugged in. */
	port->registers->sata_error = 0xFFFFFFFF;
	port->registers->interrupts = 0xFFFFFFFF;
	port->registers->interrupts_on = port->works ? PORT_INTERRUPT_DONE | PORT_INTERRUPT_BAD : 0;
	return true;
}

/* --- Requests. --- */

static struct ata_command choose(const struct port *port, const struct block_request *request, bool queued,
				 uint32_t slot)
{
	enum ata_way in = queued ? ATA_QUEUED_IN : ATA_DMA_IN, out = queued ? ATA_QUEUED_OUT : ATA_DMA_OUT;

	if (request->op == BLOCK_FLUSH)
		return ata_flush(&port->disk);
	return ata_transfer(&port->disk, request->op == BLOCK_WRITE ? out : in, request->sector, request->count, slot);
}

static_assert(BLOCK_PIECES_MAX <= AHCI_REGIONS, "each request fits into a table");

static void run(struct port *port, uint32_t slot, bool queued)
{
	const struct block_request *request = port->requests[slot];
	struct ata_command command = choose(port, request, queued, slot);
	uint32_t regions = request->op == BLOCK_FLUSH ? 0 : request->piece_count;

	for (uint32_t i = 0; i < regions; i++)
		ahci_region(&port->memory->tables[slot], i, request->pieces[i].address, request->pieces[i].size);
	port->queued = queued;
	port->running |= 1u << slot;
	issue(port, slot, &command, regions);
}

int port_begin(struct port *port, struct block_request *request)
{
	bool queued = port_queues(port) && request->op != BLOCK_FLUSH;
	uint32_t free, slot;

	if (!port->works)
		return -E_IO;
	free = ~port->running & (0xFFFFFFFF >> (AHCI_SLOTS - port->depth));
	if (port->again || !free || (port->running && queued != port->queued))
		return -E_BUSY;
	if (request->op == BLOCK_FLUSH && ata_flush(&port->disk).command == 0) {
		block_end(request, 0);
		return 0;
	}
	slot = (uint32_t)__builtin_ctz(free);
	port->requests[slot] = request;
	run(port, slot, queued);
	return 0;
}

/* If something is to be done once more, do the next of that. */
static void run_again(struct port *port)
{
	uint32_t slot;

	if (!port->again || port->running)
		return;
	slot = (uint32_t)__builtin_ctz(port->again);
	port->again &= ~(1u << slot);
	run(port, slot, false);
}

/* Has the controller moved all? Of queued commands it does not say. */
static bool is_complete(const struct port *port, uint32_t slot)
{
	const struct block_request *request = port->requests[slot];

	return port->queued || request->op == BLOCK_FLUSH ||
	       port->memory->headers[slot].moved == request->count * BLOCK_SECTOR;
}

static void end(struct port *port, uint32_t slots)
{
	order();
	port->running &= ~slots;
	for (; slots; slots &= slots - 1) {
		uint32_t slot = (uint32_t)__builtin_ctz(slots);
		block_end(port->requests[slot], is_complete(port, slot) ? 0 : -E_IO);
	}
	run_again(port);
}

/* --- Errors. --- */

static void fail(struct port *port, uint32_t slots)
{
	for (; slots; slots &= slots - 1)
		block_end(port->requests[__builtin_ctz(slots)], -E_IO);
}

/* Stop and start, as is enough after an error that the device has reported by itself: AHCI 6.2.2.1. */
static bool restart(struct port *port)
{
	if (!is_linked(port) || (port->registers->task & (ATA_BSY | ATA_DRQ)) || !stop(port))
		return false;
	start(port);
	return true;
}

/* Reset the device; one that is another then, or none, is not used any more. False: as port_reset. */
static bool reset_for_error(struct port *port)
{
	uint64_t sectors = port->disk.sectors;

	if (!port_reset(port))
		return false;
	if (port->works && port->disk.sectors != sectors)
		port->works = false;
	return true;
}

/* Something went wrong; `slots` had not ended well for certain. */
static void recover(struct port *port, uint32_t came)
{
	uint32_t slots = port->running | port->again, task = port->registers->task;
	bool alone = !port->queued && port->running && (port->running & (port->running - 1)) == 0;
	uint32_t failed = alone ? port->running : 0;

	if (failed)
		block_say("unit %u, sector %llu: %s", port->unit, port->requests[__builtin_ctz(failed)]->sector,
			  (came & PORT_INTERRUPT_FATAL) ? ata_error_text((uint8_t)task, (uint8_t)(task >> 8)) :
							  "the link failed");
	if (!(alone && restart(port)) && !reset_for_error(port)) {
		/* It may still move data: nothing ends until the time is up, and then all is reset. */
		port->running = slots;
		return;
	}
	if (!port->works)
		failed = slots;
	port->running = 0;
	port->again = slots & ~failed;
	fail(port, failed);
	run_again(port);
}

void port_look(struct port *port)
{
	volatile struct ahci_port_registers *registers = port->registers;
	uint32_t came = registers->interrupts, left;

	registers->interrupts = came;
	if (!port->works || (!port->running && !(came & PORT_INTERRUPT_BAD)))
		return;
	left = registers->issue | (port->queued ? registers->sata_active : 0);
	/* One that is not left any more may have failed: that shows now, if not before. */
	came |= registers->interrupts;
	if ((came & PORT_INTERRUPT_BAD) || (port->queued && registers->sata_error))
		recover(port, came);
	else
		end(port, port->running & ~left);
}
