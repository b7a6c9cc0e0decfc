/*
 * Hashes, HMAC, HKDF, randomness, and verification of P-256 and Ed25519
 * signatures. Keys and signatures here may come from anybody.
 */
#include "base/crypto.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/kdf.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include "base/file.h"

AUTO_DEFINE(EVP_PKEY_CTX, EVP_PKEY_CTX, EVP_PKEY_CTX_free);
AUTO_DEFINE(BIGNUM, BIGNUM, BN_free);

/* Fetched once: an implicit fetch costs more than the hash itself. */
static EVP_MD *md_sha256;
static EVP_MD_CTX *md_context;
static BIGNUM *order, *half_order;
/* Curve without a point: copying it is four times faster than building it. */
static EVP_PKEY *p256_empty;

static const char p256_order[] =
    "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551";

static enum err
make_p256_empty(void)
{
	AUTO(EVP_PKEY_CTX) c = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	char group[] = "prime256v1";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
		    group, 0),
		OSSL_PARAM_construct_end(),
	};

	if (c == NULL || EVP_PKEY_fromdata_init(c) <= 0 ||
	    EVP_PKEY_fromdata(c, &p256_empty, EVP_PKEY_KEY_PARAMETERS,
	    params) <= 0)
		return err_openssl("preparing P-256");
	return ERR_OK;
}

enum err
crypto_init(void)
{
	if (md_sha256 != NULL)
		return ERR_OK;
	md_sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	md_context = EVP_MD_CTX_new();
	if (md_sha256 == NULL || md_context == NULL ||
	    BN_hex2bn(&order, p256_order) == 0 ||
	    (half_order = BN_new()) == NULL || !BN_rshift1(half_order, order))
		return err_openssl("preparing SHA-256 and P-256");
	return make_p256_empty();
}

/* A hash that fails would let wrong bytes pass as right ones: stop instead. */
static void
must(int ok)
{
	if (!ok)
		OPENSSL_die("SHA-256 failed", __FILE__, __LINE__);
}

struct hash
sha256_2(struct view first, struct view second)
{
	struct hash h = { 0 };

	must(EVP_DigestInit_ex2(md_context, md_sha256, NULL) &&
	    EVP_DigestUpdate(md_context, first.at, first.len) &&
	    EVP_DigestUpdate(md_context, second.at, second.len) &&
	    EVP_DigestFinal_ex(md_context, h.at, NULL));
	return h;
}

struct hash
sha256(struct view v)
{
	return sha256_2(v, VIEW(NULL, 0));
}

struct hash
hmac_sha256(struct view key, struct view first, struct view second)
{
	/* RFC 2104 on the one fetched hash: EVP_MAC costs six times as much */
	uint8_t pad[64 + SHA256_SIZE] = { 0 };
	struct hash inner = { 0 };

	if (key.len > 64) {
		struct hash h = sha256(key);

		memcpy(pad, h.at, sizeof(h.at));
	} else if (key.len != 0) {
		memcpy(pad, key.at, key.len);
	}
	for (size_t i = 0; i < 64; i++)
		pad[i] ^= 0x36;
	must(EVP_DigestInit_ex2(md_context, md_sha256, NULL) &&
	    EVP_DigestUpdate(md_context, pad, 64) &&
	    EVP_DigestUpdate(md_context, first.at, first.len) &&
	    EVP_DigestUpdate(md_context, second.at, second.len) &&
	    EVP_DigestFinal_ex(md_context, inner.at, NULL));
	for (size_t i = 0; i < 64; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	memcpy(pad + 64, inner.at, sizeof(inner.at));
	inner = sha256(VIEW_OF(pad));
	OPENSSL_cleanse(pad, sizeof(pad));
	return inner;
}

enum err
hkdf_sha256(struct view key, struct view salt, const char *info,
    uint8_t *out, size_t out_len)
{
	AUTO(EVP_PKEY_CTX) c = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);

	if (c == NULL || EVP_PKEY_derive_init(c) <= 0 ||
	    EVP_PKEY_CTX_set_hkdf_md(c, md_sha256) <= 0 ||
	    EVP_PKEY_CTX_set1_hkdf_key(c, key.at, (int)key.len) <= 0 ||
	    EVP_PKEY_CTX_set1_hkdf_salt(c, salt.at, (int)salt.len) <= 0 ||
	    EVP_PKEY_CTX_add1_hkdf_info(c, (const uint8_t *)info,
	    (int)strlen(info)) <= 0 ||
	    EVP_PKEY_derive(c, out, &out_len) <= 0)
		return err_openssl("HKDF-SHA256");
	return ERR_OK;
}

