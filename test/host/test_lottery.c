/* Host test of kern/lottery.h: waits are exponentially distributed, and so a lottery among them is a fair one. */
#define TEST_GROUP "lottery"
#include "host.h"

#include <kern/lottery.h>

#define ONE 65536

/* Of the mean 1. */
static void mean(void)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < 1000000; i++)
		sum += lottery_wait((uint32_t)(random_number() >> 16));
	long long thousandths = (long long)(sum * 1000 / 1000000 / ONE);
	if (thousandths < 985 || thousandths > 1015)
		EXPECT(1000, thousandths);
}

/* Never more for a larger number; from 22 for the least to 0 for the largest. */
static void falls(void)
{
	uint32_t last = lottery_wait(0);

	EXPECT_THAT(last > 22 * ONE && last < 23 * ONE);
	for (uint64_t random = 1; random <= 0xFFFFFFFF; random += 1 + random / 1000) {
		uint32_t wait = lottery_wait((uint32_t)random);
		EXPECT_THAT(wait <= last);
		last = wait;
	}
	EXPECT_THAT(lottery_wait(0xFFFFFFFF) < 200);
}

/* The part of waits longer than n is e^-n: here 36.8, 13.5 and 5.0 %. */
static void is_exponential(void)
{
	unsigned longer[4] = { 0 };

	for (unsigned i = 0; i < 1000000; i++) {
		uint32_t wait = lottery_wait((uint32_t)(random_number() >> 16));
		for (uint32_t n = 1; n < 4; n++)
			longer[n] += wait > n * ONE;
	}
	EXPECT_THAT(longer[1] > 362000 && longer[1] < 374000);
	EXPECT_THAT(longer[2] > 132000 && longer[2] < 139000);
	EXPECT_THAT(longer[3] > 48500 && longer[3] < 51500);
}

/* Three with 3, 2 and 1 tickets: the next turn is that of the first by its chance, whoever had the last one. */
static void is_a_lottery(void)
{
	uint64_t pass[3] = { 0 };
	unsigned won[3] = { 0 }, after[3][3] = { { 0 } };
	int last = 0;

	for (unsigned i = 0; i < 600000; i++) {
		int next = 0;
		for (int k = 1; k < 3; k++)
			next = pass[k] < pass[next] ? k : next;
		won[next]++;
		after[last][next]++;
		last = next;
		pass[next] += (uint64_t)lottery_wait((uint32_t)(random_number() >> 16)) * 6 / (3 - (unsigned)next);
	}
	for (int k = 0; k < 3; k++) {
		unsigned wanted = 100000 * (3 - (unsigned)k);
		EXPECT_THAT(won[k] > wanted - 3000 && won[k] < wanted + 3000);
		for (int l = 0; l < 3; l++) {
			unsigned of_these = won[l] / 6 * (3 - (unsigned)k);
			EXPECT_THAT(after[l][k] > of_these - of_these / 25 && after[l][k] < of_these + of_these / 25);
		}
	}
}

int main(void)
{
	RUN(mean);
	RUN(falls);
	RUN(is_exponential);
	RUN(is_a_lottery);
	return tests_failed != 0;
}
