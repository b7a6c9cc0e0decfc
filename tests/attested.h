/*
 * Key attestations as a wallet's provider makes them, for tests: a CA, a
 * signer below it, and the JWT. Everything aborts on failure.
 */
#ifndef OKSE_TESTS_ATTESTED_H
#define OKSE_TESTS_ATTESTED_H

#include "tests/software.h"

struct attester_in_test {
	EVP_PKEY	*ca_key, *key;
	X509		*ca, *certificate;
	char		 path[40];	/* of the CA's PEM */
};

static inline void
attester_make(struct attester_in_test *a, int64_t from, int64_t to)
{
	int fd;

	a->ca_key = software_key();
	a->key = software_key();
	a->ca = software_certificate("Wallet CA", a->ca_key, NULL, a->ca_key,
	    from - DAY, to + DAY);
	a->certificate = software_certify("Wallet provider", a->key, a->ca,
	    a->ca_key, from, to, false);
	snprintf(a->path, sizeof(a->path), "/tmp/okse-attester-XXXXXX");
	fd = mkstemp(a->path);
	must_be(fd != -1 && close(fd) == 0, "mkstemp");
	software_write(a->path, a->ca);
}

static inline void
attester_free(struct attester_in_test *a)
{
	unlink(a->path);
	EVP_PKEY_free(a->ca_key);
	EVP_PKEY_free(a->key);
	X509_free(a->ca);
	X509_free(a->certificate);
}

/* Appended: {"kty":"EC",…} of a key. */
static inline void
attested_jwk(EVP_PKEY *key, const char *more, struct bytes *out)
{
	uint8_t point[P256_POINT_SIZE];

	MUST(p256_point(key, point));
	bytes_put_text(out, "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"");
	base64url_put(out, VIEW(point + 1, 32));
	bytes_put_text(out, "\",\"y\":\"");
	base64url_put(out, VIEW(point + 33, 32));
	bytes_printf(out, "\"%s}", more);
}

/* A header with the signer's certificate; more is put in front. */
static inline void
attested_header(const struct attester_in_test *a, const char *more,
    struct bytes *out)
{
	AUTO_DONE(bytes) der = { 0 };

	MUST(certificate_der(a->certificate, &der));
	bytes_printf(out, "{%s\"alg\":\"ES256\","
	    "\"typ\":\"key-attestation+jwt\",\"x5c\":[\"", more);
	base64_put(out, bytes_view(&der));
	bytes_put_text(out, "\"]}");
}

/* Replaces *jwt. */
static inline void
attested_sign(EVP_PKEY *key, const char *header, const char *payload,
    struct bytes *jwt)
{
	uint8_t signature[P256_SIGNATURE_SIZE];

	bytes_reset(jwt);
	base64url_put(jwt, view_text(header));
	bytes_put_u8(jwt, '.');
	base64url_put(jwt, view_text(payload));
	software_sign(key, bytes_view(jwt), signature);
	bytes_put_u8(jwt, '.');
	base64url_put(jwt, VIEW_OF(signature));
}

#endif
