/*
 * The issuer's metadata: what it says of a programme, its draft, and the
 * unsigned form. tests/e2e/keys.mjs reads it as a wallet does.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "credential/metadata.h"
#include "tests/granted.h"

static struct signers signers;
static struct policy *policy;

static int
setup(void **)
{
	signers_init(&signers, NOW);
	return policy_load("configs/policy", &policy) == ERR_OK ? 0 : -1;
}

static int
teardown(void **)
{
	policy_free(policy);
	signers_done(&signers);
	return 0;
}

static struct metadata
good(void)
{
	return (struct metadata){ .policy = policy, .issuer = URI,
	    .endpoint = URI "/credential", .issued_at = NOW,
	    .expires_at = NOW + DAY };
}

/* The payload of its draft, as text. */
static void
make(const struct metadata *m, struct bytes *out)
{
	AUTO(draft) d = NULL;
	struct view tbs;
	const uint8_t *dot;

	MUST(metadata_draft(m, signers.document, &d));
	assert_int_equal(draft_kind(d), DRAFT_METADATA);
	assert_int_equal(draft_use(d), KEY_USE_METADATA);
	tbs = draft_tbs(d);
	dot = memchr(tbs.at, '.', tbs.len);
	MUST(base64url_get(VIEW(dot + 1,
	    tbs.len - (size_t)(dot + 1 - tbs.at)), out));
	(void)bytes_text(out);
}

#define SAYS(text) assert_non_null(strstr(bytes_text(&b), (text)))
#define SAYS_NOT(text) assert_null(strstr(bytes_text(&b), (text)))

static void
it_says_what_a_wallet_must_know(void **)
{
	struct metadata m = good();
	AUTO_DONE(bytes) b = { 0 };

	make(&m, &b);
	SAYS("{\"sub\":\"" URI "\",\"iat\":");
	SAYS("\"credential_endpoint\":\"" URI "/credential\"");
	SAYS("\"batch_size\":64");
	SAYS("\"resident-id:dc+sd-jwt\":{\"format\":\"dc+sd-jwt\",\"vct\":");
	SAYS("\"doctype\":\"org.iso.18013.5.1.mDL\"");
	SAYS("\"type\":[\"VerifiableCredential\","
	    "\"DriverLicenceCredential\"]");
	SAYS("{\"path\":[\"org.iso.18013.5.1\",\"family_name\"],"
	    "\"mandatory\":true");
	SAYS_NOT("attestation");
}

static void
attestations_are_offered_where_they_are_believed(void **)
{
	struct metadata m = good();
	AUTO_DONE(bytes) b = { 0 };

	m.attested = true;
	make(&m, &b);
	SAYS("\"attestation\":{\"proof_signing_alg_values_supported\"");
	SAYS_NOT("key_attestations_required");
}

static void
it_is_made_within_the_signers_certificate(void **)
{
	struct metadata m = good();
	struct draft *d = NULL;

	m.expires_at = NOW + 401 * DAY;
	assert_int_equal(metadata_draft(&m, signers.document, &d),
	    ERR_INTERNAL);
	assert_null(d);
}

static void
unsigned_it_is_the_same_with_the_signed_one_in_it(void **)
{
	struct metadata m = good();
	uint8_t signature[P256_SIGNATURE_SIZE];
	AUTO_DONE(bytes) jwt = { 0 }, plain = { 0 }, b = { 0 };
	AUTO(draft) d = NULL;

	MUST(metadata_draft(&m, signers.document, &d));
	software_sign(signers.document_key, draft_tbs(d), signature);
	MUST(draft_document(d, signature, &jwt));
	MUST(metadata_plain(bytes_view(&jwt), &b));
	assert_true(view_starts(bytes_view(&b),
	    "{\"credential_issuer\":\"" URI "\""));
	SAYS(",\"signed_metadata\":\"eyJ");
	SAYS_NOT("\"iat\"");
	assert_int_equal(b.at[b.len - 1], '}');
	assert_int_equal(metadata_plain(view_text("e30.e30.AA"), &plain),
	    ERR_SYNTAX);
	assert_int_equal(metadata_plain(view_text("."), &plain), ERR_SYNTAX);
	assert_int_equal(metadata_plain(view_text(""), &plain), ERR_SYNTAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_says_what_a_wallet_must_know),
		cmocka_unit_test(
		    attestations_are_offered_where_they_are_believed),
		cmocka_unit_test(it_is_made_within_the_signers_certificate),
		cmocka_unit_test(
		    unsigned_it_is_the_same_with_the_signed_one_in_it),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
