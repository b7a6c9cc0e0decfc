/*
 * Where a witness is: its URL, read and resolved.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls_say_where_a_witness_is),
		cmocka_unit_test(urls_of_another_form_are_refused),
		cmocka_unit_test(hosts_and_paths_have_their_lengths),
		cmocka_unit_test(a_name_that_is_none_stays_unresolved),
	};

	if (crypto_init() != ERR_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
