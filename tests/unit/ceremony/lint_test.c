/*
 * The linter: each rule is broken by at least one certificate that breaks
 * nothing else before it, and the message names that rule.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "ceremony/lint.h"
#include "spoil.h"

static const struct mutation mutations[] = {
	{ NOTHING, ROOT, no_change, 0, NULL },
	{ NOTHING, SIGNER, no_change, 0, NULL },
	{ NOTHING, QR, no_change, 0, NULL },
	{ NOTHING, LINK, no_change, 0, NULL },
	{ "version", LINK, version, X509_VERSION_1, NULL },
	{ "serial", LINK, serial, 0, "0" },
	{ "algorithm", LINK, signed_by_rsa, 0, NULL },
	{ "issuer-name", LINK, issuer_in_another_encoding, 0, NULL },
	{ "name-attributes", LINK, attribute_twice, NID_commonName, "Two" },
	{ "country", LINK, attribute, NID_countryName, "kr" },
	{ "country-of-issuer", LINK, attribute, NID_countryName, "JP" },
	{ "rehearsal-mark", LINK, attribute, NID_commonName, "Root" },
	{ "self-issued", LINK, attribute, NID_commonName,
	    "Another (REHEARSAL)" },
	{ "self-issued", LINK, attribute, NID_organizationName, NULL },
	{ "time-form", LINK, ends_generalized, 0, "20271231235959Z" },
	{ "time-order", LINK, ends_at, 0, NULL },
	{ "root-validity", LINK, ends_at, 7305 * 86400, NULL },
	{ "within-issuer", LINK, begins_early, 0, NULL },
	{ "key", LINK, key_of_rsa, 0, NULL },
	{ "own-key", LINK, key_of_the_issuer, 0, NULL },
	{ "extensions-known", LINK, with, NID_ext_key_usage, "clientAuth" },
	{ "extensions-once", LINK, twice, NID_key_usage, NULL },
	{ "extensions-complete", LINK, without, NID_basic_constraints, NULL },
	{ "extensions-complete", LINK, without,
	    NID_authority_key_identifier, NULL },
	{ "extensions-critical", LINK, criticality, NID_basic_constraints,
	    NULL },
	{ "subject-key-id", LINK, raw, NID_subject_key_identifier,
	    "0414e3b0c44298fc1c149afbf4c8996fb92427ae41e4" },
	{ "authority-key-id", LINK, raw, NID_authority_key_identifier,
	    "3000" },
	{ "root-constraints", LINK, with, NID_basic_constraints,
	    "critical,CA:TRUE" },
	{ "root-usage", LINK, with, NID_key_usage,
	    "critical,keyCertSign" },
	{ "issuer-alt-name", LINK, with, NID_issuer_alt_name,
	    "DNS:okse.example" },
	{ "issuer-alt-name-copy", LINK, with, NID_issuer_alt_name,
	    "URI:https://okse.example/other" },
	{ "crl-points", LINK, with, NID_crl_distribution_points,
	    "DNS:okse.example" },
	{ "version", ROOT, version, X509_VERSION_1, NULL },
	{ "version", SIGNER, version, X509_VERSION_2, NULL },
	{ "version", QR, version, X509_VERSION_2, NULL },
	{ "serial", ROOT, serial, 0, "0" },
	{ "serial", SIGNER, serial, 0, "-4000000000000000" },
	{ "serial", SIGNER, serial, 0, "3fffffffffffffff" },
	{ NOTHING, SIGNER, serial, 0, "4000000000000000" },
	{ NOTHING, QR, serial, 0,
	    "7fffffffffffffffffffffffffffffffffffffff" },
	{ "serial", QR, serial, 0,
	    "8000000000000000000000000000000000000000" },
	{ "serial", QR, serial, 0,
	    "010000000000000000000000000000000000000000" },
	{ "algorithm", ROOT, signed_by_rsa, 0, NULL },
	{ "algorithm", SIGNER, signed_by_rsa, 0, NULL },
	{ "algorithm", QR, signed_by_rsa, 0, NULL },
	{ "issuer-name", SIGNER, issuer_in_another_encoding, 0, NULL },
	{ "issuer-name", ROOT, issuer_in_another_encoding, 0, NULL },
	{ "issuer-name", QR, issuer_in_another_encoding, 0, NULL },
	{ "name-attributes", ROOT, attribute, NID_commonName, NULL },
	{ "name-attributes", SIGNER, attribute, NID_countryName, NULL },
	{ "name-attributes", SIGNER, attribute, NID_organizationalUnitName,
	    "Unit" },
	{ "name-attributes", QR, attribute_twice, NID_commonName, "Two" },
	{ "name-attributes", QR, attribute_twice, NID_organizationName,
	    "Two" },
	{ NOTHING, QR, attribute, NID_organizationName, NULL },
	{ NOTHING, SIGNER, attribute, NID_stateOrProvinceName, "KR-11" },
	{ "country", ROOT, attribute, NID_countryName, "kr" },
	{ "country", SIGNER, country_as_utf8, 0, NULL },
	{ "country", QR, attribute, NID_countryName, "Kr" },
	{ "country-of-issuer", SIGNER, attribute, NID_countryName, "JP" },
	{ "country-of-issuer", QR, attribute, NID_countryName, "US" },
	{ "rehearsal-mark", ROOT, attribute, NID_commonName, "Root" },
	{ "rehearsal-mark", SIGNER, attribute, NID_commonName, "Signer" },
	{ "rehearsal-mark", QR, attribute, NID_commonName,
	    "(REHEARSAL) Signer" },
	{ "time-form", ROOT, ends_generalized, 0, "20491231235959Z" },
	{ "time-form", SIGNER, ends_generalized, 0, "20271231235959Z" },
	{ "time-form", QR, ends_generalized, 0, "20271231235959Z" },
	{ "time-order", ROOT, ends_at, 0, NULL },
	{ NOTHING, QR, ends_at, 1, NULL },
	{ "time-order", SIGNER, ends_at, -1, NULL },
	{ "time-order", QR, ends_at, 0, NULL },
	{ NOTHING, ROOT, ends_at, 7305 * 86400 - 1, NULL },
	{ "root-validity", ROOT, ends_at, 7305 * 86400, NULL },
	{ NOTHING, SIGNER, ends_at, 457 * 86400 - 1, NULL },
	{ "signer-validity", SIGNER, ends_at, 457 * 86400, NULL },
	{ "signer-validity", QR, ends_at, 457 * 86400, NULL },
	{ "within-issuer", SIGNER, begins_early, 0, NULL },
	{ "within-issuer", QR, begins_early, 0, NULL },
	{ "key", ROOT, key_of_rsa, 0, NULL },
	{ "key", SIGNER, key_on, 1, "P-224" },
	{ "key", SIGNER, key_on, 2, "P-256" },
	{ "key", QR, key_on, 3, "P-256" },
	{ "own-key", SIGNER, key_of_the_issuer, 0, NULL },
	{ "own-key", QR, key_of_the_issuer, 0, NULL },
	{ "extensions-known", ROOT, with, NID_netscape_comment, "x" },
	{ "extensions-known", ROOT, with, NID_name_constraints,
	    "permitted;DNS:okse.example" },
	{ "extensions-known", ROOT, with, NID_ext_key_usage, "clientAuth" },
	{ "extensions-known", SIGNER, with, NID_subject_alt_name,
	    "DNS:okse.example" },
	{ "extensions-known", SIGNER, with, NID_basic_constraints,
	    "CA:FALSE" },
	{ "extensions-known", SIGNER, with, NID_policy_constraints,
	    "requireExplicitPolicy:3" },
	{ "extensions-known", QR, with, NID_ext_key_usage,
	    "critical,1.0.18013.5.1.2" },
	{ "extensions-once", ROOT, twice, NID_key_usage, NULL },
	{ "extensions-once", SIGNER, twice, NID_subject_key_identifier,
	    NULL },
	{ "extensions-once", QR, twice, NID_crl_distribution_points, NULL },
	{ "extensions-complete", ROOT, without, NID_basic_constraints, NULL },
	{ "extensions-complete", ROOT, without, NID_key_usage, NULL },
	{ "extensions-complete", ROOT, without, NID_subject_key_identifier,
	    NULL },
	{ "extensions-complete", ROOT, without, NID_issuer_alt_name, NULL },
	{ "extensions-complete", ROOT, without, NID_crl_distribution_points,
	    NULL },
	{ "extensions-complete", SIGNER, without, NID_key_usage, NULL },
	{ "extensions-complete", SIGNER, without, NID_ext_key_usage, NULL },
	{ "extensions-complete", SIGNER, without,
	    NID_subject_key_identifier, NULL },
	{ "extensions-complete", SIGNER, without,
	    NID_authority_key_identifier, NULL },
	{ "extensions-complete", SIGNER, without, NID_issuer_alt_name,
	    NULL },
	{ "extensions-complete", SIGNER, without,
	    NID_crl_distribution_points, NULL },
	{ "extensions-complete", QR, without, NID_authority_key_identifier,
	    NULL },
	{ "extensions-critical", ROOT, criticality, NID_basic_constraints,
	    NULL },
	{ "extensions-critical", ROOT, criticality, NID_key_usage, NULL },
	{ "extensions-critical", ROOT, criticality,
	    NID_subject_key_identifier, NULL },
	{ "extensions-critical", ROOT, criticality, NID_issuer_alt_name,
	    NULL },
	{ "extensions-critical", SIGNER, criticality, NID_key_usage, NULL },
	{ "extensions-critical", SIGNER, criticality, NID_ext_key_usage,
	    NULL },
	{ "extensions-critical", SIGNER, criticality,
	    NID_authority_key_identifier, NULL },
	{ "extensions-critical", QR, criticality,
	    NID_crl_distribution_points, NULL },
	/* the first 20 bytes of a SHA-256, a 21st byte, another tag */
	{ "subject-key-id", ROOT, raw, NID_subject_key_identifier,
	    "0414e3b0c44298fc1c149afbf4c8996fb92427ae41e4" },
	{ "subject-key-id", SIGNER, raw, NID_subject_key_identifier,
	    "0415e3b0c44298fc1c149afbf4c8996fb92427ae41e400" },
	{ "subject-key-id", QR, raw, NID_subject_key_identifier, "0400" },
	{ "authority-key-id", SIGNER, raw, NID_authority_key_identifier,
	    "30168014e3b0c44298fc1c149afbf4c8996fb92427ae41e4" },
	{ "authority-key-id", SIGNER, raw, NID_authority_key_identifier,
	    "3000" },
	{ "authority-key-id", QR, with, NID_authority_key_identifier,
	    "keyid:always,issuer:always" },
	{ "authority-key-id", ROOT, with, NID_authority_key_identifier,
	    "issuer:always" },
	{ NOTHING, ROOT, with, NID_authority_key_identifier,
	    "keyid:always" },
	{ "root-constraints", ROOT, with, NID_basic_constraints,
	    "critical,CA:TRUE" },
	{ "root-constraints", ROOT, with, NID_basic_constraints,
	    "critical,CA:TRUE,pathlen:1" },
	{ "root-constraints", ROOT, with, NID_basic_constraints,
	    "critical,CA:FALSE" },
	{ "root-usage", ROOT, with, NID_key_usage, "critical,keyCertSign" },
	{ "root-usage", ROOT, with, NID_key_usage,
	    "critical,keyCertSign,cRLSign,digitalSignature" },
	{ "signer-usage", SIGNER, with, NID_key_usage,
	    "critical,digitalSignature,nonRepudiation" },
	{ "signer-usage", SIGNER, raw, NID_key_usage, "03020080" },
	{ "signer-usage", QR, with, NID_key_usage, "critical,keyCertSign" },
	{ "signer-purpose", SIGNER, with, NID_ext_key_usage,
	    "critical,clientAuth" },
	{ "signer-purpose", SIGNER, with, NID_ext_key_usage,
	    "critical,1.0.18013.5.1.2,1.0.18013.5.1.6" },
	{ "issuer-alt-name", ROOT, with, NID_issuer_alt_name,
	    "DNS:okse.example" },
	{ NOTHING, ROOT, with, NID_issuer_alt_name,
	    "email:ca@okse.example,URI:https://okse.example" },
	{ "issuer-alt-name", SIGNER, with, NID_issuer_alt_name,
	    "URI:https://okse.example/contact,IP:192.0.2.1" },
	{ "issuer-alt-name", QR, raw, NID_issuer_alt_name, "3000" },
	{ "issuer-alt-name-copy", SIGNER, with, NID_issuer_alt_name,
	    "URI:https://okse.example/other" },
	{ "issuer-alt-name-copy", QR, with, NID_issuer_alt_name,
	    "email:ca@okse.example" },
	{ "crl-points", ROOT, with, NID_crl_distribution_points,
	    "DNS:okse.example" },
	/* fullName URI "x" alone; with reasons; with cRLIssuer; no point */
	{ NOTHING, SIGNER, raw, NID_crl_distribution_points,
	    "30093007a005a003860178" },
	{ "crl-points", SIGNER, raw, NID_crl_distribution_points,
	    "300d300ba005a00386017881020640" },
	{ "crl-points", SIGNER, raw, NID_crl_distribution_points,
	    "300e300ca005a003860178a203860178" },
	{ "crl-points", QR, raw, NID_crl_distribution_points, "3000" },
};

