/* OpenDID drafts: canonical form, and the parts that are signed. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "credential/opendid.h"
#include "tests/licence.h"

static struct signers signers;
static struct draft *draft;

static int
setup(void **)
{
	signers_init(&signers, NOW);
	AUTO_DONE(granted) g = licence();
	struct credential_order o = licence_order(&g, &signers);
	MUST(credential_draft(FORMAT_OPENDID, &o, &draft));
	return 0;
}

static int
teardown(void **)
{
	draft_free(draft);
	signers_done(&signers);
	return 0;
}

/* The sample's members, in the sample's order; the device's key is 04 04 … */
static void
the_whole_is_that_of_opendid_txt(void **)
{
	AUTO_DONE(bytes) text = { 0 };
	static const char before[] =
	    "{\"@context\":[\"https://www.w3.org/ns/credentials/v2\"],"
	    "\"credentialSchema\":{"
	    "\"id\":\"https://id.example.kr/vcschema?name=licence\","
	    "\"type\":\"OsdSchemaCredential\"},"
	    "\"credentialSubject\":{\"claims\":["
	    "{\"caption\":\"성\",\"code\":\"org.opendid.v1.licence.family_name"
	    "\",\"format\":\"plain\",\"hideValue\":false,"
	    "\"location\":\"inline\",\"type\":\"text\",\"value\":\"홍\"},"
	    "{\"caption\":\"birth_date\",";
	static const char after[] = "\"encoding\":\"UTF-8\","
	    "\"evidence\":[{\"documentPresence\":\"Physical\","
	    "\"evidenceDocument\":\"DriverLicence\","
	    "\"subjectPresence\":\"Physical\","
	    "\"type\":\"DocumentVerification\","
	    "\"verifier\":\"did:omn:okse\"}],"
	    "\"formatVersion\":\"1.0\",\"id\":\"";
	static const char end[] =
	    "\",\"issuanceDate\":\"2025-03-15T07:00:00Z\","
	    "\"issuer\":{\"id\":\"did:omn:okse\",\"name\":\"경찰청\"},"
	    "\"language\":\"ko\","
	    "\"proof\":{\"created\":\"2025-03-15T07:00:00Z\","
	    "\"proofPurpose\":\"assertionMethod\","
	    "\"type\":\"Secp256r1Signature2018\","
	    "\"verificationMethod\":\"did:omn:okse?versionId=1#assert\"},"
	    "\"type\":[\"VerifiableCredential\"],"
	    "\"validFrom\":\"2025-03-15T07:00:00Z\","
	    "\"validUntil\":\"2025-06-13T07:00:00Z\"}";

	bytes_put(&text, draft_tbs(draft));
	assert_true(view_starts(bytes_view(&text), before));
	assert_non_null(strstr(bytes_text(&text), after));
	assert_string_equal(bytes_text(&text) + text.len - strlen(end), end);
	assert_non_null(strstr(bytes_text(&text), "],\"id\":\"did:jwk:eyJrdHki"
	    "OiJFQyIsImNydiI6IlAtMjU2IiwieCI6IkJBUUVCQVFF"));
}

static void
claims_are_texts_and_nothing_else_is_there(void **)
{
	AUTO_DONE(bytes) text = { 0 };
	static const char *const there[] = {
		"\"code\":\"org.opendid.v1.licence.sex\"",
		"\"type\":\"text\",\"value\":\"2\"}",
		"\"value\":\"true\"}", "\"value\":\"2000-02-29\"}",
		"\"value\":\"2025-03-01T09:30:00Z\"}", "\"value\":\"ROK\"}",
		"\"value\":\"KR\"}",
	};
	static const char *const missing[] = { "address", "conditions",
	    "licence.portrait\"", "privileges", "age_over", "expiry_date",
	    "HONG", "status" };

	bytes_put(&text, draft_tbs(draft));
	for (size_t i = 0; i < COUNT(there); i++)
		assert_non_null(strstr(bytes_text(&text), there[i]));
	for (size_t i = 0; i < COUNT(missing); i++)
		assert_null(strstr(bytes_text(&text), missing[i]));
}

static void
each_part_is_the_whole_with_one_claim(void **)
{
	struct opendid whole;

	MUST(opendid_get(draft_tbs(draft), &whole));
	assert_int_equal(whole.count, 7);
	assert_int_equal(draft_parts(draft), 8);
	assert_true(view_equal(draft_part(draft, 0), draft_tbs(draft)));
	for (size_t i = 0; i < whole.count; i++) {
		struct opendid one;

		MUST(opendid_get(draft_part(draft, i + 1), &one));
		assert_int_equal(one.count, 1);
		assert_true(view_equal(one.claims[0], whole.claims[i]));
		assert_true(view_equal(one.before, whole.before));
		assert_true(view_equal(one.after, whole.after));
	}
}

/* White space inside texts stays, and so does what looks like structure. */
static void
texts_are_kept_as_they_are(void **)
{
	AUTO_DONE(bytes) portrait = { 0 };
	AUTO_DONE(bytes) text = { 0 };
	struct value c = licence_claims(&portrait);
	struct opendid o;
	struct draft *d = NULL;

	claim_named(&c, "family_name")->value = text_value(
	    " 가 나 </a>\",\"proofPurpose\":\"assertionMethod\",\"x\":{[\\");
	AUTO_DONE(granted) g = licence_of(c);
	struct credential_order order = licence_order(&g, &signers);
	MUST(credential_draft(FORMAT_OPENDID, &order, &d));
	bytes_put(&text, draft_tbs(d));
	assert_non_null(strstr(bytes_text(&text), "\"value\":\" 가 나 </a>"
	    "\\\",\\\"proofPurpose\\\":\\\"assertionMethod\\\",\\\"x\\\":"
	    "{[\\\\\"}"));
	MUST(opendid_get(draft_tbs(d), &o));
	assert_int_equal(o.count, 7);
	assert_true(view_starts(VIEW(text.at + o.proof_values, 6),
	    "\"type\""));
	draft_free(d);
}

