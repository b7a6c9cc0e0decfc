/*
 * Certificate revocation lists (RFC 5280 5), signed by a key that only signs
 * digests.
 */
#ifndef OKSE_CEREMONY_CRL_H
#define OKSE_CEREMONY_CRL_H

#include "ceremony/certificate.h"

struct crl_revoked {
	X509	*certificate;
	int	 reason;	/* CRLReason, RFC 5280 5.3.1 */
	int64_t	 on;		/* instant */
};

struct crl_plan {
	int64_t			 number;
	int64_t			 this_update, next_update;	/* instants */
	size_t			 count;
	const struct crl_revoked *revoked;
};

/*
 * Builds the list of an issuer, lets the signer sign it, and parses, compares
 * and verifies what came of it. ERR_MISMATCH, ERR_SIGNATURE; errors of the
 * signer are handed on.
 */
[[nodiscard]] enum err crl_issue(const struct crl_plan *plan, X509 *issuer,
    const struct certificate_signer *signer, X509_CRL **out_crl);
/* Is it byte for byte what the plan says, and signed by issuer? */
[[nodiscard]] enum err crl_check(const struct crl_plan *plan, X509 *issuer,
    X509_CRL *crl);

/* PEM (RFC 7468 6), appended; and read, the whole of text. */
[[nodiscard]] enum err crl_pem(X509_CRL *crl, struct bytes *out);
[[nodiscard]] enum err crl_read(struct view pem, X509_CRL **out_crl);
[[nodiscard]] enum err crl_der(X509_CRL *crl, struct bytes *out);

AUTO_DEFINE(X509_CRL, X509_CRL, X509_CRL_free);

#endif
