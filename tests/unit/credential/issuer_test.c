/* A signer's certificate: what it gives, and what cannot be one. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <unistd.h>

#include "credential/issuer.h"
#include "tests/software.h"

#define URI "https://id.example.kr"
#define FROM INT64_C(1735225200)	/* 2024-12-26T15:00:00Z */
#define TO (FROM + 400 * DAY)

static EVP_PKEY *ca_key, *key;
static X509 *ca, *leaf;
static char path[] = "/tmp/okse-issuer-XXXXXX";

static int
setup(void **)
{
	MUST(crypto_init());
	ca_key = software_key();
	key = software_key();
	ca = software_certificate("CA", ca_key, NULL, ca_key, FROM,
	    FROM + 4000 * DAY);
	leaf = software_certificate("Signer", key, ca, ca_key, FROM, TO);
	close(mkstemp(path));
	return 0;
}

static int
teardown(void **)
{
	X509_free(ca);
	X509_free(leaf);
	EVP_PKEY_free(ca_key);
	EVP_PKEY_free(key);
	return unlink(path);
}

static struct issuer *
load(X509 *x)
{
	struct issuer *i = NULL;

	software_write(path, x);
	MUST(issuer_load(path, URI, &i));
	return i;
}

static void
a_signer_is_prepared_from_its_certificate(void **)
{
	AUTO(issuer) i = load(leaf);
	AUTO_DONE(bytes) der = { 0 };
	uint8_t point[P256_POINT_SIZE];
	struct hash h;

	MUST(certificate_der(leaf, &der));
	MUST(p256_point(key, point));
	h = sha256(bytes_view(&der));
	assert_true(view_equal(issuer_kid(i), VIEW(h.at, 8)));
	assert_true(view_equal(issuer_point(i), VIEW_OF(point)));
	assert_true(EVP_PKEY_eq(issuer_key(i), key) == 1);
	assert_string_equal(issuer_uri(i), URI);
	assert_int_equal(issuer_not_before(i), FROM);
	assert_int_equal(issuer_not_after(i), TO);
}

static void
the_header_is_one_of_dc_sd_jwt_with_the_leaf(void **)
{
	AUTO(issuer) i = load(leaf);
	AUTO_DONE(bytes) header = { 0 };
	AUTO_DONE(bytes) want = { 0 };
	AUTO_DONE(bytes) der = { 0 };

	MUST(certificate_der(leaf, &der));
	MUST(base64url_get(issuer_sd_jwt_header(i), &header));
	bytes_put_text(&want,
	    "{\"alg\":\"ES256\",\"typ\":\"dc+sd-jwt\",\"x5c\":[\"");
	base64_put(&want, bytes_view(&der));
	bytes_put_text(&want, "\"]}");
	assert_string_equal(bytes_text(&header), bytes_text(&want));
}