static void
the_proofs_go_into_their_place(void **)
{
	AUTO_DONE(bytes) text = { 0 };
	const char *at;
	size_t proofs = 0;

	finish(draft, signers.document_key, &text);
	at = strstr(bytes_text(&text), "\"proofPurpose\":\"assertionMethod\","
	    "\"proofValue\":\"m");
	assert_non_null(at);
	for (const char *p = at; (p = strstr(p, "\"m")) != NULL; p++) {
		/* 87 characters: 65 bytes, without "=" */
		assert_int_equal(strcspn(p + 2, "\""), 87);
		assert_true(p[2] == 'H' || p[2] == 'I');
		proofs++;
	}
	assert_int_equal(proofs, draft_parts(draft));
	assert_non_null(strstr(at, "\"],\"type\":\"Secp256r1Signature2018\""));
}

static void
a_signature_of_another_key_makes_no_document(void **)
{
	static uint8_t signatures[DRAFT_PARTS][P256_SIGNATURE_SIZE];
	AUTO_DONE(bytes) out = { 0 };

	for (size_t i = 0; i < draft_parts(draft); i++)
		software_sign(i == 3 ? signers.qr_key : signers.document_key,
		    draft_part(draft, i), signatures[i]);
	assert_int_equal(draft_document(draft, signatures[0], &out),
	    ERR_SIGNATURE);
}

/* One byte of it in another form: the keyholder does not sign it. */
static void
another_form_is_not_signed(void **)
{
	static const char *const changes[][2] = {
		{ "{\"@context\"", "{ \"@context\"" },
		{ "\"encoding\":\"UTF-8\"", "\"encoding\":\"UTF-7\"" },
		{ "Secp256r1Signature2018", "Secp256k1Signature2018" },
		{ "assertionMethod", "authentication" },
		{ "\"hideValue\":false", "\"hideValue\":0" },
		{ "VerifiableCredential\"]", "Verifiable\"]" },
		{ "\"language\":\"ko\"", "\"language\":null" },
		{ "\"value\":\"홍\"", "\"value\":\"\\x\"" },
		{ "\"value\":\"홍\"", "\"value\":\"\xff\"" },
		{ "\"value\":\"홍\"", "\"value\":\"\n\"" },
		{ "\"value\":\"홍\"", "\"value\":\"\\u12g4\"" },
		{ "\"value\":\"홍\"}", "\"value\":\"홍\",\"x\":\"\"}" },
	};

	for (size_t i = 0; i < COUNT(changes); i++) {
		AUTO_DONE(bytes) text = { 0 };
		AUTO_DONE(bytes) other = { 0 };
		struct opendid o;
		const char *at;

		bytes_put(&text, draft_tbs(draft));
		at = strstr(bytes_text(&text), changes[i][0]);
		assert_non_null(at);
		bytes_put(&other, VIEW(text.at,
		    (size_t)(at - bytes_text(&text))));
		bytes_put_text(&other, changes[i][1]);
		bytes_put_text(&other, at + strlen(changes[i][0]));
		assert_int_equal(opendid_get(bytes_view(&other), &o),
		    ERR_SCHEMA);
	}
	for (size_t n = 0; n < draft_tbs(draft).len; n++) {
		struct opendid o;

		assert_int_equal(opendid_get(VIEW(draft_tbs(draft).at, n),
		    &o), ERR_SCHEMA);
	}
}

static void
escapes_of_json_are_read(void **)
{
	AUTO_DONE(bytes) text = { 0 };
	AUTO_DONE(bytes) other = { 0 };
	struct opendid o;
	const char *at;

	bytes_put(&text, draft_tbs(draft));
	at = strstr(bytes_text(&text), "홍");
	bytes_put(&other, VIEW(text.at, (size_t)(at - bytes_text(&text))));
	bytes_put_text(&other, "\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9");
	bytes_put_text(&other, at + 3);
	assert_int_equal(opendid_get(bytes_view(&other), &o), ERR_OK);
}

/* 64 claims have a signature each and one for the whole; 65 have no room. */
static void
there_is_room_for_64_claims(void **)
{
	struct opendid whole;

	MUST(opendid_get(draft_tbs(draft), &whole));
	for (size_t n = 63; n <= 65; n++) {
		AUTO_DONE(bytes) text = { 0 };
		struct opendid o;

		bytes_put(&text, whole.before);
		for (size_t i = 0; i < n; i++) {
			if (i != 0)
				bytes_put_u8(&text, ',');
			bytes_put(&text, whole.claims[0]);
		}
		bytes_put(&text, whole.after);
		assert_int_equal(opendid_get(bytes_view(&text), &o),
		    n <= 64 ? ERR_OK : ERR_SCHEMA);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_whole_is_that_of_opendid_txt),
		cmocka_unit_test(claims_are_texts_and_nothing_else_is_there),
		cmocka_unit_test(each_part_is_the_whole_with_one_claim),
		cmocka_unit_test(texts_are_kept_as_they_are),
		cmocka_unit_test(the_proofs_go_into_their_place),
		cmocka_unit_test(a_signature_of_another_key_makes_no_document),
		cmocka_unit_test(another_form_is_not_signed),
		cmocka_unit_test(escapes_of_json_are_read),
		cmocka_unit_test(there_is_room_for_64_claims),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
