/*
 * The texts of an opening and the envelope of a share: one meaning has one
 * text, and an envelope opens for its key, statement and seat only.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "quorum/activation.h"
#include "quorum/envelope.h"
#include "tests/software.h"

static struct activation about = {
	.token = "okse", .serial = "12ab", .expires = 1793610900,
	.nonce = { { 1 } }, .point = { 4 },
};

static void
a_statement_is_read_as_it_was_written(void **state)
{
	AUTO_DONE(bytes) text = { 0 }, again = { 0 };
	struct activation got;

	(void)state;
	MUST(activation_put(&about, &text));
	assert_true(text.len <= STATEMENT_MAX);
	assert_int_equal(activation_get(bytes_view(&text), &got), ERR_OK);
	assert_string_equal(got.token, "okse");
	assert_string_equal(got.serial, "12ab");
	assert_int_equal(got.expires, about.expires);
	MUST(activation_put(&got, &again));
	assert_true(view_equal(bytes_view(&again), bytes_view(&text)));
}

static void
a_statement_cut_or_lengthened_anywhere_is_refused(void **state)
{
	AUTO_DONE(bytes) text = { 0 };
	struct activation got;

	(void)state;
	MUST(activation_put(&about, &text));
	for (size_t i = 0; i < text.len; i++)
		assert_int_equal(activation_get(VIEW(text.at, i), &got),
		    ERR_SYNTAX);
	bytes_put_u8(&text, '\n');
	assert_int_equal(activation_get(bytes_view(&text), &got), ERR_SYNTAX);
}

static void
a_token_without_a_serial_says_so(void **state)
{
	AUTO_DONE(bytes) text = { 0 };
	struct activation a = about, got;

	(void)state;
	a.serial[0] = '\0';
	MUST(activation_put(&a, &text));
	assert_non_null(strstr(bytes_text(&text), "\nserial -\n"));
	assert_int_equal(activation_get(bytes_view(&text), &got), ERR_OK);
	assert_string_equal(got.serial, "");
}

static void
an_act_of_each_kind_is_read_as_it_was_written(void **state)
{
	(void)state;
	for (enum act_kind kind = ACT_SHARE; kind <= ACT_SEAL; kind++) {
		AUTO_DONE(act) a = { .kind = kind, .seat = 32 }, got = { 0 };
		AUTO_DONE(bytes) text = { 0 };
		size_t signed_len;

		bytes_put_text(&a.sealed, "sealed");
		MUST(act_begin(&a, &text));
		signed_len = text.len;
		MUST(act_finish(view_text("signature"), &text));
		assert_int_equal(act_get(bytes_view(&text), &got), ERR_OK);
		assert_int_equal(got.kind, kind);
		assert_int_equal(got.seat, 32);
		assert_int_equal(got.message.len, signed_len);
		assert_int_equal(got.sealed.len, kind == ACT_SHARE ? 6 : 0);
		for (size_t i = 0; i < text.len; i++) {
			AUTO_DONE(act) cut = { 0 };

			assert_int_equal(act_get(VIEW(text.at, i), &cut),
			    ERR_SYNTAX);
		}
	}
}

static void
seat_33_and_an_unknown_act_are_refused(void **state)
{
	static const char *const wrong[] = {
		"seat 33\nact seal\n", "seat 01\nact seal\n",
		"seat 1\nact open\n", "seat 1\nact \n",
		"seat 1\nact share\nsealed \n", "seat 1\nact share\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		AUTO_DONE(bytes) text = { 0 };
		AUTO_DONE(act) got = { 0 };

		bytes_printf(&text, "okse/unseal-act/v1\nstatement %064d\n%s"
		    "signature YQ==\n", 0, wrong[i]);
		assert_int_equal(act_get(bytes_view(&text), &got), ERR_SYNTAX);
	}
}

/* ---- envelopes */

static void
seal_some(const struct envelope *e, const uint8_t *point, struct bytes *out)
{
	AUTO(secret) line = NULL;

	MUST(secret_new(SHARE_TEXT_SIZE, &line));
	memset(secret_at(line), 'A', SHARE_TEXT_SIZE);
	MUST(envelope_seal(e, VIEW(point, P256_POINT_SIZE), line, out));
}

