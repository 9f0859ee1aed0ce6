/*
 * Words that several CPUs change at once. Those that change a word are sequentially consistent; atomic_load
 * acquires, atomic_store_release releases.
 */
#ifndef FINCH_KERN_ATOMIC_H
#define FINCH_KERN_ATOMIC_H

#include <abi/types.h>

typedef struct {
	uint32_t value;
} atomic_t;

static inline uint32_t atomic_load(const atomic_t *a)
{
	return __atomic_load_n(&a->value, __ATOMIC_ACQUIRE);
}

/* Later loads may overtake it: where that matters, use atomic_exchange. */
static inline void atomic_store_release(atomic_t *a, uint32_t value)
{
	__atomic_store_n(&a->value, value, __ATOMIC_RELEASE);
}

static inline uint32_t atomic_exchange(atomic_t *a, uint32_t value)
{
	return __atomic_exchange_n(&a->value, value, __ATOMIC_SEQ_CST);
}

/* These four return the new value. */
static inline uint32_t atomic_add(atomic_t *a, uint32_t n)
{
	return __atomic_add_fetch(&a->value, n, __ATOMIC_SEQ_CST);
}

static inline uint32_t atomic_or(atomic_t *a, uint32_t bits)
{
	return __atomic_or_fetch(&a->value, bits, __ATOMIC_SEQ_CST);
}

static inline uint32_t atomic_and(atomic_t *a, uint32_t bits)
{
	return __atomic_and_fetch(&a->value, bits, __ATOMIC_SEQ_CST);
}

static inline uint32_t atomic_xor(atomic_t *a, uint32_t bits)
{
	return __atomic_xor_fetch(&a->value, bits, __ATOMIC_SEQ_CST);
}

static inline void atomic_fence(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

#endif
