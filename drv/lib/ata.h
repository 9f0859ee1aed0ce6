/*
 * ATA disks: what one says of itself, which command does what is wanted, what an error means. No hardware is touched
 * here; what a device says is not believed further than it has been checked.
 *
 * Source: ATA/ATAPI-6 (T13/1410D) and ATA8-ACS (T13/1699D): section 6 (registers, LBA28 and LBA48), IDENTIFY DEVICE
 * (7.16 in ACS), and the commands under their names. NCQ: ACS, "NCQ feature set".
 */
#ifndef DRV_LIB_ATA_H
#define DRV_LIB_ATA_H

#include <abi/types.h>

/* The status register. */
enum {
	ATA_BSY = 0x80,
	ATA_DRDY = 0x40,
	ATA_DF = 0x20, /* device fault */
	ATA_DRQ = 0x08,
	ATA_ERR = 0x01,
};

/* The error register, after a command that failed. */
enum {
	ATA_ICRC = 0x80, /* damaged on the cable */
	ATA_UNC = 0x40,  /* the medium cannot be read */
	ATA_MC = 0x20,   /* medium changed */
	ATA_IDNF = 0x10, /* no such sector */
	ATA_MCR = 0x08,  /* medium change requested */
	ATA_ABRT = 0x04, /* command refused, or anything else */
	ATA_NM = 0x02,   /* no medium */
};

/* What a device leaves in LBA mid and high after a reset (ATA8-ACS, "Device signatures"), mid in the low byte. */
enum {
	ATA_SIGNATURE_DISK = 0x0000,
	ATA_SIGNATURE_PACKET = 0xEB14,
	ATA_SIGNATURE_SATA_DISK = 0xC33C,
	ATA_SIGNATURE_SATA_PACKET = 0x9669,
};

#define ATA_IDENTIFY_WORDS 256
#define ATA_SECTOR 512 /* what one count of PIO data or a block is for us; other sizes are refused */

struct ata_disk {
	uint64_t sectors; /* 1 to 2^48 */
	bool lba48;
	bool flush, flush_ext; /* it has the command */
	uint8_t multiple;      /* sectors that one interrupt may bring in PIO; 1: it has no such command */
	uint8_t dma_mode;      /* which DMA mode is chosen, as SET FEATURES takes it; 0: none */
	uint8_t queue_depth;   /* queued commands it takes, 2 to 32; 0: none */
	char model[41];
};

/*
 * Understand the answer to IDENTIFY DEVICE. -E_NOT_SUPP: no disk, or one without LBA or with sectors of another size
 * than 512 bytes; -E_INVAL: the answer contradicts itself or its checksum.
 */
int ata_identify(struct ata_disk *disk, const uint16_t words[ATA_IDENTIFY_WORDS]);

/* How a command moves its data. */
enum ata_way { ATA_NO_DATA, ATA_PIO_IN, ATA_PIO_OUT, ATA_DMA_IN, ATA_DMA_OUT, ATA_QUEUED_IN, ATA_QUEUED_OUT };

/* A command as it goes to the registers, or into a FIS. */
struct ata_command {
	uint64_t lba; /* 48 bits; of LBA28 the upper four of 28 are in `device` too */
	uint16_t features;
	uint16_t count;
	uint8_t command;
	uint8_t device;   /* without the bit that selects the second device */
	bool ext;         /* the 48-bit registers count */
	uint8_t multiple; /* PIO: sectors for each interrupt */
	enum ata_way way;
};

/* The most sectors that one command may move. */
uint32_t ata_sectors_most(const struct ata_disk *disk);

/* Does the disk have these sectors, count above 0? */
bool ata_has(const struct ata_disk *disk, uint64_t lba, uint64_t count);

/*
 * The command that reads or writes count sectors from lba on: the disk must have them, and count be at most
 * ata_sectors_most(). how: ATA_PIO_IN, ATA_DMA_IN or ATA_QUEUED_IN, or the same _OUT. tag: of a queued one.
 */
struct ata_command ata_transfer(const struct ata_disk *disk, enum ata_way how, uint64_t lba, uint32_t count,
				uint32_t tag);

/* The command that brings what the disk has cached to the medium; one with command 0 if it has none and needs none. */
struct ata_command ata_flush(const struct ata_disk *disk);

struct ata_command ata_command_identify(void);
/* mode as in ata_disk.dma_mode, or a PIO mode. */
struct ata_command ata_command_set_mode(uint8_t mode);
struct ata_command ata_command_set_multiple(uint8_t sectors);

/* Did the command fail that ended with this status? */
static inline bool ata_failed(uint8_t status)
{
	return status & (ATA_ERR | ATA_DF);
}

/* What went wrong, for people. */
const char *ata_error_text(uint8_t status, uint8_t error);

#endif
