/* QR tokens: their bytes, that they come back, and that no other text does. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "credential/base45.h"
#include "credential/cbor.h"
#include "credential/cose.h"
#include "credential/qr_token.h"
#include "tests/granted.h"

static struct signers signers;
static const struct qr_fields fields = {
	.cti = { 0xc0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 },
	.holder = { 0x40, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 },
	.audience = "okse",
};

static int
setup(void **)
{
	signers_init(&signers, NOW);
	return 0;
}

static int
teardown(void **)
{
	signers_done(&signers);
	return 0;
}

static enum err
make(struct asked a, struct grant_terms t, const char *audience,
    struct draft **out)
{
	AUTO_DONE(granted) g = grant_of(a, t);
	struct qr_fields f = fields;

	f.audience = audience;
	return qr_token_draft(g.grant, g.request, &f, signers.qr, out);
}

static enum err
read_token(struct view text, struct qr_token *out)
{
	const struct issuer *issuers[] = { signers.document, signers.qr };

	return qr_token_read(text, issuers, 2, out);
}

static void
token_text(struct bytes *text, struct hash *tbs)
{
	AUTO(draft) d = NULL;
	uint8_t signature[P256_SIGNATURE_SIZE];

	MUST(make(asked_qr_token(), qr_terms, "okse", &d));
	software_sign(signers.qr_key, draft_tbs(d), signature);
	MUST(draft_document(d, signature, text));
	if (tbs != NULL)
		*tbs = sha256(draft_tbs(d));
}

static void
what_is_signed_is_that_of_qr_token_txt(void **)
{
	AUTO(draft) d = NULL;
	AUTO_DONE(bytes) want = { 0 };
	AUTO_DONE(bytes) have = { 0 };

	MUST(make(asked_qr_token(), qr_terms, "okse", &d));
	bytes_put_text(&want, "84" "6a5369676e617475726531" "5826"
	    "a3" "0126" "0448");
	hex_put(&want, issuer_kid(signers.qr));
	bytes_put_text(&want,
	    "10" "776170706c69636174696f6e2f6f6b73652d71722b637774" "40"
	    "586f" "a6" "01" "7568747470733a2f2f69642e6578616d706c652e6b72"
	    "03" "646f6b7365" "04" "1a67d52624" "06" "1a67d52570"
	    "07" "50c00102030405060708090a0b0c0d0e0f" "3a00010000"
	    "a4" "01" "01" "02" "6b7265736964656e742d6964"
	    "03" "6a33363131303235303030"
	    "04" "5040010203040506070809" "0a0b0c0d0e0f");
	hex_put(&have, draft_tbs(d));
	assert_string_equal(bytes_text(&have), bytes_text(&want));
}

static void
a_token_comes_back_as_it_was_made(void **)
{
	AUTO_DONE(bytes) text = { 0 };
	struct hash tbs;
	struct qr_token t;

	token_text(&text, &tbs);
	assert_int_equal(read_token(bytes_view(&text), &t), ERR_OK);
	assert_true(view_equal(VIEW_OF(t.kid), issuer_kid(signers.qr)));
	assert_string_equal(t.issuer, URI);
	assert_string_equal(t.audience, "okse");
	assert_int_equal(t.issued_at, NOW);
	assert_int_equal(t.expires_at, NOW + 180);
	assert_memory_equal(t.cti, fields.cti, sizeof(t.cti));
	assert_int_equal(t.purpose, PURPOSE_FIRST_ISSUE);
	assert_string_equal(t.programme, "resident-id");
	assert_string_equal(t.centre, "3611025000");
	assert_memory_equal(t.holder, fields.holder, sizeof(t.holder));
	assert_memory_equal(&t.tbs, &tbs, sizeof(tbs));
}

static void
nothing_of_the_holder_is_in_it(void **)
{
	AUTO_DONE(bytes) text = { 0 };
	AUTO_DONE(bytes) token = { 0 };

	token_text(&text, NULL);
	MUST(base45_get(VIEW(text.at + 6, text.len - 6), &token));
	for (size_t i = 0; i + 4 <= token.len; i++) {
		assert_memory_not_equal(token.at + i, "0803", 4);
		assert_memory_not_equal(token.at + i, "2008", 4);
	}
}

static void
a_life_has_1_to_180_seconds(void **)
{
	static const int64_t lives[] = { 0, 1, 179, 180, 181 };

	for (size_t i = 0; i < COUNT(lives); i++) {
		struct grant_terms t = qr_terms;
		AUTO(draft) d = NULL;

		t.technical_expiry = NOW + lives[i];
		assert_int_equal(make(asked_qr_token(), t, "okse", &d),
		    lives[i] > 0 && lives[i] <= 180 ? ERR_OK : ERR_INTERNAL);
	}
}

static void
the_certificate_must_cover_the_life(void **)
{
	for (int64_t over = -1; over <= 1; over++) {
		struct grant_terms t = qr_terms;
		AUTO(draft) d = NULL;

		t.issued_at = NOW + 400 * DAY - 100;
		t.technical_expiry = NOW + 400 * DAY + over;
		assert_int_equal(make(asked_qr_token(), t, "okse", &d),
		    over <= 0 ? ERR_OK : ERR_INTERNAL);
	}
}

static void
names_and_audiences_have_their_limits(void **)
{
	char name[ISSUER_URI + 2] = "";

	for (size_t n = 63; n <= ISSUER_URI + 1; n++) {
		struct asked a = asked_qr_token();
		AUTO(draft) by_audience = NULL;
		AUTO(draft) by_centre = NULL;

		memset(name, 'n', n);
		assert_int_equal(make(a, qr_terms, name, &by_audience),
		    n <= 128 ? ERR_OK : ERR_RANGE);
		a.evidence.centre = VIEW(name, n <= 128 ? n : 128);
		assert_int_equal(make(a, qr_terms, "okse", &by_centre),
		    n <= 64 ? ERR_OK : ERR_RANGE);
	}
}

static void
no_flipped_bit_passes(void **)
{
	AUTO_DONE(bytes) text = { 0 };
	struct qr_token t;

	token_text(&text, NULL);
	for (size_t i = 0; i < text.len * 8; i++) {
		text.at[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_int_not_equal(read_token(bytes_view(&text), &t),
		    ERR_OK);
		text.at[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	assert_int_equal(read_token(bytes_view(&text), &t), ERR_OK);
}

/* The same in the token's bytes: each is covered by something. */
static void
no_flipped_bit_of_the_bytes_passes(void **)
{
	AUTO_DONE(bytes) text = { 0 };
	AUTO_DONE(bytes) token = { 0 };
	struct qr_token t;

	token_text(&text, NULL);
	MUST(base45_get(VIEW(text.at + 6, text.len - 6), &token));
	for (size_t i = 0; i < token.len * 8; i++) {
		token.at[i / 8] ^= (uint8_t)(1 << i % 8);
		bytes_reset(&text);
		bytes_put_text(&text, QR_TOKEN_PREFIX);
		base45_put(&text, bytes_view(&token));
		assert_int_not_equal(read_token(bytes_view(&text), &t),
		    ERR_OK);
		token.at[i / 8] ^= (uint8_t)(1 << i % 8);
	}
}

