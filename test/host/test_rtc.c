/* Host test of dev/pc/calendar.c and rtc_decode.c: dates to seconds, and the battery clock's encodings. */
#define TEST_GROUP "rtc"
#include "host.h"

#include <dev/pc/calendar.c>
#include <dev/pc/rtc_decode.c>

static int64_t seconds(unsigned year, unsigned month, unsigned day, unsigned hour, unsigned minute, unsigned second)
{
	struct date date = { year, month, day, hour, minute, second };
	return calendar_seconds(&date);
}

/* By `date -u -d ... +%s`. */
static void known_dates(void)
{
	EXPECT(1, seconds(1970, 1, 1, 0, 0, 1));
	EXPECT(86400, seconds(1970, 1, 2, 0, 0, 0));
	EXPECT(951782400, seconds(2000, 2, 29, 0, 0, 0));
	EXPECT(951868800, seconds(2000, 3, 1, 0, 0, 0));
	EXPECT(1234567890, seconds(2009, 2, 13, 23, 31, 30));
	EXPECT(2147483648, seconds(2038, 1, 19, 3, 14, 8));
	EXPECT(4107542400, seconds(2100, 3, 1, 0, 0, 0));
	EXPECT(253402300799, seconds(9999, 12, 31, 23, 59, 59));
}

/* Day after day, without a gap, for as long as there are years. */
static void every_day(void)
{
	int64_t expected = 0;

	for (unsigned year = 1970; year <= 9999; year++) {
		for (unsigned month = 1; month <= 12; month++) {
			for (unsigned day = 1; day <= month_days(year, month); day++) {
				EXPECT(expected + 1, seconds(year, month, day, 0, 0, 1));
				expected += 86400;
			}
		}
	}
}

static void impossible_dates(void)
{
	EXPECT(0, seconds(1969, 12, 31, 0, 0, 0));
	EXPECT(0, seconds(10000, 1, 1, 0, 0, 0));
	EXPECT(0, seconds(2001, 2, 29, 0, 0, 0));
	EXPECT(0, seconds(2100, 2, 29, 0, 0, 0));
	EXPECT(0, seconds(2024, 4, 31, 0, 0, 0));
	EXPECT(0, seconds(2024, 0, 1, 0, 0, 0));
	EXPECT(0, seconds(2024, 13, 1, 0, 0, 0));
	EXPECT(0, seconds(2024, 1, 0, 0, 0, 0));
	EXPECT(0, seconds(2024, 1, 1, 24, 0, 0));
	EXPECT(0, seconds(2024, 1, 1, 0, 60, 0));
	EXPECT(0, seconds(2024, 1, 1, 0, 0, 60));
}

static int64_t decoded(struct rtc_registers registers)
{
	struct date date = rtc_decode(&registers);
	return calendar_seconds(&date);
}

/* 2009-02-13 23:31:30 in each of the four ways that a clock can hold it. */
static void encodings(void)
{
	EXPECT(1234567890, decoded((struct rtc_registers){ 0x30, 0x31, 0x23, 0x13, 0x02, 0x09, 0x20, HOURS_24 }));
	EXPECT(1234567890, decoded((struct rtc_registers){ 30, 31, 23, 13, 2, 9, 20, HOURS_24 | BINARY }));
	EXPECT(1234567890, decoded((struct rtc_registers){ 0x30, 0x31, 0x91, 0x13, 0x02, 0x09, 0x20, 0 }));
	EXPECT(1234567890, decoded((struct rtc_registers){ 30, 31, 0x80 | 11, 13, 2, 9, 20, BINARY }));
}

static unsigned twelve(uint8_t hour)
{
	struct rtc_registers registers = { 0, 0, hour, 1, 1, 0x20, 0x20, 0 };
	return rtc_decode(&registers).hour;
}

static void noon_and_midnight(void)
{
	EXPECT(0, twelve(0x12));
	EXPECT(1, twelve(0x01));
	EXPECT(11, twelve(0x11));
	EXPECT(12, twelve(0x92));
	EXPECT(13, twelve(0x81));
	EXPECT(23, twelve(0x91));
	EXPECT_THAT(twelve(0x00) > 23);
	EXPECT_THAT(twelve(0x13) > 23);
}

static unsigned year_of(uint8_t century, uint8_t year)
{
	struct rtc_registers registers = { 0, 0, 0, 1, 1, year, century, HOURS_24 };
	return rtc_decode(&registers).year;
}

static void century(void)
{
	EXPECT(1999, year_of(0x19, 0x99));
	EXPECT(2026, year_of(0x20, 0x26));
	EXPECT(2126, year_of(0x21, 0x26));
	EXPECT(2026, year_of(0x00, 0x26)); /* no such register */
	EXPECT(2026, year_of(0xFF, 0x26));
}

static void no_clock(void)
{
	EXPECT(0, decoded((struct rtc_registers){ 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF }));
	EXPECT(0, decoded((struct rtc_registers){ 0 }));
	EXPECT(0, decoded((struct rtc_registers){ 0x3A, 0x31, 0x23, 0x13, 0x02, 0x09, 0x20, HOURS_24 }));
}

static void any_registers(void)
{
	for (int i = 0; i < 1000000; i++) {
		uint64_t bits = random_number();
		struct rtc_registers registers;
		memcpy(&registers, &bits, sizeof(registers));
		int64_t came = decoded(registers);
		EXPECT_THAT(came >= 0 && came <= 253402300799);
	}
}

int main(void)
{
	RUN(known_dates);
	RUN(every_day);
	RUN(impossible_dates);
	RUN(encodings);
	RUN(noon_and_midnight);
	RUN(century);
	RUN(no_clock);
	RUN(any_registers);
	return tests_failed != 0;
}
