/* Compact credentials: their bytes, and that they stay small. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <qrencode.h>

#include "credential/base45.h"
#include "credential/cbor.h"
#include "credential/cwt_qr.h"
#include "tests/licence.h"

static struct signers signers;

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
make_named(const char *name, const struct status_entry *status,
    struct draft **out)
{
	AUTO_DONE(bytes) portrait = { 0 };
	struct value c = licence_claims(&portrait);

	claim_named(&c, "family_name")->value = text_value(name);
	AUTO_DONE(granted) g = licence_of(c);
	struct credential_order o = licence_order(&g, &signers);
	o.status = status;
	return credential_draft(FORMAT_CWT_QR, &o, out);
}

static struct draft *
made(const struct status_entry *status)
{
	struct draft *d = NULL;

	MUST(make_named("홍", status, &d));
	return d;
}

static void
the_token_is_that_of_cwt_qr_txt(void **)
{
	static const struct status_entry status = { URI "/s/1", 70000 };
	AUTO(draft) d = made(&status);
	struct cose_sign1 s = { 0 };
	struct cbor_reader r;
	struct cwt_qr c;

	MUST(cose_get_tbs(draft_tbs(d), &s));
	MUST(cwt_qr_get(&s, &c));
	assert_true(view_equal(c.kid, issuer_kid(signers.document)));
	assert_true(view_is(c.issuer, URI));
	assert_int_equal(c.issued_at, NOW);
	assert_int_equal(c.valid_from, NOW);
	assert_int_equal(c.expires_at, NOW + 90 * DAY);
	assert_true(view_is(c.status_uri, URI "/s/1"));
	assert_int_equal(c.status_index, 70000);
	r = cbor_reader_of(c.identity);
	cbor_want_map(&r, 4);
	cbor_want_int(&r, 3);
	cbor_want_text(&r, "kor");
	cbor_want_int(&r, 7);
	cbor_want_text(&r, "홍");
	cbor_want_int(&r, 8);
	cbor_want_text(&r, "20000229");
	cbor_want_int(&r, 9);
	cbor_want_int(&r, 2);
	cbor_leave(&r);
	MUST(cbor_end(&r, "claim 169"));
}

static void
the_text_is_base45_of_zlib_of_a_tagged_cwt(void **)
{
	AUTO(draft) d = made(NULL);
	AUTO_DONE(bytes) text = { 0 };
	AUTO_DONE(bytes) token = { 0 };
	uint8_t signature[P256_SIGNATURE_SIZE];
	struct cose_sign1 s = { 0 };

	finish(d, signers.document_key, &text);
	MUST(cwt_qr_unpack(bytes_view(&text), &token));
	assert_int_equal(token.at[0], 0xd8);
	assert_int_equal(token.at[1], 61);
	MUST(cose_get_sign1(VIEW(token.at + 2, token.len - 2), &s,
	    signature));
}

/* Its longest: as much as fits, and one byte more. */
static void
the_longest_fits_below_version_20(void **)
{
	char name[400] = "";
	bool refused = false;

	for (size_t n = 1; n < sizeof(name) && !refused; n++) {
		AUTO(draft) d = NULL;
		AUTO_DONE(bytes) text = { 0 };
		QRcode *code;
		enum err e;

		/* incompressible, as far as a text can be */
		name[n - 1] = (char)('!' + (n * 7919 + n * n * 104729) % 90);
		name[n - 1] = name[n - 1] == '\\' || name[n - 1] == '"' ? 'x' :
		    name[n - 1];
		e = make_named(name, NULL, &d);
		refused = e == ERR_RANGE;
		if (refused)
			break;
		assert_int_equal(e, ERR_OK);
		if (n < 150)
			continue;
		finish(d, signers.document_key, &text);
		assert_true(text.len <= CWT_QR_TEXT);
		code = QRcode_encodeString(bytes_text(&text), 0, QR_ECLEVEL_Q,
		    QR_MODE_8, 1);
		assert_non_null(code);
		assert_true(code->version < 20);
		QRcode_free(code);
	}
	assert_true(refused);
	assert_non_null(strstr(err_why(), "version 19"));
}

