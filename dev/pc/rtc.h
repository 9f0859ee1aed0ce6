/* The battery clock, which is taken to hold UTC. platform_clock_seconds stands in rtc.c. */
#ifndef FINCH_DEV_RTC_H
#define FINCH_DEV_RTC_H

#include <abi/types.h>

struct date;

/* The clock's registers as read, in their own encoding. */
struct rtc_registers {
	uint8_t second, minute, hour, day, month, year, century;
	uint8_t mode; /* register B */
};

/* What the registers mean, in rtc_decode.c: nonsense comes as nonsense, for calendar_seconds to refuse. Pure. */
struct date rtc_decode(const struct rtc_registers *r);
/* Where ACPI says that the century stands (FADT, field CENTURY): 0 means nowhere. If this is not called: 0x32. */
void rtc_set_century_register(uint8_t index);

#endif
