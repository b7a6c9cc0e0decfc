/*
 * The parser's contract, line by line; every case is fed whole and byte by
 * byte and must come out the same.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "signer/gate/http.h"

#define HOST "Host: okse\r\n"
#define GET "GET /v1/keys HTTP/1.1\r\n"
#define POST "POST /v1/qr-tokens HTTP/1.1\r\n"

/* Feeds all of in, chunk bytes at a time, to the end of one request. */
static enum http_step
feed(struct http *h, struct view in, size_t chunk, size_t *out_used)
{
	enum http_step step = HTTP_MORE;
	size_t at = 0;

	do {
		size_t n = in.len - at < chunk ? in.len - at : chunk, used;

		step = http_feed(h, VIEW(in.at + at, n), &used);
		assert_true(used <= n);
		assert_true(step != HTTP_MORE || used == n);
		at += used;
	} while (step == HTTP_HEAD || (step == HTTP_MORE && at < in.len));
	*out_used = at;
	return step;
}

static const size_t chunks[] = { SIZE_MAX, 1, 7 };

static void
refused_view(struct view in, int status)
{
	for (size_t i = 0; i < COUNT(chunks); i++) {
		AUTO_DONE(http) h;
		size_t used;

		http_init(&h);
		assert_int_equal(feed(&h, in, chunks[i], &used), HTTP_FAULT);
		assert_int_equal(h.status, status);
		assert_non_null(h.rule);
		assert_false(h.keep_alive);
		/* and nothing revives it */
		assert_int_equal(http_feed(&h, view_text(GET HOST "\r\n"),
		    &used), HTTP_FAULT);
		assert_int_equal(used, 0);
	}
}

static void
refused(const char *text, int status)
{
	refused_view(view_text(text), status);
}

static void
accepted_view(struct view in)
{
	for (size_t i = 0; i < COUNT(chunks); i++) {
		AUTO_DONE(http) h;
		size_t used;

		http_init(&h);
		assert_int_equal(feed(&h, in, chunks[i], &used), HTTP_WHOLE);
		assert_int_equal(used, in.len);
	}
}

static void
accepted(const char *text)
{
	accepted_view(view_text(text));
}

/* ---- the good case */

static void
a_get_is_read(void **state)
{
	AUTO_DONE(http) h;
	struct view in = view_text(GET HOST "\r\n");
	size_t used;

	(void)state;
	http_init(&h);
	assert_false(http_is_inside(&h));
	assert_int_equal(http_feed(&h, in, &used), HTTP_HEAD);
	assert_int_equal(used, in.len);
	assert_true(http_has_head(&h));
	assert_int_equal(http_feed(&h, VIEW(NULL, 0), &used), HTTP_WHOLE);
	assert_int_equal(h.method, HTTP_GET);
	assert_true(h.keep_alive);
	assert_true(view_is(http_target(&h), "/v1/keys"));
	assert_null(http_value(&h, HTTP_CONTENT_TYPE).at);
	assert_null(http_value(&h, HTTP_IDEMPOTENCY_KEY).at);
	http_next(&h);
	assert_false(http_is_inside(&h));
}

static void
a_get_may_say_what_it_takes_and_has(void **state)
{
	struct view in = view_text("GET /v1/status-lists/1 HTTP/1.1\r\n"
	    "Host: okse\r\naccept: application/statuslist+cwt\r\n"
	    "If-None-Match: \"a\", \"b\"\r\nIF-MODIFIED-SINCE: Mon\r\n\r\n");

	(void)state;
	for (size_t i = 0; i < COUNT(chunks); i++) {
		AUTO_DONE(http) h;
		size_t used;

		http_init(&h);
		assert_int_equal(feed(&h, in, chunks[i], &used), HTTP_WHOLE);
		assert_true(view_is(http_value(&h, HTTP_ACCEPT),
		    "application/statuslist+cwt"));
		assert_true(view_is(http_value(&h, HTTP_IF_NONE_MATCH),
		    "\"a\", \"b\""));
		assert_true(view_is(http_value(&h, HTTP_IF_MODIFIED_SINCE),
		    "Mon"));
		assert_null(http_value(&h, HTTP_CONTENT_TYPE).at);
	}
	refused("GET / HTTP/1.1\r\nHost: okse\r\nAccept: a/b\r\n"
	    "Accept: c/d\r\n\r\n", 400);
}

