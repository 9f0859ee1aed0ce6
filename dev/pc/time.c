/*
 * Time. Nanoseconds are TSC ticks times a factor of 32 bits, shifted right, which time_calibrate sets once.
 *
 * The counters of all CPUs are taken to start together and run at one rate, as the firmware of today's machines, QEMU
 * and KVM see to (Intel SDM vol. 3, section "Invariant TSC").
 *
 * Measuring: a sample pairs a reading of some counter with the TSC halfway through the reading, and knows how long
 * that took; of a few samples the quickest is kept, so one that the host interrupted does no harm. Two samples give
 * the rate, and are good once the time between them is long against what the two readings took.
 */
#include <arch/x86.h>
#include <common/div64.h>
#include <dev/pc/pit.h>
#include <dev/pc/time.h>
#include <kern/arch.h>
#include <kern/platform.h>
#include <kern/print.h>

#define TRIES 4                        /* readings for a sample */
#define PRECISION 512                  /* time wanted between samples, in multiples of the error */
#define SPAN_MIN (PIT_HZ / 1000)       /* 1 ms, in ticks of the interval timer: one tick is less than 0.1 % */
#define SPAN_CONTENT (PIT_HZ / 200)    /* 5 ms: content with less precision */
#define STILL_MAX 100                  /* samples (16 port accesses each) without a tick: it stands still */
#define SAMPLES_MAX 30000              /* bound where it behaves otherwise */
#define ATTEMPTS 16                    /* one fails where the host stops this CPU until the timer has run out */
#define GUESS_KHZ 1000000
#define KHZ_MIN 10000                  /* outside these, what was measured makes no sense */
#define KHZ_MAX 20000000

struct sample {
	uint64_t tsc;   /* when, */
	uint32_t value; /* what was read, */
	uint32_t took;  /* and how many ticks of the TSC that took */
};

static struct sample first; /* of the interval timer, at time_init */
static uint32_t rate_khz;
static uint32_t factor; /* ns = ticks * factor >> shift; 0 until calibrated */
static unsigned shift;  /* at most 32 */

/* Note a reading between two TSC values, if it is the quickest so far. */
static void keep(struct sample *best, uint64_t before, uint64_t after, uint32_t value)
{
	uint64_t took = after - before;

	if (took < best->took) {
		best->tsc = before + took / 2;
		best->value = value;
		best->took = (uint32_t)took;
	}
}

/* value: (uint32_t)-1 if the timer has run out. */
static struct sample sample_pit(void)
{
	struct sample best = { 0, (uint32_t)-1, (uint32_t)-1 };

	for (int i = 0; i < TRIES; i++) {
		uint64_t before = read_tsc();
		pit_latch();
		uint64_t after = read_tsc();
		keep(&best, before, after, (uint32_t)pit_ticks());
	}
	return best;
}

static struct sample sample_counter(uint32_t (*counter)(void))
{
	struct sample best = { 0, 0, (uint32_t)-1 };

	for (int i = 0; i < TRIES; i++) {
		uint64_t before = read_tsc();
		uint32_t value = counter();
		keep(&best, before, read_tsc(), value);
	}
	return best;
}

/* Is the time between two samples long against the error: half of what each reading took? */
static bool precise(const struct sample *from, const struct sample *to)
{
	return to->tsc - from->tsc >= ((uint64_t)from->took + to->took) / 2 * PRECISION;
}

void time_init(void)
{
	pit_start();
	first = sample_pit();
}

/* Two samples of the interval timer, as far apart as is needed. False: it does not count. */
static bool measure_pit(struct sample *from, struct sample *to)
{
	*from = first;
	*to = sample_pit();
	if (to->value == (uint32_t)-1) {
		/* It has run out during the boot: measure anew. */
		pit_start();
		*from = *to = sample_pit();
	}
	for (int n = 0; n < SAMPLES_MAX; n++) {
		uint32_t span = to->value - from->value;
		if (from->value > PIT_TICKS_MAX || to->value > PIT_TICKS_MAX || (n > STILL_MAX && span == 0))
			return false;
		if (span >= SPAN_CONTENT || (span >= SPAN_MIN && precise(from, to)))
			return true;
		*to = sample_pit();
	}
	return false;
}

/* counts * multiplier / divisor, at least 1. Counts and multiplier are such that the product fits. */
static uint32_t proportion(uint64_t counts, uint32_t multiplier, uint32_t divisor)
{
	uint64_t result = counts * multiplier;

	div64_32(&result, divisor);
	return MAX((uint32_t)result, (uint32_t)1);
}

/* The TSC's rate in kHz: by the interval timer, else what the CPU says or a guess. */
static uint32_t measure_tsc(void)
{
	struct sample from, to;

	for (int n = 0; n < ATTEMPTS; n++) {
		if (!measure_pit(&from, &to))
			continue;
		uint32_t khz = proportion(to.tsc - from.tsc, PIT_HZ, (to.value - from.value) * 1000);
		if (khz >= KHZ_MIN && khz <= KHZ_MAX)
			return khz;
	}
	uint32_t highest, mhz = 0, unused;
	cpuid(0, &highest, &unused, &unused, &unused);
	if (highest >= 0x16) /* Intel SDM vol. 2, CPUID, leaf 16H: base frequency in MHz */
		cpuid(0x16, &mhz, &unused, &unused, &unused);
	mhz &= 0xFFFF;
	uint32_t khz = mhz ? mhz * 1000 : GUESS_KHZ;
	kprintf("time: the interval timer (8254) does not count rightly; %s %u MHz, so times may be wrong\n",
		mhz ? "the CPU says it has" : "taking the CPU's clock as", khz / 1000);
	return khz;
}

/* The rate in kHz of the counter that gave the sample from, by the TSC's. */
static uint32_t measure_counter(uint32_t (*counter)(void), const struct sample *from)
{
	struct sample to;
	int n = 0;

	do
		to = sample_counter(counter);
	while (!precise(from, &to) && to.tsc - from->tsc < (uint64_t)rate_khz * 5 && ++n < SAMPLES_MAX);
	uint32_t span = (uint32_t)(to.tsc - from->tsc);
	return proportion(to.value - from->value, rate_khz, MAX(span, (uint32_t)1));
}

static void set_rate(uint32_t khz)
{
	uint64_t ns_per_tick;

	rate_khz = khz;
	shift = 33;
	do {
		shift--;
		ns_per_tick = (uint64_t)1000000 << shift;
		div64_32(&ns_per_tick, khz);
	} while (ns_per_tick >> 32 != 0);
	factor = (uint32_t)ns_per_tick;
}

void time_calibrate(uint32_t (*other_counter)(void), uint32_t *other_khz)
{
	struct sample from = sample_counter(other_counter);

	set_rate(measure_tsc());
	*other_khz = measure_counter(other_counter, &from);
}

uint64_t platform_time_ns(void)
{
	uint64_t ticks = read_tsc() - first.tsc;
	uint64_t high = (uint64_t)(uint32_t)(ticks >> 32) * factor;
	uint64_t low = (uint64_t)(uint32_t)ticks * factor;

	return (high << (32 - shift)) + (low >> shift);
}

void time_wait_ns(uint32_t ns)
{
	uint64_t until = platform_time_ns() + ns;

	for (unsigned tries = ns; tries > 0 && platform_time_ns() < until; tries--)
		arch_pause();
}

uint32_t platform_tsc_khz(void)
{
	return rate_khz;
}
