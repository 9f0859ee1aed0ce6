/*
 * The battery clock. Source: Motorola MC146818A data sheet, "Time, Calendar and Alarm Locations" and "Registers"; the
 * century is no part of the chip but a byte of its memory that the firmware keeps (ACPI 6.4, table 5.9).
 */
#include <arch/x86.h>
#include <dev/pc/calendar.h>
#include <dev/pc/rtc.h>
#include <kern/platform.h>

enum {
	INDEX = 0x70, /* bit 7 would hold up NMIs: always written 0 */
	DATA = 0x71,

	SECOND = 0,
	MINUTE = 2,
	HOUR = 4,
	DAY = 7,
	MONTH = 8,
	YEAR = 9,
	REGISTER_A = 10,
	REGISTER_B = 11,
	CENTURY = 0x32,

	UPDATING = 0x80, /* in A */
	BINARY = 0x04,   /* in B: else two decimal digits */
	HOURS_24 = 0x02, /* in B: else 1 to 12, and */
	AFTERNOON = 0x80,
};
#define PATIENCE 10000 /* looks: above 10 ms on a real bus; an update takes 2 ms */
#define ATTEMPTS 5     /* to read the same twice */

static uint8_t century_register = CENTURY;

void rtc_set_century_register(uint8_t index)
{
	century_register = index;
}

static uint8_t read_register(uint8_t index)
{
	outb(INDEX, index);
	return inb(DATA);
}

static unsigned number(uint8_t value, uint8_t mode)
{
	if (mode & BINARY)
		return value;
	/* A digit above 9 makes it too large for anything. */
	if ((value & 0x0F) > 9 || value >> 4 > 9)
		return 255;
	return (value >> 4) * 10 + (value & 0x0F);
}

struct date rtc_decode(const struct rtc_registers *r)
{
	unsigned hour = r->hour, century = number(r->century, r->mode);
	bool afternoon = false;

	if (!(r->mode & HOURS_24)) {
		afternoon = hour & AFTERNOON;
		hour &= ~AFTERNOON;
	}
	hour = number(hour, r->mode);
	if (!(r->mode & HOURS_24))
		hour = hour < 1 || hour > 12 ? 255 : hour % 12 + (afternoon ? 12 : 0);
	if (century < 19 || century > 29)
		century = 20;
	unsigned year = number(r->year, r->mode);
	return (struct date){
		.year = year > 99 ? 0 : century * 100 + year,
		.month = number(r->month, r->mode),
		.day = number(r->day, r->mode),
		.hour = hour,
		.minute = number(r->minute, r->mode),
		.second = number(r->second, r->mode),
	};
}

/* Wait, with a bound, until no update is under way. */
static bool await_steady(void)
{
	for (int looks = PATIENCE; looks > 0; looks--) {
		if (!(read_register(REGISTER_A) & UPDATING))
			return true;
	}
	return false;
}

static struct rtc_registers read_all(void)
{
	return (struct rtc_registers){
		.second = read_register(SECOND),
		.minute = read_register(MINUTE),
		.hour = read_register(HOUR),
		.day = read_register(DAY),
		.month = read_register(MONTH),
		.year = read_register(YEAR),
		.century = century_register ? read_register(century_register) : 0,
		.mode = read_register(REGISTER_B),
	};
}

static bool same(const struct rtc_registers *a, const struct rtc_registers *b)
{
	return a->second == b->second && a->minute == b->minute && a->hour == b->hour && a->day == b->day;
}

int64_t platform_clock_seconds(void)
{
	/* An update may begin between two registers: only what is read twice alike is taken. */
	for (int i = 0; i < ATTEMPTS && await_steady(); i++) {
		struct rtc_registers once = read_all(), again = read_all();
		if (same(&once, &again)) {
			struct date date = rtc_decode(&again);
			return calendar_seconds(&date);
		}
	}
	return 0;
}
