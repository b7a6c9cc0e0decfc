/*
 * Documents of every format read back, and every change of them refused: what
 * we accept ourselves.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "credential/inspect.h"
#include "credential/qr_token.h"
#include "tests/licence.h"

#define KINDS 6

static struct signers signers;
static struct granted granted;
static struct bytes documents[KINDS];	/* by credential_format, then QR */
static X509 *document_signer, *qr_signer;

static X509 *
certificate_of(const struct issuer *i)
{
	struct view der = issuer_der(i);
	const uint8_t *at = der.at;

	return d2i_X509(NULL, &at, (long)der.len);
}

static int
setup(void **)
{
	static const struct qr_fields fields = { .audience = URI };
	struct draft *token = NULL;

	signers_init(&signers, NOW);
	granted = licence();
	document_signer = certificate_of(signers.document);
	qr_signer = certificate_of(signers.qr);
	for (int f = FORMAT_SD_JWT; f <= FORMAT_CWT_QR; f++) {
		struct credential_order o = licence_order(&granted, &signers);

		licence_document(&o, (enum credential_format)f,
		    signers.document_key, &documents[f]);
	}
	AUTO_DONE(granted) visit = grant_of(asked_qr_token(), qr_terms);
	MUST(qr_token_draft(visit.grant, visit.request, &fields, signers.qr,
	    &token));
	finish(token, signers.qr_key, &documents[KINDS - 1]);
	draft_free(token);
	return 0;
}

static int
teardown(void **)
{
	for (size_t i = 0; i < KINDS; i++)
		bytes_done(&documents[i]);
	X509_free(document_signer);
	X509_free(qr_signer);
	granted_done(&granted);
	signers_done(&signers);
	return 0;
}

static struct trust
trusted(int64_t now)
{
	static X509 *both[2];

	both[0] = qr_signer;
	both[1] = document_signer;
	return (struct trust){ .ca = signers.ca, .signers = both,
	    .signer_count = 2, .now = now };
}

static enum err
judge(struct view text, const struct trust *t, struct hash *draft)
{
	AUTO(inspected) i = NULL;

	TRY(inspect(text, &i));
	*draft = inspected_draft(i);
	return inspected_verify(i, t, NULL);
}

static enum err
judge_now(struct view text)
{
	struct trust t = trusted(NOW + 60);
	struct hash draft;

	return judge(text, &t, &draft);
}

/* ---- the good case */

static void
every_format_is_recognised_and_verified(void **)
{
	static const char *const names[] = { "dc+sd-jwt", "mso_mdoc",
	    "vc+jwt", "opendid-vc", "cwt-qr", "qr-token" };
	struct trust t = trusted(NOW + 60);

	for (size_t k = 0; k < KINDS; k++) {
		AUTO(inspected) i = NULL;
		AUTO(X509) signer = NULL;

		MUST(inspect(bytes_view(&documents[k]), &i));
		assert_string_equal(inspected_format(i), names[k]);
		MUST(inspected_verify(i, &t, &signer));
		assert_int_equal(X509_cmp(signer, k == KINDS - 1 ?
		    qr_signer : document_signer), 0);
	}
}

static void
the_draft_is_the_one_that_was_signed(void **)
{
	for (int f = FORMAT_SD_JWT; f <= FORMAT_CWT_QR; f++) {
		struct credential_order o = licence_order(&granted, &signers);
		AUTO(inspected) i = NULL;
		AUTO(draft) d = NULL;
		struct hash want, have;

		MUST(credential_draft((enum credential_format)f, &o, &d));
		MUST(inspect(bytes_view(&documents[f]), &i));
		want = sha256(draft_tbs(d));
		have = inspected_draft(i);
		assert_memory_equal(want.at, have.at, SHA256_SIZE);
	}
}

static void
what_a_document_says_is_told(void **)
{
	static const char *const says[KINDS][3] = {
		{ "\"family_name\": \"홍\"", "\"city\": \"세종특별자치시\"",
		    "\"자동변속기\"" },
		{ "\"docType\": \"org.iso.18013.5.1.mDL\"",
		    "\"family_name\": \"HONG\"", "\"portrait\": \"JPEG, " },
		{ "\"family_name\": \"홍\"", "\"validFrom\": \"2025-03-15T07:",
		    "data:image/jpeg;base64,/9j/" },
		{ "\"caption\": \"성\"", "\"value\": \"홍\"",
		    "\"issuer\": {" },
		{ "\"169\": {", "\"8\": \"20000229\"", "\"9\": 2" },
		{ "\"-65537\": {", "\"2\": \"resident-id\"",
		    "\"3\": \"3611025000\"" },
	};

	for (size_t k = 0; k < KINDS; k++) {
		AUTO(inspected) i = NULL;
		AUTO_DONE(bytes) json = { 0 };

		MUST(inspect(bytes_view(&documents[k]), &i));
		MUST(inspected_json(i, &json));
		for (size_t s = 0; s < 3; s++)
			if (strstr(bytes_text(&json), says[k][s]) == NULL)
				fail_msg("%s: no %s in %s",
				    inspected_format(i), says[k][s],
				    bytes_text(&json));
	}
}