static void
a_post_is_read_with_its_body(void **state)
{
	struct view in = view_text("POST /v1/qr-tokens HTTP/1.1\r\n"
	    "hOsT:okse:80\r\nContent-LENGTH: \t 11 \t\r\n"
	    "Content-Type:application/json; charset=utf-8\r\n"
	    "Idempotency-Key: \"k-1\"\r\nX-Other: \xed\x99\x8d\r\n\r\n"
	    "{\"a\":\"b\"}\r\n");

	(void)state;
	for (size_t i = 0; i < COUNT(chunks); i++) {
		AUTO_DONE(http) h;
		size_t used;

		http_init(&h);
		assert_int_equal(feed(&h, in, chunks[i], &used), HTTP_WHOLE);
		assert_int_equal(h.method, HTTP_POST);
		assert_true(view_is(http_target(&h), "/v1/qr-tokens"));
		assert_true(view_is(http_value(&h, HTTP_CONTENT_TYPE),
		    "application/json; charset=utf-8"));
		assert_true(view_is(http_value(&h, HTTP_IDEMPOTENCY_KEY),
		    "\"k-1\""));
		assert_true(view_is(bytes_view(&h.body), "{\"a\":\"b\"}\r\n"));
	}
}

static void
pipelined_requests_come_one_by_one(void **state)
{
	static const char *const paths[] = { "/a", "/b", "/c" };
	struct view in = view_text("GET /a HTTP/1.1\r\n" HOST "\r\n"
	    "POST /b HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nhi"
	    "GET /c HTTP/1.1\r\n" HOST "Connection: close\r\n\r\nrest");

	(void)state;
	for (size_t i = 0; i < COUNT(chunks); i++) {
		AUTO_DONE(http) h;
		size_t at = 0, used;

		http_init(&h);
		for (size_t p = 0; p < COUNT(paths); p++) {
			assert_int_equal(feed(&h, VIEW(in.at + at,
			    in.len - at), chunks[i], &used), HTTP_WHOLE);
			at += used;
			assert_true(view_is(http_target(&h), paths[p]));
			assert_int_equal(h.body.len, p == 1 ? 2 : 0);
			assert_int_equal(h.keep_alive, p != 2);
			http_next(&h);
		}
		assert_int_equal(in.len - at, 4);
	}
}

static void
what_is_incomplete_waits(void **state)
{
	struct view in = view_text(POST HOST "Content-Length: 5\r\n\r\nabcd");

	(void)state;
	for (size_t n = 0; n <= in.len; n++) {
		AUTO_DONE(http) h;
		size_t used;

		http_init(&h);
		assert_int_equal(feed(&h, VIEW(in.at, n), SIZE_MAX, &used),
		    HTTP_MORE);
		assert_int_equal(used, n);
		assert_int_equal(http_is_inside(&h), n != 0);
	}
}

static void
http_1_0_is_answered_then_closed(void **state)
{
	AUTO_DONE(http) h;
	size_t used;

	(void)state;
	http_init(&h);
	assert_int_equal(feed(&h, view_text("GET / HTTP/1.0\r\n"
	    "Connection: keep-alive\r\n\r\n"), SIZE_MAX, &used), HTTP_WHOLE);
	assert_false(h.keep_alive);
}

