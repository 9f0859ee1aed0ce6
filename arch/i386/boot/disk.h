/*
 * What stands where on a Finch boot disk, and where the loader puts it: the one description, used by the boot block,
 * the loader and tools/mkdisk. For C and assembler. A sector is 512 bytes; all numbers are little-endian.
 *
 *   sector 0              boot block: code, partition table, signature
 *   sectors 1 to 4        struct disk_header                           \  the boot area: the boot block reads
 *   sectors 5 to 48       loader                                       /  it in one piece to BOOT_AREA
 *   sectors 49 to 63      unused
 *   sector 64 and up      kernel; archive on the next multiple of 8    -  the partition
 *
 *   low memory            0x00600  stack, downwards from BOOT_BLOCK
 *                         0x07C00  BOOT_BLOCK
 *                         0x08000  BOOT_AREA: header, then the loader with its data
 *                         0x10000  BOUNCE: what the BIOS reads for the loader
 *                         0x18000  end
 */
#ifndef FINCH_BOOT_DISK_H
#define FINCH_BOOT_DISK_H

#define SECTOR_BYTES 512

#define HEADER_SECTOR 1
#define HEADER_SECTORS 4
#define LOADER_SECTOR 5
#define LOADER_SECTORS 44
#define BOOT_AREA_SECTORS (HEADER_SECTORS + LOADER_SECTORS)
#define PARTITION_SECTOR 64
#define PART_ALIGN 8 /* sectors: kernel and archive start on a multiple of 4 KB */

#define BOOT_BLOCK 0x7C00 /* where every BIOS puts the boot block */
#define BOOT_AREA 0x8000
#define LOADER (BOOT_AREA + HEADER_SECTORS * SECTOR_BYTES)
#define LOADER_LIMIT 0x10000 /* its code, data and zeroed data end below */
#define BOUNCE 0x10000       /* one 64 KB segment, so that no transfer crosses a DMA boundary */
#define BOUNCE_SECTORS 64    /* the most read at once: some BIOSes refuse 128 */

/* The boot block's routine that prints the message at %si as an error and halts; a jump to it stands here. */
#define BOOT_BLOCK_CODE_BYTES 446
#define BOOT_BLOCK_FAIL (BOOT_BLOCK + BOOT_BLOCK_CODE_BYTES - 3)

#define PARTITION_TYPE 0x7F /* set aside for private use */

#define DISK_MAGIC "FinchBD1"
#define DISK_WORDS_BYTES 1992

#ifndef __ASSEMBLER__

#include <stdint.h>

/* A piece of data on the disk. */
struct disk_part {
	uint32_t sector; /* its first */
	uint32_t bytes;  /* 0: there is none */
	uint32_t crc;    /* crc32 of its bytes (common/crc32.h) */
};

struct disk_header {
	char magic[8]; /* DISK_MAGIC, without a zero */
	uint32_t sectors; /* of the whole image */
	struct disk_part kernel;  /* an ELF file, cut off after the last byte that gets loaded */
	struct disk_part archive;
	uint32_t reserved[5]; /* zero */
	char words[DISK_WORDS_BYTES]; /* the boot words, ended by a zero */
};

_Static_assert(sizeof(struct disk_header) == HEADER_SECTORS * SECTOR_BYTES, "struct disk_header fills its sectors");

/*
 * The check of the boot area is kept in the area's last 16 bits: the sum that boot_area_sum gives for all before it.
 * The boot block computes the same in a dozen bytes of code.
 */
static inline uint16_t boot_area_sum(const uint8_t *area)
{
	uint16_t sum = 0;

	for (unsigned i = 0; i < BOOT_AREA_SECTORS * SECTOR_BYTES - 2; i += 2) {
		sum = (uint16_t)(sum << 1 | sum >> 15);
		sum = (uint16_t)(sum + (area[i] | area[i + 1] << 8));
	}
	return sum;
}

#endif

#endif
