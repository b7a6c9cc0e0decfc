/* Verification by table says what OpenSSL's own says, of good and of bad. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <string.h>

#include "base/p256_table.h"
#include "tests/software.h"

static const char order[] =
    "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551";

static int
setup(void **state)
{
	(void)state;
	return crypto_init() == ERR_OK ? 0 : -1;
}

/* The pair of a private key that is given. */
static EVP_PKEY *
key_of(const BIGNUM *private)
{
	EC_GROUP *g = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	EC_POINT *q = EC_POINT_new(g);
	OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	uint8_t point[P256_POINT_SIZE];
	EVP_PKEY *key = NULL;
	OSSL_PARAM *params;

	must_be(EC_POINT_mul(g, q, private, NULL, NULL, NULL) == 1 &&
	    EC_POINT_point2oct(g, q, POINT_CONVERSION_UNCOMPRESSED, point,
	    sizeof(point), NULL) == sizeof(point), "a point");
	must_be(OSSL_PARAM_BLD_push_utf8_string(b, OSSL_PKEY_PARAM_GROUP_NAME,
	    "prime256v1", 0) && OSSL_PARAM_BLD_push_BN(b,
	    OSSL_PKEY_PARAM_PRIV_KEY, private) &&
	    OSSL_PARAM_BLD_push_octet_string(b, OSSL_PKEY_PARAM_PUB_KEY,
	    point, sizeof(point)), "parameters");
	params = OSSL_PARAM_BLD_to_param(b);
	must_be(EVP_PKEY_fromdata_init(c) == 1 && EVP_PKEY_fromdata(c, &key,
	    EVP_PKEY_KEYPAIR, params) == 1, "a key");
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(b);
	EVP_PKEY_CTX_free(c);
	EC_POINT_free(q);
	EC_GROUP_free(g);
	return key;
}

static void
sign_digest(EVP_PKEY *key, const struct hash *digest,
    uint8_t out[P256_SIGNATURE_SIZE])
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(key, NULL);
	uint8_t der[80];
	size_t len = sizeof(der);

	must_be(EVP_PKEY_sign_init(c) == 1 && EVP_PKEY_sign(c, der, &len,
	    digest->at, sizeof(digest->at)) == 1, "signing");
	MUST(p256_from_der(VIEW(der, len), out));
	EVP_PKEY_CTX_free(c);
}

/* Both ways, which agree. */
static bool
verifies(EVP_PKEY *key, struct p256_table *t, const struct hash *digest,
    const uint8_t raw[P256_SIGNATURE_SIZE])
{
	bool theirs = p256_verify(key, digest,
	    VIEW(raw, P256_SIGNATURE_SIZE)) == ERR_OK;

	assert_int_equal(p256_table_verify(t, digest, raw), theirs);
	return theirs;
}

