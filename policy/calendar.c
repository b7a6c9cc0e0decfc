/*
 * Ages, periods and months. Years may leave 1 to 9999 by the periods added;
 * nothing here formats them.
 */
#include "policy/calendar.h"

struct date
calendar_birthday(struct date birth, int64_t years, enum leap_birthday leap)
{
	struct date d = birth;

	d.year += (int)years;
	if (d.month != 2 || d.day != 29 || year_is_leap(d.year))
		return d;
	if (leap == LEAP_FEBRUARY_28)
		return (struct date){ d.year, 2, 28 };
	return (struct date){ d.year, 3, 1 };
}

int64_t
calendar_age(struct date birth, struct date today, enum leap_birthday leap)
{
	int64_t years = today.year - birth.year;

	if (date_compare(today, calendar_birthday(birth, years, leap)) < 0)
		years--;
	return years;
}

struct date
calendar_add(struct date d, struct yaml_period period)
{
	int months = d.year * 12 + d.month - 1 + period.years * 12 +
	    period.months;
	struct date sum = { months / 12, months % 12 + 1, d.day };
	int last = month_days(sum.year, sum.month);

	if (sum.day > last)
		sum.day = last;
	return date_of_days(date_days(sum) + period.days);
}

struct date
calendar_next_month(struct date d)
{
	if (d.month == 12)
		return (struct date){ d.year + 1, 1, 1 };
	return (struct date){ d.year, d.month + 1, 1 };
}

bool
calendar_sound(int64_t instant)
{
	return instant >= date_begins((struct date){ 1, 1, 2 }, 0) &&
	    instant < date_begins((struct date){ 9999, 12, 31 }, 0);
}