/* The kernel's own: half the cost of OpenSSL's, and no state to fork. */
enum err
random_bytes(uint8_t *out, size_t len)
{
	while (len != 0) {
		ssize_t n = getrandom(out, len, 0);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_system("getrandom");
		out += n;
		len -= (size_t)n;
	}
	return ERR_OK;
}

bool
secret_equal(struct view a, struct view b)
{
	return a.len == b.len && CRYPTO_memcmp(a.at, b.at, a.len) == 0;
}

enum err
p256_public(struct view point, EVP_PKEY **out_key)
{
	AUTO(EVP_PKEY) key = NULL;

	if (point.len != P256_POINT_SIZE || point.at[0] != 4)
		return err_because(ERR_SYNTAX, "a P-256 point is 04 and 64 "
		    "bytes (SEC 1 2.3.3), got %zu bytes", point.len);
	if ((key = EVP_PKEY_dup(p256_empty)) == NULL)
		return err_openssl("P-256 public key");
	if (EVP_PKEY_set1_encoded_public_key(key, point.at, point.len) != 1) {
		(void)err_openssl("P-256 public key");
		return err_because(ERR_SYNTAX,
		    "a P-256 point that is not on the curve");
	}
	*out_key = STEAL(key);
	return ERR_OK;
}

enum err
ed25519_public(struct view raw, EVP_PKEY **out_key)
{
	EVP_PKEY *key;

	if (raw.len != ED25519_SIZE)
		return err_because(ERR_SYNTAX, "an Ed25519 public key has 32 "
		    "bytes (RFC 8032 5.1.5), got %zu", raw.len);
	key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, raw.at,
	    raw.len);
	if (key == NULL)
		return err_openssl("Ed25519 public key");
	*out_key = key;
	return ERR_OK;
}

enum err
p256_point(EVP_PKEY *key, uint8_t out[P256_POINT_SIZE])
{
	char group[32] = "";
	uint8_t point[P256_POINT_SIZE];
	size_t len = 0;

	if (!EVP_PKEY_is_a(key, "EC") ||
	    !EVP_PKEY_get_group_name(key, group, sizeof(group), &len) ||
	    strcmp(group, "prime256v1") != 0 ||
	    !EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY,
	    point, sizeof(point), &len) || len != sizeof(point)) {
		(void)err_openssl("P-256 point");
		return err_because(ERR_UNSUPPORTED,
		    "wanted an uncompressed P-256 public key");
	}
	memcpy(out, point, sizeof(point));
	return ERR_OK;
}

enum err
p256_to_der(const uint8_t raw[P256_SIGNATURE_SIZE], struct bytes *out)
{
	/* 30 len 02 len [0] r 02 len [0] s, DER: no needless leading zeros */
	uint8_t der[72];
	size_t n = 2;

	for (int half = 0; half < 2; half++) {
		const uint8_t *v = raw + 32 * half;
		size_t skip = 0, pad;

		while (skip < 31 && v[skip] == 0)
			skip++;
		pad = v[skip] >> 7;
		der[n++] = 2;
		der[n++] = (uint8_t)(32 - skip + pad);
		if (pad)
			der[n++] = 0;
		memcpy(der + n, v + skip, 32 - skip);
		n += 32 - skip;
	}
	der[0] = 0x30;
	der[1] = (uint8_t)(n - 2);
	bytes_put(out, VIEW(der, n));
	return bytes_check(out);
}

static void
read_der_integer(struct reader *r, uint8_t out[32])
{
	uint8_t tag = reader_u8(r);
	struct view v = reader_take(r, reader_u8(r));
	bool padded = v.len > 1 && v.at[0] == 0;

	if (tag != 2 || v.len == 0 || (v.at[0] & 0x80) != 0 ||
	    (padded && (v.at[1] & 0x80) == 0)) {
		r->failed = true;
		return;
	}
	if (padded)
		v = VIEW(v.at + 1, v.len - 1);
	if (v.len > 32) {
		r->failed = true;
		return;
	}
	memset(out, 0, 32);
	memcpy(out + 32 - v.len, v.at, v.len);
}

enum err
p256_from_der(struct view der, uint8_t out[P256_SIGNATURE_SIZE])
{
	struct reader r = reader_of(der);
	uint8_t raw[P256_SIGNATURE_SIZE];

	if (reader_u8(&r) != 0x30 || reader_u8(&r) != r.rest.len)
		return err_because(ERR_SYNTAX,
		    "ECDSA signature: not a DER SEQUENCE (RFC 3279 2.2.3)");
	read_der_integer(&r, raw);
	read_der_integer(&r, raw + 32);
	TRY(reader_end(&r, "ECDSA signature in DER"));
	memcpy(out, raw, sizeof(raw));
	return ERR_OK;
}