/* Parses what the mutation made, since a verifier sees only bytes. */
static X509 *
spoiled(const struct mutation *m)
{
	AUTO(X509) x = X509_dup(right[m->profile]);
	AUTO_DONE(bytes) der = { 0 };
	const uint8_t *at;
	X509 *parsed;

	assert_non_null(x);
	m->spoil(x, m);
	if (m->spoil != signed_by_rsa)
		assert_true(X509_sign(x, root_key, EVP_sha256()) > 0);
	assert_int_equal(certificate_der(x, &der), ERR_OK);
	at = der.at;
	parsed = d2i_X509(NULL, &at, (long)der.len);
	assert_non_null(parsed);
	return parsed;
}

static void
try_mutation(size_t i, enum profile_kind k)
{
	const struct mutation *m = &mutations[i];
	AUTO(X509) x = spoiled(m);
	bool wanted = strcmp(m->rule, NOTHING) == 0;
	char rule[64];
	enum err e = lint_certificate(x, k == ROOT ? NULL : right[ROOT], k,
	    true);

	snprintf(rule, sizeof(rule), ": %s: ", m->rule);
	if (wanted != (e == ERR_OK) ||
	    (!wanted && strstr(err_why(), rule) == NULL))
		fail_msg("mutation %zu of %s: wanted %s, got %s", i,
		    profile_of(k)->name, m->rule,
		    e == ERR_OK ? NOTHING : err_why());
}

