/* IDE channels: see channel.h. */
#include <common/error.h>
#include <arch/x86.h>
#include <drv/ide/channel.h>

/* Ports from `command` on; reading and writing differ. */
enum {
	DATA = 0,
	ERROR = 1,
	FEATURES = 1,
	COUNT = 2,
	LBA_LOW = 3,
	LBA_MID = 4,
	LBA_HIGH = 5,
	DEVICE = 6,
	STATUS = 7, /* reading it makes the device let go of the interrupt line */
	COMMAND = 7,
};

/* At `control`: read, the status without that effect; written, these. */
enum {
	NO_INTERRUPTS = 0x02,
	SOFT_RESET = 0x04,
};

/* Ports from `master` on, and bits. */
enum {
	MASTER_COMMAND = 0,
	MASTER_START = 0x01,
	MASTER_TO_MEMORY = 0x08,
	MASTER_STATUS = 2, /* the two bits are cleared by writing 1 */
	MASTER_ERROR = 0x02,
	MASTER_INTERRUPT = 0x04, /* the device's came, and all its data is in memory */
	MASTER_TABLE = 4,
};

#define SECOND_DEVICE 0x10  /* in DEVICE */
#define NOBODY 0xFF         /* what reads as status where nothing is connected */
#define LOOKS 1000          /* without sleeping: on a real bus about a millisecond */
#define RESET_MS 1500       /* the firmware has waited for the disks to spin up */
#define POLLED_MS 1500      /* for a command without interrupts */
#define WORDS_PER_SECTOR (ATA_SECTOR / 2)

/* Let 400 ns pass, after which the status is valid: four reads on an ISA bus, and nobody's is faster. */
static void settle(const struct channel *channel)
{
	for (int i = 0; i < 4; i++)
		inb(channel->control);
}

/* Does the status become so, of the bits in mask, while one may look at it without sleeping? */
static bool soon(const struct channel *channel, uint8_t mask, uint8_t wanted)
{
	for (int looks = 0; looks < LOOKS; looks++) {
		if ((inb(channel->control) & mask) == wanted)
			return true;
	}
	return false;
}

/* The same, for up to ms milliseconds. */
static bool await(const struct channel *channel, uint8_t mask, uint8_t wanted, uint32_t ms)
{
	uint32_t since = block_now();

	while (!soon(channel, mask, wanted)) {
		if (block_passed(since, ms))
			return false;
		block_pause(1);
	}
	return true;
}

static void stop_master(const struct channel *channel)
{
	if (!channel->master)
		return;
	outb(channel->master + MASTER_COMMAND, 0);
	outb(channel->master + MASTER_STATUS, MASTER_ERROR | MASTER_INTERRUPT);
}

static void write_registers(const struct channel *channel, const struct ata_command *command)
{
	int port = channel->command;

	if (command->ext) { /* each register is two bytes deep: the upper ones first */
		outb(port + FEATURES, (uint8_t)(command->features >> 8));
		outb(port + COUNT, (uint8_t)(command->count >> 8));
		outb(port + LBA_LOW, (uint8_t)(command->lba >> 24));
		outb(port + LBA_MID, (uint8_t)(command->lba >> 32));
		outb(port + LBA_HIGH, (uint8_t)(command->lba >> 40));
	}
	outb(port + FEATURES, (uint8_t)command->features);
	outb(port + COUNT, (uint8_t)command->count);
	outb(port + LBA_LOW, (uint8_t)command->lba);
	outb(port + LBA_MID, (uint8_t)(command->lba >> 8));
	outb(port + LBA_HIGH, (uint8_t)(command->lba >> 16));
	outb(port + COMMAND, command->command);
}

static void select_device(const struct channel *channel, int number, uint8_t bits)
{
	outb(channel->command + DEVICE, (uint8_t)(bits | (number ? SECOND_DEVICE : 0)));
	settle(channel);
}

