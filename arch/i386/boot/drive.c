/*
 * Reading the boot drive (drive.h). Source: BIOS Enhanced Disk Drive specification 3.0, int 13h functions 42h and 48h;
 * 00h resets a drive.
 */
#include "drive.h"

#include "bios.h"
#include "console.h"
#include <common/crc32.h>

#define READ_TRIES 5

static unsigned drive;

/* The disk address packet of function 42h. */
struct packet {
	uint8_t size, zero;
	uint16_t sectors;
	uint16_t offset, segment;
	uint64_t first;
} __attribute__((packed));

/* What function 48h writes, of its version 1: 26 bytes. */
struct parameters {
	uint16_t size, flags;
	uint32_t cylinders, heads, sectors_per_track;
	uint64_t sectors;
	uint16_t sector_bytes;
} __attribute__((packed));

void drive_init(unsigned number, uint32_t sectors)
{
	struct parameters p = { .size = sizeof p };
	struct bios_registers r = { .eax = 0x4800, .edx = number, .esi = (uintptr_t)&p };

	drive = number;
	bios_call(0x13, &r);
	if (r.flags & BIOS_CARRY)
		return; /* it says nothing; reading will show */
	if (p.sector_bytes && p.sector_bytes != SECTOR_BYTES)
		fail("drive %x has sectors of %u bytes, not 512", drive, (uint32_t)p.sector_bytes);
	if (p.sectors && p.sectors < sectors)
		fail("drive %x ends after %u sectors, but this boot disk has %u", drive, (uint32_t)p.sectors, sectors);
}

static void read_sectors(uint32_t first, uint32_t sectors)
{
	uint32_t status = 0;

	for (int tries = 0; tries < READ_TRIES; tries++) {
		struct packet p = { sizeof p, 0, (uint16_t)sectors, 0, BOUNCE >> 4, first };
		struct bios_registers r = { .eax = 0x4200, .edx = drive, .esi = (uintptr_t)&p };

		bios_call(0x13, &r);
		if (!(r.flags & BIOS_CARRY))
			return;
		status = r.eax >> 8 & 0xFF;
		r = (struct bios_registers){ .eax = 0, .edx = drive };
		bios_call(0x13, &r);
	}
	fail("drive %x cannot be read at sector %u (BIOS status %x)", drive, first, status);
}

uint32_t drive_read(const struct disk_part *part, drive_taker *take, void *arg)
{
	uint32_t crc = 0;

	for (uint32_t offset = 0, n; offset < part->bytes; offset += n) {
		const uint8_t *data = (const uint8_t *)BOUNCE;

		n = MIN(part->bytes - offset, (uint32_t)BOUNCE_SECTORS * SECTOR_BYTES);
		read_sectors(part->sector + offset / SECTOR_BYTES, (n + SECTOR_BYTES - 1) / SECTOR_BYTES);
		crc = crc32(crc, data, n);
		take(data, offset, n, arg);
	}
	return crc;
}
