/*
 * What is derived from the one secret of an installation. Each use has its own
 * HKDF-SHA256 (RFC 5869) info string, so that no output says anything about
 * another:
 *
 *	PRK  = HKDF-Extract(salt "okse/derive/v1", secret)
 *	info = "user-pin/" || token serial	20 bytes, in base32
 *	       "so-pin/" || token serial	20 bytes, in base32
 *	       "key/" || purpose		32 bytes
 *
 * A PIN is 32 characters of A-Z2-7 (RFC 4648 6): 160 bits, printable, within
 * the limits of every token known to accept long PINs.
 */
#ifndef OKSE_QUORUM_DERIVE_H
#define OKSE_QUORUM_DERIVE_H

#include "base/mem.h"

#define DERIVE_PIN_SIZE 32
#define DERIVE_KEY_SIZE 32

/*
 * serial: the token's, without the blanks that PKCS#11 pads with; printable
 * ASCII, 1 to 16 characters (ERR_RANGE). The PIN has no final NUL.
 */
[[nodiscard]] enum err derive_pin(const struct secret *secret,
    const char *serial, struct secret **out_pin);
[[nodiscard]] enum err derive_so_pin(const struct secret *secret,
    const char *serial, struct secret **out_pin);

/* The notary's key for holders' pseudonyms: derive_key(…, "pseudonym"). */
[[nodiscard]] enum err derive_pseudonym_key(const struct secret *secret,
    struct secret **out_key);

/* purpose: 1 to 32 of a-z, 0-9 and "-" (ERR_RANGE). */
[[nodiscard]] enum err derive_key(const struct secret *secret,
    const char *purpose, struct secret **out_key);

#endif
