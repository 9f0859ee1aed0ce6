/* Host test of common/div64.c, against the host's own 64-bit division. */
#define TEST_GROUP "div64"
#include "host.h"

/* The host may have functions of these names in its own library. */
#define __udivdi3 finch_udivdi3
#define __umoddi3 finch_umoddi3
#define __divdi3 finch_divdi3
#define __moddi3 finch_moddi3
#define __udivmoddi4 finch_udivmoddi4
#define __divmoddi4 finch_divmoddi4
#include <common/div64.c>

static void expect_unsigned(uint64_t value, uint64_t divisor)
{
	uint64_t rest;

	EXPECT(value / divisor, __udivdi3(value, divisor));
	EXPECT(value % divisor, __umoddi3(value, divisor));
	EXPECT(value / divisor, __udivmoddi4(value, divisor, &rest));
	EXPECT(value % divisor, rest);
	if (divisor >> 32 == 0) {
		uint64_t quotient = value;
		EXPECT(value % divisor, div64_32(&quotient, (uint32_t)divisor));
		EXPECT(value / divisor, quotient);
	}
}

static void expect_signed(int64_t value, int64_t divisor)
{
	int64_t rest;

	if (value == (int64_t)((uint64_t)1 << 63) && divisor == -1)
		return; /* C does not say what comes */
	EXPECT(value / divisor, __divdi3(value, divisor));
	EXPECT(value % divisor, __moddi3(value, divisor));
	EXPECT(value / divisor, __divmoddi4(value, divisor, &rest));
	EXPECT(value % divisor, rest);
}

static const uint64_t edges[] = {
	0, 1, 2, 3, 9, 10, 0xFFFF, 0x10000, 0x10001, 0x7FFFFFFF, 0x80000000, 0x80000001, 0x8000FFFF, 0xFFFF0000,
	0xFFFFFFFE, 0xFFFFFFFF, 0x100000000, 0x100000001, 0x1FFFFFFFF, 0x7FFFFFFFFFFFFFFF, 0x8000000000000000, 0x8000000000000001,
	0x8000FFFE00000000, 0x8000FFFEFFFFFFFF, 0xFFFFFFFF00000000, 0xFFFFFFFFFFFFFFFE, 0xFFFFFFFFFFFFFFFF,
};

static void edge_cases(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(edges); i++) {
		for (size_t j = 1; j < ARRAY_SIZE(edges); j++) {
			expect_unsigned(edges[i], edges[j]);
			expect_signed((int64_t)edges[i], (int64_t)edges[j]);
		}
	}
}

/* Numbers of all lengths, some with long runs of ones. */
static uint64_t random_value(void)
{
	uint64_t value = random_number() >> random_below(64);
	return random_below(4) ? value : value | ~(uint64_t)0 >> random_below(64);
}

static void random_cases(void)
{
	for (int i = 0; i < 1000000 && !test_failed; i++) {
		uint64_t value = random_value(), divisor = random_value();
		if (divisor == 0)
			continue;
		expect_unsigned(value, divisor);
		expect_signed((int64_t)value, (int64_t)divisor);
	}
}

int main(void)
{
	RUN(edge_cases);
	RUN(random_cases);
	return tests_failed != 0;
}
