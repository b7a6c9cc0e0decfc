/*
 * Civil dates by days-from-epoch arithmetic, and RFC 3339. Texts are hostile:
 * every field is checked for form first, then for range.
 */
#include "base/time.h"

#include <stdio.h>
#include <time.h>

int64_t
time_now(void)
{
	return time_now_ms() / 1000;
}

int64_t
time_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t
time_monotonic_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

bool
year_is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

int
month_days(int year, int month)
{
	static const int days[] =
	    { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month - 1] + (month == 2 && year_is_leap(year));
}

bool
date_valid(struct date d)
{
	return d.year >= 1 && d.year <= 9999 && d.month >= 1 &&
	    d.month <= 12 && d.day >= 1 &&
	    d.day <= month_days(d.year, d.month);
}

int
date_compare(struct date a, struct date b)
{
	if (a.year != b.year)
		return a.year - b.year;
	return a.month != b.month ? a.month - b.month : a.day - b.day;
}

/* 146097 days make 400 years; years begin in March so leap days come last. */
int64_t
date_days(struct date d)
{
	int64_t year = d.month <= 2 ? d.year - 1 : d.year;
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t of_era = year - era * 400;
	int64_t month = d.month > 2 ? d.month - 3 : d.month + 9;
	int64_t of_year = (153 * month + 2) / 5 + d.day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 +
	    of_year - 719468;
}

struct date
date_of_days(int64_t days)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t of_era = z - era * 146097;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 -
	    of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * of_year + 2) / 153;

	return (struct date){
		.year = (int)(year + era * 400 + (month >= 10)),
		.month = (int)(month < 10 ? month + 3 : month - 9),
		.day = (int)(of_year - (153 * month + 2) / 5 + 1),
	};
}

struct date
date_at(int64_t instant, int offset)
{
	int64_t local = instant + offset;

	return date_of_days((local >= 0 ? local : local - (DAY - 1)) / DAY);
}

int64_t
date_begins(struct date d, int offset)
{
	return date_days(d) * DAY - offset;
}

static int
digits(struct reader *r, size_t n)
{
	struct view v = reader_take(r, n);
	int value = 0;

	for (size_t i = 0; i < v.len; i++) {
		if (v.at[i] < '0' || v.at[i] > '9')
			r->failed = true;
		value = value * 10 + (v.at[i] - '0');
	}
	return value;
}

static void
literal(struct reader *r, char c)
{
	if (reader_u8(r) != (uint8_t)c)
		r->failed = true;
}

static struct date
read_date(struct reader *r)
{
	struct date d;

	d.year = digits(r, 4);
	literal(r, '-');
	d.month = digits(r, 2);
	literal(r, '-');
	d.day = digits(r, 2);
	return d;
}

enum err
date_get(struct view text, struct date *out_date)
{
	struct reader r = reader_of(text);
	struct date d = read_date(&r);

	if (r.failed || r.rest.len != 0)
		return err_because(ERR_SYNTAX,
		    "a date is YYYY-MM-DD (RFC 3339 full-date)");
	if (!date_valid(d))
		return err_because(ERR_RANGE, "there is no such day");
	*out_date = d;
	return ERR_OK;
}

void
date_put(struct bytes *b, struct date d)
{
	bytes_printf(b, "%04d-%02d-%02d", d.year, d.month, d.day);
}

static void
skip_fraction(struct reader *r)
{
	size_t n = 0;

	if (r->rest.len == 0 || r->rest.at[0] != '.')
		return;
	reader_u8(r);
	for (; r->rest.len != 0 && r->rest.at[0] >= '0' &&
	    r->rest.at[0] <= '9'; n++)
		reader_u8(r);
	if (n == 0)
		r->failed = true;
}

/* Seconds east of UTC; hours and minutes in range are checked here. */
static int
read_offset(struct reader *r)
{
	uint8_t sign = reader_u8(r);
	int hours, minutes;

	if (sign == 'Z')
		return 0;
	hours = digits(r, 2);
	literal(r, ':');
	minutes = digits(r, 2);
	if ((sign != '+' && sign != '-') || hours > 23 || minutes > 59)
		r->failed = true;
	return (hours * 60 + minutes) * (sign == '-' ? -60 : 60);
}

enum err
instant_get(struct view text, int64_t *out_instant)
{
	struct reader r = reader_of(text);
	struct date d = read_date(&r);
	int hour, minute, second, offset;

	literal(&r, 'T');
	hour = digits(&r, 2);
	literal(&r, ':');
	minute = digits(&r, 2);
	literal(&r, ':');
	second = digits(&r, 2);
	skip_fraction(&r);
	offset = read_offset(&r);
	if (r.failed || r.rest.len != 0)
		return err_because(ERR_SYNTAX, "a time is "
		    "YYYY-MM-DDThh:mm:ssZ or with ±hh:mm (RFC 3339 5.6)");
	if (!date_valid(d) || hour > 23 || minute > 59 || second > 59)
		return err_because(ERR_RANGE, "there is no such time");
	*out_instant = date_begins(d, offset) + hour * 3600 + minute * 60 +
	    second;
	return ERR_OK;
}

const char *
instant_text(int64_t instant, char text[INSTANT_TEXT])
{
	struct date d = date_at(instant, 0);
	int64_t of_day = instant - date_begins(d, 0);

	if (!date_valid(d))
		return "out of range";
	/* the masks tell the compiler what date_valid() knows */
	snprintf(text, INSTANT_TEXT, "%04u-%02u-%02uT%02u:%02u:%02uZ",
	    (unsigned int)d.year % 10000, (unsigned int)d.month % 100,
	    (unsigned int)d.day % 100, (unsigned int)(of_day / 3600) % 100,
	    (unsigned int)(of_day / 60 % 60), (unsigned int)(of_day % 60));
	return text;
}

void
instant_put(struct bytes *b, int64_t instant)
{
	char text[INSTANT_TEXT];

	bytes_put_text(b, instant_text(instant, text));
}