static void
shorter_longer_and_other_texts_are_refused(void **)
{
	AUTO_DONE(bytes) text = { 0 };
	AUTO_DONE(bytes) lower = { 0 };
	struct qr_token t;
	size_t len;

	token_text(&text, NULL);
	len = text.len;
	bytes_put_text(&text, "000");
	for (size_t n = 0; n <= text.len; n++)
		if (n != len)
			assert_int_equal(read_token(VIEW(text.at, n), &t),
			    ERR_SYNTAX);
	bytes_put_text(&lower, "okse1:");
	bytes_put(&lower, VIEW(text.at + 6, len - 6));
	assert_int_equal(read_token(bytes_view(&lower), &t), ERR_SYNTAX);
	assert_int_equal(read_token(VIEW(text.at + 6, len - 6), &t),
	    ERR_SYNTAX);
}

static void
a_text_has_at_most_2048_characters(void **)
{
	AUTO_DONE(bytes) text = { 0 };
	struct qr_token t;

	bytes_put_text(&text, QR_TOKEN_PREFIX);
	while (text.len < ASKED_QR_TOKEN + 1)
		bytes_put_u8(&text, '0');
	for (size_t n = ASKED_QR_TOKEN - 1; n <= ASKED_QR_TOKEN + 1; n++) {
		assert_int_equal(read_token(VIEW(text.at, n), &t),
		    ERR_SYNTAX);
		assert_int_equal(strstr(err_why(), "at most 2048") != NULL,
		    n > ASKED_QR_TOKEN);
	}
}

static void
the_other_half_of_the_signature_is_refused(void **)
{
	/* n of P-256, big-endian */
	static const uint8_t n[32] = {
		0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
		0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
	};
	AUTO_DONE(bytes) text = { 0 };
	AUTO_DONE(bytes) token = { 0 };
	struct qr_token t;
	int borrow = 0;

	token_text(&text, NULL);
	MUST(base45_get(VIEW(text.at + 6, text.len - 6), &token));
	for (size_t i = 32; i-- > 0;) {
		uint8_t *s = token.at + token.len - 32 + i;
		int difference = n[i] - *s - borrow;

		borrow = difference < 0;
		*s = (uint8_t)(difference & 0xff);
	}
	bytes_reset(&text);
	bytes_put_text(&text, QR_TOKEN_PREFIX);
	base45_put(&text, bytes_view(&token));
	assert_int_equal(read_token(bytes_view(&text), &t), ERR_SIGNATURE);
	assert_non_null(strstr(err_why(), "lower half"));
}

