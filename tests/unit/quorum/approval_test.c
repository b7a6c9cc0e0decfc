/*
 * Officers' signatures: officers are counted, not signatures; each has one
 * form; not a bit of what was signed or of the signatures can change.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <openssl/bn.h>

#include "tests/officers.h"

#define DOMAIN "okse/test/v1"
#define MESSAGE DOMAIN "\nwhat is agreed to\n"

static struct officers officers;

static void
sign(const unsigned int *seats, struct bytes *out)
{
	officers_sign(&officers, DOMAIN, view_text(MESSAGE), seats, out);
}

static enum err
verify(const char *message, struct view signatures, struct approvals *a)
{
	return approvals_verify(&officers.roster, DOMAIN, view_text(message),
	    signatures, a);
}

static void
any_two_of_three_are_enough(void **state)
{
	static const unsigned int pairs[][3] =
	    { { 1, 2, 0 }, { 1, 3, 0 }, { 2, 3, 0 }, { 3, 1, 0 } };

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		AUTO_DONE(bytes) text = { 0 };
		struct approvals a;

		sign(pairs[i], &text);
		assert_int_equal(verify(MESSAGE, bytes_view(&text), &a),
		    ERR_OK);
		assert_int_equal(a.count, 2);
		assert_true(a.seats[0] < a.seats[1]);
	}
}

static void
one_officer_is_not_enough(void **state)
{
	(void)state;
	for (unsigned int seat = 1; seat <= OFFICERS; seat++) {
		AUTO_DONE(bytes) text = { 0 };
		struct approvals a;

		sign(SEATS(seat), &text);
		assert_int_equal(verify(MESSAGE, bytes_view(&text), &a),
		    ERR_FORBIDDEN);
		assert_int_equal(approvals_get(&officers.roster, DOMAIN,
		    view_text(MESSAGE), bytes_view(&text), &a), ERR_OK);
		assert_int_equal(a.count, 1);
	}
}

static void
no_signature_is_not_enough(void **state)
{
	struct approvals a;

	(void)state;
	assert_int_equal(verify(MESSAGE, view_text(""), &a),
	    ERR_UNSUPPORTED);
	assert_int_equal(verify(MESSAGE, view_text("okse-signatures 1\n"),
	    &a), ERR_FORBIDDEN);
}

/* The line of a seat among those signed. */
static void
line_of(unsigned int seat, struct bytes *out)
{
	AUTO_DONE(bytes) text = { 0 };

	sign(SEATS(seat), &text);
	bytes_put_text(out, strchr(bytes_text(&text), '\n') + 1);
}

static void
one_officer_signing_twice_counts_once(void **state)
{
	AUTO_DONE(bytes) text = { 0 };
	struct approvals a;

	(void)state;
	bytes_put_text(&text, "okse-signatures 1\n");
	/* P-256 signatures differ each time */
	line_of(3, &text);
	line_of(3, &text);
	assert_int_equal(verify(MESSAGE, bytes_view(&text), &a), ERR_SYNTAX);
	assert_non_null(strstr(err_why(), "each once"));
}

static void
seats_out_of_order_are_refused(void **state)
{
	AUTO_DONE(bytes) text = { 0 };
	struct approvals a;

	(void)state;
	bytes_put_text(&text, "okse-signatures 1\n");
	line_of(2, &text);
	line_of(1, &text);
	assert_int_equal(verify(MESSAGE, bytes_view(&text), &a), ERR_SYNTAX);
}

static void
a_signature_under_another_seat_is_refused(void **state)
{
	static const struct {
		const char	*seat;
		enum err	 wanted;
	} cases[] = {
		{ "seat 1 ed25519", ERR_SIGNATURE },
		{ "seat 3 ed25519", ERR_MISMATCH },
		{ "seat 4 ed25519", ERR_NOT_FOUND },
		{ "seat 0 ed25519", ERR_NOT_FOUND },
		{ "seat 02 ed25519", ERR_SYNTAX },
		{ "seat 2 p256", ERR_MISMATCH },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_DONE(bytes) line = { 0 }, text = { 0 };
		struct approvals a;

		line_of(2, &line);
		bytes_printf(&text, "okse-signatures 1\n%s%s", cases[i].seat,
		    bytes_text(&line) + strlen("seat 2 ed25519"));
		assert_int_equal(verify(MESSAGE, bytes_view(&text), &a),
		    cases[i].wanted);
	}
}

/* However many others are good. */
static void
one_bad_signature_spoils_all(void **state)
{
	AUTO_DONE(bytes) text = { 0 }, other = { 0 };
	struct approvals a;

	(void)state;
	sign(SEATS(1, 2), &text);
	officers_sign(&officers, DOMAIN, view_text(DOMAIN "\nelse\n"),
	    SEATS(3), &other);
	bytes_put_text(&text, strchr(bytes_text(&other), '\n') + 1);
	assert_int_equal(verify(MESSAGE, bytes_view(&text), &a),
	    ERR_SIGNATURE);
}

static void
another_domain_is_refused(void **state)
{
	AUTO_DONE(bytes) text = { 0 };
	struct approvals a;

	(void)state;
	sign(SEATS(1, 2), &text);
	assert_int_equal(approvals_verify(&officers.roster, "okse/test/v2",
	    view_text(MESSAGE), bytes_view(&text), &a), ERR_MISMATCH);
	assert_int_equal(approvals_verify(&officers.roster, "okse/test/v",
	    view_text(MESSAGE), bytes_view(&text), &a), ERR_MISMATCH);
	assert_int_equal(verify(DOMAIN, bytes_view(&text), &a),
	    ERR_MISMATCH);
}

