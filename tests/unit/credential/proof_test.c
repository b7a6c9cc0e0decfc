/* A device's proof: the good one, every rule it can break, its limits. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "credential/proof.h"
#include "tests/software.h"

#define AUD_AND_NONCE "{\"aud\":\"https://id.example.kr\",\"nonce\":\"n-1\","
#define GOOD_PAYLOAD AUD_AND_NONCE "\"iat\":1735225200}"

static EVP_PKEY *key;
static uint8_t point[P256_POINT_SIZE];
static char x[64], y[64];		/* coordinates in base64url */

static int
setup(void **)
{
	AUTO_DONE(bytes) b = { 0 };

	MUST(crypto_init());
	key = software_key();
	MUST(p256_point(key, point));
	base64url_put(&b, VIEW(point + 1, 32));
	snprintf(x, sizeof(x), "%s", bytes_text(&b));
	bytes_reset(&b);
	base64url_put(&b, VIEW(point + 33, 32));
	snprintf(y, sizeof(y), "%s", bytes_text(&b));
	return 0;
}

static int
teardown(void **)
{
	EVP_PKEY_free(key);
	return 0;
}

/* A good header with more at the front, in the key, and at the end. */
static char *
header(struct bytes *b, const char *before, const char *jwk,
    const char *after)
{
	bytes_reset(b);
	bytes_printf(b, "{\"typ\":\"openid4vci-proof+jwt\",\"alg\":\"ES256\","
	    "%s\"jwk\":{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\","
	    "\"y\":\"%s\"%s}%s}", before, x, y, jwk, after);
	bytes_put_u8(b, 0);
	return (char *)b->at;
}

static void
sign(struct bytes *jwt, const char *head, const char *payload)
{
	uint8_t signature[P256_SIGNATURE_SIZE];

	bytes_reset(jwt);
	base64url_put(jwt, view_text(head));
	bytes_put_u8(jwt, '.');
	base64url_put(jwt, view_text(payload));
	software_sign(key, bytes_view(jwt), signature);
	bytes_put_u8(jwt, '.');
	base64url_put(jwt, VIEW_OF(signature));
}

static enum err
check(const struct bytes *jwt)
{
	AUTO_DONE(bytes) storage = { 0 };
	struct device_proof p = { .issued_at = -7 };
	uint8_t *copy = mem_new(jwt->len + 1, 1);
	enum err e;

	/* a block of its own size shows the sanitizers a byte too far */
	memcpy(copy, jwt->at, jwt->len);
	e = proof_check(VIEW(copy, jwt->len), &storage, &p);
	mem_free(copy);
	if (e != ERR_OK)
		assert_int_equal(p.issued_at, -7);
	return e;
}

static void
expect(enum err e, const char *head, const char *payload, const char *why)
{
	AUTO_DONE(bytes) jwt = { 0 };

	sign(&jwt, head, payload);
	if (check(&jwt) != e)
		fail_msg("%s . %s: %s", head, payload, err_why());
	if (e != ERR_OK && strstr(err_why(), why) == NULL)
		fail_msg("wanted \"%s\", got: %s", why, err_why());
}

static void
a_good_proof_gives_key_nonce_audience_and_time(void **)
{
	AUTO_DONE(bytes) h = { 0 };
	AUTO_DONE(bytes) jwt = { 0 };
	AUTO_DONE(bytes) storage = { 0 };
	struct device_proof p;

	bytes_put_text(&storage, "of an earlier proof");
	sign(&jwt, header(&h, "", "", ""), GOOD_PAYLOAD);
	assert_int_equal(proof_check(bytes_view(&jwt), &storage, &p), ERR_OK);
	assert_memory_equal(p.point, point, sizeof(point));
	assert_true(view_is(p.nonce, "n-1"));
	assert_true(view_is(p.audience, "https://id.example.kr"));
	assert_int_equal(p.issued_at, 1735225200);
}