static void
a_token_of_no_known_signer_is_refused(void **)
{
	AUTO_DONE(bytes) text = { 0 };
	const struct issuer *other[] = { signers.document };
	struct qr_token t;

	token_text(&text, NULL);
	assert_int_equal(qr_token_read(bytes_view(&text), other, 1, &t),
	    ERR_SIGNATURE);
	assert_int_equal(qr_token_read(bytes_view(&text), NULL, 0, &t),
	    ERR_SIGNATURE);
}

static void
a_token_in_the_name_of_a_signer_by_another_key_is_refused(void **)
{
	AUTO(draft) d = NULL;
	AUTO_DONE(bytes) text = { 0 };
	uint8_t signature[P256_SIGNATURE_SIZE];
	struct qr_token t;

	MUST(make(asked_qr_token(), qr_terms, "okse", &d));
	software_sign(signers.document_key, draft_tbs(d), signature);
	MUST(draft_document(d, signature, &text));
	assert_int_equal(read_token(bytes_view(&text), &t), ERR_SIGNATURE);
}

static bool
vouches_for_one(const void *one, const struct hash *name)
{
	return memcmp(one, name, sizeof(*name)) == 0;
}

/* Signed by another key, so that only the voucher can let it pass. */
static void
a_voucher_is_believed_for_its_one_token_and_no_other_bit(void **)
{
	AUTO(draft) d = NULL;
	AUTO_DONE(bytes) text = { 0 };
	const struct issuer *issuers[] = { signers.qr };
	uint8_t signature[P256_SIGNATURE_SIZE];
	struct hash tbs, name;
	struct qr_token t;

	MUST(make(asked_qr_token(), qr_terms, "okse", &d));
	software_sign(signers.document_key, draft_tbs(d), signature);
	MUST(p256_low_s(signature));	/* as a keyholder gives it out */
	tbs = sha256(draft_tbs(d));
	name = qr_token_name(&tbs, signature);
	for (size_t bit = 0; bit <= 8 * sizeof(signature); bit += 7) {
		bytes_reset(&text);
		if (bit != 0)
			signature[(bit - 1) / 8] ^=
			    (uint8_t)(1 << (bit - 1) % 8);
		MUST(draft_document(d, signature, &text));
		assert_int_equal(qr_token_read_again(bytes_view(&text),
		    issuers, 1, vouches_for_one, &name, &t) == ERR_OK,
		    bit == 0);
		if (bit != 0)
			signature[(bit - 1) / 8] ^=
			    (uint8_t)(1 << (bit - 1) % 8);
	}
}

/* ---- well signed by the right key, but not as qr_token.txt says */

/* What a careless signer might have written, a field at a time. */
struct careless {
	int64_t		alg, iss, exp, iat, purpose, visit;
	const char	*type, *issuer;
	size_t		kid, cti, holder;
	int		more;		/* members more than there are */
	bool		sorted;
};

static const struct careless careful = {
	.alg = -7, .iss = 1, .exp = NOW + 180, .iat = NOW, .purpose = 1,
	.visit = -65537, .type = "application/okse-qr+cwt", .issuer = URI,
	.kid = 8, .cti = 16, .holder = 16, .sorted = true,
};

static void
put_protected(struct bytes *b, const struct careless *c)
{
	cbor_put_map(b, 3);
	cbor_put_int(b, 1);
	cbor_put_int(b, c->alg);
	cbor_put_int(b, 4);
	cbor_put_bytes(b, VIEW(issuer_kid(signers.qr).at, c->kid));
	cbor_put_int(b, 16);
	cbor_put_text(b, view_text(c->type));
}

static void
put_claims(struct bytes *b, const struct careless *c)
{
	static const uint8_t id[17];

	cbor_put_map(b, (uint64_t)(6 + c->more));
	cbor_put_int(b, c->iss);
	cbor_put_text(b, view_text(c->issuer));
	cbor_put_int(b, 3);
	cbor_put_text(b, view_text("okse"));
	for (int i = 0; i < 2; i++) {
		bool first = (i == 0) == c->sorted;

		cbor_put_int(b, first ? 4 : 6);
		cbor_put_int(b, first ? c->exp : c->iat);
	}
	cbor_put_int(b, 7);
	cbor_put_bytes(b, VIEW(id, c->cti));
	cbor_put_int(b, c->visit);
	cbor_put_map(b, 4);
	cbor_put_int(b, 1);
	cbor_put_int(b, c->purpose);
	cbor_put_int(b, 2);
	cbor_put_text(b, view_text("resident-id"));
	cbor_put_int(b, 3);
	cbor_put_text(b, view_text("3611025000"));
	cbor_put_int(b, 4);
	cbor_put_bytes(b, VIEW(id, c->holder));
	for (int i = 0; i < c->more; i++) {
		cbor_put_int(b, -65538 - i);
		cbor_put_int(b, 0);
	}
}

