/*
 * Time. Nanoseconds are TSC ticks times a factor of 32 bits, shifted right, made once by time_calibrate.
 *
 * The counters of all CPUs are taken to start together and run at one rate, as the firmware of today's machines, QEMU
 * and KVM see to (Intel SDM vol. 3, section "Invariant TSC").
 *
 * Measuring: a sample pairs a reading of some counter with the TSC's halfway through the reading, and knows how long
 * that took; of a few samples the quickest is kept, so one that was interrupted by the host does no harm. The rate
 * follows from two samples, and is good once the time between them is long against what the two readings took.
 */
#include <arch/x86.h>
#include <common/div64.h>
#include <dev/pc/pit.h>
#include <dev/pc/time.h>
#include <kern/platform.h>
#include <kern/print.h>

#define TRIES 4                            /* readings for a sample */
#define PRECISION 1024                     /* span wanted, in multiples of the error */
#define SPAN_MIN (PIT_HZ / 1000)           /* 1 ms, in ticks of the interval timer */
#define SPAN_MAX (SPAN_MIN + PIT_HZ / 250) /* and when to be content with less precision: 5 ms */
#define STILL_MAX 1000                     /* samples (some microseconds each) without a tick: it stands still */
#define SAMPLES_MAX 20000
#define GUESS_KHZ 1000000

struct sample {
	uint64_t tsc;   /* when, */
	uint32_t value; /* what was read, */
	uint32_t took;  /* and how many ticks of the TSC that took */
};

static uint64_t start;
static uint32_t rate_khz;
static uint32_t factor; /* ns = ticks * factor >> shift; 0 until calibrated */
static unsigned shift;  /* 1 to 32 */

static uint32_t read_pit(void)
{
	return (uint32_t)pit_ticks();
}

static struct sample take(uint32_t (*counter)(void))
{
	struct sample best = { .took = UINT32_MAX };

	for (int i = 0; i < TRIES; i++) {
		uint64_t before = read_tsc();
		uint32_t value = counter();
		uint64_t took = read_tsc() - before;
		if (took < best.took)
			best = (struct sample){ .tsc = before + took / 2, .value = value, .took = (uint32_t)took };
	}
	return best;
}

/* Is the time between two samples long enough for the precision that is wanted? */
static bool precise(struct sample from, struct sample to)
{
	return to.tsc - from.tsc >= ((uint64_t)from.took + to.took) / 2 * PRECISION;
}