static void
what_the_standards_leave_open_is_accepted(void **)
{
	AUTO_DONE(bytes) h = { 0 };

	expect(ERR_OK, header(&h, "", ",\"kid\":\"k\",\"use\":\"sig\"", ""),
	    GOOD_PAYLOAD, "");
	expect(ERR_OK, header(&h, "", "", ""), " {\"iss\":\"wallet\", "
	    "\"aud\":\"a\", \"nonce\":\"\\uD64D\",\"iat\":0} ", "");
}

static void
the_headers_type_and_algorithm_are_fixed(void **)
{
	AUTO_DONE(bytes) h = { 0 };
	char *text = header(&h, "", "", "");

	memcpy(strstr(text, "ES256"), "ES384", 5);
	expect(ERR_SCHEMA, text, GOOD_PAYLOAD, "alg must be ES256");
	memcpy(strstr(text, "\"ES384"), "\"none\" ", 7);
	expect(ERR_SCHEMA, text, GOOD_PAYLOAD, "alg must be ES256");
	text = header(&h, "", "", "");
	memcpy(strstr(text, "openid"), "OPENID", 6);
	expect(ERR_SCHEMA, text, GOOD_PAYLOAD, "typ must be");
	expect(ERR_SCHEMA, "{\"alg\":\"ES256\"}", GOOD_PAYLOAD, "typ must be");
	expect(ERR_SCHEMA, "{}", GOOD_PAYLOAD, "typ must be");
}

static void
another_way_to_name_the_key_is_refused(void **)
{
	AUTO_DONE(bytes) h = { 0 };

	expect(ERR_UNSUPPORTED, header(&h, "\"kid\":\"k\",", "", ""),
	    GOOD_PAYLOAD, "kid is not taken there");
	expect(ERR_UNSUPPORTED, header(&h, "\"x5c\":[],", "", ""),
	    GOOD_PAYLOAD, "x5c is not taken there");
	expect(ERR_UNSUPPORTED, header(&h, "\"key_attestation\":\"\",", "",
	    ""), GOOD_PAYLOAD, "key_attestation is not taken there");
	expect(ERR_SCHEMA, "{\"typ\":\"openid4vci-proof+jwt\","
	    "\"alg\":\"ES256\"}", GOOD_PAYLOAD, "key is missing");
	expect(ERR_SCHEMA, "{\"typ\":\"openid4vci-proof+jwt\","
	    "\"alg\":\"ES256\",\"jwk\":\"P-256\"}", GOOD_PAYLOAD,
	    "key is missing or no object");
}

/* RFC 7515 4, RFC 7519 4: what means nothing to us says nothing. */
static void
members_that_mean_nothing_here_are_ignored(void **)
{
	AUTO_DONE(bytes) h = { 0 };

	expect(ERR_OK, header(&h, "\"cty\":\"x\",", ",\"key_ops\":[\"verify\"]",
	    ",\"x\":1"), "{\"aud\":\"a\",\"nonce\":\"n\",\"iat\":1,"
	    "\"jti\":\"j\",\"sub\":\"s\",\"wallet\":{\"v\":[1.5]}}", "");
	expect(ERR_SCHEMA, header(&h, "\"crit\":[\"exp\"],", "", ""),
	    GOOD_PAYLOAD, "crit");
	expect(ERR_SCHEMA, header(&h, "", ",\"use\":\"enc\"", ""),
	    GOOD_PAYLOAD, "use must be sig");
	expect(ERR_SCHEMA, header(&h, "", ",\"alg\":\"ES384\"", ""),
	    GOOD_PAYLOAD, "alg must be ES256");
}

