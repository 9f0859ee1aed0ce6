/* date: the clock of day, in UTC. */
#include <finch/machine.h>
#include <finch/process.h>
#include <inc/lib.h>

struct date {
	int year;
	int month; /* 1 to 12 */
	int day;   /* 1 to 31 */
};

static bool is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	return days[month - 1] + (month == 2 && is_leap(year));
}

/* The date that many days after 1970-01-01. */
static struct date date_of(uint32_t day)
{
	struct date date = { .year = 1970, .month = 1 };
	uint32_t length;

	while (day >= (length = is_leap(date.year) ? 366 : 365)) {
		day -= length;
		date.year++;
	}
	while (day >= (length = (uint32_t)days_in_month(date.year, date.month))) {
		day -= length;
		date.month++;
	}
	date.day = (int)day + 1;
	return date;
}

void umain(int argc, char **argv)
{
	static const char *const weekdays[] = { "Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed" };
	struct info_machine machine;
	int err = machine_info(&machine);

	USED(argc);
	USED(argv);
	if (err < 0) {
		printf("date: %e\n", err);
		exit_status(1);
	}
	uint32_t day = (uint32_t)(machine.clock_s / 86400), s = (uint32_t)(machine.clock_s % 86400);
	struct date date = date_of(day);
	printf("%s %d-%02d-%02d %02u:%02u:%02u UTC\n", weekdays[day % 7], date.year, date.month, date.day, s / 3600,
	       s / 60 % 60, s % 60);
}
