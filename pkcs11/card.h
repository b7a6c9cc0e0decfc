/*
 * A person's own token, such as an officer's smart card: one signature by the
 * private key whose public half is known. Such keys are the person's affair:
 * no attribute is asked of them, unlike of issuing keys (key.c).
 */
#ifndef OKSE_PKCS11_CARD_H
#define OKSE_PKCS11_CARD_H

#include "pkcs11/token.h"

/*
 * Signs message as quorum/roster.txt says: 64 bytes with Ed25519, DER with a
 * low s with P-256. Needs a login. ERR_NOT_FOUND: the card has no pair with
 * this public key; ERR_UNSUPPORTED: another kind of key. The signature is for
 * the caller to verify.
 */
[[nodiscard]] enum err card_sign(struct token *t, EVP_PKEY *public_key,
    struct view message, struct bytes *out_signature);

#endif
