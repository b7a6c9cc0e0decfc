/*
 * The body with which officers give orphans up: what is taken, what is
 * refused, and how much of it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "signer/gate/body.h"

static enum err
decode(const char *json, struct bytes *out)
{
	AUTO_DONE(body) b = { 0 };

	bytes_reset(out);
	return body_decode_orphans(view_text(json), &b, out);
}

static void
indexes_and_a_reason_are_taken_as_they_came(void **state)
{
	AUTO_DONE(bytes) out = { 0 };
	struct reader r;

	(void)state;
	assert_int_equal(decode("{\"indexes\":[7,3],\"reason\":\"drill\"}",
	    &out), ERR_OK);
	r = reader_of(bytes_view(&out));
	assert_true(view_is(reader_block(&r, 64), "drill"));
	assert_int_equal(reader_u64(&r), 7);
	assert_int_equal(reader_u64(&r), 3);
	assert_int_equal(reader_end(&r, "orphans"), ERR_OK);
}

static void
what_is_not_of_that_form_is_refused_with_its_place(void **state)
{
	static const struct {
		const char	*json, *why;
		enum err	 e;
	} cases[] = {
		{ "{\"indexes\":[1]}", "/reason", ERR_SCHEMA },
		{ "{\"reason\":\"x\"}", "/indexes", ERR_SCHEMA },
		{ "{\"indexes\":1,\"reason\":\"x\"}", "/indexes", ERR_SCHEMA },
		{ "{\"indexes\":[\"1\"],\"reason\":\"x\"}", "/indexes/0",
		    ERR_SCHEMA },
		{ "{\"indexes\":[1,1.5],\"reason\":\"x\"}", "/indexes/1",
		    ERR_SCHEMA },
		{ "{\"indexes\":[1,-1],\"reason\":\"x\"}", "/indexes/1",
		    ERR_RANGE },
		{ "{\"indexes\":[1],\"reason\":7}", "/reason", ERR_SCHEMA },
		{ "{\"indexes\":[1],\"reason\":\"x\",\"who\":1}", "/who",
		    ERR_SCHEMA },
		{ "", "", ERR_SYNTAX }, { "[]", "", ERR_SCHEMA },
	};
	AUTO_DONE(bytes) out = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(decode(cases[i].json, &out), cases[i].e);
		assert_non_null(strstr(err_why(), cases[i].why));
	}
}

static void
there_are_limits(void **state)
{
	AUTO_DONE(bytes) json = { 0 }, out = { 0 };

	(void)state;
	for (int n = 0; n <= BODY_ORPHANS + 1; n++) {
		bytes_reset(&json);
		bytes_put_text(&json, "{\"reason\":\"x\",\"indexes\":[");
		for (int i = 0; i < n; i++)
			bytes_printf(&json, "%s%d", i != 0 ? "," : "", i);
		bytes_put_text(&json, "]}");
		assert_int_equal(decode(bytes_text(&json), &out),
		    n >= 1 && n <= BODY_ORPHANS ? ERR_OK : ERR_RANGE);
	}
	for (int n = 0; n <= 65; n++) {
		bytes_reset(&json);
		bytes_printf(&json, "{\"indexes\":[1],\"reason\":\"%.*s\"}", n,
		    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		    "aaaaaaa");
		assert_int_equal(decode(bytes_text(&json), &out),
		    n >= 1 && n <= 64 ? ERR_OK : ERR_RANGE);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(indexes_and_a_reason_are_taken_as_they_came),
		cmocka_unit_test(
		    what_is_not_of_that_form_is_refused_with_its_place),
		cmocka_unit_test(there_are_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
