/*
 * Checksums: the CRC-32 of IEEE 802.3, which gzip and zlib use too. Of what stands on a boot disk, and of checkpoints.
 */
#ifndef FINCH_COMMON_CRC32_H
#define FINCH_COMMON_CRC32_H

#include <abi/types.h>
#include <common/names.h>

/* The checksum of some bytes so far (crc, 0 for none) and n more. */
uint32_t crc32(uint32_t crc, const uint8_t *data, size_t n) LINKED_NAME(crc32);

#endif
