/*
 * What is derived from the one secret of an installation. Each use has its own
 * HKDF-SHA256 (RFC 5869) info string, so that no output says anything about
 * another:
 *
 *	PRK  = HKDF-Extract(salt "okse/derive/v1", secret)
 *	info = "user-pin/" || token label	20 bytes, in base32
 *	       "so-pin/" || token label		20 bytes, in base32
 *	       "key/" || purpose		32 bytes
 *
 * The label and not the serial number, because a token must be given its PINs
 * when it is initialised, and a token in software has no serial number before.
 * A ceremony gives every token a label of its own, so no two share a PIN.
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
 * label: the token's, without the blanks that PKCS#11 pads with; printable
 * ASCII, 1 to 32 characters (ERR_RANGE). The PIN has no final NUL.
 */
[[nodiscard]] enum err derive_pin(const struct secret *secret,
    const char *label, struct secret **out_pin);
[[nodiscard]] enum err derive_so_pin(const struct secret *secret,
    const char *label, struct secret **out_pin);

/* Keys are derived from the root (quorum.h), PINs from the secret itself. */

/* The notary's key for holders' pseudonyms: derive_key(…, "pseudonym"). */
[[nodiscard]] enum err derive_pseudonym_key(const struct secret *secret,
    struct secret **out_key);

/* purpose: 1 to 32 of a-z, 0-9 and "-" (ERR_RANGE). */
[[nodiscard]] enum err derive_key(const struct secret *secret,
    const char *purpose, struct secret **out_key);

#endif
