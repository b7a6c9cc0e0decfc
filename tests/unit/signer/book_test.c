/*
 * A book: what was put first counts, growing loses nothing, and a reset one
 * is empty.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "signer/notary/book.h"

static struct view
key_of(unsigned int i, char text[16])
{
	snprintf(text, 16, "key %u", i);
	return view_text(text);
}

static void
what_is_put_is_found_and_nothing_else(void **state)
{
	AUTO_DONE(book) b = { 0 };
	struct view found = { 0 };

	(void)state;
	assert_false(book_get(&b, view_text("a"), &found));
	assert_int_equal(book_put(&b, view_text("a"), view_text("one")),
	    ERR_OK);
	assert_int_equal(book_put(&b, view_text(""), VIEW(NULL, 0)), ERR_OK);
	assert_true(book_get(&b, view_text("a"), &found));
	assert_true(view_is(found, "one"));
	assert_true(book_get(&b, view_text(""), &found));
	assert_int_equal(found.len, 0);
	assert_false(book_get(&b, view_text("b"), &found));
}

static void
the_first_value_of_a_key_counts(void **state)
{
	AUTO_DONE(book) b = { 0 };
	struct view found = { 0 };

	(void)state;
	assert_int_equal(book_put(&b, view_text("a"), view_text("one")),
	    ERR_OK);
	assert_int_equal(book_put(&b, view_text("a"), view_text("two")),
	    ERR_OK);
	assert_true(book_get(&b, view_text("a"), &found));
	assert_true(view_is(found, "one"));
	assert_int_equal(b.count, 1);
}

static void
growing_loses_nothing_and_a_reset_forgets_all(void **state)
{
	AUTO_DONE(book) b = { 0 };
	struct view found = { 0 };
	char text[16];

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (unsigned int i = 0; i < 2000; i++)
			assert_int_equal(book_put(&b, key_of(i, text),
			    VIEW(&i, sizeof(i))), ERR_OK);
		for (unsigned int i = 0; i < 2000; i++) {
			assert_true(book_get(&b, key_of(i, text), &found));
			assert_memory_equal(found.at, &i, sizeof(i));
		}
		assert_false(book_get(&b, key_of(2000, text), &found));
		book_reset(&b);
		assert_false(book_get(&b, key_of(0, text), &found));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_put_is_found_and_nothing_else),
	    cmocka_unit_test(the_first_value_of_a_key_counts),
	    cmocka_unit_test(growing_loses_nothing_and_a_reset_forgets_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
