/* The arithmetic of policy_lottery.c, which can be tested apart. */
#ifndef FINCH_KERN_LOTTERY_H
#define FINCH_KERN_LOTTERY_H

#include <abi/types.h>

/*
 * A random number, any of 32 bits as likely as any other, made into one that is exponentially distributed, with the
 * mean 1; in units of 1/65536. That is -ln(random / 2^32), within 1 %.
 */
static inline uint32_t lottery_wait(uint32_t random)
{
	uint32_t bits = 31 - __builtin_clz(random | 1);
	/* The fraction of random / 2^bits; the logarithm to base 2 of 1 + x is x + 0.344 x (1 - x), nearly. */
	uint32_t x = ((random | 1) << (31 - bits) & 0x7FFFFFFF) >> 15;
	uint32_t logarithm = (bits << 16) + x + (uint32_t)((uint64_t)x * (65536 - x) * 22518 >> 32);

	return (uint32_t)((uint64_t)((32u << 16) - logarithm) * 45426 >> 16);
}

#endif
