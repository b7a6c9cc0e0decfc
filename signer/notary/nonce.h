/*
 * Challenges for device proofs. Giving one out stores nothing:
 *
 *	16 bytes random, u64 expiry, 16 bytes keyed tag over both and the
 *	caller; base64url
 *
 * Single use is enforced where it is redeemed, in the registry.
 */
#ifndef OKSE_SIGNER_NOTARY_NONCE_H
#define OKSE_SIGNER_NOTARY_NONCE_H

#include "signer/notary/pseudonym.h"

#define NONCE_LIFE 300		/* seconds */
#define NONCE_TEXT 54		/* characters */

[[nodiscard]] enum err nonce_new(const struct keys *k, struct view caller,
    int64_t now, struct bytes *out_text, int64_t *out_expires_at);

struct notary;
/* The ANSWER to a CHALLENGE. ERR_SEALED, ERR_BEHIND */
[[nodiscard]] enum err nonce_challenge(const struct notary *n,
    struct view caller, struct bytes *out);

/*
 * PROOF_VALID, PROOF_UNKNOWN_NONCE (not ours, damaged, another caller's) or
 * PROOF_EXPIRED_NONCE. *out is set unless unknown.
 */
enum proof_state nonce_check(const struct keys *k, struct view text,
    struct view caller, int64_t now, struct registry_nonce *out);

#endif
