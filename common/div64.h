/*
 * 64-bit division. On a 32-bit target the compiler calls __udivdi3 and its like for the / and % of 64-bit numbers;
 * they stand in div64.c, so that nothing needs the compiler's own library. By zero they raise what a 32-bit
 * division by zero raises.
 */
#ifndef FINCH_COMMON_DIV64_H
#define FINCH_COMMON_DIV64_H

#include <abi/types.h>
#include <common/names.h>

/* Divide *value by divisor in place; returns the remainder. */
uint32_t div64_32(uint64_t *value, uint32_t divisor) LINKED_NAME(div64_32);

uint64_t __udivdi3(uint64_t value, uint64_t divisor);
uint64_t __umoddi3(uint64_t value, uint64_t divisor);
int64_t __divdi3(int64_t value, int64_t divisor);
int64_t __moddi3(int64_t value, int64_t divisor);
/* The quotient; the remainder in *remainder, if that is not NULL. */
uint64_t __udivmoddi4(uint64_t value, uint64_t divisor, uint64_t *remainder);
int64_t __divmoddi4(int64_t value, int64_t divisor, int64_t *remainder);

#endif
