/*
 * A practice phone, for trials from a shell and for load: a P-256 key in
 * software and the proof of possession made with it. Real phones keep theirs
 * in hardware; nothing of the service itself holds a private key like this.
 */
#ifndef OKSE_CLI_WALLET_H
#define OKSE_CLI_WALLET_H

#include "base/crypto.h"

/* A new key; a PEM file's key, which is made and kept there when missing. */
[[nodiscard]] enum err wallet_new(EVP_PKEY **out_key);
[[nodiscard]] enum err wallet_open(const char *path, EVP_PKEY **out_key);

/*
 * Appends an openid4vci-proof+jwt (OpenID4VCI 1.0 appendix F.1): ES256, the
 * key as "jwk", aud, nonce, iat.
 */
[[nodiscard]] enum err wallet_proof(EVP_PKEY *key, const char *audience,
    const char *nonce, int64_t issued_at, struct bytes *out);

#endif