static void
its_own_times_are_handed_on(void **)
{
	AUTO_DONE(bytes) h = { 0 };
	AUTO_DONE(bytes) jwt = { 0 };
	AUTO_DONE(bytes) storage = { 0 };
	struct device_proof p;

	sign(&jwt, header(&h, "", "", ""), AUD_AND_NONCE
	    "\"iat\":5,\"nbf\":6,\"exp\":7}");
	MUST(proof_check(bytes_view(&jwt), &storage, &p));
	assert_int_equal(p.not_before, 6);
	assert_int_equal(p.expires_at, 7);
	sign(&jwt, header(&h, "", "", ""), GOOD_PAYLOAD);
	MUST(proof_check(bytes_view(&jwt), &storage, &p));
	assert_true(p.not_before == INT64_MIN && p.expires_at == INT64_MAX);
	expect(ERR_SCHEMA, header(&h, "", "", ""), AUD_AND_NONCE
	    "\"iat\":5,\"exp\":\"7\"}", "exp must be");
	expect(ERR_SCHEMA, header(&h, "", "", ""), AUD_AND_NONCE
	    "\"iat\":5,\"nbf\":-1}", "nbf must be");
}

static void
members_twice_are_refused(void **)
{
	AUTO_DONE(bytes) h = { 0 };

	expect(ERR_SYNTAX, header(&h, "\"alg\":\"ES256\",", "", ""),
	    GOOD_PAYLOAD, "a member comes twice");
	expect(ERR_SYNTAX, header(&h, "", ",\"kty\":\"EC\"", ""),
	    GOOD_PAYLOAD, "a member comes twice");
	expect(ERR_SYNTAX, header(&h, "", "", ""), "{\"aud\":\"a\","
	    "\"nonce\":\"n\",\"nonce\":\"m\",\"iat\":1}",
	    "a member comes twice");
}

static void
a_private_key_is_refused(void **)
{
	AUTO_DONE(bytes) h = { 0 };

	expect(ERR_SCHEMA, header(&h, "", ",\"d\":\"AAAA\"", ""),
	    GOOD_PAYLOAD, "private key");
	expect(ERR_SCHEMA, header(&h, "", ",\"d\":null", ""), GOOD_PAYLOAD,
	    "private key");
	expect(ERR_SCHEMA, header(&h, "", ",\"k\":\"AAAA\"", ""),
	    GOOD_PAYLOAD, "private key");
}

static void
a_key_that_is_not_p256_is_refused(void **)
{
	AUTO_DONE(bytes) h = { 0 };
	char *text = header(&h, "", "", ""), *at;

	memcpy(strstr(text, "P-256"), "P-384", 5);
	expect(ERR_SCHEMA, text, GOOD_PAYLOAD, "crv must be P-256");
	memcpy(strstr(text, "\"EC\""), "\"RS\"", 4);
	expect(ERR_SCHEMA, text, GOOD_PAYLOAD, "kty must be EC");
	text = header(&h, "", "", "");
	at = strstr(text, "\"x\":\"") + 5;
	memmove(at, at + 4, strlen(at + 4) + 1);
	expect(ERR_SCHEMA, text, GOOD_PAYLOAD, "x must be the base64url of 32");
	text = header(&h, "", "", "");
	strstr(text, "\"y\":\"")[5] = '+';
	expect(ERR_SCHEMA, text, GOOD_PAYLOAD, "y must be the base64url of 32");
}

static void
a_point_off_the_curve_is_refused(void **)
{
	AUTO_DONE(bytes) h = { 0 };
	char *text = header(&h, "", "", "");
	char *at = strstr(text, "\"y\":\"") + 5;

	*at = *at == 'A' ? 'B' : 'A';
	expect(ERR_SYNTAX, text, GOOD_PAYLOAD, "not on the curve");
}

