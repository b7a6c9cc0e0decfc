/* A holder's number: what is one, and what becomes of one as typed. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "policy/number.h"

#define NUMBER "2001023234560"

static void
a_number_is_13_digits_and_nothing_else(void **state)
{
	(void)state;
	assert_true(number_is(view_text(NUMBER)));
	assert_false(number_is(view_text("200102323456")));
	assert_false(number_is(view_text(NUMBER "0")));
	assert_false(number_is(view_text("200102-323456")));
	assert_false(number_is(view_text("")));
}

static void
typed(const char *text)
{
	char out[NUMBER_DIGITS + 1];

	assert_int_equal(number_of_typed(view_text(text), out), ERR_OK);
	assert_string_equal(out, NUMBER);
}

static void
it_is_taken_with_spaces_and_hyphens_and_in_full_width(void **state)
{
	(void)state;
	typed(NUMBER);
	typed("200102-3234560");
	typed(" 200102 - 3234560\r\n");
	typed("\u3000200102\u20133234560\u00a0");
	typed("2-0-0-1-0-2-3-2-3-4-5-6-0");
	typed("\uff12\uff10\uff10\uff11\uff10\uff12\uff0d"
	    "\uff13\uff12\uff13\uff14\uff15\uff16\uff10");
	typed("200102\uff0d\uff13\uff12\uff13\uff14\uff15\uff16\uff10");
}

static void
refused(const char *text, enum err e, const char *why)
{
	char out[NUMBER_DIGITS + 1] = "untouched";

	assert_int_equal(number_of_typed(view_text(text), out), e);
	assert_non_null(strstr(err_why(), why));
	assert_string_equal(out, "untouched");
}

static void
another_count_of_digits_is_refused_and_told(void **state)
{
	(void)state;
	refused("", ERR_RANGE, "this one 0");
	refused("-", ERR_RANGE, "this one 0");
	refused("200102-323456", ERR_RANGE, "this one 12");
	refused("200102-32345600", ERR_RANGE, "this one 14");
}

static void
anything_else_is_refused_and_not_told(void **state)
{
	static const char *const bad[] = {
		"200102323456O", NUMBER "x", "+" NUMBER, "200102.3234560",
		"200102_3234560", "\uff0f" NUMBER, "\uff1a" NUMBER,
		"\uff21" NUMBER, NUMBER "\xef", NUMBER "\xef\xbc",
		"\u0660" NUMBER, "20010232\x01" "34560",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		refused(bad[i], ERR_SYNTAX, "nothing else");
		assert_null(strstr(err_why(), "2001"));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_is_13_digits_and_nothing_else),
		cmocka_unit_test(
		    it_is_taken_with_spaces_and_hyphens_and_in_full_width),
		cmocka_unit_test(another_count_of_digits_is_refused_and_told),
		cmocka_unit_test(anything_else_is_refused_and_not_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