/* Give a device a command. False: it is busy with something else. */
static bool issue(const struct channel *channel, int number, const struct ata_command *command)
{
	select_device(channel, number, command->device);
	if (!soon(channel, ATA_BSY | ATA_DRQ, 0))
		return false;
	write_registers(channel, command);
	settle(channel);
	return true;
}

/* --- Reset. --- */

/* A command without interrupts; data is a sector, for those that bring one, or NULL. */
static int do_polled(const struct channel *channel, int number, const struct ata_command *command, uint16_t *data)
{
	uint8_t status;

	if (!issue(channel, number, command) || !await(channel, ATA_BSY, 0, POLLED_MS))
		return -E_TIMEOUT;
	status = inb(channel->command + STATUS);
	if (ata_failed(status) || !data != !(status & ATA_DRQ))
		return -E_IO;
	if (data)
		insw(channel->command + DATA, data, WORDS_PER_SECTOR);
	return 0;
}

static int identify(const struct channel *channel, int number, struct ata_disk *disk)
{
	static uint16_t words[ATA_IDENTIFY_WORDS];
	struct ata_command command = ata_command_identify();
	int err = do_polled(channel, number, &command, words);

	return err ? err : ata_identify(disk, words);
}

/* After a reset a device has forgotten how its data is to be moved. What it refuses to be told, is not used. */
static void set_modes(const struct channel *channel, int number, struct ata_disk *disk)
{
	struct ata_command mode = ata_command_set_mode(disk->dma_mode);
	struct ata_command multiple = ata_command_set_multiple(disk->multiple);

	if (disk->dma_mode && (!channel->master || do_polled(channel, number, &mode, NULL) < 0))
		disk->dma_mode = 0;
	if (disk->multiple > 1 && do_polled(channel, number, &multiple, NULL) < 0)
		disk->multiple = 1;
}

/* After a reset: is a disk there, by what it shows in its registers? */
static bool shows_disk(const struct channel *channel, int number)
{
	uint32_t signature;

	select_device(channel, number, 0);
	if (inb(channel->control) == NOBODY || !await(channel, ATA_BSY, 0, RESET_MS))
		return false;
	signature = inb(channel->command + LBA_MID) | (uint32_t)inb(channel->command + LBA_HIGH) << 8;
	/*
	 * A CD drive shows another one, and is left alone. For a second device that is not there the first one
	 * answers, with a status of 0.
	 */
	return (signature == ATA_SIGNATURE_DISK || signature == ATA_SIGNATURE_SATA_DISK) &&
	       inb(channel->control) != 0;
}

static void find_device(struct channel *channel, int number)
{
	struct channel_device *device = &channel->devices[number];
	int err;

	device->works = false;
	if (!shows_disk(channel, number))
		return;
	err = identify(channel, number, &device->disk);
	if (err < 0) {
		block_say("%s device %d does not say what it is: %s", channel->name, number,
			  error_text(err));
		return;
	}
	set_modes(channel, number, &device->disk);
	device->works = true;
}

void channel_reset(struct channel *channel)
{
	channel->request = NULL;
	stop_master(channel);
	outb(channel->control, NO_INTERRUPTS | SOFT_RESET);
	block_pause(1); /* 5 us at least: ATA/ATAPI-6, 9.2 */
	outb(channel->control, NO_INTERRUPTS);
	block_pause(2); /* 2 ms at least, before the status says anything */
	for (int number = 0; number < 2; number++)
		find_device(channel, number);
	inb(channel->command + STATUS);
	stop_master(channel); /* what it noted of interrupts since */
	outb(channel->control, 0);
}

/* --- Requests. --- */

static void end(struct channel *channel, int result)
{
	struct block_request *request = channel->request;

	channel->request = NULL;
	block_end(request, result);
}

static void fail(struct channel *channel, uint8_t status)
{
	struct block_request *request = channel->request;

	block_say("unit %u, sector %llu: %s", request->unit, request->sector,
		  ata_error_text(status, inb(channel->command + ERROR)));
	end(channel, -E_IO);
}