static void
the_payload_is_complete_and_typed(void **)
{
	AUTO_DONE(bytes) b = { 0 };
	const char *h = header(&b, "", "", "");

	expect(ERR_SCHEMA, h, "{\"nonce\":\"n\",\"iat\":1}", "aud and nonce");
	expect(ERR_SCHEMA, h, "{\"aud\":\"a\",\"iat\":1}", "aud and nonce");
	expect(ERR_SCHEMA, h, "{\"aud\":\"a\",\"nonce\":\"\",\"iat\":1}",
	    "aud and nonce");
	expect(ERR_SCHEMA, h, "{\"aud\":[\"a\"],\"nonce\":\"n\",\"iat\":1}",
	    "aud and nonce");
	expect(ERR_SCHEMA, h, "{\"aud\":\"a\",\"nonce\":\"n\"}", "iat is");
	expect(ERR_SCHEMA, h, "{\"aud\":\"a\",\"nonce\":\"n\",\"iat\":1.0}",
	    "iat must be");
	expect(ERR_SCHEMA, h, "{\"aud\":\"a\",\"nonce\":\"n\",\"iat\":\"1\"}",
	    "iat must be");
	expect(ERR_SCHEMA, h, "{\"aud\":\"a\",\"nonce\":\"n\",\"iat\":-1}",
	    "iat must be");
	expect(ERR_OK, h, "{\"aud\":\"a\",\"nonce\":\"n\","
	    "\"iat\":253402300799}", "");
	expect(ERR_SCHEMA, h, "{\"aud\":\"a\",\"nonce\":\"n\","
	    "\"iat\":253402300800}", "iat must be");
	expect(ERR_SCHEMA, h, "{\"aud\":\"a\",\"nonce\":\"n\",\"iat\":1,"
	    "\"iss\":7}", "iss must be a text");
}

static void
what_is_no_json_object_is_refused(void **)
{
	AUTO_DONE(bytes) b = { 0 };
	const char *h = header(&b, "", "", "");

	expect(ERR_SYNTAX, "", GOOD_PAYLOAD, "not JSON");
	expect(ERR_SYNTAX, "{", GOOD_PAYLOAD, "not JSON");
	expect(ERR_SCHEMA, "[]", GOOD_PAYLOAD, "not an object");
	expect(ERR_SCHEMA, h, "[]", "not an object");
	expect(ERR_SYNTAX, h, GOOD_PAYLOAD "}", "not JSON");
	expect(ERR_SYNTAX, h, "{\"aud\":\"a\\u0000\",\"nonce\":\"n\","
	    "\"iat\":1}", "not JSON");
	expect(ERR_SYNTAX, h, "{\"aud\":\"\xff\",\"nonce\":\"n\",\"iat\":1}",
	    "not JSON");
	expect(ERR_SYNTAX, h, "{\"aud\":\"a\",\"nonce\":\"n\","
	    "\"iat\":99999999999999999999}", "not JSON");
}

static void
what_is_no_compact_jws_is_refused(void **)
{
	static const struct {
		const char	*text;
		enum err	 e;
	} cases[] = {
		{ "", ERR_SYNTAX }, { ".", ERR_SYNTAX }, { "..", ERR_SYNTAX },
		{ "e30.e30", ERR_SYNTAX }, { "e30=.e30.e30", ERR_SYNTAX },
		{ "e30.e30.e30", ERR_SCHEMA }, { "e31.e30.", ERR_SYNTAX },
	};
	AUTO_DONE(bytes) b = { 0 };
	AUTO_DONE(bytes) jwt = { 0 };

	for (size_t i = 0; i < COUNT(cases); i++) {
		bytes_reset(&jwt);
		bytes_put_text(&jwt, cases[i].text);
		bytes_put_u8(&jwt, 0);
		jwt.len--;
		assert_int_equal(check(&jwt), cases[i].e);
	}
	sign(&jwt, header(&b, "", "", ""), GOOD_PAYLOAD);
	bytes_put_text(&jwt, ".");
	assert_int_equal(check(&jwt), ERR_SYNTAX);
}

