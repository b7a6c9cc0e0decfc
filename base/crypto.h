/*
 * The few cryptographic operations everything shares, on OpenSSL 3 with its
 * algorithms fetched once (crypto_init). Private keys are not here: they are
 * in the token.
 */
#ifndef OKSE_BASE_CRYPTO_H
#define OKSE_BASE_CRYPTO_H

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/bytes.h"

#define SHA256_SIZE 32
#define P256_POINT_SIZE 65	/* 04 || x || y (SEC 1 2.3.3) */
#define P256_SIGNATURE_SIZE 64	/* r || s, 32 bytes each */
#define ED25519_SIZE 32
#define ED25519_SIGNATURE_SIZE 64

struct hash {
	uint8_t	at[SHA256_SIZE];
};

AUTO_DEFINE(EVP_PKEY, EVP_PKEY, EVP_PKEY_free);
AUTO_DEFINE(EVP_MD_CTX, EVP_MD_CTX, EVP_MD_CTX_free);
AUTO_DEFINE(X509, X509, X509_free);
AUTO_DEFINE(BIO, BIO, BIO_free_all);

/* Once a process, before any sandbox. Fatal for the caller if it fails. */
[[nodiscard]] enum err crypto_init(void);

/* Cannot fail once crypto_init() succeeded. */
struct hash sha256(struct view v);
struct hash sha256_2(struct view first, struct view second);	/* of both */
struct hash hmac_sha256(struct view key, struct view first,
    struct view second);		/* over first || second */

/* RFC 5869, SHA-256; out_len up to 255 * 32. */
[[nodiscard]] enum err hkdf_sha256(struct view key, struct view salt,
    const char *info, uint8_t *out, size_t out_len);

[[nodiscard]] enum err random_bytes(uint8_t *out, size_t len);
bool secret_equal(struct view a, struct view b);	/* constant time */

/* A P-256 public key from its uncompressed point; ERR_SYNTAX off the curve. */
[[nodiscard]] enum err p256_public(struct view point, EVP_PKEY **out_key);
[[nodiscard]] enum err ed25519_public(struct view raw, EVP_PKEY **out_key);
/* The uncompressed point of a P-256 key; ERR_UNSUPPORTED for other keys. */
[[nodiscard]] enum err p256_point(EVP_PKEY *key,
    uint8_t out[P256_POINT_SIZE]);

/* Fixed r || s to DER (SEQUENCE of INTEGER) and back, strictly. */
[[nodiscard]] enum err p256_to_der(const uint8_t raw[P256_SIGNATURE_SIZE],
    struct bytes *out);
[[nodiscard]] enum err p256_from_der(struct view der,
    uint8_t out[P256_SIGNATURE_SIZE]);
/*
 * Brings s below n/2 (both halves verify; low-S makes it one encoding).
 * ERR_SIGNATURE when r or s is 0 or not below n.
 */
[[nodiscard]] enum err p256_low_s(uint8_t raw[P256_SIGNATURE_SIZE]);

/* ERR_SIGNATURE when it does not verify. Signatures are r || s. */
[[nodiscard]] enum err p256_verify(EVP_PKEY *key, const struct hash *digest,
    struct view signature);
/*
 * Which of the points with this r the signer used (SEC 1 4.1.6): bit 0 is set
 * for an odd y, bit 1 when x is not below n. Verifies on the way:
 * ERR_SIGNATURE. raw as p256_low_s() left it, for s and n - s differ in bit 0.
 */
[[nodiscard]] enum err p256_recovery_id(const uint8_t point[P256_POINT_SIZE],
    const struct hash *digest, const uint8_t raw[P256_SIGNATURE_SIZE],
    uint8_t *out_id);
[[nodiscard]] enum err ed25519_verify(EVP_PKEY *key, struct view message,
    struct view signature);

/* Reading PEM files: one public key (SPKI); one certificate. */
[[nodiscard]] enum err pem_read_public(const char *path, EVP_PKEY **out_key);
[[nodiscard]] enum err pem_read_certificate(const char *path, X509 **out);
/* SubjectPublicKeyInfo (RFC 5280 4.1.2.7); a certificate. Appended. */
[[nodiscard]] enum err public_der(EVP_PKEY *key, struct bytes *out);
/* SHA-256 of that: what a key is called wherever it must be named. */
[[nodiscard]] enum err public_hash(EVP_PKEY *key, struct hash *out_hash);
[[nodiscard]] enum err certificate_der(X509 *certificate, struct bytes *out);

#endif
