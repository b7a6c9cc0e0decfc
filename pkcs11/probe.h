/*
 * What a key must not let anybody do, tried: attributes are a token's claims,
 * not enforcement. In ceremonies, and once at each opening of a daemon; in an
 * object of its own, since it makes a wrapping key for the length of a session.
 */
#ifndef OKSE_PKCS11_PROBE_H
#define OKSE_PKCS11_PROBE_H

#include "pkcs11/token.h"

#define PROBES 9

/* What was tried, and what the token said to it; "" when it has no such
   mechanism or function. Valid as long as the program runs. */
struct probe {
	const char	*tried;		/* "wrap" */
	const char	*refused;	/* "CKR_KEY_UNEXTRACTABLE" */
};

/*
 * Tries to read the private value, to make the key extractable, insensitive,
 * good for decryption, unwrapping or derivation, to copy it as extractable, and
 * to wrap it, in two ways, under an AES key made for this. Needs a login.
 * ERR_MISMATCH: some of them succeeded, all are named, and the key is worth
 * nothing; ERR_NOT_FOUND and others as token_key_find() has them.
 */
[[nodiscard]] enum err token_probe(struct token *t, enum key_type type,
    const char *label, struct view id, struct probe out[PROBES]);

#endif
