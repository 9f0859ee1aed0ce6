/*
 * The battery clock. Source: Motorola MC146818A data sheet, "Time, Calendar and Alarm Locations" and "Registers"; the
 * century is no part of the chip but a byte of its memory that the firmware keeps (ACPI 6.4, table 5.9).
 */
#include <arch/x86.h>
#include <dev/pc/calendar.h>
#include <dev/pc/rtc.h>
#include <kern/lock.h>
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
};
#define PATIENCE 10000 /* looks: above 10 ms on a real bus; an update takes 2 ms */
#define ATTEMPTS 5     /* to read the same twice */

static struct spinlock lock = SPINLOCK(RANK_DEVICE, "battery clock"); /* INDEX and the DATA that it chooses */
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

static int64_t read_seconds(void)
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

int64_t platform_clock_seconds(void)
{
	spin_lock(&lock);
	int64_t seconds = read_seconds();
	spin_unlock(&lock);
	return seconds;
}
