/* The drive that the machine was booted from. */
#ifndef FINCH_BOOT_DRIVE_H
#define FINCH_BOOT_DRIVE_H

#include "disk.h"

/* Take this BIOS drive; fails (console.h) if its sectors are not of 512 bytes or it is smaller than `sectors`. */
void drive_init(unsigned drive, uint32_t sectors);

/* Does the next n bytes of a part (at most BOUNCE_SECTORS sectors), which begin `offset` bytes from its start. */
typedef void drive_taker(const uint8_t *data, uint32_t offset, uint32_t n, void *arg);

/* Read a part, hand it over piece by piece, and give its crc32. Fails (console.h) if the drive cannot be read. */
uint32_t drive_read(const struct disk_part *part, drive_taker *take, void *arg);

#endif
