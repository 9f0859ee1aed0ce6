/*
 * Programs may compute with float, double and long double, with conversions to and from all integers, and print the
 * results; and what one has in its registers while it prints stays there.
 */
#include "child.h"

/* volatile: computed at run time, and rounded to its type at each step. */
static volatile double d;
static volatile float f;
static volatile long double l;
static volatile int64_t i;
static volatile uint64_t u;
static volatile uint32_t w;
static volatile int32_t s;

static void expect_text(const char *shall, const char *fmt, ...)
{
	char is[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(is, sizeof is, fmt, ap);
	va_end(ap);
	if (strcmp(is, shall) != 0)
		fail("%s: expected '%s', saw '%s'", fmt, shall, is);
}

static void conversions(void)
{
	i = -9007199254740993;
	d = i;
	expect_text("-9007199254740992", "%.0f", d);
	u = 0xFFFFFFFFFFFFF800;
	d = u;
	expect(d == 18446744073709549568.0);
	u = d;
	expect(u == 0xFFFFFFFFFFFFF800);
	w = 4294967295u;
	f = w;
	expect_text("4294967296.000000", "%f", f);
	d = w;
	w = 0;
	w = d;
	expect_is(w, 4294967295u);
	d = -2.75;
	s = d;
	expect_is(s, -2);
	l = d;
	f = l;
	expect_text("-2.75", "%g", f);
	i = l * 4;
	expect(i == -11);
}

static void arithmetic(void)
{
	d = 0;
	for (int n = 1; n <= 10000; n++)
		d += 1.0 / ((double)n * n);
	expect_text("1.6448340718", "%.10f", d);
	d = 0.1;
	expect_text("0.1000000000000000055511151231257827021181583404541015625", "%.55f", d + 0.0);
	d = 1e308;
	d *= 10;
	expect_text("inf -inf", "%f %f", d, -d);
	d = d - d;
	expect(d != d);
	d = 0;
	expect_text("-0.0|+1.50|   2|3e+10", "%.1f|%+.2f|%4.0f|%g", -d, d + 1.5, d + 2.5, d + 3e10);
}

/* Each prints while others do; none sees the other's registers. */
static void computes(uint32_t number)
{
	char text[64], shall[64];

	snprintf(shall, sizeof shall, "%u.5000", number * 45 * 200);
	for (int round = 0; round < 20; round++) {
		double sum = 0.5;
		for (int n = 0; n < 200; n++) {
			for (int k = 0; k < 10; k++)
				sum += (double)number * k;
			if (n % 20 == 0)
				sys_yield();
		}
		snprintf(text, sizeof text, "%.4f", sum);
		expect(strcmp(text, shall) == 0);
	}
}

void umain(int argc, char **argv)
{
	envid_t children[5];

	conversions();
	arithmetic();
	for (unsigned n = 0; n < ARRAY_SIZE(children); n++)
		children[n] = child_run(computes, n + 3);
	for (unsigned n = 0; n < ARRAY_SIZE(children); n++)
		expect_end(children[n], 0);
	cprintf("%.3f %d\n", 2.5, 7);
}