static bool by_master(const struct ata_command *command)
{
	return command->way == ATA_DMA_IN || command->way == ATA_DMA_OUT;
}

static struct ata_command choose(const struct ata_disk *disk, const struct block_request *request)
{
	bool out = request->op == BLOCK_WRITE;

	if (request->op == BLOCK_FLUSH)
		return ata_flush(disk);
	if (disk->dma_mode)
		return ata_transfer(disk, out ? ATA_DMA_OUT : ATA_DMA_IN, request->sector, request->count, 0);
	return ata_transfer(disk, out ? ATA_PIO_OUT : ATA_PIO_IN, request->sector, request->count, 0);
}

static_assert(BLOCK_PIECES_MAX <= PRD_MOST, "each request fits into a table");

static void prepare_master(struct channel *channel)
{
	const struct block_request *request = channel->request;

	for (uint32_t i = 0; i < request->piece_count; i++)
		channel->prds[i] = prd_make(request->pieces[i].address, request->pieces[i].size,
					    i + 1 == request->piece_count);
	stop_master(channel);
	outl(channel->master + MASTER_TABLE, driver_physical(channel->prds));
	outb(channel->master + MASTER_COMMAND, channel->running.way == ATA_DMA_IN ? MASTER_TO_MEMORY : 0);
}

/* Move the sectors that one interrupt stands for. */
static void move_block(struct channel *channel)
{
	uint32_t sectors = MIN(channel->sectors, (uint32_t)channel->running.multiple);

	if (channel->running.way == ATA_PIO_IN)
		insw(channel->command + DATA, channel->at, (int)(sectors * WORDS_PER_SECTOR));
	else
		outsw(channel->command + DATA, channel->at, (int)(sectors * WORDS_PER_SECTOR));
	channel->at += sectors * ATA_SECTOR;
	channel->sectors -= sectors;
	settle(channel);
}

void channel_begin(struct channel *channel, int number, struct block_request *request)
{
	channel->request = request;
	channel->running = choose(&channel->devices[number].disk, request);
	channel->at = request->memory;
	channel->sectors = request->count;
	if (channel->running.command == 0) {
		end(channel, 0);
		return;
	}
	if (by_master(&channel->running))
		prepare_master(channel);
	/* Of a device that does not take the command, nothing comes: it is reset when the time of the request is up. */
	if (!issue(channel, number, &channel->running))
		return;
	if (by_master(&channel->running))
		outb(channel->master + MASTER_COMMAND,
		     (channel->running.way == ATA_DMA_IN ? MASTER_TO_MEMORY : 0) | MASTER_START);
	else if (channel->running.way == ATA_PIO_OUT && soon(channel, ATA_BSY | ATA_DRQ, ATA_DRQ))
		move_block(channel); /* for the first one no interrupt comes */
}

static void look_master(struct channel *channel)
{
	uint8_t came = inb(channel->master + MASTER_STATUS), status;

	if (!(came & MASTER_INTERRUPT))
		return;
	status = inb(channel->command + STATUS);
	if (status & ATA_BSY)
		return;
	stop_master(channel);
	if (ata_failed(status) || (status & ATA_DRQ) || (came & MASTER_ERROR))
		fail(channel, status);
	else
		end(channel, 0);
}

static void look_pio(struct channel *channel)
{
	uint8_t status = inb(channel->command + STATUS);

	if (status & ATA_BSY)
		return;
	if (ata_failed(status))
		fail(channel, status);
	else if (status & ATA_DRQ) {
		move_block(channel);
		if (channel->sectors == 0 && channel->running.way == ATA_PIO_IN)
			end(channel, 0);
	} else if (channel->running.way == ATA_NO_DATA ||
		   (channel->running.way == ATA_PIO_OUT && channel->sectors == 0))
		end(channel, 0);
}

void channel_look(struct channel *channel)
{
	if (!channel->request)
		inb(channel->command + STATUS);
	else if (by_master(&channel->running))
		look_master(channel);
	else
		look_pio(channel);
}
