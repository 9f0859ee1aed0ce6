/*
 * The types and small macros that every part of Finch shares.
 *
 * Owns nothing; includes nothing. Freestanding: the widths come from the compiler, so the same header serves
 * i386, a 64-bit target and the host tests.
 */
#ifndef FINCH_ABI_TYPES_H
#define FINCH_ABI_TYPES_H

#ifndef NULL
#define NULL ((void *)0)
#endif

#ifndef __cplusplus
#ifndef bool
typedef _Bool bool;
#define bool bool
#define false 0
#define true 1
#endif
#endif

typedef __INT8_TYPE__ int8_t;
typedef __UINT8_TYPE__ uint8_t;
typedef __INT16_TYPE__ int16_t;
typedef __UINT16_TYPE__ uint16_t;
typedef __INT32_TYPE__ int32_t;
typedef __UINT32_TYPE__ uint32_t;
typedef __INT64_TYPE__ int64_t;
typedef __UINT64_TYPE__ uint64_t;
typedef __INTPTR_TYPE__ intptr_t;
typedef __UINTPTR_TYPE__ uintptr_t;
typedef __SIZE_TYPE__ size_t;
typedef __INTPTR_TYPE__ ssize_t;

typedef uint32_t physaddr_t;  /* what a program sees of a physical address */
typedef int32_t off_t;        /* a position in a file: 32 bits, signed */
typedef int32_t envid_t;      /* an environment: generation << 12 | index, never negative when valid */

/* Rounding to a multiple of n (a power of two or not); the result has the type of a. */
#define ROUNDDOWN(a, n)                                                                                          \
	({                                                                                                       \
		uintptr_t round_value_ = (uintptr_t)(a);                                                         \
		(__typeof__(a))(round_value_ - round_value_ % (n));                                              \
	})
#define ROUNDUP(a, n)                                                                                            \
	({                                                                                                       \
		uintptr_t round_unit_ = (uintptr_t)(n);                                                          \
		(__typeof__(a))(ROUNDDOWN((uintptr_t)(a) + round_unit_ - 1, round_unit_));                       \
	})

#define MIN(a, b)                                                                                                \
	({                                                                                                       \
		__typeof__(a) min_a_ = (a);                                                                      \
		__typeof__(b) min_b_ = (b);                                                                      \
		min_a_ <= min_b_ ? min_a_ : min_b_;                                                              \
	})
#define MAX(a, b)                                                                                                \
	({                                                                                                       \
		__typeof__(a) max_a_ = (a);                                                                      \
		__typeof__(b) max_b_ = (b);                                                                      \
		max_a_ >= max_b_ ? max_a_ : max_b_;                                                              \
	})

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#ifndef offsetof
#define offsetof(type, member) __builtin_offsetof(type, member)
#endif
#define USED(x) ((void)(x))
#ifndef static_assert
#define static_assert _Static_assert
#endif

#endif
