/* Header fields that routes ask for, problems, and metrics put together. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "signer/gate/route.h"

/* ---- Idempotency-Key */

static enum err
key_of(const char *field, struct view *out)
{
	return route_key(view_text(field), out);
}

static void
a_key_is_visible_ascii_quoted_or_not(void **state)
{
	struct view key;

	(void)state;
	assert_int_equal(key_of("a-1_~!", &key), ERR_OK);
	assert_true(view_is(key, "a-1_~!"));
	assert_int_equal(key_of("\"8e03978e-40d5\"", &key), ERR_OK);
	assert_true(view_is(key, "8e03978e-40d5"));
	assert_int_equal(route_key(VIEW(NULL, 0), &key), ERR_SYNTAX);
	assert_non_null(strstr(err_why(), "missing"));
	assert_int_equal(key_of("", &key), ERR_SYNTAX);
	assert_int_equal(key_of("\"\"", &key), ERR_SYNTAX);
	assert_int_equal(key_of("\"", &key), ERR_SYNTAX);
	assert_int_equal(key_of("a b", &key), ERR_SYNTAX);
	assert_int_equal(key_of("a\"b", &key), ERR_SYNTAX);
	assert_int_equal(key_of("\"a\\\"b\"", &key), ERR_SYNTAX);
	assert_int_equal(key_of("\xed\x99\x8d", &key), ERR_SYNTAX);
	assert_int_equal(key_of("a\tb", &key), ERR_SYNTAX);
}

static void
a_key_has_64_characters_at_most(void **state)
{
	struct view key;

	(void)state;
	for (int n = 63; n <= 65; n++) {
		char text[80];

		snprintf(text, sizeof(text), "%0*d", n, 0);
		assert_int_equal(key_of(text, &key),
		    n <= 64 ? ERR_OK : ERR_SYNTAX);
		snprintf(text, sizeof(text), "\"%0*d\"", n, 0);
		assert_int_equal(key_of(text, &key),
		    n <= 64 ? ERR_OK : ERR_SYNTAX);
	}
}

/* ---- Content-Type */

static void
the_media_type_is_json_in_utf_8(void **state)
{
	static const char *const good[] = { "application/json",
	    "Application/JSON", "application/json;charset=utf-8",
	    "application/json; charset=UTF-8",
	    "application/json ; charset=\"utf-8\"", "application/json;" };
	static const char *const bad[] = { "", "text/plain",
	    "application/jsonx", "application/json; charset=latin-1",
	    "application/json; charset=utf-8; x=y", "application/json+x",
	    "application/x-www-form-urlencoded", "json" };

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_int_equal(route_media(view_text(good[i])), ERR_OK);
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(route_media(view_text(bad[i])),
		    ERR_MEDIA_TYPE);
	assert_int_equal(route_media(VIEW(NULL, 0)), ERR_MEDIA_TYPE);
}

/* ---- problems */

static void
problem_is(const struct problem *p, int status, const char *json)
{
	struct reply r = problem_reply(p);

	assert_int_equal(r.status, status);
	assert_string_equal(bytes_text(&r.body), json);
	reply_done(&r);
}

static void
a_problem_tells_pointer_and_rule_apart(void **state)
{
	(void)state;
	problem_is(&(struct problem){ .err = ERR_SCHEMA, .request = 0xab,
	    .detail = "/holder/number: wanted a text" }, 400,
	    "{\"type\":\"urn:okse:problem:schema\",\"title\":\"the input is "
	    "not of the expected shape\",\"status\":400,\"detail\":"
	    "\"/holder/number: wanted a text\",\"pointer\":"
	    "\"/holder/number\",\"rule\":\"wanted a text\","
	    "\"request_id\":\"00000000000000ab\"}");
	problem_is(&(struct problem){ .err = ERR_SYNTAX,
	    .detail = "byte 1: x" }, 400,
	    "{\"type\":\"urn:okse:problem:malformed\",\"title\":\"the input "
	    "is not well formed\",\"status\":400,\"detail\":\"byte 1: x\","
	    "\"request_id\":\"0000000000000000\"}");
	/* a message that was cut off inside a character is left out */
	problem_is(&(struct problem){ .err = ERR_SYNTAX,
	    .detail = "\xed\x99" }, 400,
	    "{\"type\":\"urn:okse:problem:malformed\",\"title\":\"the input "
	    "is not well formed\",\"status\":400,"
	    "\"request_id\":\"0000000000000000\"}");
}

