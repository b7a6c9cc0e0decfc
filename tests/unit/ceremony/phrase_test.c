/*
 * Phrases in two languages have the same conversions in the same order.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/file.h"
#include "ceremony/phrase.h"

/* "%s%zu" of a format */
static void
conversions(const char *format, char out[64])
{
	size_t n = 0;

	for (const char *c = strchr(format, '%'); c != NULL;
	    c = strchr(c + 1, '%')) {
		size_t len = 1 + strcspn(c + 1, "sudx") + 1;

		assert_true(n + len < 64);
		memcpy(out + n, c, len);
		n += len;
	}
	out[n] = '\0';
}

/* The text of a C string that begins at a quote, pieces joined. */
static const char *
read_literal(const char *at, char out[512])
{
	size_t n = 0;

	while (*at == '"') {
		for (at++; *at != '"'; at++)
			out[n++] = *at;
		at++;
		at += strspn(at, " \t\n");
	}
	out[n] = '\0';
	return at;
}

static void
every_phrase_has_the_conversions_of_its_original(void **state)
{
	AUTO_DONE(bytes) source = { 0 };
	const char *at;
	size_t count = 0;

	(void)state;
	assert_int_equal(file_read("ceremony/phrase.c", 65536, &source),
	    ERR_OK);
	at = strstr(bytes_text(&source), "} table[] = {");
	assert_non_null(at);
	while ((at = strstr(at, "\t{ \"")) != NULL) {
		char english[512], ours[64], theirs[64];
		const char *korean;

		at = read_literal(at + 3, english);
		korean = phrase(LANGUAGE_KOREAN, english);
		assert_true(korean != english);
		assert_ptr_equal(phrase(LANGUAGE_ENGLISH, english), english);
		conversions(english, ours);
		conversions(korean, theirs);
		assert_string_equal(ours, theirs);
		count++;
	}
	assert_true(count > 30);
}

static void
an_unknown_phrase_stays_as_it_is(void **state)
{
	const char *text = "nobody translated this";

	(void)state;
	assert_ptr_equal(phrase(LANGUAGE_KOREAN, text), text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    every_phrase_has_the_conversions_of_its_original),
		cmocka_unit_test(an_unknown_phrase_stays_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
