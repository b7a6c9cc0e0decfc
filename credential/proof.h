/*
 * A device's proof that it holds the key its credential will be bound to:
 * openid4vci-proof+jwt (OpenID4VCI 1.0 appendix F.1) with the key as "jwk".
 */
#ifndef OKSE_CREDENTIAL_PROOF_H
#define OKSE_CREDENTIAL_PROOF_H

#include "policy/request.h"

#define PROOF_MAX 4096	/* bytes of one compact JWS */

/*
 * Checks form, key and signature. out_proof's views point into storage, which
 * is emptied first and belongs to this one proof from then on. ERR_SYNTAX,
 * ERR_SCHEMA (a member that is missing, unknown or of another value; the
 * message names it), ERR_TOO_LARGE, ERR_UNSUPPORTED (kid, x5c), ERR_SIGNATURE.
 *
 * Whether nonce and audience are ours, and iat recent, is not asked here.
 */
[[nodiscard]] enum err proof_check(struct view jwt, struct bytes *storage,
    struct device_proof *out_proof);

/* RFC 7638 of a P-256 key. Cannot fail. */
struct hash jwk_thumbprint(const uint8_t point[P256_POINT_SIZE]);

#endif
