/* Known answers of the standards; keys, signatures and DER, strictly. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/crypto.h"

static void
from_hex(const char *hex, struct bytes *out)
{
	assert_int_equal(hex_get(view_text(hex), out), ERR_OK);
}

static void
assert_hex(struct view v, const char *hex)
{
	AUTO_DONE(bytes) b = { 0 };

	hex_put(&b, v);
	assert_string_equal(bytes_text(&b), hex);
}

static void
sha256_is_that_of_fips_180(void **state)
{
	struct hash h = sha256(view_text("abc"));

	(void)state;
	assert_hex(VIEW_OF(h.at), "ba7816bf8f01cfea414140de5dae2223"
	    "b00361a396177a9cb410ff61f20015ad");
	h = sha256_2(view_text("a"), view_text("bc"));
	assert_hex(VIEW_OF(h.at), "ba7816bf8f01cfea414140de5dae2223"
	    "b00361a396177a9cb410ff61f20015ad");
	h = sha256(VIEW(NULL, 0));
	assert_hex(VIEW_OF(h.at), "e3b0c44298fc1c149afbf4c8996fb924"
	    "27ae41e4649b934ca495991b7852b855");
}

static void
hmac_is_that_of_rfc_4231(void **state)
{
	uint8_t key[131];
	struct hash h;

	(void)state;
	memset(key, 0x0b, 20);
	h = hmac_sha256(VIEW(key, 20), view_text("Hi "), view_text("There"));
	assert_hex(VIEW_OF(h.at), "b0344c61d8db38535ca8afceaf0bf12b"
	    "881dc200c9833da726e9376c2e32cff7");
	memset(key, 0xaa, sizeof(key));
	h = hmac_sha256(VIEW_OF(key), view_text(
	    "Test Using Larger Than Block-Size Key - Hash Key First"),
	    VIEW(NULL, 0));
	assert_hex(VIEW_OF(h.at), "60e431591ee0b67f0d8a26aacbf5b77f"
	    "8e0bc6213728c5140546040f0ee37f54");
}

static void
hkdf_is_that_of_rfc_5869(void **state)
{
	AUTO_DONE(bytes) salt = { 0 };
	uint8_t ikm[22], out[42];

	(void)state;
	memset(ikm, 0x0b, sizeof(ikm));
	from_hex("000102030405060708090a0b0c", &salt);
	/* test case 1 has an info of bytes f0…f9, which is a C string too */
	assert_int_equal(hkdf_sha256(VIEW_OF(ikm), bytes_view(&salt),
	    "\xf0\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9", out, sizeof(out)),
	    ERR_OK);
	assert_hex(VIEW_OF(out), "3cb25f25faacd57a90434f64d0362f2a2d2d0a90"
	    "cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
}

/* RFC 6979 A.2.5: P-256, SHA-256, message "sample" */
static const char point_hex[] = "04"
    "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
static const char signature_hex[] =
    "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
    "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";

