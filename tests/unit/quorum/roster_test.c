/*
 * roster.txt: one text for each roster, and no way for one officer to count
 * as two.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/officers.h"

static struct officers officers;
static struct bytes good;

static void
a_roster_is_read_and_written_back_byte_for_byte(void **state)
{
	AUTO_DONE(roster) r = { 0 };
	AUTO_DONE(bytes) again = { 0 };

	(void)state;
	assert_int_equal(roster_get(bytes_view(&good), &r), ERR_OK);
	assert_int_equal(r.threshold, 2);
	assert_int_equal(r.count, 3);
	assert_string_equal(r.officers[1].name, "Officer 2");
	assert_int_equal(r.officers[1].algorithm, OFFICER_ED25519);
	assert_int_equal(r.officers[2].algorithm, OFFICER_P256);
	assert_int_equal(roster_put(&r, &again), ERR_OK);
	assert_string_equal(bytes_text(&again), bytes_text(&good));
}

/* The good one with the first `from` replaced by `to`. */
static enum err
get_changed(const char *from, const char *to)
{
	AUTO_DONE(bytes) text = { 0 };
	const char *all = bytes_text(&good), *at = strstr(all, from);
	struct roster r = { .count = 77 };
	enum err e;

	assert_non_null(at);
	bytes_put(&text, VIEW(all, (size_t)(at - all)));
	bytes_put_text(&text, to);
	bytes_put_text(&text, at + strlen(from));
	e = roster_get(bytes_view(&text), &r);
	assert_int_not_equal(e, ERR_OK);
	assert_int_equal(r.count, 77);
	return e;
}

static void
each_fault_is_refused(void **state)
{
	static const struct {
		const char	*from, *to;
		enum err	 wanted;
	} cases[] = {
		{ "okse-roster 1", "okse-roster 2", ERR_UNSUPPORTED },
		{ "threshold 2", "threshold 02", ERR_SYNTAX },
		{ "threshold 2", "threshold 1", ERR_RANGE },
		{ "threshold 2", "threshold 4", ERR_RANGE },
		{ "threshold 2\n", "", ERR_SYNTAX },
		{ "seats 3", "seats 33", ERR_SYNTAX },
		{ "seats 3", "seats 2", ERR_SYNTAX },
		{ "seats 3", "seats 4", ERR_SYNTAX },
		{ "seat 1", "seat 2", ERR_SYNTAX },
		{ "seat 1 ", "seat 1  ", ERR_SYNTAX },
		{ "ed25519", "p256", ERR_SYNTAX },
		{ "ed25519", "rsa", ERR_SYNTAX },
		{ "MC", "Mc", ERR_SYNTAX },
		{ "=", "", ERR_SYNTAX },
		{ "Officer 1", "", ERR_SYNTAX },
		{ "Officer 1", " Officer 1", ERR_SYNTAX },
		{ "Officer 1", "Officer\t1", ERR_SYNTAX },
		{ "Officer 2", "Officer 1", ERR_EXISTS },
		{ "Officer 1\n", "Officer 1\r\n", ERR_SYNTAX },
		{ "Officer 3\n", "Officer 3", ERR_SYNTAX },
		{ "Officer 3\n", "Officer 3\n\n", ERR_SYNTAX },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (get_changed(cases[i].from, cases[i].to) !=
		    cases[i].wanted)
			fail_msg("%s -> %s: %s", cases[i].from, cases[i].to,
			    err_why());
}

static void
an_officer_with_two_seats_is_refused(void **state)
{
	struct roster r = officers.roster, out;
	AUTO_DONE(bytes) text = { 0 };

	(void)state;
	r.officers[1].key = r.officers[0].key;
	assert_int_equal(roster_put(&r, &text), ERR_OK);
	assert_int_equal(roster_get(bytes_view(&text), &out), ERR_EXISTS);
}

static void
a_key_of_another_kind_is_refused(void **state)
{
	static const char *const groups[] = { "P-384", "secp256k1" };

	(void)state;
	for (size_t i = 0; i < COUNT(groups); i++) {
		struct roster r = officers.roster, out;
		AUTO(EVP_PKEY) key = EVP_PKEY_Q_keygen(NULL, NULL, "EC",
		    groups[i]);
		AUTO_DONE(bytes) text = { 0 };

		assert_non_null(key);
		r.officers[2].key = key;
		assert_int_equal(roster_put(&r, &text), ERR_OK);
		assert_int_equal(roster_get(bytes_view(&text), &out),
		    ERR_UNSUPPORTED);
	}
}

/* SEC 1 2.3.3: the same key, in fewer bytes. */
static void
a_compressed_point_is_refused(void **state)
{
	struct roster r = officers.roster, out;
	AUTO(EVP_PKEY) key = EVP_PKEY_dup(officers.keys[2]);
	AUTO_DONE(bytes) text = { 0 };

	(void)state;
	assert_int_equal(EVP_PKEY_set_utf8_string_param(key,
	    "point-format", "compressed"), 1);
	r.officers[2].key = key;
	assert_int_equal(roster_put(&r, &text), ERR_OK);
	assert_int_not_equal(roster_get(bytes_view(&text), &out), ERR_OK);
}

static void
no_flipped_bit_leaves_the_roster_as_it_was(void **state)
{
	AUTO_DONE(bytes) text = { 0 };

	(void)state;
	for (size_t bit = 0; bit < 8 * good.len; bit++) {
		AUTO_DONE(roster) r = { 0 };
		AUTO_DONE(bytes) again = { 0 };

		bytes_reset(&text);
		bytes_put(&text, bytes_view(&good));
		text.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (roster_get(bytes_view(&text), &r) != ERR_OK)
			continue;
		/* another name or key, and no second text of it */
		assert_int_equal(roster_put(&r, &again), ERR_OK);
		assert_true(view_equal(bytes_view(&again),
		    bytes_view(&text)));
	}
}

static void
a_missing_file_is_named(void **state)
{
	struct roster r;

	(void)state;
	assert_int_equal(roster_read("/nowhere/roster.txt", &r),
	    ERR_NOT_FOUND);
	assert_non_null(strstr(err_why(), "/nowhere/roster.txt"));
}

static int
set_up(void **state)
{
	(void)state;
	MUST(crypto_init());
	officers_make(&officers);
	MUST(roster_put(&officers.roster, &good));
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	officers_done(&officers);
	bytes_done(&good);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_roster_is_read_and_written_back_byte_for_byte),
		cmocka_unit_test(each_fault_is_refused),
		cmocka_unit_test(an_officer_with_two_seats_is_refused),
		cmocka_unit_test(a_key_of_another_kind_is_refused),
		cmocka_unit_test(a_compressed_point_is_refused),
		cmocka_unit_test(no_flipped_bit_leaves_the_roster_as_it_was),
		cmocka_unit_test(a_missing_file_is_named),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
