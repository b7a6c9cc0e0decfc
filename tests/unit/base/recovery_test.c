/* Recovery ids: of signatures made here, and of one published elsewhere. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/software.h"

static int
setup(void **)
{
	MUST(crypto_init());
	return 0;
}

static const struct hash digest = { { 1, 2, 3 } };

/* Signs a digest, low-S. */
static void
sign(EVP_PKEY *key, uint8_t out[P256_SIGNATURE_SIZE])
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(key, NULL);
	uint8_t der[80];
	size_t len = sizeof(der);

	assert_int_equal(EVP_PKEY_sign_init(c), 1);
	assert_int_equal(EVP_PKEY_sign(c, der, &len, digest.at, 32), 1);
	EVP_PKEY_CTX_free(c);
	MUST(p256_from_der(VIEW(der, len), out));
	MUST(p256_low_s(out));
}

/* n - s: the other half */
static void
turn(uint8_t raw[P256_SIGNATURE_SIZE])
{
	BIGNUM *n = NULL, *s = BN_bin2bn(raw + 32, 32, NULL);

	BN_hex2bn(&n, "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9"
	    "CAC2FC632551");
	assert_true(BN_sub(s, n, s) && BN_bn2binpad(s, raw + 32, 32) == 32);
	BN_free(n);
	BN_free(s);
}

static void
both_ids_occur_and_turn_with_s(void **)
{
	EVP_PKEY *key = software_key();
	uint8_t point[P256_POINT_SIZE], raw[P256_SIGNATURE_SIZE], id, other;
	unsigned int seen = 0;

	MUST(p256_point(key, point));
	for (int i = 0; i < 64; i++) {
		sign(key, raw);
		MUST(p256_recovery_id(point, &digest, raw, &id));
		assert_true(id < 2);
		seen |= 1u << id;
		turn(raw);
		MUST(p256_recovery_id(point, &digest, raw, &other));
		assert_int_equal(other, id ^ 1);
	}
	assert_int_equal(seen, 3);
	EVP_PKEY_free(key);
}

/*
 * From tests/data/opendid_sample.json: the key that its six proofs recover
 * to, the digest of the whole, and proofValue behind its first byte, which
 * is 32: recovery id 1.
 */
static void
a_published_signature_has_the_id_it_states(void **)
{
	AUTO_DONE(bytes) point = { 0 };
	AUTO_DONE(bytes) hash = { 0 };
	AUTO_DONE(bytes) raw = { 0 };
	struct hash published;
	uint8_t id = 9;

	MUST(hex_get(view_text("0471984fefe97ac92d9c204873144c3ac8b7bbba2181"
	    "db8b92270e7d77d5b4873ce5bdce8b55d4be4e313962526605a393fadcd10fa"
	    "ff17378dd5a3c46f7ab499e"), &point));
	MUST(hex_get(view_text("d98efd5edb76b08b07bfffd56a039cf8d744688efac9"
	    "c822319275a717953a37"), &hash));
	MUST(hex_get(view_text("f2bb1c4caa5c0b79c9cfeb390c42664e7a58b251e60f"
	    "4d4610628a56d8374a5b5609631daf6569f4150bc879b8d7e320a7c5c087870"
	    "fda750a1ac5e2606f9123"), &raw));
	memcpy(published.at, hash.at, sizeof(published.at));
	MUST(p256_recovery_id(point.at, &published, raw.at, &id));
	assert_int_equal(id, 1);
}

static void
what_does_not_verify_has_no_id(void **)
{
	EVP_PKEY *key = software_key(), *wrong = software_key();
	uint8_t point[P256_POINT_SIZE], raw[P256_SIGNATURE_SIZE], id = 9;
	struct hash other = digest;

	sign(key, raw);
	MUST(p256_point(wrong, point));
	assert_int_equal(p256_recovery_id(point, &digest, raw, &id),
	    ERR_SIGNATURE);
	MUST(p256_point(key, point));
	other.at[31] ^= 1;
	assert_int_equal(p256_recovery_id(point, &other, raw, &id),
	    ERR_SIGNATURE);
	for (size_t i = 0; i < sizeof(raw); i += 7) {
		raw[i] ^= 0x80;
		assert_int_equal(p256_recovery_id(point, &digest, raw, &id),
		    ERR_SIGNATURE);
		raw[i] ^= 0x80;
	}
	memset(raw + 32, 0, 32);
	assert_int_equal(p256_recovery_id(point, &digest, raw, &id),
	    ERR_SIGNATURE);
	assert_int_equal(id, 9);
	EVP_PKEY_free(key);
	EVP_PKEY_free(wrong);
}

static void
a_key_off_the_curve_is_refused(void **)
{
	EVP_PKEY *key = software_key();
	uint8_t point[P256_POINT_SIZE], raw[P256_SIGNATURE_SIZE], id;

	sign(key, raw);
	MUST(p256_point(key, point));
	point[64] ^= 1;
	assert_int_equal(p256_recovery_id(point, &digest, raw, &id),
	    ERR_SYNTAX);
	memset(point, 0, sizeof(point));
	assert_int_equal(p256_recovery_id(point, &digest, raw, &id),
	    ERR_SYNTAX);
	EVP_PKEY_free(key);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ids_occur_and_turn_with_s),
		cmocka_unit_test(a_published_signature_has_the_id_it_states),
		cmocka_unit_test(what_does_not_verify_has_no_id),
		cmocka_unit_test(a_key_off_the_curve_is_refused),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