static void
a_proof_has_at_most_4096_bytes(void **)
{
	AUTO_DONE(bytes) h = { 0 };
	AUTO_DONE(bytes) payload = { 0 };
	AUTO_DONE(bytes) jwt = { 0 };
	size_t base;

	sign(&jwt, header(&h, "", "", ""), "");
	base = PROOF_MAX - jwt.len;	/* for the payload's base64url */
	for (size_t n = base / 4 * 3 - 3; n <= base / 4 * 3 + 6; n++) {
		bytes_reset(&payload);
		bytes_put_text(&payload, GOOD_PAYLOAD);
		while (payload.len < n)
			bytes_put_u8(&payload, ' ');
		sign(&jwt, (char *)h.at, bytes_text(&payload));
		assert_int_equal(check(&jwt),
		    jwt.len <= PROOF_MAX ? ERR_OK : ERR_TOO_LARGE);
	}
	assert_true(jwt.len > PROOF_MAX);
}

/* One text for each byte: no flipped bit is ignored. */
static void
no_flipped_bit_passes(void **)
{
	AUTO_DONE(bytes) h = { 0 };
	AUTO_DONE(bytes) jwt = { 0 };
	size_t bits;

	sign(&jwt, header(&h, "", "", ""), GOOD_PAYLOAD);
	assert_int_equal(check(&jwt), ERR_OK);
	bits = jwt.len * 8;
	for (size_t i = 0; i < bits; i++) {
		jwt.at[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_int_not_equal(check(&jwt), ERR_OK);
		jwt.at[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	for (size_t n = jwt.len; n-- > 0;) {
		jwt.len = n;
		assert_int_not_equal(check(&jwt), ERR_OK);
	}
}

static void
a_signature_of_another_key_or_length_is_refused(void **)
{
	AUTO(EVP_PKEY) other = software_key();
	EVP_PKEY *mine = key;
	AUTO_DONE(bytes) h = { 0 };
	AUTO_DONE(bytes) jwt = { 0 };

	key = other;
	sign(&jwt, header(&h, "", "", ""), GOOD_PAYLOAD);
	key = mine;
	assert_int_equal(check(&jwt), ERR_SIGNATURE);
	sign(&jwt, header(&h, "", "", ""), GOOD_PAYLOAD);
	bytes_put_text(&jwt, "AA");
	assert_int_equal(check(&jwt), ERR_SIGNATURE);
}

/* Computed with the npm package jose 6.2.17, calculateJwkThumbprint(). */
static void
the_thumbprint_is_that_of_rfc_7638(void **)
{
	AUTO_DONE(bytes) p = { 0 };
	AUTO_DONE(bytes) want = { 0 };
	struct hash h;

	bytes_put_u8(&p, 4);
	MUST(base64url_get(view_text(
	    "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"), &p));
	MUST(base64url_get(view_text(
	    "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"), &p));
	MUST(base64url_get(view_text(
	    "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U"), &want));
	h = jwk_thumbprint(p.at);
	assert_true(view_equal(VIEW_OF(h.at), bytes_view(&want)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_good_proof_gives_key_nonce_audience_and_time),
		cmocka_unit_test(what_the_standards_leave_open_is_accepted),
		cmocka_unit_test(the_headers_type_and_algorithm_are_fixed),
		cmocka_unit_test(another_way_to_name_the_key_is_refused),
		cmocka_unit_test(members_that_mean_nothing_here_are_ignored),
		cmocka_unit_test(its_own_times_are_handed_on),
		cmocka_unit_test(members_twice_are_refused),
		cmocka_unit_test(a_private_key_is_refused),
		cmocka_unit_test(a_key_that_is_not_p256_is_refused),
		cmocka_unit_test(a_point_off_the_curve_is_refused),
		cmocka_unit_test(the_payload_is_complete_and_typed),
		cmocka_unit_test(what_is_no_json_object_is_refused),
		cmocka_unit_test(what_is_no_compact_jws_is_refused),
		cmocka_unit_test(a_proof_has_at_most_4096_bytes),
		cmocka_unit_test(no_flipped_bit_passes),
		cmocka_unit_test(
		    a_signature_of_another_key_or_length_is_refused),
		cmocka_unit_test(the_thumbprint_is_that_of_rfc_7638),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
