/*
 * Answers over HTTP. Every one is fed whole and byte by byte and must come out
 * the same.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/response.h"

#define BODY_MAX 65536

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

	response_init(&r, BODY_MAX);
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

		response_init(&r, BODY_MAX);
		if (heads[i][0] != '\0')
			step = response_feed(&r, view_text(heads[i]));
		while (step == RESPONSE_MORE && sent <= 2 * 65536) {
			step = response_feed(&r, VIEW_OF(flood));
			sent += sizeof(flood);
		}
		assert_int_equal(step, RESPONSE_FAULT);
		assert_true(r.body.len <= BODY_MAX);
		response_done(&r);
	}
}

static void
the_longest_body_is_taken_and_one_byte_more_is_not(void **state)
{
	(void)state;
	for (size_t n = BODY_MAX - 1; n <= BODY_MAX + 1;
	    n++) {
		AUTO_DONE(bytes) text = { 0 };
		struct response r;
		enum response_step step;

		bytes_put_text(&text, OK_HEAD "\r\n");
		memset(bytes_grow(&text, n), 'b', n);
		response_init(&r, BODY_MAX);
		step = response_feed(&r, bytes_view(&text));
		if (step == RESPONSE_MORE)
			step = response_end(&r);
		assert_int_equal(step, n <= BODY_MAX ?
		    RESPONSE_WHOLE : RESPONSE_FAULT);
		response_done(&r);
	}
}

static void
an_answer_says_what_it_is(void **state)
{
	AUTO_DONE(response) r = { 0 };

	(void)state;
	response_init(&r, BODY_MAX);
	assert_false(response_begun(&r));
	assert_int_equal(response_feed(&r, view_text("HTTP/1.1 100 Continue\r\n"
	    "Content-Type: text/none\r\n\r\n" OK_HEAD
	    "content-type: application/json \r\n"
	    "Content-Encoding: Identity\r\nContent-Length: 0\r\n\r\n")),
	    RESPONSE_WHOLE);
	assert_true(response_begun(&r));
	assert_string_equal(r.type, "application/json");
}

static void
a_fault_has_its_reason(void **state)
{
	static const struct {
		const char	*text;
		enum err	 error;
		const char	*why;
	} faults[] = {
		{ OK_HEAD "Content-Length: 65537\r\n", ERR_TOO_LARGE,
		    "the body is longer" },
		{ OK_HEAD "Content-Encoding: gzip\r\n", ERR_SYNTAX,
		    "Content-Encoding" },
		{ "HTTP/2 200\r\n", ERR_SYNTAX, "RFC 9112 4" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(faults); i++) {
		AUTO_DONE(response) r = { 0 };

		response_init(&r, BODY_MAX);
		assert_int_equal(response_feed(&r, view_text(faults[i].text)),
		    RESPONSE_FAULT);
		assert_int_equal(response_error(&r), faults[i].error);
		assert_non_null(strstr(err_why(), faults[i].why));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_are_read_in_any_pieces),
		cmocka_unit_test(answers_of_another_form_are_faults),
		cmocka_unit_test(an_answer_that_ends_early_is_a_fault),
		cmocka_unit_test(an_answer_says_what_it_is),
		cmocka_unit_test(a_fault_has_its_reason),
		cmocka_unit_test(a_flood_is_cut_off),
		cmocka_unit_test(
		    the_longest_body_is_taken_and_one_byte_more_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