static void
the_same_order_makes_the_same_bytes_and_keys_differ(void **)
{
	AUTO_DONE(granted) g = licence();
	struct credential_order o = licence_order(&g, &signers);
	AUTO(draft) a = NULL;
	AUTO(draft) b = NULL;
	AUTO(draft) c = NULL;

	MUST(credential_draft(FORMAT_CWT_QR, &o, &a));
	MUST(credential_draft(FORMAT_CWT_QR, &o, &b));
	o.key = 1;
	MUST(credential_draft(FORMAT_CWT_QR, &o, &c));
	assert_true(view_equal(draft_tbs(a), draft_tbs(b)));
	assert_false(view_equal(draft_tbs(a), draft_tbs(c)));
}

static void
what_unpacks_to_too_much_is_refused(void **)
{
	/* 2000 zeros in a few bytes */
	static const uint8_t bomb[] = { 0x78, 0xda, 0x63, 0x60, 0x18, 0x05,
	    0xa3, 0x60, 0x14, 0x0c, 0x77, 0x00, 0x00, 0x07, 0xd0, 0x00, 0x01 };
	AUTO_DONE(bytes) text = { 0 };
	AUTO_DONE(bytes) out = { 0 };

	base45_put(&text, VIEW_OF(bomb));
	assert_int_equal(cwt_qr_unpack(bytes_view(&text), &out), ERR_SYNTAX);
	bytes_reset(&text);
	for (int i = 0; i < 2 * CWT_QR_TOKEN + 1; i++)
		bytes_put_u8(&text, '0');
	assert_int_equal(cwt_qr_unpack(bytes_view(&text), &out),
	    ERR_TOO_LARGE);
	text.len--;
	assert_int_equal(cwt_qr_unpack(bytes_view(&text), &out), ERR_SYNTAX);
}

static enum err
decode(struct view tbs)
{
	static const uint8_t signer[SHA256_SIZE];	/* any */
	AUTO_DONE(bytes) sent = { 0 };
	AUTO(draft) d = NULL;

	bytes_put_u8(&sent, 2);	/* version */
	bytes_put_u8(&sent, DRAFT_CWT_QR);
	bytes_put(&sent, VIEW_OF(signer));
	bytes_put_block(&sent, tbs);
	bytes_put_block(&sent, VIEW(NULL, 0));
	return draft_decode(bytes_view(&sent), &d);
}

/* Each head of the payload changed: wrong keys, empty validity, other types */
static void
another_form_is_not_signed(void **)
{
	AUTO(draft) d = made(NULL);
	AUTO_DONE(bytes) tbs = { 0 };
	/* heads of the map, of the keys 1, 4, 5, 6, 7, 169, of their values */
	static const size_t at[] = { 0, 1, 2, 24, 25, 30, 31, 36, 37, 42, 43,
	    52, 53, 54 };
	struct cose_sign1 s = { 0 };
	size_t start;

	bytes_put(&tbs, draft_tbs(d));
	assert_int_equal(decode(bytes_view(&tbs)), ERR_OK);
	for (size_t n = 0; n < tbs.len; n++)
		assert_int_not_equal(decode(VIEW(tbs.at, n)), ERR_OK);
	MUST(cose_get_tbs(bytes_view(&tbs), &s));
	start = (size_t)(s.payload.at - tbs.at);
	for (size_t i = 0; i < COUNT(at); i++) {
		tbs.at[start + at[i]] ^= 0x20;
		if (decode(bytes_view(&tbs)) == ERR_OK)
			fail_msg("byte %zu", at[i]);
		tbs.at[start + at[i]] ^= 0x20;
	}
	assert_int_equal(decode(bytes_view(&tbs)), ERR_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_token_is_that_of_cwt_qr_txt),
		cmocka_unit_test(the_text_is_base45_of_zlib_of_a_tagged_cwt),
		cmocka_unit_test(the_longest_fits_below_version_20),
		cmocka_unit_test(
		    the_same_order_makes_the_same_bytes_and_keys_differ),
		cmocka_unit_test(what_unpacks_to_too_much_is_refused),
		cmocka_unit_test(another_form_is_not_signed),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