/* n - s is as good for ECDSA; here a signature has one form. */
static void
the_other_half_of_ecdsa_is_refused(void **state)
{
	AUTO_DONE(bytes) line = { 0 }, der = { 0 }, text = { 0 };
	BIGNUM *n = NULL, *s = BN_new();
	uint8_t raw[P256_SIGNATURE_SIZE];
	struct approvals a;
	char *space;

	(void)state;
	BN_hex2bn(&n, "ffffffff00000000ffffffffffffffffbce6faada7179e84"
	    "f3b9cac2fc632551");
	line_of(3, &line);
	space = strrchr(bytes_text(&line), ' ') + 1;
	MUST(base64_get(VIEW(space, strlen(space) - 1), &der));
	MUST(p256_from_der(bytes_view(&der), raw));
	BN_bin2bn(raw + 32, 32, s);
	assert_true(BN_sub(s, n, s) && BN_bn2binpad(s, raw + 32, 32) == 32);
	bytes_reset(&der);
	MUST(p256_to_der(raw, &der));
	sign(SEATS(1, 2), &text);
	bytes_put_text(&text, "seat 3 p256 ");
	base64_put(&text, bytes_view(&der));
	bytes_put_u8(&text, '\n');
	assert_int_equal(verify(MESSAGE, bytes_view(&text), &a),
	    ERR_SIGNATURE);
	assert_non_null(strstr(err_why(), "n/2"));
	BN_free(n);
	BN_free(s);
}

static void
no_bit_of_the_signatures_can_change(void **state)
{
	AUTO_DONE(bytes) text = { 0 };
	struct approvals a;

	(void)state;
	sign(SEATS(1, 2, 3), &text);
	for (size_t bit = 0; bit < 8 * text.len; bit++) {
		text.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (verify(MESSAGE, bytes_view(&text), &a) == ERR_OK)
			fail_msg("bit %zu of byte %zu", bit % 8, bit / 8);
		text.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(verify(MESSAGE, bytes_view(&text), &a), ERR_OK);
}

static void
no_bit_of_what_was_signed_can_change(void **state)
{
	AUTO_DONE(bytes) text = { 0 };
	char message[] = MESSAGE;
	struct approvals a;

	(void)state;
	sign(SEATS(1, 3), &text);
	for (size_t bit = 0; bit < 8 * strlen(MESSAGE); bit++) {
		message[bit / 8] ^= (char)(1 << bit % 8);
		assert_int_not_equal(approvals_verify(&officers.roster,
		    DOMAIN, VIEW(message, strlen(MESSAGE)),
		    bytes_view(&text), &a), ERR_OK);
		message[bit / 8] ^= (char)(1 << bit % 8);
	}
}

static void
signatures_cut_off_anywhere_are_refused(void **state)
{
	AUTO_DONE(bytes) text = { 0 };
	struct approvals a;

	(void)state;
	sign(SEATS(1, 2), &text);
	for (size_t n = 0; n < text.len; n++)
		assert_int_not_equal(verify(MESSAGE, VIEW(text.at, n), &a),
		    ERR_OK);
	bytes_put_u8(&text, '\n');
	assert_int_not_equal(verify(MESSAGE, bytes_view(&text), &a), ERR_OK);
}

static void
only_the_seats_own_key_signs_and_only_once(void **state)
{
	AUTO_DONE(bytes) before = { 0 }, out = { 0 };
	struct approve a = { &officers.roster, DOMAIN, view_text(MESSAGE),
	    VIEW(NULL, 0) };

	(void)state;
	assert_int_equal(approve(&a, 1, officers.keys[1], &out),
	    ERR_MISMATCH);
	assert_int_equal(approve(&a, 0, officers.keys[1], &out),
	    ERR_NOT_FOUND);
	assert_int_equal(approve(&a, 4, officers.keys[1], &out),
	    ERR_NOT_FOUND);
	sign(SEATS(1), &before);
	a.before = bytes_view(&before);
	assert_int_equal(approve(&a, 1, officers.keys[0], &out), ERR_EXISTS);
	a.before = view_text("okse-signatures 1\nseat 1 ed25519 AAAA\n");
	assert_int_equal(approve(&a, 2, officers.keys[1], &out),
	    ERR_SIGNATURE);
	assert_int_equal(out.len, 0);
}

static int
set_up(void **state)
{
	(void)state;
	MUST(crypto_init());
	officers_make(&officers);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	officers_done(&officers);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_two_of_three_are_enough),
		cmocka_unit_test(one_officer_is_not_enough),
		cmocka_unit_test(no_signature_is_not_enough),
		cmocka_unit_test(one_officer_signing_twice_counts_once),
		cmocka_unit_test(seats_out_of_order_are_refused),
		cmocka_unit_test(a_signature_under_another_seat_is_refused),
		cmocka_unit_test(one_bad_signature_spoils_all),
		cmocka_unit_test(another_domain_is_refused),
		cmocka_unit_test(the_other_half_of_ecdsa_is_refused),
		cmocka_unit_test(no_bit_of_the_signatures_can_change),
		cmocka_unit_test(no_bit_of_what_was_signed_can_change),
		cmocka_unit_test(signatures_cut_off_anywhere_are_refused),
		cmocka_unit_test(only_the_seats_own_key_signs_and_only_once),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
