/*
 * Certificates signed by a key that only signs digests (one in a token).
 */
#ifndef OKSE_CEREMONY_CERTIFICATE_H
#define OKSE_CEREMONY_CERTIFICATE_H

#include "base/crypto.h"
#include "ceremony/profile.h"

struct certificate_plan {
	enum profile_kind	 profile;
	bool			 rehearsal;	/* " (REHEARSAL)" in the CN */
	const char		*country;
	const char		*state;		/* or NULL */
	const char		*organisation;	/* or NULL */
	const char		*common_name;
	int64_t			 not_before;	/* instants, inclusive both */
	int64_t			 not_after;
	const char		*contact;	/* URIs */
	const char		*crl;
};

/* Signs a SHA-256 digest as P-256 r || s, low s. */
struct certificate_signer {
	enum err	(*sign)(void *context, const struct hash *digest,
			    uint8_t out[P256_SIGNATURE_SIZE]);
	void		*context;
};

/*
 * Makes the certificate of a P-256 key: builds it, has a throw-away key sign
 * it, lints that, and only then lets the signer sign the same TBS bytes; what
 * results is parsed, compared byte for byte, verified and linted again.
 * issuer is the issuing certificate, NULL for a root. The signer holds the
 * private key of issuer, or of key for a root.
 * ERR_MISMATCH: the linter refuses it (the signer has then not been called,
 * unless it says "after signing"). ERR_SIGNATURE: the signer signed with
 * another key. Errors of the signer are handed on.
 */
[[nodiscard]] enum err certificate_issue(const struct certificate_plan *plan,
    EVP_PKEY *key, X509 *issuer, const struct certificate_signer *signer,
    X509 **out_certificate);

/*
 * Is this certificate exactly what the plan says (all of its TBS bytes but
 * the serial number), linted, and signed by issuer (NULL: by itself)?
 * ERR_MISMATCH, ERR_SIGNATURE.
 */
[[nodiscard]] enum err certificate_check(const struct certificate_plan *plan,
    EVP_PKEY *key, X509 *issuer, X509 *certificate);

/* SEQUENCE { tbs, ecdsa-with-SHA256, BIT STRING }, appended; DER. */
[[nodiscard]] enum err certificate_assemble(struct view tbs,
    const uint8_t raw[P256_SIGNATURE_SIZE], struct bytes *out);

/* PEM (RFC 7468 5), appended. */
[[nodiscard]] enum err certificate_pem(X509 *certificate, struct bytes *out);
/* The SubjectPublicKeyInfo of a key, in PEM. */
[[nodiscard]] enum err public_key_pem(EVP_PKEY *key, struct bytes *out);

#endif
