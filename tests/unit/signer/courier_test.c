/*
 * What the courier reads: URLs of witnesses, and their answers. Every answer
 * is fed whole and byte by byte and must come out the same.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "signer/courier/response.h"
#include "signer/courier/target.h"

/* ---- URLs */

static void
urls_say_where_a_witness_is(void **state)
{
	static const struct {
		const char	*url, *host, *path, *field;
		uint16_t	 port;
		bool		 tls, literal;
	} good[] = {
		{ "http://127.0.0.1:7380", "127.0.0.1", "", "127.0.0.1:7380",
		    7380, false, true },
		{ "https://witness.example.kr/okse/", "witness.example.kr",
		    "/okse", "witness.example.kr", 443, true, false },
		{ "http://[::1]:65535/a/b", "::1", "/a/b", "[::1]:65535",
		    65535, false, true },
		{ "https://10.0.0.1", "10.0.0.1", "", "10.0.0.1", 443, true,
		    true },
		{ "http://w", "w", "", "w", 80, false, false },
		{ "http://w:443/", "w", "", "w:443", 443, false, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		AUTO_DONE(bytes) field = { 0 };
		struct target t;

		assert_int_equal(target_get(view_text(good[i].url), &t),
		    ERR_OK);
		assert_string_equal(t.host, good[i].host);
		assert_string_equal(t.path, good[i].path);
		assert_int_equal(t.port, good[i].port);
		assert_int_equal(t.tls, good[i].tls);
		assert_int_equal(t.literal, good[i].literal);
		assert_int_equal(t.address_len != 0, good[i].literal);
		target_put_host(&t, &field);
		assert_string_equal(bytes_text(&field), good[i].field);
	}
}

static void
urls_of_another_form_are_refused(void **state)
{
	static const char *const wrong[] = {
		"", "http:", "http://", "ftp://w", "HTTP://w", "w:80",
		"http:///path", "http://w:", "http://w:0", "http://w:65536",
		"http://w:08", "http://w:80x", "http://a b", "http://u@w",
		"http://w/?q", "http://w/#f", "http://w/%41", "http://w/\r\n",
		"http://[::1", "http://[w]", "http://[]", "http://-w",
		"http://w\\", "http://w/a b", "http://::1/",
	};
	struct target t;

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++)
		if (target_get(view_text(wrong[i]), &t) != ERR_SYNTAX)
			fail_msg("taken: %s", wrong[i]);
}

static void
hosts_and_paths_have_their_lengths(void **state)
{
	struct target t;

	(void)state;
	for (size_t n = TARGET_HOST - 2; n <= TARGET_HOST; n++) {
		AUTO_DONE(bytes) url = { 0 };

		bytes_put_text(&url, "http://");
		for (size_t i = 0; i < n; i++)
			bytes_put_u8(&url, 'a');
		assert_int_equal(target_get(bytes_view(&url), &t),
		    n < TARGET_HOST ? ERR_OK : ERR_SYNTAX);
	}
	for (size_t n = TARGET_PATH - 2; n <= TARGET_PATH; n++) {
		AUTO_DONE(bytes) url = { 0 };

		bytes_put_text(&url, "http://w");
		for (size_t i = 0; i < n; i++)
			bytes_put_u8(&url, i == 0 ? '/' : 'a');
		assert_int_equal(target_get(bytes_view(&url), &t),
		    n < TARGET_PATH ? ERR_OK : ERR_SYNTAX);
	}
}

static void
a_name_that_is_none_stays_unresolved(void **state)
{
	struct target t;

	(void)state;
	assert_int_equal(target_get(view_text("http://no.invalid"), &t),
	    ERR_OK);
	assert_int_equal(target_resolve(&t), ERR_UNAVAILABLE);
	assert_int_equal(t.address_len, 0);
}

/* ---- answers */

struct outcome {
	enum response_step	 step;
	int			 status;
	bool			 keep;
	char			 body[64];
};

static struct outcome
feed(const char *text, size_t at_once, bool ended)
{
	struct response r;
	struct outcome o = { .step = RESPONSE_MORE };
	size_t len = strlen(text);

	response_init(&r);
	for (size_t i = 0; i < len && o.step != RESPONSE_FAULT; i += at_once)
		o.step = response_feed(&r, VIEW(text + i,
		    len - i < at_once ? len - i : at_once));
	if (o.step == RESPONSE_MORE && ended)
		o.step = response_end(&r);
	if (o.step == RESPONSE_WHOLE) {
		o.status = r.status;
		o.keep = r.keep;
		snprintf(o.body, sizeof(o.body), "%.*s", (int)r.body.len,
		    (const char *)r.body.at);
	}
	response_done(&r);
	return o;
}

#define OK_HEAD "HTTP/1.1 200 OK\r\n"

