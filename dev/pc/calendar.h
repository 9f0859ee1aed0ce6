/* Dates. Pure. */
#ifndef FINCH_DEV_CALENDAR_H
#define FINCH_DEV_CALENDAR_H

#include <abi/types.h>

struct date {
	unsigned year;  /* 1970 to 9999 */
	unsigned month; /* 1 to 12 */
	unsigned day;   /* 1 to the month's last */
	unsigned hour, minute, second;
};

/* Seconds from 1970-01-01 00:00 to date, both UTC; 0 if there is no such date or time. */
int64_t calendar_seconds(const struct date *date);

#endif
