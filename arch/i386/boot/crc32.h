/* The checksum of what stands on a boot disk: the CRC-32 of IEEE 802.3, which gzip and zlib use too. */
#ifndef FINCH_BOOT_CRC32_H
#define FINCH_BOOT_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* The checksum of some bytes so far (crc, 0 for none) and n more. */
uint32_t crc32(uint32_t crc, const uint8_t *data, size_t n);

#endif
