/* The digits of doubles: see decimal.h. */
#include <common/decimal.h>
#include <common/div64.h>

#define BASE 1000000000
#define DIGITS 9 /* in a limb */

/* decimal = decimal * factor + add */
static void multiply(struct decimal *decimal, uint32_t factor, uint32_t add)
{
	uint64_t carry = add;

	for (int i = 0; i < decimal->count; i++) {
		carry += (uint64_t)decimal->limbs[i] * factor;
		decimal->limbs[i] = div64_32(&carry, BASE);
	}
	while (carry)
		decimal->limbs[decimal->count++] = div64_32(&carry, BASE);
}

/* Multiply by base to the power of exponent; step of these at once: base^step, which is less than 2^32. */
static void multiply_power(struct decimal *decimal, uint32_t base, int exponent, int step)
{
	while (exponent > 0) {
		uint32_t factor = 1;
		for (int i = 0; i < step && exponent > 0; i++, exponent--)
			factor *= base;
		multiply(decimal, factor, 0);
	}
}

void decimal_make(struct decimal *decimal, uint64_t bits)
{
	int field = (int)(bits >> 52 & 0x7FF), exponent = (field ? field : 1) - 1075;
	uint64_t mantissa = (bits & 0xFFFFFFFFFFFFF) | (uint64_t)(field != 0) << 52;

	decimal->count = decimal->point = 0;
	/* Fewer digits to carry along: whole numbers have none behind the point. */
	for (; mantissa && !(mantissa & 1) && exponent < 0; exponent++)
		mantissa >>= 1;
	multiply(decimal, 0, (uint32_t)(mantissa >> 32));
	multiply(decimal, 1u << 16, 0);
	multiply(decimal, 1u << 16, (uint32_t)mantissa);
	if (exponent >= 0) {
		multiply_power(decimal, 2, exponent, 31);
	} else {
		/* m / 2^k = m * 5^k / 10^k */
		multiply_power(decimal, 5, -exponent, 13);
		decimal->point = -exponent;
	}
}

int decimal_length(const struct decimal *decimal)
{
	int length = decimal->count * DIGITS;

	while (length > 0 && decimal_digit(decimal, length - 1) == 0)
		length--;
	return length;
}

/* 10^n */
static uint32_t power(int n)
{
	uint32_t power = 1;

	while (n-- > 0)
		power *= 10;
	return power;
}

unsigned decimal_digit(const struct decimal *decimal, int position)
{
	if (position < 0 || position >= decimal->count * DIGITS)
		return 0;
	return decimal->limbs[position / DIGITS] / power(position % DIGITS) % 10;
}

/* Is there a digit other than 0 below position? */
static bool any_below(const struct decimal *decimal, int position)
{
	for (int i = 0; i < decimal->count && i * DIGITS < position; i++) {
		uint32_t limb = decimal->limbs[i];
		if ((i + 1) * DIGITS > position)
			limb %= power(position - i * DIGITS);
		if (limb)
			return true;
	}
	return false;
}

static void clear_below(struct decimal *decimal, int position)
{
	for (int i = 0; i < decimal->count && i * DIGITS < position; i++) {
		uint32_t unit = (i + 1) * DIGITS > position ? power(position - i * DIGITS) : BASE;
		decimal->limbs[i] -= decimal->limbs[i] % unit;
	}
}

/* Add 10^position, which is at most one digit above the highest. */
static void add_power(struct decimal *decimal, int position)
{
	uint32_t add = power(position % DIGITS);

	for (int i = position / DIGITS; add; i++) {
		while (i >= decimal->count)
			decimal->limbs[decimal->count++] = 0;
		decimal->limbs[i] += add;
		add = decimal->limbs[i] >= BASE;
		if (add)
			decimal->limbs[i] -= BASE;
	}
}

void decimal_round(struct decimal *decimal, int position)
{
	if (position <= 0)
		return;
	unsigned half = decimal_digit(decimal, position - 1);
	bool up = half > 5 || (half == 5 && (any_below(decimal, position - 1) || decimal_digit(decimal, position) % 2));

	clear_below(decimal, position);
	if (up)
		add_power(decimal, position);
}