/* ---- every mutation */

/*
 * Characters of base45 and zlib's frame may change without changing the
 * token: then it is the same draft, and the signature still covers all.
 */
static void
every_changed_character_is_noticed(void **)
{
	for (size_t k = 0; k < KINDS; k++) {
		struct trust t = trusted(NOW + 60);
		struct hash good, other;

		MUST(judge(bytes_view(&documents[k]), &t, &good));
		for (size_t at = 0; at < documents[k].len; at++) {
			uint8_t was = documents[k].at[at];

			documents[k].at[at] = was == 'A' ? 'B' : 'A';
			if (judge(bytes_view(&documents[k]), &t, &other) ==
			    ERR_OK && (k != FORMAT_CWT_QR ||
			    memcmp(&good, &other, sizeof(good)) != 0))
				fail_msg("kind %zu, character %zu", k, at);
			documents[k].at[at] = was;
		}
	}
}

static void
every_bit_of_an_mdoc_is_covered(void **)
{
	AUTO_DONE(bytes) b = { 0 };

	MUST(base64url_get(bytes_view(&documents[FORMAT_MDOC]), &b));
	for (size_t bit = 0; bit < b.len * 8; bit++) {
		AUTO_DONE(bytes) text = { 0 };

		b.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
		base64url_put(&text, bytes_view(&b));
		if (judge_now(bytes_view(&text)) == ERR_OK)
			fail_msg("bit %zu", bit);
		b.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

static void
every_cut_is_noticed(void **)
{
	for (size_t k = 0; k < KINDS; k++)
		for (size_t n = 0; n < documents[k].len; n++) {
			/* fewer disclosures: that is what a holder shows */
			if (k == FORMAT_SD_JWT && n > 0 &&
			    documents[k].at[n - 1] == '~')
				continue;
			assert_int_not_equal(judge_now(
			    VIEW(documents[k].at, n)), ERR_OK);
		}
}

static void
nothing_may_follow(void **)
{
	static const char *const more[] = { "A", "~", ".", "=", "\n", "}",
	    "~A~", ".AAAA" };

	for (size_t k = 0; k < KINDS; k++)
		for (size_t m = 0; m < COUNT(more); m++) {
			AUTO_DONE(bytes) text = { 0 };

			bytes_put(&text, bytes_view(&documents[k]));
			bytes_put_text(&text, more[m]);
			assert_int_not_equal(judge_now(bytes_view(&text)),
			    ERR_OK);
		}
}

/* ---- disclosures */

static void
a_holder_may_leave_disclosures_out(void **)
{
	AUTO_DONE(bytes) text = { 0 };
	AUTO_DONE(bytes) json = { 0 };
	AUTO(inspected) i = NULL;
	const char *all = bytes_text(&documents[FORMAT_SD_JWT]);
	const char *first = strchr(all, '~');
	const char *second = strchr(first + 1, '~');

	bytes_put(&text, VIEW(all, (size_t)(second - all) + 1));
	assert_int_equal(judge_now(bytes_view(&text)), ERR_OK);
	MUST(inspect(bytes_view(&text), &i));
	MUST(inspected_json(i, &json));
	assert_non_null(strstr(bytes_text(&json), "\"family_name\""));
	assert_null(strstr(bytes_text(&json), "\"birth_date\""));
}

static void
a_doubled_or_foreign_disclosure_is_refused(void **)
{
	static const char foreign[] = "[\"AAAAAAAAAAAAAAAAAAAAAA\","
	    "\"admin\",true]";
	const char *all = bytes_text(&documents[FORMAT_SD_JWT]);
	const char *first = strchr(all, '~');
	const char *second = strchr(first + 1, '~');
	AUTO_DONE(bytes) twice = { 0 };
	AUTO_DONE(bytes) more = { 0 };

	bytes_put_text(&twice, all);
	bytes_put(&twice, VIEW(first + 1, (size_t)(second - first)));
	assert_int_equal(judge_now(bytes_view(&twice)), ERR_MISMATCH);
	bytes_put_text(&more, all);
	base64url_put(&more, view_text(foreign));
	bytes_put_u8(&more, '~');
	assert_int_equal(judge_now(bytes_view(&more)), ERR_MISMATCH);
}

/* ---- who signed, and when */

static void
another_ca_is_not_trusted(void **)
{
	struct trust t = trusted(NOW + 60);
	EVP_PKEY *key = software_key();
	AUTO(X509) other = software_certificate("Test CA", key, NULL, key,
	    NOW - DAY, NOW + 4000 * DAY);
	struct hash draft;

	t.ca = other;
	for (size_t k = 0; k < KINDS; k++)
		assert_int_equal(judge(bytes_view(&documents[k]), &t,
		    &draft), ERR_SIGNATURE);
	t.ca = document_signer;
	for (size_t k = 0; k < KINDS; k++)
		assert_int_equal(judge(bytes_view(&documents[k]), &t,
		    &draft), ERR_SIGNATURE);
	EVP_PKEY_free(key);
}

static void
without_its_signer_a_short_document_is_not_verified(void **)
{
	struct trust t = trusted(NOW + 60);
	struct hash draft;

	t.signer_count = 0;
	for (size_t k = 0; k < KINDS; k++)
		assert_int_equal(judge(bytes_view(&documents[k]), &t,
		    &draft), k == FORMAT_OPENDID || k == FORMAT_CWT_QR ||
		    k == KINDS - 1 ? ERR_SIGNATURE : ERR_OK);
}

/* The times are those in the document: rounded to the hour. */
static void
a_document_is_valid_from_its_begin_to_its_end(void **)
{
	int64_t from = NOW - NOW % 3600, until = from + 90 * DAY;
	struct hash draft;

	for (int f = FORMAT_SD_JWT; f <= FORMAT_CWT_QR; f++)
		for (int64_t d = -1; d <= 1; d++) {
			struct view v = bytes_view(&documents[f]);
			struct trust early = trusted(from + d);
			struct trust late = trusted(until + d);

			assert_int_equal(judge(v, &early, &draft),
			    d < 0 ? ERR_SIGNATURE : ERR_OK);
			assert_int_equal(judge(v, &late, &draft),
			    d < 0 ? ERR_OK : ERR_SIGNATURE);
			late.now = TRUST_ANY_TIME;
			assert_int_equal(judge(v, &late, &draft), ERR_OK);
		}
}

/* n - s verifies as well as s: one document has one text all the same. */
static void
the_other_half_of_s_is_refused(void **)
{
	static const char order_hex[] = "ffffffff00000000ffffffffffffffff"
	    "bce6faada7179e84f3b9cac2fc632551";
	const char *all = bytes_text(&documents[FORMAT_VC_JWT]);
	const char *dot = strrchr(all, '.');
	AUTO_DONE(bytes) n = { 0 };
	AUTO_DONE(bytes) s = { 0 };
	AUTO_DONE(bytes) text = { 0 };
	int borrow = 0;

	MUST(hex_get(view_text(order_hex), &n));
	MUST(base64url_get(view_text(dot + 1), &s));
	for (size_t k = 32; k-- > 0;) {
		int d = n.at[k] - s.at[32 + k] - borrow;

		borrow = d < 0;
		s.at[32 + k] = (uint8_t)(d + 256 * borrow);
	}
	bytes_put(&text, VIEW(all, (size_t)(dot - all) + 1));
	base64url_put(&text, bytes_view(&s));
	assert_int_equal(judge_now(bytes_view(&text)), ERR_SIGNATURE);
	assert_non_null(strstr(err_why(), "lower half"));
}

static void
what_is_none_of_ours_is_refused(void **)
{
	static const char *const texts[] = {
		"", "x", "{}", "{", "eyJ", "eyJ.eyJ.AAAA", "eyJ~", "~", "ey",
		"ompp", "omppc3N1ZXJBdXRo", "OKSE1:", "OKSE1:AAAA", "AAAA",
		"eyJhbGciOiJub25lIn0.e30.", "{\"proof\":{}}", "null",
	};

	for (size_t i = 0; i < COUNT(texts); i++)
		assert_int_not_equal(judge_now(view_text(texts[i])), ERR_OK);
}

static void
a_document_has_at_most_a_mebibyte(void **)
{
	AUTO_DONE(bytes) text = { 0 };

	bytes_put_text(&text, "ompp");
	while (text.len < INSPECT_MAX - 1)
		bytes_put_u8(&text, 'p');
	for (int i = -1; i <= 1; i++, bytes_put_u8(&text, 'p'))
		assert_int_equal(judge_now(bytes_view(&text)),
		    i <= 0 ? ERR_SYNTAX : ERR_TOO_LARGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_format_is_recognised_and_verified),
		cmocka_unit_test(the_draft_is_the_one_that_was_signed),
		cmocka_unit_test(what_a_document_says_is_told),
		cmocka_unit_test(every_changed_character_is_noticed),
		cmocka_unit_test(every_bit_of_an_mdoc_is_covered),
		cmocka_unit_test(every_cut_is_noticed),
		cmocka_unit_test(nothing_may_follow),
		cmocka_unit_test(a_holder_may_leave_disclosures_out),
		cmocka_unit_test(a_doubled_or_foreign_disclosure_is_refused),
		cmocka_unit_test(another_ca_is_not_trusted),
		cmocka_unit_test(
		    without_its_signer_a_short_document_is_not_verified),
		cmocka_unit_test(
		    a_document_is_valid_from_its_begin_to_its_end),
		cmocka_unit_test(the_other_half_of_s_is_refused),
		cmocka_unit_test(what_is_none_of_ours_is_refused),
		cmocka_unit_test(a_document_has_at_most_a_mebibyte),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
