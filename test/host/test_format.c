/*
 * Host test of common/format.c: against the host's printf where C says what comes, else against what its header says.
 */
#define TEST_GROUP "format"
#include "host.h"

#include <common/decimal.c>
#include <common/div64.c>
#include <common/error.c>
#include <common/format.c>

/* Format into a block of exactly size bytes; the result must not be more than 200 characters. */
static const char *formatted(const char *fmt, ...)
{
	static char buf[256];
	va_list ap;

	va_start(ap, fmt);
	int length = format_buffer(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	EXPECT(strlen(buf), length);
	return buf;
}

#define EXPECT_FORMAT(expected, ...) EXPECT_TEXT(expected, formatted(__VA_ARGS__))

static void plain(void)
{
	EXPECT_FORMAT("", "%s", "");
	EXPECT_FORMAT("no conversions", "no conversions");
	EXPECT_FORMAT("100%", "100%%");
	EXPECT_FORMAT("\xFF\x80", "\xFF\x80");
}

static void strings(void)
{
	EXPECT_FORMAT("(null)", "%s", (char *)NULL);
	EXPECT_FORMAT("  (null)", "%8s", (char *)NULL);
	EXPECT_FORMAT("a?b?", "%#s", "a\nb\xFF");
	EXPECT_FORMAT("a\nb", "%s", "a\nb");
	char open[3] = { 'x', 'y', 'z' };
	EXPECT_FORMAT("xyz", "%.3s", open);
	EXPECT_FORMAT("xy   |", "%-5.*s|", 2, open);
}

static void errors(void)
{
	EXPECT_FORMAT("out of memory", "%e", -E_NO_MEM);
	EXPECT_FORMAT("out of memory", "%e", E_NO_MEM);
	EXPECT_FORMAT("error 0", "%e", 0);
	EXPECT_FORMAT("error -9999", "%e", -9999);
	EXPECT_FORMAT("error -2147483648", "%e", (int)0x80000000);
	EXPECT_FORMAT("bad environment then 7", "%e then %d", -E_BAD_ENV, 7);
	for (int i = 1; i <= MAXERROR; i++)
		EXPECT_THAT(error_text(i) && *error_text(i) && error_text(i) == error_text(-i));
	EXPECT_THAT(!error_text(0) && !error_text(MAXERROR + 1) && !error_text(-MAXERROR - 1));
}

static void pointers(void)
{
	EXPECT_FORMAT("0x00000000", "%p", NULL);
	EXPECT_FORMAT("0x00001234", "%p", (void *)0x1234);
	EXPECT_FORMAT("0xfedcba9876", "%p", (void *)0xfedcba9876);
	EXPECT_FORMAT("  0x00001234", "%12p", (void *)0x1234);
	EXPECT_FORMAT("0x00001234  |", "%-12p|", (void *)0x1234);
}

static void no_conversion(void)
{
	EXPECT_FORMAT("%q 5", "%q %d", 5);
	EXPECT_FORMAT("%", "%");
	EXPECT_FORMAT("a%-0", "a%-0");
	EXPECT_FORMAT("%5.2ly", "%5.2ly");
}

static void cut_off(void)
{
	for (size_t size = 0; size <= 12; size++) {
		char *buf = malloc(size + 1);
		memset(buf, '#', size + 1);
		va_list none;
		memset(&none, 0, sizeof(none));
		EXPECT(10, format_buffer(buf, size, "0123456789", none));
		EXPECT('#', buf[size]);
		if (size > 0) {
			EXPECT(MIN(size - 1, 10u), strlen(buf));
			EXPECT(0, strncmp(buf, "0123456789", MIN(size - 1, 10u)));
		}
		free(buf);
	}
}

static void huge_width(void)
{
	char *buf = malloc(200000);
	va_list none;
	memset(&none, 0, sizeof(none));
	EXPECT_THAT(format_buffer(buf, 200000, "%99999999999999999999%", none) < 200000);
	free(buf);
}

/* One random conversion of a number, with random flags, for the host's printf too. Returns the size letter count. */
static int random_conversion(char *fmt)
{
	static const char kinds[] = "diuoxX";
	static const char *const sizes[] = { "", "l", "ll", "z" };
	char kind = kinds[random_below(6)];
	int size = (int)random_below(4), n = 0;

	fmt[n++] = '%';
	if (random_below(2))
		fmt[n++] = '-';
	if (random_below(2))
		fmt[n++] = '0';
	if (random_below(2) && (kind == 'x' || kind == 'X' || kind == 'o'))
		fmt[n++] = '#';
	if (random_below(2))
		n += sprintf(fmt + n, "%d", (int)random_below(30) + 1);
	if (random_below(2))
		n += sprintf(fmt + n, ".%d", (int)random_below(26));
	sprintf(fmt + n, "%s%c", sizes[size], kind);
	return size;
}

static uint64_t random_value(void)
{
	static const uint64_t edges[] = { 0, 1, 7, 8, 9, 10, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x100000000,
					  0x7FFFFFFFFFFFFFFF, 0x8000000000000000, 0xFFFFFFFFFFFFFFFF };
	return random_below(3) ? random_number() >> random_below(64) : edges[random_below(ARRAY_SIZE(edges))];
}

static void numbers_random(void)
{
	for (int i = 0; i < 200000 && !test_failed; i++) {
		char fmt[32], expected[128];
		int size = random_conversion(fmt);
		uint64_t value = random_value();
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
		if (size == 0) {
			snprintf(expected, sizeof(expected), fmt, (unsigned)value);
			EXPECT_FORMAT(expected, fmt, (unsigned)value);
		} else {
			snprintf(expected, sizeof(expected), fmt, (unsigned long)value);
			EXPECT_FORMAT(expected, fmt, (unsigned long)value);
		}
#pragma GCC diagnostic pop
	}
}

static void arguments_by_star(void)
{
	char expected[64];

	for (int width = -12; width <= 12; width++) {
		for (int precision = -3; precision <= 12; precision++) {
			snprintf(expected, sizeof(expected), "%*.*d|%*.*s|%*c", width, precision, -42, width, precision,
				 "text", width, 'c');
			EXPECT_FORMAT(expected, "%*.*d|%*.*s|%*c", width, precision, -42, width, precision, "text",
				      width, 'c');
		}
	}
}

static void many_arguments(void)
{
	EXPECT_FORMAT("1 2 3 4 5 6 7 x 8 9 10", "%d %lld %d %lld %u %x %o %s %d %lu %d", 1, 2LL, 3, 4LL, 5, 6, 7, "x", 8,
		      9UL, 10);
}

/* --- Doubles, against the host's C library, which is exact too. --- */

static void format_long(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int length = format_buffer(buf, size, fmt, ap);
	va_end(ap);
	EXPECT(strlen(buf), length);
}

static void expect_double(const char *fmt, int width, int precision, double value)
{
	static char is[4096], shall[4096];

	format_long(is, sizeof is, fmt, width, precision, value);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(shall, sizeof shall, fmt, width, precision, value);
#pragma GCC diagnostic pop
	if (strcmp(is, shall) != 0)
		test_fail(__FILE__, __LINE__, "%s with %d, %d of %a: expected '%s', saw '%s'", fmt, width, precision, value,
			  shall, is);
}

static double double_of(uint64_t bits)
{
	double value;

	memcpy(&value, &bits, sizeof value);
	return value;
}

/* Any bits; decimal fractions; halves, where rounding is to even; whole numbers; near powers of ten. */
static double random_double(void)
{
	uint64_t bits = (uint64_t)rand() << 62 ^ (uint64_t)rand() << 31 ^ (uint64_t)rand();
	static const double tens[] = { 1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e9, 1e15, 1e16, 1e17, 1e22, 1e23, 1e100, 1e300 };
	double ten = tens[rand() % (int)(sizeof tens / sizeof *tens)];

	switch (rand() % 6) {
	case 0:
	case 1: return double_of(bits);
	case 2: return (rand() % 2000001 - 1000000) / ten;
	case 3: return (rand() % 20001 - 10000) / (double)(1 << rand() % 12);
	case 4: return (double)(int64_t)bits / (rand() % 2 ? 1 : ten);
	default: memcpy(&bits, &ten, sizeof bits); return double_of(bits + (uint64_t)(rand() % 7) - 3);
	}
}

static void doubles_random(void)
{
	for (int i = 0; i < 400000 && !test_failed; i++) {
		char fmt[16] = "%", *at = fmt + 1;
		bool general = rand() % 2;
		/* glibc 2.36 loses the zeros of %#g where rounding makes a digit more. */
		for (const char *flag = general ? "-0+" : "-0+#"; *flag; flag++) {
			if (rand() % 4 == 0)
				*at++ = *flag;
		}
		strcpy(at, general ? (rand() % 3 ? "*.*g" : "*.*G") : (rand() % 3 ? "*.*f" : "*.*F"));
		int precision = rand() % 50 == 0 ? rand() % 1200 : rand() % 22 - 1;
		expect_double(fmt, rand() % 3 ? 0 : rand() % 40, precision, random_double());
	}
}

static void doubles(void)
{
	static const uint64_t bits[] = {
		0, 1, 2, 0xFFFFFFFFFFFFF, 0x10000000000000, 0x10000000000001, 0x7FEFFFFFFFFFFFFF, 0x7FF0000000000000,
		0x7FF8000000000000, 0x3FF0000000000000, 0x3FEFFFFFFFFFFFFF, 0x3FE0000000000000, 0x4000000000000000,
		0x4330000000000000, 0x4340000000000000, 0x44B52D02C7E14AF6,
	};
	static const char *const formats[] = { "%*.*f", "%-*.*f|", "%0*.*f", "%#*.*f", "%+*.*F", "%*.*g", "%#*.*G", "%+0*.*g" };
	static const int precisions[] = { -1, 0, 1, 2, 15, 17, 40, 766, 767, 1074, 1100 };

	for (unsigned b = 0; b < 2 * ARRAY_SIZE(bits); b++) {
		double value = double_of(bits[b / 2] | (uint64_t)(b % 2) << 63);
		for (unsigned f = 0; f < ARRAY_SIZE(formats); f++) {
			for (unsigned p = 0; p < ARRAY_SIZE(precisions); p++) {
				for (int width = -20; width <= 20; width += 10)
					expect_double(formats[f], width, precisions[p], value);
			}
		}
	}
	EXPECT_FORMAT("3.141593 -0 0.1", "%lf %.0f %g", 3.14159265358979, -0.0, 0.1);
	EXPECT_FORMAT("1e+23 7 inf", "%g %d %f", 1e23, 7, __builtin_inf());
	EXPECT_FORMAT("+5 -5 +0 7", "%+d %+d %+i %+u", 5, -5, 0, 7);
}

int main(void)
{
	RUN(doubles);
	RUN(doubles_random);
	RUN(plain);
	RUN(strings);
	RUN(errors);
	RUN(pointers);
	RUN(no_conversion);
	RUN(cut_off);
	RUN(huge_width);
	RUN(numbers_random);
	RUN(arguments_by_star);
	RUN(many_arguments);
	return tests_failed != 0;
}
