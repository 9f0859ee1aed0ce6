/*
 * The exact decimal digits of a double, without floating point: every double is a whole number divided by a power of
 * ten.
 */
#ifndef FINCH_COMMON_DECIMAL_H
#define FINCH_COMMON_DECIMAL_H

#include <abi/types.h>
#include <common/names.h>

/* The longest is (2^53 - 1) * 5^1074, with 767 digits. */
#define DECIMAL_LIMBS 86

struct decimal {
	uint32_t limbs[DECIMAL_LIMBS]; /* nine digits each, the lowest first */
	int count;                     /* of limbs; the highest is not 0 */
	int point;                     /* so many of the lowest digits stand behind the point */
};

/* |value| of the finite double with these bits. */
void decimal_make(struct decimal *decimal, uint64_t bits) LINKED_NAME(decimal_make);
/* How many digits it has, from the first that is not 0; so 0 has none. */
int decimal_length(const struct decimal *decimal) LINKED_NAME(decimal_length);
/* The digit at a position, counted from the lowest, 0 to 9; 0 outside, below too. */
unsigned decimal_digit(const struct decimal *decimal, int position) LINKED_NAME(decimal_digit);
/*
 * Make the digits below position zeros (position <= 0: nothing), rounding to the nearest, of two equally near to the
 * even.
 */
void decimal_round(struct decimal *decimal, int position) LINKED_NAME(decimal_round);

#endif
