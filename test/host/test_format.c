/*
 * Host test of common/format.c: against the host's printf where C says what comes, else against what its header says.
 */
#define TEST_GROUP "format"
#include "host.h"

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

int main(void)
{
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