static void
the_jwk_has_what_verifiers_need(void **)
{
	AUTO(issuer) i = load(leaf);
	AUTO_DONE(bytes) have = { 0 };
	AUTO_DONE(bytes) want = { 0 };
	AUTO_DONE(bytes) der = { 0 };
	struct view point = issuer_point(i);
	struct json j = json_start(&have);

	issuer_jwk(i, &j);
	MUST(json_end(&j));
	MUST(certificate_der(leaf, &der));
	bytes_put_text(&want, "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"");
	base64url_put(&want, VIEW(point.at + 1, 32));
	bytes_put_text(&want, "\",\"y\":\"");
	base64url_put(&want, VIEW(point.at + 33, 32));
	bytes_put_text(&want, "\",\"kid\":\"");
	hex_put(&want, issuer_kid(i));
	bytes_put_text(&want, "\",\"use\":\"sig\",\"alg\":\"ES256\","
	    "\"x5c\":[\"");
	base64_put(&want, bytes_view(&der));
	bytes_put_text(&want, "\"]}");
	assert_string_equal(bytes_text(&have), bytes_text(&want));
}

static void
a_validity_is_covered_to_the_second(void **)
{
	AUTO(issuer) i = load(leaf);

	assert_int_equal(issuer_covers(i, FROM, TO), ERR_OK);
	assert_int_equal(issuer_covers(i, FROM - 1, TO), ERR_INTERNAL);
	assert_int_equal(issuer_covers(i, FROM, TO + 1), ERR_INTERNAL);
	assert_int_equal(issuer_covers(i, FROM, FROM), ERR_INTERNAL);
	assert_int_equal(issuer_covers(i, FROM, FROM + 1), ERR_OK);
}

static void
a_chain_leads_to_the_ca(void **)
{
	AUTO(issuer) i = load(leaf);

	assert_int_equal(issuer_verify_chain(i, ca), ERR_OK);
}

static void
another_ca_of_the_same_name_is_refused(void **)
{
	AUTO(issuer) i = load(leaf);
	AUTO(EVP_PKEY) other_key = software_key();
	AUTO(X509) other = software_certificate("CA", other_key, NULL,
	    other_key, FROM, TO);

	assert_int_equal(issuer_verify_chain(i, other), ERR_SIGNATURE);
}

static void
a_signer_that_is_its_own_root_is_refused(void **)
{
	AUTO(issuer) i = load(ca);

	assert_int_equal(issuer_verify_chain(i, ca), ERR_SIGNATURE);
}

static void
a_signer_is_no_ca(void **)
{
	AUTO(EVP_PKEY) other_key = software_key();
	AUTO(X509) below = software_certificate("Below", other_key, leaf, key,
	    FROM, TO);
	AUTO(issuer) i = load(below);

	assert_int_equal(issuer_verify_chain(i, leaf), ERR_SIGNATURE);
}

static void
a_signer_that_outlives_its_ca_is_refused(void **)
{
	AUTO(X509) at = software_certificate("Signer", key, ca, ca_key, FROM,
	    FROM + 4000 * DAY);
	AUTO(X509) after = software_certificate("Signer", key, ca, ca_key,
	    FROM, FROM + 4000 * DAY + 1);
	AUTO(X509) before = software_certificate("Signer", key, ca, ca_key,
	    FROM - 1, TO);
	AUTO(issuer) good = load(at);
	AUTO(issuer) late = load(after);
	AUTO(issuer) early = load(before);

	assert_int_equal(issuer_verify_chain(good, ca), ERR_OK);
	assert_int_equal(issuer_verify_chain(late, ca), ERR_SIGNATURE);
	assert_int_equal(issuer_verify_chain(early, ca), ERR_SIGNATURE);
}

static void
a_certificate_that_cannot_serve_is_refused(void **)
{
	AUTO(EVP_PKEY) ed = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	AUTO(EVP_PKEY) p384 = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");
	AUTO(X509) with_ed = software_certificate("Ed", ed, ca, ca_key, FROM,
	    TO);
	AUTO(X509) with_p384 = software_certificate("P-384", p384, ca,
	    ca_key, FROM, TO);
	AUTO(X509) backwards = software_certificate("Back", key, ca, ca_key,
	    TO, FROM);
	struct issuer *i = NULL;

	software_write(path, with_ed);
	assert_int_equal(issuer_load(path, URI, &i), ERR_UNSUPPORTED);
	software_write(path, with_p384);
	assert_int_equal(issuer_load(path, URI, &i), ERR_UNSUPPORTED);
	software_write(path, backwards);
	assert_int_equal(issuer_load(path, URI, &i), ERR_RANGE);
	MUST(file_publish(path, view_text("no certificate"), 0600));
	assert_int_equal(issuer_load(path, URI, &i), ERR_SYNTAX);
	assert_int_equal(issuer_load("/nowhere", URI, &i), ERR_NOT_FOUND);
	assert_null(i);
}

static void
an_issuer_is_an_https_uri_of_limited_length(void **)
{
	char uri[ISSUER_URI + 2] = "";
	struct issuer *i = NULL;

	software_write(path, leaf);
	memset(uri, 'a', ISSUER_URI + 1);
	memcpy(uri, "https://", 8);
	assert_int_equal(issuer_load(path, uri, &i), ERR_RANGE);
	uri[ISSUER_URI] = '\0';
	assert_int_equal(issuer_load(path, uri, &i), ERR_OK);
	issuer_free(i);
	uri[ISSUER_URI - 1] = '\0';
	assert_int_equal(issuer_load(path, uri, &i), ERR_OK);
	issuer_free(i);
	i = NULL;
	assert_int_equal(issuer_load(path, "http://id.kr", &i), ERR_RANGE);
	assert_int_equal(issuer_load(path, "https://a b", &i), ERR_SYNTAX);
	assert_int_equal(issuer_load(path, "https://한", &i), ERR_SYNTAX);
	assert_null(i);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_signer_is_prepared_from_its_certificate),
		cmocka_unit_test(the_header_is_one_of_dc_sd_jwt_with_the_leaf),
		cmocka_unit_test(the_jwk_has_what_verifiers_need),
		cmocka_unit_test(a_validity_is_covered_to_the_second),
		cmocka_unit_test(a_chain_leads_to_the_ca),
		cmocka_unit_test(another_ca_of_the_same_name_is_refused),
		cmocka_unit_test(a_signer_that_is_its_own_root_is_refused),
		cmocka_unit_test(a_signer_is_no_ca),
		cmocka_unit_test(a_signer_that_outlives_its_ca_is_refused),
		cmocka_unit_test(a_certificate_that_cannot_serve_is_refused),
		cmocka_unit_test(an_issuer_is_an_https_uri_of_limited_length),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
