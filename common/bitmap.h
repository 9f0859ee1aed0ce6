/*
 * Arrays of bits. A bitmap is an array of uint32_t, BITMAP_WORDS(bits) long; bit n is bit n % 32 of word n / 32.
 * Not atomic: the owner's lock guards it. Bits past the size given are never looked at as results.
 */
#ifndef FINCH_COMMON_BITMAP_H
#define FINCH_COMMON_BITMAP_H

#include <abi/types.h>

#define BITMAP_WORDS(bits) (((bits) + 31) / 32)

static inline bool bitmap_test(const uint32_t *map, size_t bit)
{
	return map[bit / 32] >> bit % 32 & 1;
}

static inline void bitmap_set(uint32_t *map, size_t bit)
{
	map[bit / 32] |= (uint32_t)1 << bit % 32;
}

static inline void bitmap_clear(uint32_t *map, size_t bit)
{
	map[bit / 32] &= ~((uint32_t)1 << bit % 32);
}

/* The first bit at or after from that has the value, or bits if there is none below bits. */
static inline size_t bitmap_find(const uint32_t *map, size_t bits, size_t from, bool value)
{
	uint32_t flip = value ? 0 : ~(uint32_t)0;

	while (from < bits) {
		uint32_t word = (map[from / 32] ^ flip) >> from % 32;
		if (word) {
			from += (size_t)__builtin_ctz(word);
			return from < bits ? from : bits;
		}
		from = (from / 32 + 1) * 32;
	}
	return bits;
}

/* Give count bits from bit on the value. */
static inline void bitmap_fill(uint32_t *map, size_t bit, size_t count, bool value)
{
	while (count > 0) {
		size_t n = MIN(count, 32 - bit % 32);
		uint32_t mask = (n == 32 ? ~(uint32_t)0 : ((uint32_t)1 << n) - 1) << bit % 32;
		if (value)
			map[bit / 32] |= mask;
		else
			map[bit / 32] &= ~mask;
		bit += n;
		count -= n;
	}
}

#endif
