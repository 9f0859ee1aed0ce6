/* crc32, for the loader, for tools/mkdisk and for programs; the loader has no room for ready-made tables. */
#include <common/crc32.h>

#define POLYNOMIAL 0xEDB88320 /* of IEEE 802.3, lowest bit first */

/* table[k][b]: what byte b does to the checksum when k more bytes follow it in the same word. */
static uint32_t table[4][256];

static void table_make(void)
{
	for (unsigned b = 0; b < 256; b++) {
		uint32_t crc = b;

		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
		table[0][b] = crc;
	}
	for (unsigned b = 0; b < 256; b++)
		for (int k = 1; k < 4; k++)
			table[k][b] = table[k - 1][b] >> 8 ^ table[0][table[k - 1][b] & 0xFF];
}

uint32_t crc32(uint32_t crc, const uint8_t *data, size_t n)
{
	if (!table[0][1])
		table_make();
	crc = ~crc;
	for (; n >= 4; n -= 4, data += 4) {
		crc ^= data[0] | data[1] << 8 | data[2] << 16 | (uint32_t)data[3] << 24;
		crc = table[3][crc & 0xFF] ^ table[2][crc >> 8 & 0xFF] ^ table[1][crc >> 16 & 0xFF] ^
		      table[0][crc >> 24];
	}
	for (; n; n--)
		crc = crc >> 8 ^ table[0][(crc ^ *data++) & 0xFF];
	return ~crc;
}