enum err
p256_low_s(uint8_t raw[P256_SIGNATURE_SIZE])
{
	AUTO(BIGNUM) r = BN_bin2bn(raw, 32, NULL);
	AUTO(BIGNUM) s = BN_bin2bn(raw + 32, 32, NULL);

	if (r == NULL || s == NULL)
		return err_openssl("ECDSA signature");
	if (BN_is_zero(r) || BN_is_zero(s) || BN_cmp(r, order) >= 0 ||
	    BN_cmp(s, order) >= 0)
		return err_because(ERR_SIGNATURE,
		    "ECDSA signature: r or s is not in 1..n-1 (SEC 1 4.1.4)");
	if (BN_cmp(s, half_order) <= 0)
		return ERR_OK;
	if (!BN_sub(s, order, s) || BN_bn2binpad(s, raw + 32, 32) != 32)
		return err_openssl("ECDSA signature");
	return ERR_OK;
}

enum err
p256_verify(EVP_PKEY *key, const struct hash *digest, struct view signature)
{
	AUTO(EVP_PKEY_CTX) c = EVP_PKEY_CTX_new(key, NULL);
	AUTO_DONE(bytes) der = { 0 };

	if (signature.len != P256_SIGNATURE_SIZE)
		return err_because(ERR_SIGNATURE,
		    "ECDSA signature: wanted 64 bytes, got %zu",
		    signature.len);
	TRY(p256_to_der(signature.at, &der));
	if (c == NULL || EVP_PKEY_verify_init(c) <= 0)
		return err_openssl("ECDSA verification");
	if (EVP_PKEY_verify(c, der.at, der.len, digest->at,
	    sizeof(digest->at)) != 1) {
		(void)err_openssl("ECDSA verification");
		return err_because(ERR_SIGNATURE,
		    "ECDSA P-256 signature does not verify");
	}
	return ERR_OK;
}

enum err
ed25519_verify(EVP_PKEY *key, struct view message, struct view signature)
{
	AUTO(EVP_MD_CTX) c = EVP_MD_CTX_new();

	if (c == NULL || EVP_DigestVerifyInit(c, NULL, NULL, NULL, key) <= 0)
		return err_openssl("Ed25519 verification");
	if (EVP_DigestVerify(c, signature.at, signature.len, message.at,
	    message.len) != 1) {
		(void)err_openssl("Ed25519 verification");
		return err_because(ERR_SIGNATURE,
		    "Ed25519 signature does not verify");
	}
	return ERR_OK;
}

enum err
pem_read_public(const char *path, EVP_PKEY **out_key)
{
	AUTO_DONE(bytes) pem = { 0 };
	AUTO(BIO) bio = NULL;
	EVP_PKEY *key;

	TRY(file_read(path, 65536, &pem));
	bio = BIO_new_mem_buf(pem.at, (int)pem.len);
	if (bio == NULL ||
	    (key = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL)) == NULL) {
		(void)err_openssl(path);
		return err_because(ERR_SYNTAX,
		    "%s: wanted a PEM PUBLIC KEY (RFC 7468 13)", path);
	}
	*out_key = key;
	return ERR_OK;
}

enum err
pem_read_certificate(const char *path, X509 **out)
{
	AUTO_DONE(bytes) pem = { 0 };
	AUTO(BIO) bio = NULL;
	X509 *x;

	TRY(file_read(path, 65536, &pem));
	bio = BIO_new_mem_buf(pem.at, (int)pem.len);
	if (bio == NULL ||
	    (x = PEM_read_bio_X509(bio, NULL, NULL, NULL)) == NULL) {
		(void)err_openssl(path);
		return err_because(ERR_SYNTAX,
		    "%s: wanted a PEM CERTIFICATE (RFC 7468 5)", path);
	}
	*out = x;
	return ERR_OK;
}

enum err
public_der(EVP_PKEY *key, struct bytes *out)
{
	int len = i2d_PUBKEY(key, NULL);
	uint8_t *to = len > 0 ? bytes_grow(out, (size_t)len) : NULL;

	if (to == NULL || i2d_PUBKEY(key, &to) != len)
		return err_openssl("public key to DER");
	return ERR_OK;
}

enum err
public_hash(EVP_PKEY *key, struct hash *out_hash)
{
	AUTO_DONE(bytes) der = { 0 };

	TRY(public_der(key, &der));
	*out_hash = sha256(bytes_view(&der));
	return ERR_OK;
}

enum err
certificate_der(X509 *certificate, struct bytes *out)
{
	int len = i2d_X509(certificate, NULL);
	uint8_t *to = len > 0 ? bytes_grow(out, (size_t)len) : NULL;

	if (to == NULL || i2d_X509(certificate, &to) != len)
		return err_openssl("certificate to DER");
	return ERR_OK;
}