static void
a_signature_of_rfc_6979_verifies_and_no_bit_may_differ(void **state)
{
	AUTO_DONE(bytes) point = { 0 };
	AUTO_DONE(bytes) signature = { 0 };
	AUTO(EVP_PKEY) key = NULL;
	struct hash h = sha256(view_text("sample"));

	(void)state;
	from_hex(point_hex, &point);
	from_hex(signature_hex, &signature);
	assert_int_equal(p256_public(bytes_view(&point), &key), ERR_OK);
	assert_int_equal(p256_verify(key, &h, bytes_view(&signature)),
	    ERR_OK);
	for (size_t bit = 0; bit < 8 * signature.len; bit++) {
		signature.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(p256_verify(key, &h,
		    bytes_view(&signature)), ERR_SIGNATURE);
		signature.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(p256_verify(key, &h, VIEW(signature.at, 63)),
	    ERR_SIGNATURE);
}

static void
low_s_verifies_as_well_and_is_the_only_one_kept(void **state)
{
	AUTO_DONE(bytes) point = { 0 };
	AUTO_DONE(bytes) signature = { 0 };
	AUTO(EVP_PKEY) key = NULL;
	struct hash h = sha256(view_text("sample"));
	uint8_t once[P256_SIGNATURE_SIZE];

	(void)state;
	from_hex(point_hex, &point);
	from_hex(signature_hex, &signature);	/* its s is above n/2 */
	assert_int_equal(p256_public(bytes_view(&point), &key), ERR_OK);
	assert_int_equal(p256_low_s(signature.at), ERR_OK);
	assert_true(signature.at[32] < 0x80);
	assert_int_equal(p256_verify(key, &h, bytes_view(&signature)),
	    ERR_OK);
	memcpy(once, signature.at, sizeof(once));
	assert_int_equal(p256_low_s(signature.at), ERR_OK);
	assert_memory_equal(once, signature.at, sizeof(once));
}

static void
r_and_s_must_lie_between_one_and_n(void **state)
{
	static const char n[] =
	    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
	static const char below[] =
	    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550";
	static const char zero[] =
	    "0000000000000000000000000000000000000000000000000000000000000000";
	static const char one[] =
	    "0000000000000000000000000000000000000000000000000000000000000001";
	static const struct {
		const char	*r, *s;
		enum err	 e;
	} cases[] = {
		{ one, one, ERR_OK }, { below, below, ERR_OK },
		{ zero, one, ERR_SIGNATURE }, { one, zero, ERR_SIGNATURE },
		{ n, one, ERR_SIGNATURE }, { one, n, ERR_SIGNATURE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_DONE(bytes) b = { 0 };

		from_hex(cases[i].r, &b);
		from_hex(cases[i].s, &b);
		assert_int_equal(p256_low_s(b.at), cases[i].e);
	}
}

static void
der_and_fixed_width_are_each_others_inverse(void **state)
{
	static const char *const halves[] = {
	    "0000000000000000000000000000000000000000000000000000000000000001",
	    "0000000000000000000000000000000000000000000000000000000000000080",
	    "00ff000000000000000000000000000000000000000000000000000000000000",
	    "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	    "8000000000000000000000000000000000000000000000000000000000000000",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(halves); i++)
		for (size_t k = 0; k < COUNT(halves); k++) {
			AUTO_DONE(bytes) raw = { 0 };
			AUTO_DONE(bytes) der = { 0 };
			uint8_t back[P256_SIGNATURE_SIZE];

			from_hex(halves[i], &raw);
			from_hex(halves[k], &raw);
			assert_int_equal(p256_to_der(raw.at, &der), ERR_OK);
			assert_int_equal(p256_from_der(bytes_view(&der),
			    back), ERR_OK);
			assert_memory_equal(raw.at, back, sizeof(back));
			for (size_t cut = 0; cut < der.len; cut++)
				assert_int_equal(p256_from_der(VIEW(der.at,
				    cut), back), ERR_SYNTAX);
		}
}

static void
der_that_is_not_canonical_is_refused(void **state)
{
	static const char *const bad[] = {
		"3006020101020101ff",		/* something after */
		"300702020001020101",		/* needless zero */
		"3006028101020101",		/* long form length */
		"3006020181020101",		/* negative */
		"30050200020101",		/* empty integer */
		"3106020101020101",		/* not a sequence */
		"3006030101020101",		/* not an integer */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		AUTO_DONE(bytes) der = { 0 };
		uint8_t out[P256_SIGNATURE_SIZE];

		from_hex(bad[i], &der);
		assert_int_equal(p256_from_der(bytes_view(&der), out),
		    ERR_SYNTAX);
	}
}

static void
a_point_off_the_curve_is_no_key(void **state)
{
	AUTO_DONE(bytes) point = { 0 };
	AUTO(EVP_PKEY) key = NULL;
	uint8_t again[P256_POINT_SIZE];

	(void)state;
	from_hex(point_hex, &point);
	assert_int_equal(p256_public(bytes_view(&point), &key), ERR_OK);
	assert_int_equal(p256_point(key, again), ERR_OK);
	assert_memory_equal(again, point.at, sizeof(again));
	EVP_PKEY_free(STEAL(key));
	point.at[64] ^= 1;
	assert_int_equal(p256_public(bytes_view(&point), &key), ERR_SYNTAX);
	point.at[0] = 2;
	assert_int_equal(p256_public(bytes_view(&point), &key), ERR_SYNTAX);
	assert_int_equal(p256_public(VIEW(point.at, 33), &key), ERR_SYNTAX);
	assert_null(key);
}

/* RFC 8032 7.1, test 2 */
static void
ed25519_is_that_of_rfc_8032(void **state)
{
	AUTO_DONE(bytes) raw = { 0 };
	AUTO_DONE(bytes) signature = { 0 };
	AUTO(EVP_PKEY) key = NULL;
	uint8_t point[P256_POINT_SIZE];

	(void)state;
	from_hex("3d4017c3e843895a92b70aa74d1b7ebc"
	    "9c982ccf2ec4968cc0cd55f12af4660c", &raw);
	from_hex("92a009a9f0d4cab8720e820b5f642540"
	    "a2b27b5416503f8fb3762223ebdb69da"
	    "085ac1e43e15996e458f3613d0f11d8c"
	    "387b2eaeb4302aeeb00d291612bb0c00", &signature);
	assert_int_equal(ed25519_public(bytes_view(&raw), &key), ERR_OK);
	assert_int_equal(ed25519_verify(key, VIEW("\x72", 1),
	    bytes_view(&signature)), ERR_OK);
	assert_int_equal(ed25519_verify(key, VIEW("\x73", 1),
	    bytes_view(&signature)), ERR_SIGNATURE);
	assert_int_equal(ed25519_verify(key, VIEW("\x72", 1),
	    VIEW(signature.at, 63)), ERR_SIGNATURE);
	assert_int_equal(p256_point(key, point), ERR_UNSUPPORTED);
	assert_int_equal(ed25519_public(VIEW(raw.at, 31), &(EVP_PKEY *){
	    NULL }), ERR_SYNTAX);
}

static void
random_bytes_are_not_the_same_twice(void **state)
{
	uint8_t a[32], b[32];

	(void)state;
	assert_int_equal(random_bytes(a, sizeof(a)), ERR_OK);
	assert_int_equal(random_bytes(b, sizeof(b)), ERR_OK);
	assert_memory_not_equal(a, b, sizeof(a));
	assert_false(secret_equal(VIEW_OF(a), VIEW_OF(b)));
	assert_false(secret_equal(VIEW(a, 31), VIEW_OF(a)));
	assert_true(secret_equal(VIEW_OF(a), VIEW_OF(a)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha256_is_that_of_fips_180),
		cmocka_unit_test(hmac_is_that_of_rfc_4231),
		cmocka_unit_test(hkdf_is_that_of_rfc_5869),
		cmocka_unit_test(
		    a_signature_of_rfc_6979_verifies_and_no_bit_may_differ),
		cmocka_unit_test(
		    low_s_verifies_as_well_and_is_the_only_one_kept),
		cmocka_unit_test(r_and_s_must_lie_between_one_and_n),
		cmocka_unit_test(der_and_fixed_width_are_each_others_inverse),
		cmocka_unit_test(der_that_is_not_canonical_is_refused),
		cmocka_unit_test(a_point_off_the_curve_is_no_key),
		cmocka_unit_test(ed25519_is_that_of_rfc_8032),
		cmocka_unit_test(random_bytes_are_not_the_same_twice),
	};

	if (crypto_init() != ERR_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