static void
each_rule_finds_what_breaks_it(void **state)
{
	(void)state;
	_Static_assert(COUNT(mutations) >= 64, "four are right as they are");
	for (size_t i = 0; i < COUNT(mutations); i++)
		for (enum profile_kind k = 0; k < PROFILE_COUNT; k++)
			if (mutations[i].profile == form_of(k))
				try_mutation(i, k);
}

/* unique-ids cannot be set with OpenSSL; their test is below */
static void
no_rule_is_without_a_certificate_that_breaks_it(void **state)
{
	(void)state;
	for (enum profile_kind k = 0; k < PROFILE_COUNT; k++) {
		size_t broken = 1;

		for (size_t i = 0; i < COUNT(mutations); i++) {
			size_t first = 0;

			if (mutations[i].profile != form_of(k) ||
			    strcmp(mutations[i].rule, NOTHING) == 0)
				continue;
			while (mutations[first].profile != form_of(k) ||
			    strcmp(mutations[first].rule,
			    mutations[i].rule) != 0)
				first++;
			broken += first == i;
		}
		assert_int_equal(broken, lint_rules(k));
	}
}

/* Puts [1] BIT STRING before the extensions, and corrects the lengths. */
static void
unique_identifiers_are_found(void **state)
{
	static const uint8_t id[] = { 0x81, 2, 0, 0xff };
	AUTO_DONE(bytes) der = { 0 };
	AUTO_DONE(bytes) with_id = { 0 };
	AUTO(X509) x = NULL;
	const uint8_t *at;
	size_t place = 0;

	(void)state;
	assert_int_equal(certificate_der(right[QR], &der), ERR_OK);
	/* 30 82 …: certificate; 30 82 …: TBS; a3 81|82 …: extensions */
	assert_true(der.at[1] == 0x82 && der.at[5] == 0x82);
	for (size_t i = 8; place == 0 && i + 1 < der.len; i++)
		if (der.at[i] == 0xa3 && der.at[i + 1] >= 0x81 &&
		    der.at[i + 1] <= 0x82)
			place = i;
	bytes_put(&with_id, VIEW(der.at, place));
	bytes_put(&with_id, VIEW_OF(id));
	bytes_put(&with_id, VIEW(der.at + place, der.len - place));
	for (size_t length = 2; length <= 6; length += 4) {
		size_t n = (size_t)with_id.at[length] << 8 |
		    with_id.at[length + 1];

		with_id.at[length] = (uint8_t)((n + 4) >> 8);
		with_id.at[length + 1] = (uint8_t)(n + 4);
	}
	at = with_id.at;
	x = d2i_X509(NULL, &at, (long)with_id.len);
	assert_non_null(x);
	assert_int_equal(lint_certificate(x, right[ROOT], QR, true),
	    ERR_MISMATCH);
	assert_non_null(strstr(err_why(), "unique-ids"));
}

