/* Dates to seconds, by the Gregorian calendar. */
#include <dev/pc/calendar.h>

static bool is_leap(unsigned year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static unsigned month_days(unsigned year, unsigned month)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month - 1] + (month == 2 && is_leap(year));
}

/* Leap days in all years before this one. */
static unsigned leap_days_before(unsigned year)
{
	year--;
	return year / 4 - year / 100 + year / 400;
}

int64_t calendar_seconds(const struct date *date)
{
	if (date->year < 1970 || date->year > 9999 || date->month < 1 || date->month > 12)
		return 0;
	if (date->day < 1 || date->day > month_days(date->year, date->month))
		return 0;
	if (date->hour > 23 || date->minute > 59 || date->second > 59)
		return 0;

	unsigned days = (date->year - 1970) * 365 + leap_days_before(date->year) - leap_days_before(1970);
	for (unsigned month = 1; month < date->month; month++)
		days += month_days(date->year, month);
	days += date->day - 1;
	return (int64_t)days * 86400 + date->hour * 3600 + date->minute * 60 + date->second;
}
