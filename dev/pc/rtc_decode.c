/* What the battery clock's registers mean. Source: see rtc.c. */
#include <dev/pc/calendar.h>
#include <dev/pc/rtc.h>

enum {
	/* register B */
	BINARY = 0x04,   /* else two decimal digits */
	HOURS_24 = 0x02, /* else 1 to 12, and */
	AFTERNOON = 0x80,
};

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