static void
an_envelope_opens_for_its_key_statement_and_seat_only(void **state)
{
	const struct envelope e = { { { 7 } }, 2 }, seat = { { { 7 } }, 3 },
	    statement = { { { 8 } }, 2 };
	uint8_t point[P256_POINT_SIZE], other_point[P256_POINT_SIZE];
	AUTO(EVP_PKEY) key = NULL;
	AUTO(EVP_PKEY) other = NULL;
	AUTO(secret) line = NULL;
	AUTO(secret) none = NULL;
	AUTO_DONE(bytes) sealed = { 0 };

	(void)state;
	MUST(envelope_key(&key, point));
	MUST(envelope_key(&other, other_point));
	seal_some(&e, point, &sealed);
	assert_int_equal(sealed.len, ENVELOPE_SIZE);
	assert_int_equal(envelope_open(&e, key, bytes_view(&sealed), &line),
	    ERR_OK);
	assert_int_equal(secret_len(line), SHARE_TEXT_SIZE);
	assert_int_equal(secret_peek(line)[SHARE_TEXT_SIZE - 1], 'A');
	assert_int_equal(envelope_open(&seat, key, bytes_view(&sealed),
	    &none), ERR_MISMATCH);
	assert_int_equal(envelope_open(&statement, key, bytes_view(&sealed),
	    &none), ERR_MISMATCH);
	assert_int_equal(envelope_open(&e, other, bytes_view(&sealed),
	    &none), ERR_MISMATCH);
}

static void
no_byte_of_an_envelope_can_change(void **state)
{
	const struct envelope e = { { { 7 } }, 2 };
	uint8_t point[P256_POINT_SIZE];
	AUTO(EVP_PKEY) key = NULL;
	AUTO_DONE(bytes) sealed = { 0 };
	AUTO(secret) none = NULL;

	(void)state;
	MUST(envelope_key(&key, point));
	seal_some(&e, point, &sealed);
	for (size_t i = 0; i < sealed.len; i++) {
		sealed.at[i] ^= 1;
		assert_int_not_equal(envelope_open(&e, key,
		    bytes_view(&sealed), &none), ERR_OK);
		sealed.at[i] ^= 1;
	}
	assert_int_equal(envelope_open(&e, key, VIEW(sealed.at,
	    sealed.len - 1), &none), ERR_SYNTAX);
	bytes_put_u8(&sealed, 0);
	assert_int_equal(envelope_open(&e, key, bytes_view(&sealed), &none),
	    ERR_SYNTAX);
}

static void
no_two_envelopes_of_a_share_are_alike(void **state)
{
	const struct envelope e = { { { 7 } }, 2 };
	uint8_t point[P256_POINT_SIZE];
	AUTO(EVP_PKEY) key = NULL;
	AUTO_DONE(bytes) one = { 0 }, two = { 0 };

	(void)state;
	MUST(envelope_key(&key, point));
	seal_some(&e, point, &one);
	seal_some(&e, point, &two);
	assert_memory_not_equal(one.at + P256_POINT_SIZE,
	    two.at + P256_POINT_SIZE, SHARE_TEXT_SIZE);
}

static int
set_up(void **state)
{
	(void)state;
	MUST(crypto_init());
	MUST(envelope_prepare());
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_statement_is_read_as_it_was_written),
		cmocka_unit_test(
		    a_statement_cut_or_lengthened_anywhere_is_refused),
		cmocka_unit_test(a_token_without_a_serial_says_so),
		cmocka_unit_test(an_act_of_each_kind_is_read_as_it_was_written),
		cmocka_unit_test(seat_33_and_an_unknown_act_are_refused),
		cmocka_unit_test(
		    an_envelope_opens_for_its_key_statement_and_seat_only),
		cmocka_unit_test(no_byte_of_an_envelope_can_change),
		cmocka_unit_test(no_two_envelopes_of_a_share_are_alike),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
