/*
 * 64-bit division from 32-bit division. Nothing here may use / or % on a 64-bit number.
 *
 * The method is long division with digits of 16 bits: shifted so that the divisor's top bit is set, an estimate of a
 * digit by the divisor's high half is at most two too large (Knuth, vol. 2, section 4.3.1, theorem B).
 */
#include <common/div64.h>

/* One digit: high * 2^16 + digit divided by divisor, whose top bit is set; high < divisor. *high: the remainder. */
static uint32_t divide_digit(uint32_t *high, uint32_t digit, uint32_t divisor)
{
	uint32_t top = divisor >> 16, bottom = divisor & 0xFFFF;
	uint32_t q = *high / top;
	uint32_t rest = *high - q * top;

	while (q > 0xFFFF || (uint64_t)q * bottom > ((uint64_t)rest << 16 | digit)) {
		q--;
		rest += top;
		if (rest > 0xFFFF)
			break;
	}
	*high = (*high << 16 | digit) - q * divisor;
	return q;
}

/* high:low / divisor, where high < divisor, so that the quotient fits 32 bits. */
static uint32_t divide_wide(uint32_t high, uint32_t low, uint32_t divisor, uint32_t *remainder)
{
	int shift = __builtin_clz(divisor);
	if (shift > 0) {
		high = high << shift | low >> (32 - shift);
		low <<= shift;
		divisor <<= shift;
	}
	uint32_t q1 = divide_digit(&high, low >> 16, divisor);
	uint32_t q0 = divide_digit(&high, low & 0xFFFF, divisor);
	*remainder = high >> shift;
	return q1 << 16 | q0;
}

uint32_t div64_32(uint64_t *value, uint32_t divisor)
{
	uint32_t high = (uint32_t)(*value >> 32), low = (uint32_t)*value;
	uint32_t q_high = high / divisor, q_low, rest = high % divisor;

	if (rest == 0) {
		q_low = low / divisor;
		rest = low % divisor;
	} else {
		q_low = divide_wide(rest, low, divisor, &rest);
	}
	*value = (uint64_t)q_high << 32 | q_low;
	return rest;
}

uint64_t __udivmoddi4(uint64_t value, uint64_t divisor, uint64_t *remainder)
{
	uint64_t quotient = 0;

	if (divisor >> 32 == 0) {
		quotient = value;
		value = div64_32(&quotient, (uint32_t)divisor);
	} else if (value >= divisor) {
		int shift = __builtin_clz((uint32_t)(divisor >> 32)) - __builtin_clz((uint32_t)(value >> 32));
		for (divisor <<= shift; shift >= 0; shift--, divisor >>= 1) {
			quotient <<= 1;
			if (value >= divisor) {
				value -= divisor;
				quotient |= 1;
			}
		}
	}
	if (remainder)
		*remainder = value;
	return quotient;
}

int64_t __divmoddi4(int64_t value, int64_t divisor, int64_t *remainder)
{
	uint64_t rest;
	uint64_t n = value < 0 ? -(uint64_t)value : (uint64_t)value;
	uint64_t d = divisor < 0 ? -(uint64_t)divisor : (uint64_t)divisor;
	uint64_t quotient = __udivmoddi4(n, d, &rest);

	if (remainder)
		*remainder = (int64_t)(value < 0 ? -rest : rest);
	return (int64_t)((value < 0) != (divisor < 0) ? -quotient : quotient);
}

uint64_t __udivdi3(uint64_t value, uint64_t divisor)
{
	return __udivmoddi4(value, divisor, NULL);
}

uint64_t __umoddi3(uint64_t value, uint64_t divisor)
{
	uint64_t rest;
	__udivmoddi4(value, divisor, &rest);
	return rest;
}

int64_t __divdi3(int64_t value, int64_t divisor)
{
	return __divmoddi4(value, divisor, NULL);
}

int64_t __moddi3(int64_t value, int64_t divisor)
{
	int64_t rest;
	__divmoddi4(value, divisor, &rest);
	return rest;
}