static void
a_problem_says_when_to_come_back(void **state)
{
	(void)state;
	for (int e = ERR_SYNTAX; e < ERR_COUNT; e++) {
		struct problem p = { .err = (enum err)e };
		struct reply r = problem_reply(&p);

		assert_int_equal(r.retry_after != 0,
		    r.status == 503 || r.status == 429);
		assert_int_equal(r.status, err_status((enum err)e));
		reply_done(&r);
	}
}

static void
a_head_says_what_follows(void **state)
{
	struct reply r = { .status = 503, .type = REPLY_PROBLEM,
	    .retry_after = 9, .allow = "GET" };
	AUTO_DONE(bytes) head = { 0 };
	const char *text;

	(void)state;
	bytes_put_text(&r.body, "12345");
	reply_put_head(&r, true, &head);
	text = bytes_text(&head);
	assert_true(view_starts(bytes_view(&head),
	    "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 5\r\nDate: "));
	assert_non_null(strstr(text, " GMT\r\n"));
	assert_non_null(strstr(text, "\r\nCache-Control: no-store\r\n"));
	assert_non_null(strstr(text,
	    "\r\nContent-Type: application/problem+json\r\n"));
	assert_non_null(strstr(text, "\r\nRetry-After: 9\r\n"));
	assert_non_null(strstr(text, "\r\nAllow: GET\r\n"));
	assert_non_null(strstr(text, "\r\nConnection: close\r\n\r\n"));
	reply_done(&r);
}

/* ---- metrics */

static void
a_metric_is_one_block_however_many_have_it(void **state)
{
	AUTO_DONE(metrics) m = { 0 };
	AUTO_DONE(bytes) out = { 0 };

	(void)state;
	assert_int_equal(metrics_set(&m, ROLE_KEYHOLDER, 0, view_text("old")),
	    ERR_OK);
	assert_int_equal(metrics_set(&m, ROLE_KEYHOLDER, 0, view_text(
	    "# HELP a of a\n# TYPE a counter\na{k=\"0\"} 1\n"
	    "# TYPE b gauge\nb{k=\"0\"} 2\n")), ERR_OK);
	assert_int_equal(metrics_set(&m, ROLE_KEYHOLDER, 1, view_text(
	    "# TYPE b gauge\nb{k=\"1\"} 3\n"
	    "# HELP a of a\n# TYPE a counter\na{k=\"1\"} 4\n"
	    "# TYPE c gauge\nc 5\n")), ERR_OK);
	metrics_put(&m, view_text("# TYPE own gauge\nown 6\n"), &out);
	assert_string_equal(bytes_text(&out),
	    "# TYPE own gauge\nown 6\n"
	    "# HELP a of a\n# TYPE a counter\na{k=\"0\"} 1\na{k=\"1\"} 4\n"
	    "# TYPE b gauge\nb{k=\"0\"} 2\nb{k=\"1\"} 3\n"
	    "# TYPE c gauge\nc 5\n");
	metrics_forget(&m, ROLE_KEYHOLDER, 0);
	metrics_forget(&m, ROLE_KEYHOLDER, 7);
	bytes_reset(&out);
	metrics_put(&m, VIEW(NULL, 0), &out);
	assert_null(strstr(bytes_text(&out), "k=\"0\""));
	assert_non_null(strstr(bytes_text(&out), "k=\"1\""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_is_visible_ascii_quoted_or_not),
		cmocka_unit_test(a_key_has_64_characters_at_most),
		cmocka_unit_test(the_media_type_is_json_in_utf_8),
		cmocka_unit_test(a_problem_tells_pointer_and_rule_apart),
		cmocka_unit_test(a_problem_says_when_to_come_back),
		cmocka_unit_test(a_head_says_what_follows),
		cmocka_unit_test(a_metric_is_one_block_however_many_have_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
