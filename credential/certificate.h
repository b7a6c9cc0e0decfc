/* What every signer's certificate must be, whoever brings it. */
#ifndef OKSE_CREDENTIAL_CERTIFICATE_H
#define OKSE_CREDENTIAL_CERTIFICATE_H

#include "base/crypto.h"

/* Instants, both inclusive (RFC 5280 4.1.2.5). ERR_SYNTAX, ERR_RANGE. */
[[nodiscard]] enum err certificate_validity(X509 *x, int64_t *out_from,
    int64_t *out_to);

/*
 * Signed by this CA, which may sign certificates, and within the CA's own
 * validity (RFC 5280 6.1, all but the time of day). ERR_SIGNATURE.
 */
[[nodiscard]] enum err certificate_chained(X509 *leaf, X509 *ca);

/* Has it the purpose of document signers (ISO/IEC 18013-5 B.1.4)? */
bool certificate_signs_documents(X509 *x);

#endif