static void
a_good_signature_verifies_and_no_bit_may_differ(void **)
{
	EVP_PKEY *key = software_key();
	AUTO(p256_table) t = NULL;
	struct hash digest = sha256(view_text("message"));
	uint8_t raw[P256_SIGNATURE_SIZE];

	MUST(p256_table_new(key, &t));
	sign_digest(key, &digest, raw);
	assert_true(verifies(key, t, &digest, raw));
	for (size_t bit = 0; bit < 8 * sizeof(raw); bit++) {
		raw[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(verifies(key, t, &digest, raw));
		raw[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t bit = 0; bit < 8 * sizeof(digest.at); bit++) {
		digest.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(verifies(key, t, &digest, raw));
		digest.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_true(verifies(key, t, &digest, raw));
	EVP_PKEY_free(key);
}

static void
the_signature_of_another_key_does_not_verify(void **)
{
	EVP_PKEY *key = software_key(), *other = software_key();
	AUTO(p256_table) t = NULL;
	struct hash digest = sha256(view_text("message"));
	uint8_t raw[P256_SIGNATURE_SIZE];

	MUST(p256_table_new(key, &t));
	sign_digest(other, &digest, raw);
	assert_false(verifies(key, t, &digest, raw));
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
}

/* r and s at both ends of what they may be, and beyond. */
static void
r_and_s_have_a_range(void **)
{
	EVP_PKEY *key = software_key();
	AUTO(p256_table) t = NULL;
	struct hash digest = sha256(view_text("message"));
	BIGNUM *n = NULL;

	MUST(p256_table_new(key, &t));
	must_be(BN_hex2bn(&n, order) != 0, "the order");
	for (int half = 0; half < 2; half++)
		for (int off = -1; off <= 1; off++) {
			uint8_t raw[P256_SIGNATURE_SIZE];
			BIGNUM *v = BN_dup(n);

			sign_digest(key, &digest, raw);
			must_be(off < 0 ? BN_sub_word(v, 1) :
			    BN_add_word(v, (BN_ULONG)off), "arithmetic");
			must_be(BN_bn2binpad(v, raw + 32 * half, 32) == 32,
			    "a number");
			assert_false(verifies(key, t, &digest, raw));
			memset(raw + 32 * half, 0, 32);
			assert_false(verifies(key, t, &digest, raw));
			memset(raw + 32 * half, 0xff, 32);
			assert_false(verifies(key, t, &digest, raw));
			BN_free(v);
		}
	BN_free(n);
	EVP_PKEY_free(key);
}

/* n - s verifies as s does: that there is one form is p256_low_s()'s rule. */
static void
both_signs_of_s_verify(void **)
{
	EVP_PKEY *key = software_key();
	AUTO(p256_table) t = NULL;
	struct hash digest = sha256(view_text("message"));
	uint8_t raw[P256_SIGNATURE_SIZE];
	BIGNUM *n = NULL, *s;

	MUST(p256_table_new(key, &t));
	sign_digest(key, &digest, raw);
	s = BN_bin2bn(raw + 32, 32, NULL);
	must_be(BN_hex2bn(&n, order) != 0 && BN_sub(s, n, s) &&
	    BN_bn2binpad(s, raw + 32, 32) == 32, "n - s");
	assert_true(verifies(key, t, &digest, raw));
	BN_free(s);
	BN_free(n);
	EVP_PKEY_free(key);
}

/* Points that are the generator or its negative meet themselves in sums. */
static void
extreme_keys_and_digests_are_no_exception(void **)
{
	BIGNUM *n = NULL, *private = BN_new();
	struct hash digests[4] = { 0 };

	must_be(BN_hex2bn(&n, order) != 0 && BN_bn2binpad(n, digests[1].at,
	    32) == 32, "the order");
	memset(digests[2].at, 0xff, 32);
	digests[3].at[31] = 1;
	for (int which = 0; which < 4; which++) {
		AUTO(p256_table) t = NULL;
		EVP_PKEY *key;

		must_be(BN_set_word(private, which < 2 ? 1 : 2) && (which % 2
		    == 0 || BN_sub(private, n, private)), "a private key");
		key = key_of(private);
		MUST(p256_table_new(key, &t));
		for (size_t i = 0; i < COUNT(digests); i++) {
			uint8_t raw[P256_SIGNATURE_SIZE];

			sign_digest(key, &digests[i], raw);
			assert_true(verifies(key, t, &digests[i], raw));
			raw[40] ^= 1;
			assert_false(verifies(key, t, &digests[i], raw));
		}
		EVP_PKEY_free(key);
	}
	BN_free(private);
	BN_free(n);
}

static void
many_signatures_of_many_keys_agree(void **)
{
	for (unsigned int k = 0; k < 3; k++) {
		EVP_PKEY *key = software_key();
		AUTO(p256_table) t = NULL;

		MUST(p256_table_new(key, &t));
		for (unsigned int i = 0; i < 200; i++) {
			uint8_t raw[P256_SIGNATURE_SIZE];
			struct hash digest = sha256(VIEW(&i, sizeof(i)));

			sign_digest(key, &digest, raw);
			assert_true(verifies(key, t, &digest, raw));
			raw[i % sizeof(raw)] ^= (uint8_t)(1 << k);
			assert_false(verifies(key, t, &digest, raw));
		}
		EVP_PKEY_free(key);
	}
}

static void
a_key_of_another_curve_has_no_table(void **)
{
	EVP_PKEY *p384 = EVP_EC_gen("P-384"), *ed = EVP_PKEY_Q_keygen(NULL,
	    NULL, "ED25519");
	struct p256_table *t = NULL;

	assert_int_equal(p256_table_new(p384, &t), ERR_UNSUPPORTED);
	assert_int_equal(p256_table_new(ed, &t), ERR_UNSUPPORTED);
	assert_null(t);
	EVP_PKEY_free(p384);
	EVP_PKEY_free(ed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_good_signature_verifies_and_no_bit_may_differ),
		cmocka_unit_test(the_signature_of_another_key_does_not_verify),
		cmocka_unit_test(r_and_s_have_a_range),
		cmocka_unit_test(both_signs_of_s_verify),
		cmocka_unit_test(extreme_keys_and_digests_are_no_exception),
		cmocka_unit_test(many_signatures_of_many_keys_agree),
		cmocka_unit_test(a_key_of_another_curve_has_no_table),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
