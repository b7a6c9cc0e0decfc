/* Dates by arithmetic against the C library's; RFC 3339, strictly. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <time.h>

#include "base/time.h"

static void
every_day_of_five_centuries_agrees_with_the_c_library(void **state)
{
	(void)state;
	for (int64_t day = -100000; day <= 100000; day++) {
		struct date d = date_of_days(day);
		time_t t = (time_t)(day * DAY);
		struct tm tm;

		assert_non_null(gmtime_r(&t, &tm));
		assert_int_equal(d.year, tm.tm_year + 1900);
		assert_int_equal(d.month, tm.tm_mon + 1);
		assert_int_equal(d.day, tm.tm_mday);
		assert_true(date_valid(d));
		assert_true(date_days(d) == day);
	}
}

static void
the_korean_day_begins_nine_hours_before_the_utc_day(void **state)
{
	struct date d = { 2024, 12, 27 };
	int64_t begins = date_begins(d, SEOUL);
	char text[INSTANT_TEXT];

	(void)state;
	assert_string_equal(instant_text(begins, text),
	    "2024-12-26T15:00:00Z");
	assert_int_equal(date_compare(date_at(begins, SEOUL), d), 0);
	assert_int_equal(date_at(begins - 1, SEOUL).day, 26);
	assert_int_equal(date_at(begins + DAY - 1, SEOUL).day, 27);
	/* before 1970 too, where division rounds the other way */
	assert_int_equal(date_at(-1, 0).year, 1969);
	assert_int_equal(date_at(-1, SEOUL).year, 1970);
	assert_int_equal(date_at(-DAY, 0).day, 31);
}

static void
only_real_days_are_dates(void **state)
{
	static const struct {
		const char	*text;
		enum err	 e;
	} dates[] = {
		{ "2024-02-29", ERR_OK }, { "2023-02-29", ERR_RANGE },
		{ "1900-02-29", ERR_RANGE }, { "2000-02-29", ERR_OK },
		{ "0001-01-01", ERR_OK }, { "0000-01-01", ERR_RANGE },
		{ "9999-12-31", ERR_OK }, { "2024-00-01", ERR_RANGE },
		{ "2024-13-01", ERR_RANGE }, { "2024-01-00", ERR_RANGE },
		{ "2024-04-31", ERR_RANGE }, { "2024-1-01", ERR_SYNTAX },
		{ "2024-01-1", ERR_SYNTAX }, { "20240101", ERR_SYNTAX },
		{ "2024-01-01 ", ERR_SYNTAX }, { " 2024-01-01", ERR_SYNTAX },
		{ "2024/01/01", ERR_SYNTAX }, { "+024-01-01", ERR_SYNTAX },
		{ "2024-01-0a", ERR_SYNTAX }, { "", ERR_SYNTAX },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(dates); i++) {
		struct date d;

		assert_int_equal(date_get(view_text(dates[i].text), &d),
		    dates[i].e);
		if (dates[i].e != ERR_OK)
			continue;
		AUTO_DONE(bytes) b = { 0 };

		date_put(&b, d);
		assert_string_equal(bytes_text(&b), dates[i].text);
	}
}

static void
instants_are_those_of_rfc_3339(void **state)
{
	static const struct {
		const char	*text;
		const char	*utc;		/* NULL: refused */
	} instants[] = {
		{ "1985-04-12T23:20:50.52Z", "1985-04-12T23:20:50Z" },
		{ "1996-12-19T16:39:57-08:00", "1996-12-20T00:39:57Z" },
		{ "1937-01-01T12:00:27.87+00:20", "1937-01-01T11:40:27Z" },
		{ "2024-12-27T00:00:00+09:00", "2024-12-26T15:00:00Z" },
		{ "1990-12-31T23:59:60Z", NULL },
		{ "2024-12-27T24:00:00Z", NULL },
		{ "2024-12-27T00:60:00Z", NULL },
		{ "2024-12-27T00:00:00", NULL },
		{ "2024-12-27 00:00:00Z", NULL },
		{ "2024-12-27t00:00:00z", NULL },
		{ "2024-12-27T00:00:00.Z", NULL },
		{ "2024-12-27T00:00:00+9:00", NULL },
		{ "2024-12-27T00:00:00+24:00", NULL },
		{ "2024-12-27T00:00:00+00:60", NULL },
		{ "2024-12-27T00:00:00Zx", NULL },
		{ "2023-02-29T00:00:00Z", NULL },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(instants); i++) {
		char text[INSTANT_TEXT];
		int64_t t;
		enum err e = instant_get(view_text(instants[i].text), &t);

		assert_int_equal(e == ERR_OK, instants[i].utc != NULL);
		if (e == ERR_OK)
			assert_string_equal(instant_text(t, text),
			    instants[i].utc);
	}
}

static void
an_instant_comes_back_as_it_went(void **state)
{
	(void)state;
	for (int64_t t = -60000000000; t < 200000000000; t += 123456789) {
		AUTO_DONE(bytes) b = { 0 };
		int64_t back;

		instant_put(&b, t);
		assert_int_equal(instant_get(bytes_view(&b), &back), ERR_OK);
		assert_true(back == t);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    every_day_of_five_centuries_agrees_with_the_c_library),
		cmocka_unit_test(
		    the_korean_day_begins_nine_hours_before_the_utc_day),
		cmocka_unit_test(only_real_days_are_dates),
		cmocka_unit_test(instants_are_those_of_rfc_3339),
		cmocka_unit_test(an_instant_comes_back_as_it_went),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
