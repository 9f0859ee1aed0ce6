/* Numbers from bytes and bytes from numbers, little-endian on any host. */
#include <string.h>

#include "mksyms.h"

struct bytes take_bytes(struct bytes *from, uint64_t size)
{
	if (size > (uint64_t)(from->end - from->at))
		fail("damaged: something reaches beyond its end");
	struct bytes taken = {from->at, from->at + size};
	from->at += size;
	return taken;
}

uint8_t take8(struct bytes *from)
{
	return *take_bytes(from, 1).at;
}

uint16_t take16(struct bytes *from)
{
	const uint8_t *at = take_bytes(from, 2).at;
	return (uint16_t)(at[0] | at[1] << 8);
}

uint32_t take32(struct bytes *from)
{
	uint32_t low = take16(from);
	return low | (uint32_t)take16(from) << 16;
}

uint64_t take_uleb(struct bytes *from)
{
	uint64_t value = 0;
	uint8_t byte = 0x80;
	for (unsigned shift = 0; byte & 0x80; shift += 7) {
		byte = take8(from);
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7F) << shift;
	}
	return value;
}

int64_t take_sleb(struct bytes *from)
{
	uint64_t value = 0;
	uint8_t byte = 0x80;
	unsigned shift;
	for (shift = 0; byte & 0x80; shift += 7) {
		byte = take8(from);
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7F) << shift;
	}
	if ((byte & 0x40) && shift < 64)
		value |= ~(uint64_t)0 << shift;
	return (int64_t)value;
}

const char *take_string(struct bytes *from)
{
	const uint8_t *zero = memchr(from->at, 0, (size_t)(from->end - from->at));
	if (!zero)
		fail("damaged: a string without an end");
	return (const char *)take_bytes(from, (uint64_t)(zero - from->at) + 1).at;
}

void put_bytes(struct buffer *to, const void *data, size_t size)
{
	if (size == 0)
		return;
	if (to->size + size > to->room) {
		to->room = 2 * (to->size + size);
		to->data = grow(to->data, to->room);
	}
	memcpy(to->data + to->size, data, size);
	to->size += size;
}

void put32(struct buffer *to, uint32_t value)
{
	uint8_t bytes[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16), (uint8_t)(value >> 24)};
	put_bytes(to, bytes, 4);
}

void put_number(struct buffer *to, uint32_t value)
{
	for (; value >= 0x80; value >>= 7)
		put_bytes(to, &(uint8_t){(uint8_t)(value | 0x80)}, 1);
	put_bytes(to, &(uint8_t){(uint8_t)value}, 1);
}

void pad_to(struct buffer *to, size_t multiple)
{
	while (to->size % multiple)
		put_bytes(to, "", 1);
}
