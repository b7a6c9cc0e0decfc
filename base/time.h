/*
 * Time and dates. An instant is seconds since 1970-01-01T00:00:00Z (int64_t,
 * leap seconds ignored as POSIX does); a civil date needs an offset from UTC,
 * given in seconds. Nothing here reads the machine's zone or tzdata.
 */
#ifndef OKSE_BASE_TIME_H
#define OKSE_BASE_TIME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

#define SEOUL (9 * 3600)	/* no daylight saving since 1988 */
#define DAY INT64_C(86400)

struct date {
	int	year;	/* 1 … 9999 */
	int	month;	/* 1 … 12 */
	int	day;	/* 1 … 31 */
};

int64_t time_now(void);			/* wall clock, seconds */
int64_t time_now_ms(void);		/* wall clock, milliseconds */
int64_t time_monotonic_us(void);	/* never goes back */

bool date_valid(struct date d);		/* proleptic Gregorian, real day */
int date_compare(struct date a, struct date b);	/* <0, 0, >0 */
int64_t date_days(struct date d);	/* days since 1970-01-01 */
struct date date_of_days(int64_t days);
bool year_is_leap(int year);
int month_days(int year, int month);

/* The civil date at an instant, and the instant at which a date begins. */
struct date date_at(int64_t instant, int offset);
int64_t date_begins(struct date d, int offset);

/* "YYYY-MM-DD", exactly; ERR_SYNTAX for form, ERR_RANGE for no such day. */
[[nodiscard]] enum err date_get(struct view text, struct date *out_date);
void date_put(struct bytes *b, struct date d);

/*
 * RFC 3339 "YYYY-MM-DDThh:mm:ss[.fraction](Z|±hh:mm)": fractions are read and
 * dropped, leap second 60 is refused. Years 1 to 9999.
 */
[[nodiscard]] enum err instant_get(struct view text, int64_t *out_instant);
/* "YYYY-MM-DDThh:mm:ssZ" */
void instant_put(struct bytes *b, int64_t instant);

#define INSTANT_TEXT 21		/* with the final NUL */
const char *instant_text(int64_t instant, char text[INSTANT_TEXT]);

#endif