static void
answers_are_read_in_any_pieces(void **state)
{
	static const struct {
		const char	*text;
		bool		 ended;
		int		 status;
		bool		 keep;
		const char	*body;
	} good[] = {
		{ OK_HEAD "Content-Length: 3\r\n\r\nabc", false, 200, true,
		    "abc" },
		{ "HTTP/1.1 409 Conflict\r\ncontent-length: 2 \r\n\r\n5\n",
		    false, 409, true, "5\n" },
		{ "HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n", false, 404,
		    true, "" },
		{ OK_HEAD "Connection: close\r\nContent-Length: 1\r\n\r\nx",
		    false, 200, false, "x" },
		{ "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", false,
		    200, false, "x" },
		{ OK_HEAD "\r\nup to the end", true, 200, false,
		    "up to the end" },
		{ OK_HEAD "Transfer-Encoding: chunked\r\n\r\n"
		    "3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nT: t\r\n\r\n",
		    false, 200, true, "abc0123456789" },
		{ "HTTP/1.1 100 Continue\r\n\r\n" OK_HEAD
		    "Content-Length: 1\r\n\r\nx", false, 200, true, "x" },
		{ "HTTP/1.1 204 No Content\r\n\r\n", false, 204, true, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		for (size_t n = 1; n <= strlen(good[i].text); n++) {
			struct outcome o = feed(good[i].text, n,
			    good[i].ended);

			assert_int_equal(o.step, RESPONSE_WHOLE);
			assert_int_equal(o.status, good[i].status);
			assert_int_equal(o.keep, good[i].keep);
			assert_string_equal(o.body, good[i].body);
		}
}

static void
answers_of_another_form_are_faults(void **state)
{
	static const char *const wrong[] = {
		"HTTP/2 200\r\n", "HTTP/1.1 20\r\n", "HTTP/1.1 600 x\r\n",
		"HTTP/1.1 200x\r\n", "200 OK\r\n", OK_HEAD "no colon\r\n",
		"HTTP/1.1 200 OK\n", OK_HEAD "A: b\n",
		OK_HEAD " folded: x\r\n",
		OK_HEAD "Content-Length: -1\r\n",
		OK_HEAD "Content-Length: +1\r\n",
		OK_HEAD "Content-Length: 01\r\n",
		OK_HEAD "Content-Length: 1, 1\r\n",
		OK_HEAD "Content-Length: 65537\r\n",
		OK_HEAD "Content-Length: 1\r\nContent-Length: 1\r\n",
		OK_HEAD "Transfer-Encoding: gzip, chunked\r\n",
		OK_HEAD "Transfer-Encoding: chunked\r\n"
		    "Transfer-Encoding: chunked\r\n",
		OK_HEAD "Transfer-Encoding: chunked\r\n"
		    "Content-Length: 1\r\n\r\n",
		OK_HEAD "Transfer-Encoding: chunked\r\n\r\nx\r\n",
		OK_HEAD "Transfer-Encoding: chunked\r\n\r\n000000001\r\n",
		OK_HEAD "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
		OK_HEAD "Content-Length: 1\r\n\r\nxy",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++)
		if (feed(wrong[i], 4096, false).step != RESPONSE_FAULT)
			fail_msg("taken: %s", wrong[i]);
}

static void
an_answer_that_ends_early_is_a_fault(void **state)
{
	static const char text[] = OK_HEAD "Content-Length: 3\r\n\r\nabc";

	(void)state;
	for (int n = 1; n < (int)sizeof(text) - 1; n++) {
		char part[sizeof(text)];

		snprintf(part, sizeof(part), "%.*s", n, text);
		assert_int_equal(feed(part, 4096, true).step, RESPONSE_FAULT);
	}
}

/* However it comes, no more than the bound is ever kept. */
static void
a_flood_is_cut_off(void **state)
{
	static const char *const heads[] = {
		"", OK_HEAD, OK_HEAD "A: ", OK_HEAD "\r\n",
		OK_HEAD "Transfer-Encoding: chunked\r\n\r\nfffffff\r\n",
		OK_HEAD "Transfer-Encoding: chunked\r\n\r\n0\r\n",
	};
	char flood[1024];

	(void)state;
	memset(flood, 'a', sizeof(flood));
	for (size_t i = 0; i < COUNT(heads); i++) {
		struct response r;
		enum response_step step = RESPONSE_MORE;
		size_t sent = 0;

		response_init(&r);
		if (heads[i][0] != '\0')
			step = response_feed(&r, view_text(heads[i]));
		while (step == RESPONSE_MORE && sent <= 2 * 65536) {
			step = response_feed(&r, VIEW_OF(flood));
			sent += sizeof(flood);
		}
		assert_int_equal(step, RESPONSE_FAULT);
		assert_true(r.body.len <= RESPONSE_BODY_MAX);
		response_done(&r);
	}
}

static void
the_longest_body_is_taken_and_one_byte_more_is_not(void **state)
{
	(void)state;
	for (size_t n = RESPONSE_BODY_MAX - 1; n <= RESPONSE_BODY_MAX + 1;
	    n++) {
		AUTO_DONE(bytes) text = { 0 };
		struct response r;
		enum response_step step;

		bytes_put_text(&text, OK_HEAD "\r\n");
		memset(bytes_grow(&text, n), 'b', n);
		response_init(&r);
		step = response_feed(&r, bytes_view(&text));
		if (step == RESPONSE_MORE)
			step = response_end(&r);
		assert_int_equal(step, n <= RESPONSE_BODY_MAX ?
		    RESPONSE_WHOLE : RESPONSE_FAULT);
		response_done(&r);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls_say_where_a_witness_is),
		cmocka_unit_test(urls_of_another_form_are_refused),
		cmocka_unit_test(hosts_and_paths_have_their_lengths),
		cmocka_unit_test(a_name_that_is_none_stays_unresolved),
		cmocka_unit_test(answers_are_read_in_any_pieces),
		cmocka_unit_test(answers_of_another_form_are_faults),
		cmocka_unit_test(an_answer_that_ends_early_is_a_fault),
		cmocka_unit_test(a_flood_is_cut_off),
		cmocka_unit_test(
		    the_longest_body_is_taken_and_one_byte_more_is_not),
	};

	if (crypto_init() != ERR_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