static enum err
read_careless(struct careless c)
{
	AUTO_DONE(bytes) protected = { 0 };
	AUTO_DONE(bytes) payload = { 0 };
	AUTO_DONE(bytes) tbs = { 0 };
	AUTO_DONE(bytes) token = { 0 };
	AUTO_DONE(bytes) text = { 0 };
	uint8_t signature[P256_SIGNATURE_SIZE];
	struct cose_sign1 s;
	struct qr_token t;

	put_protected(&protected, &c);
	put_claims(&payload, &c);
	s = (struct cose_sign1){ bytes_view(&protected),
	    bytes_view(&payload) };
	cose_put_tbs(&tbs, &s);
	software_sign(signers.qr_key, bytes_view(&tbs), signature);
	MUST(p256_low_s(signature));
	cose_put_sign1(&token, &s, VIEW_OF(signature));
	bytes_put_text(&text, QR_TOKEN_PREFIX);
	base45_put(&text, bytes_view(&token));
	return read_token(bytes_view(&text), &t);
}

#define CARELESS(...)                                                         \
	({                                                                    \
		struct careless c_ = careful;                                 \
		__VA_ARGS__;                                                  \
		read_careless(c_);                                            \
	})

static void
what_is_signed_is_held_to_its_form_all_the_same(void **)
{
	assert_int_equal(read_careless(careful), ERR_OK);
	assert_int_equal(CARELESS(c_.alg = -35), ERR_SYNTAX);
	assert_int_equal(CARELESS(c_.kid = 7), ERR_SYNTAX);
	assert_int_equal(CARELESS(c_.type = "application/cwt"), ERR_SYNTAX);
	assert_int_equal(CARELESS(c_.iss = 2), ERR_SYNTAX);
	assert_int_equal(CARELESS(c_.issuer = "https://other.kr"),
	    ERR_SIGNATURE);
	assert_int_equal(CARELESS(c_.exp = NOW + 181), ERR_SYNTAX);
	assert_int_equal(CARELESS(c_.exp = NOW + 1), ERR_OK);
	assert_int_equal(CARELESS(c_.exp = NOW), ERR_SYNTAX);
	assert_int_equal(CARELESS(c_.exp = 0; c_.iat = -1), ERR_SYNTAX);
	assert_int_equal(CARELESS(c_.exp = INT64_MAX; c_.iat = INT64_MIN),
	    ERR_SYNTAX);
	assert_int_equal(CARELESS(c_.cti = 15), ERR_SYNTAX);
	assert_int_equal(CARELESS(c_.cti = 17), ERR_SYNTAX);
	assert_int_equal(CARELESS(c_.holder = 15), ERR_SYNTAX);
	assert_int_equal(CARELESS(c_.holder = 17), ERR_SYNTAX);
	assert_int_equal(CARELESS(c_.purpose = 0), ERR_SYNTAX);
	assert_int_equal(CARELESS(c_.purpose = 3), ERR_OK);
	assert_int_equal(CARELESS(c_.purpose = 4), ERR_SYNTAX);
	assert_int_equal(CARELESS(c_.visit = -65536), ERR_SYNTAX);
	assert_int_equal(CARELESS(c_.more = 1), ERR_SYNTAX);
	assert_int_equal(CARELESS(c_.sorted = false), ERR_SYNTAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_signed_is_that_of_qr_token_txt),
		cmocka_unit_test(a_token_comes_back_as_it_was_made),
		cmocka_unit_test(nothing_of_the_holder_is_in_it),
		cmocka_unit_test(a_life_has_1_to_180_seconds),
		cmocka_unit_test(the_certificate_must_cover_the_life),
		cmocka_unit_test(names_and_audiences_have_their_limits),
		cmocka_unit_test(no_flipped_bit_passes),
		cmocka_unit_test(no_flipped_bit_of_the_bytes_passes),
		cmocka_unit_test(shorter_longer_and_other_texts_are_refused),
		cmocka_unit_test(a_text_has_at_most_2048_characters),
		cmocka_unit_test(the_other_half_of_the_signature_is_refused),
		cmocka_unit_test(
		    a_voucher_is_believed_for_its_one_token_and_no_other_bit),
		cmocka_unit_test(a_token_of_no_known_signer_is_refused),
		cmocka_unit_test(
		    a_token_in_the_name_of_a_signer_by_another_key_is_refused),
		cmocka_unit_test(
		    what_is_signed_is_held_to_its_form_all_the_same),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