static void
connection_is_a_list(void **state)
{
	static const struct {
		const char	*field;
		bool		 keep_alive;
	} cases[] = {
		{ "Connection: keep-alive", true },
		{ "Connection: closed", true },
		{ "Connection: ", true },
		{ "Connection: te ,\tCLOSE", false },
		{ "Connection: x\r\nConnection: close", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_DONE(http) h;
		AUTO_DONE(bytes) in = { 0 };
		size_t used;

		bytes_printf(&in, GET HOST "%s\r\n\r\n", cases[i].field);
		http_init(&h);
		assert_int_equal(feed(&h, bytes_view(&in), 1, &used),
		    HTTP_WHOLE);
		assert_int_equal(h.keep_alive, cases[i].keep_alive);
	}
}

static void
continue_is_wanted_only_before_a_body(void **state)
{
	static const struct {
		const char	*head;
		bool		 wanted;
	} cases[] = {
		{ "POST / HTTP/1.1\r\nContent-Length: 3\r\n", true },
		{ "POST / HTTP/1.1\r\nContent-Length: 0\r\n", false },
		{ "POST / HTTP/1.0\r\nContent-Length: 3\r\n", false },
		{ "GET / HTTP/1.1\r\n", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_DONE(http) h;
		AUTO_DONE(bytes) in = { 0 };
		size_t used;

		bytes_printf(&in, "%s" HOST "Expect: 100-Continue\r\n\r\n",
		    cases[i].head);
		http_init(&h);
		assert_int_equal(http_feed(&h, bytes_view(&in), &used),
		    HTTP_HEAD);
		assert_int_equal(h.wants_continue, cases[i].wanted);
	}
	refused(POST HOST "Expect: 200-ok\r\n\r\n", 417);
	refused(POST HOST "Expect: 100-continue, x\r\n\r\n", 417);
}

/* ---- the request line */

static void
only_get_and_post_are_methods(void **state)
{
	(void)state;
	refused("PUT / HTTP/1.1\r\n" HOST "\r\n", 405);
	refused("DELETE / HTTP/1.1\r\n" HOST "\r\n", 405);
	refused("get / HTTP/1.1\r\n" HOST "\r\n", 405);
	refused("PRI * HTTP/2.0\r\n\r\n", 405);
	refused("CONNECT okse:80 HTTP/1.1\r\n" HOST "\r\n", 405);
	refused("G@T / HTTP/1.1\r\n" HOST "\r\n", 400);
	refused(" GET / HTTP/1.1\r\n" HOST "\r\n", 400);
	refused("\r\nGET / HTTP/1.1\r\n" HOST "\r\n", 400);
	refused("\x16\x03\x01\x02\r\n", 400);
}

static void
the_request_line_has_one_form(void **state)
{
	(void)state;
	refused("GET\r\n" HOST "\r\n", 400);
	refused("GET /\r\n" HOST "\r\n", 400);
	refused("GET  / HTTP/1.1\r\n" HOST "\r\n", 400);
	refused("GET /  HTTP/1.1\r\n" HOST "\r\n", 400);
	refused("GET / HTTP/1.1 \r\n" HOST "\r\n", 400);
	refused("GET\t/ HTTP/1.1\r\n" HOST "\r\n", 400);
	refused("GET / http/1.1\r\n" HOST "\r\n", 400);
	refused("GET / HTTP/1.10\r\n" HOST "\r\n", 400);
	refused("GET / HTTP/1\r\n" HOST "\r\n", 400);
	refused("GET / HTTP/2.0\r\n" HOST "\r\n", 505);
	refused("GET / HTTP/1.2\r\n" HOST "\r\n", 505);
}

static void
a_target_is_a_path(void **state)
{
	(void)state;
	refused("GET http://okse/ HTTP/1.1\r\n" HOST "\r\n", 400);
	refused("GET okse:80 HTTP/1.1\r\n" HOST "\r\n", 400);
	refused("GET * HTTP/1.1\r\n" HOST "\r\n", 400);
	refused("GET /a#b HTTP/1.1\r\n" HOST "\r\n", 400);
	refused("GET /a\\b HTTP/1.1\r\n" HOST "\r\n", 400);
	refused("GET /\xed\x99\x8d HTTP/1.1\r\n" HOST "\r\n", 400);
	accepted("GET /a%20b?c=d&e HTTP/1.1\r\n" HOST "\r\n");
}

static void
a_request_line_has_2048_bytes_at_most(void **state)
{
	(void)state;
	for (int n = 2047; n <= 2049; n++) {
		AUTO_DONE(bytes) in = { 0 };

		bytes_printf(&in, "GET /%0*d HTTP/1.1\r\n" HOST "\r\n",
		    n - 14, 0);
		assert_int_equal(strcspn(bytes_text(&in), "\r"), n);
		if (n <= HTTP_LINE_MAX)
			accepted_view(bytes_view(&in));
		else
			refused_view(bytes_view(&in), 414);
	}
}

/* ---- lines */

static void
lines_end_with_cr_lf_and_hold_neither(void **state)
{
	(void)state;
	refused("GET / HTTP/1.1\n" HOST "\r\n", 400);
	refused("\n", 400);
	refused(GET "Host: okse\n\r\n", 400);
	refused(GET HOST "\n", 400);
	refused(GET HOST "A: b\rC: d\r\n\r\n", 400);
	refused(GET HOST "A: b\r\r\n\r\n", 400);
	refused("GET /\r HTTP/1.1\r\n" HOST "\r\n", 400);
	refused(GET "Host: ok\nse\r\n\r\n", 400);
}

static void
nul_and_other_controls_are_refused(void **state)
{
	static const char nul_value[] = GET HOST "A: b\0c\r\n\r\n";
	static const char nul_name[] = GET HOST "A\0: bc\r\n\r\n";
	static const char nul_path[] = "GET /\0 HTTP/1.1\r\n" HOST "\r\n";

	(void)state;
	refused_view(VIEW(nul_value, sizeof(nul_value) - 1), 400);
	refused_view(VIEW(nul_name, sizeof(nul_name) - 1), 400);
	refused_view(VIEW(nul_path, sizeof(nul_path) - 1), 400);
	refused(GET HOST "A: \x01\r\n\r\n", 400);
	refused(GET HOST "A: \x7f\r\n\r\n", 400);
	refused(GET HOST "A: \x0b\r\n\r\n", 400);
	accepted(GET HOST "A: b\tc\r\n\r\n");
}

static void
folded_lines_are_refused(void **state)
{
	(void)state;
	refused(GET HOST "A: b\r\n c\r\n\r\n", 400);
	refused(GET HOST "A: b\r\n\tc\r\n\r\n", 400);
	refused(GET " " HOST "\r\n", 400);
	refused(GET HOST " \r\n\r\n", 400);
}

static void
a_header_name_is_a_token_with_a_colon_behind_it(void **state)
{
	(void)state;
	refused(GET "Host : okse\r\n\r\n", 400);
	refused(GET HOST "Content-Length : 0\r\n\r\n", 400);
	refused(GET HOST ": x\r\n\r\n", 400);
	refused(GET HOST "no colon\r\n\r\n", 400);
	refused(GET HOST "a(b: x\r\n\r\n", 400);
	refused(GET HOST "a\x80: x\r\n\r\n", 400);
	refused(GET HOST "Transfer-Encoding\t: chunked\r\n\r\n", 400);
	accepted(GET HOST "!#$%&'*+-.^_`|~09azAZ: x\r\nempty:\r\n\r\n");
}

/* ---- limits of the head */

static void
there_are_40_header_fields_at_most(void **state)
{
	(void)state;
	for (int n = 39; n <= 41; n++) {
		AUTO_DONE(bytes) in = { 0 };

		bytes_put_text(&in, GET HOST);
		for (int i = 1; i < n; i++)
			bytes_put_text(&in, "A: b\r\n");
		bytes_put_text(&in, "\r\n");
		if (n <= HTTP_HEADERS)
			accepted_view(bytes_view(&in));
		else
			refused_view(bytes_view(&in), 431);
	}
}

static void
header_fields_have_8192_bytes_at_most(void **state)
{
	(void)state;
	for (int n = 8191; n <= 8193; n++) {
		AUTO_DONE(bytes) in = { 0 };

		bytes_printf(&in, GET HOST "A: %0*d\r\n\r\n",
		    n - (int)strlen(HOST "A: \r\n"), 0);
		if (n <= HTTP_HEAD_MAX)
			accepted_view(bytes_view(&in));
		else
			refused_view(bytes_view(&in), 431);
	}
}

static void
an_endless_line_is_refused_before_its_end(void **state)
{
	AUTO_DONE(http) h;
	size_t used, total = 0;

	(void)state;
	http_init(&h);
	(void)http_feed(&h, view_text(GET "A: "), &used);
	while (http_feed(&h, view_text("aaaaaaaaaaaaaaaa"), &used) ==
	    HTTP_MORE)
		assert_true((total += used) <= HTTP_HEAD_MAX);
	assert_int_equal(h.status, 431);
}

/* ---- framing: what smuggling is made of */

static void
exactly_one_host_is_wanted(void **state)
{
	(void)state;
	refused(GET "\r\n", 400);
	refused(GET HOST HOST "\r\n", 400);
	refused(GET "Host: a, b\r\n\r\n", 400);
	refused(GET "Host: a b\r\n\r\n", 400);
	refused(GET "Host: a/b\r\n\r\n", 400);
	refused(GET "Host: a@b\r\n\r\n", 400);
	refused("GET / HTTP/1.0\r\n" HOST "host: b\r\n\r\n", 400);
	accepted(GET "Host:\r\n\r\n");
	accepted(GET "Host: [::1]:8443\r\n\r\n");
}

static void
any_transfer_encoding_is_refused(void **state)
{
	static const char *const values[] = { "chunked", "identity", "",
	    "gzip, chunked", "xchunked", "chunked, identity", "\tCHUNKED" };

	(void)state;
	for (size_t i = 0; i < COUNT(values); i++) {
		AUTO_DONE(bytes) in = { 0 };

		bytes_printf(&in, POST HOST "Transfer-Encoding: %s\r\n\r\n"
		    "0\r\n\r\n", values[i]);
		refused_view(bytes_view(&in), 501);
	}
	refused(POST HOST "transfer-encoding: chunked\r\n"
	    "Transfer-Encoding: identity\r\n\r\n", 501);
	refused("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 501);
}

static void
transfer_encoding_with_a_length_is_an_attack(void **state)
{
	(void)state;
	refused(POST HOST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"
	    "\r\n0\r\n\r\n", 400);
	refused(POST HOST "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"
	    "\r\n0\r\n\r\n", 400);
	refused(GET HOST "Transfer-Encoding: x\r\nContent-Length: 0\r\n\r\n",
	    400);
}

static void
one_content_length_in_digits_is_wanted(void **state)
{
	static const char *const bad[] = { "+1", "-1", "1 1", "1,1", "1, 1",
	    "0x1", "1.", "1e1", "", " ", "\t", "1;", "\"1\"", "\xef\xbc\x91",
	    "1_0" };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		AUTO_DONE(bytes) in = { 0 };

		bytes_printf(&in, POST HOST "Content-Length: %s\r\n\r\nx",
		    bad[i]);
		refused_view(bytes_view(&in), 400);
	}
	refused(POST HOST "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx",
	    400);
	refused(POST HOST "Content-Length: 1\r\ncontent-length: 2\r\n\r\nxx",
	    400);
	accepted(POST HOST "Content-Length: 001\r\n\r\nx");
	accepted(POST HOST "Content-Length: 0\r\n\r\n");
	accepted(POST HOST "\r\n");
}

static void
a_body_has_64_kib_at_most(void **state)
{
	(void)state;
	for (size_t n = HTTP_BODY_MAX - 1; n <= HTTP_BODY_MAX + 1; n++) {
		AUTO_DONE(bytes) in = { 0 };

		bytes_printf(&in, POST HOST "Content-Length: %zu\r\n\r\n", n);
		memset(bytes_grow(&in, n), 'x', n);
		if (n <= HTTP_BODY_MAX)
			accepted_view(bytes_view(&in));
		else
			refused_view(bytes_view(&in), 413);
	}
	refused(POST HOST "Content-Length: 18446744073709551615\r\n\r\n", 413);
	refused(POST HOST "Content-Length: 18446744073709551617\r\n\r\n", 413);
	refused(POST HOST "Content-Length: 99999999999999999999999999999\r\n"
	    "\r\n", 413);
}

static void
a_route_may_raise_the_limit_of_its_body(void **state)
{
	AUTO_DONE(http) h;
	AUTO_DONE(bytes) body = { 0 };
	size_t used, n = HTTP_BODY_MAX + 1;

	(void)state;
	memset(bytes_grow(&body, n), 'x', n);
	http_init(&h);
	assert_int_equal(http_feed(&h, view_text(POST HOST
	    "Content-Length: 65537\r\n\r\n"), &used), HTTP_HEAD);
	h.body_max = 256 * 1024;
	assert_int_equal(http_feed(&h, bytes_view(&body), &used), HTTP_WHOLE);
	assert_int_equal(h.body.len, n);
	http_next(&h);
	assert_int_equal(h.body_max, HTTP_BODY_MAX);
}

static void
a_get_has_no_body(void **state)
{
	(void)state;
	refused(GET HOST "Content-Length: 1\r\n\r\nx", 400);
	accepted(GET HOST "Content-Length: 0\r\n\r\n");
}

static void
upgrades_and_trailers_are_refused(void **state)
{
	(void)state;
	refused(GET HOST "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n", 400);
	refused(GET HOST "Upgrade: websocket\r\n\r\n", 400);
	refused(POST HOST "Trailer: Content-Length\r\n\r\n", 400);
}

static void
headers_of_ours_come_once(void **state)
{
	(void)state;
	refused(POST HOST "Content-Type: a/b\r\nContent-Type: a/b\r\n\r\n",
	    400);
	refused(POST HOST "Idempotency-Key: a\r\nIdempotency-Key: a\r\n\r\n",
	    400);
	refused(POST HOST "Expect: 100-continue\r\nExpect: 100-continue\r\n"
	    "\r\n", 400);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_get_is_read),
		cmocka_unit_test(a_get_may_say_what_it_takes_and_has),
		cmocka_unit_test(a_post_is_read_with_its_body),
		cmocka_unit_test(pipelined_requests_come_one_by_one),
		cmocka_unit_test(what_is_incomplete_waits),
		cmocka_unit_test(http_1_0_is_answered_then_closed),
		cmocka_unit_test(connection_is_a_list),
		cmocka_unit_test(continue_is_wanted_only_before_a_body),
		cmocka_unit_test(only_get_and_post_are_methods),
		cmocka_unit_test(the_request_line_has_one_form),
		cmocka_unit_test(a_target_is_a_path),
		cmocka_unit_test(a_request_line_has_2048_bytes_at_most),
		cmocka_unit_test(lines_end_with_cr_lf_and_hold_neither),
		cmocka_unit_test(nul_and_other_controls_are_refused),
		cmocka_unit_test(folded_lines_are_refused),
		cmocka_unit_test(
		    a_header_name_is_a_token_with_a_colon_behind_it),
		cmocka_unit_test(there_are_40_header_fields_at_most),
		cmocka_unit_test(header_fields_have_8192_bytes_at_most),
		cmocka_unit_test(an_endless_line_is_refused_before_its_end),
		cmocka_unit_test(exactly_one_host_is_wanted),
		cmocka_unit_test(any_transfer_encoding_is_refused),
		cmocka_unit_test(transfer_encoding_with_a_length_is_an_attack),
		cmocka_unit_test(one_content_length_in_digits_is_wanted),
		cmocka_unit_test(a_body_has_64_kib_at_most),
		cmocka_unit_test(a_route_may_raise_the_limit_of_its_body),
		cmocka_unit_test(a_get_has_no_body),
		cmocka_unit_test(upgrades_and_trailers_are_refused),
		cmocka_unit_test(headers_of_ours_come_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
