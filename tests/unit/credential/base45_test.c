/* Base45: the examples of RFC 9285 4 and every rule of its decoding. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "credential/base45.h"

static void
both_ways(struct view raw, const char *text)
{
	AUTO_DONE(bytes) b = { 0 };
	AUTO_DONE(bytes) back = { 0 };

	base45_put(&b, raw);
	assert_string_equal(bytes_text(&b), text);
	assert_int_equal(base45_get(bytes_view(&b), &back), ERR_OK);
	assert_true(view_equal(raw, bytes_view(&back)));
}

static void
the_examples_of_the_rfc(void **)
{
	both_ways(view_text("AB"), "BB8");
	both_ways(view_text("Hello!!"), "%69 VD92EX0");
	both_ways(view_text("base-45"), "UJCLQE7W581");
	both_ways(view_text("ietf!"), "QED8WEX0");
	both_ways(view_text(""), "");
	both_ways(VIEW("\xff\xff", 2), "FGW");
	both_ways(VIEW("\xff", 1), "U5");
	both_ways(VIEW("\0", 1), "00");
}

static void
every_pair_of_bytes_comes_back(void **)
{
	AUTO_DONE(bytes) b = { 0 };
	AUTO_DONE(bytes) back = { 0 };

	for (unsigned int v = 0; v <= 0xffff; v++) {
		uint8_t raw[] = { (uint8_t)(v >> 8), (uint8_t)v };

		bytes_reset(&b);
		bytes_reset(&back);
		base45_put(&b, VIEW_OF(raw));
		assert_int_equal(base45_get(bytes_view(&b), &back), ERR_OK);
		assert_true(view_equal(VIEW_OF(raw), bytes_view(&back)));
	}
}

/* Of all texts of n characters, as many decode as there are values. */
static void
there_is_one_text_for_each_value(void **)
{
	static const char alphabet[] =
	    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
	AUTO_DONE(bytes) b = { 0 };
	char text[3];
	int pairs = 0, singles = 0;

	for (int i = 0; i < 45 * 45 * 45; i++) {
		text[0] = alphabet[i % 45];
		text[1] = alphabet[i / 45 % 45];
		text[2] = alphabet[i / 45 / 45];
		bytes_reset(&b);
		pairs += base45_get(VIEW(text, 3), &b) == ERR_OK;
		if (i < 45 * 45)
			singles += base45_get(VIEW(text, 2), &b) == ERR_OK;
	}
	assert_int_equal(pairs, 65536);
	assert_int_equal(singles, 256);
}

static void
refused(const char *text)
{
	AUTO_DONE(bytes) b = { 0 };

	bytes_put_text(&b, "before");
	assert_int_equal(base45_get(view_text(text), &b), ERR_SYNTAX);
	assert_string_equal(bytes_text(&b), "before");
}

static void
values_over_their_limit_are_refused(void **)
{
	AUTO_DONE(bytes) b = { 0 };

	assert_int_equal(base45_get(view_text("FGW"), &b), ERR_OK);
	refused("GGW");		/* 65536, RFC 9285 6 */
	refused(":::");
	assert_int_equal(base45_get(view_text("U5"), &b), ERR_OK);
	refused("V5");		/* 256 */
	refused("BB8V5");
}

static void
lengths_and_characters_that_cannot_be_are_refused(void **)
{
	refused("B");
	refused("BB8B");
	for (int c = 1; c < 256; c++) {
		char text[] = { 'B', 'B', (char)c, '\0' };

		if (strchr("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:",
		    c) == NULL)
			refused(text);
	}
	refused("bb8");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_examples_of_the_rfc),
		cmocka_unit_test(every_pair_of_bytes_comes_back),
		cmocka_unit_test(there_is_one_text_for_each_value),
		cmocka_unit_test(values_over_their_limit_are_refused),
		cmocka_unit_test(
		    lengths_and_characters_that_cannot_be_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