static void
a_rehearsal_never_passes_for_production(void **state)
{
	(void)state;
	for (enum profile_kind k = 0; k < PROFILE_COUNT; k++) {
		assert_int_equal(lint_certificate(right[k], right[ROOT], k,
		    false), ERR_MISMATCH);
		assert_non_null(strstr(err_why(), "rehearsal-mark"));
	}
}

static void
a_profile_never_passes_for_another(void **state)
{
	(void)state;
	for (enum profile_kind a = 0; a < PROFILE_COUNT; a++)
		for (enum profile_kind b = 0; b < PROFILE_COUNT; b++)
			assert_int_equal(lint_certificate(right[a],
			    b == ROOT ? NULL : right[ROOT], b, true),
			    form_of(a) == form_of(b) ? ERR_OK : ERR_MISMATCH);
}

static int
prepare(void **state)
{
	(void)state;
	if (crypto_init() != ERR_OK)
		return -1;
	root_key = EVP_EC_gen("P-256");
	leaf_key = EVP_EC_gen("P-256");
	for (enum profile_kind k = 0; k < PROFILE_COUNT; k++) {
		struct software by = { .key = root_key };
		struct certificate_signer signer = { software_sign, &by };
		struct certificate_plan plan = right_plan(k);

		if (certificate_issue(&plan, k == ROOT ? root_key : leaf_key,
		    right[ROOT], &signer, &right[k]) != ERR_OK)
			return -1;
	}
	return 0;
}

static int
clean_up(void **state)
{
	(void)state;
	EVP_PKEY_free(root_key);
	EVP_PKEY_free(leaf_key);
	for (enum profile_kind k = 0; k < PROFILE_COUNT; k++)
		X509_free(right[k]);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_rule_finds_what_breaks_it),
		cmocka_unit_test(
		    no_rule_is_without_a_certificate_that_breaks_it),
		cmocka_unit_test(unique_identifiers_are_found),
		cmocka_unit_test(a_rehearsal_never_passes_for_production),
		cmocka_unit_test(a_profile_never_passes_for_another),
	};

	return cmocka_run_group_tests(tests, prepare, clean_up);
}
