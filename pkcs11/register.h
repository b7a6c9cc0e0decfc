/*
 * The key register: what keys and certificates an installation has after a
 * ceremony, and where. Each ceremony leaves one, one that continues begins
 * with that of the ceremony before, and a daemon opens no token that holds
 * anything else. Text (register.txt): UTF-8 lines, LF,
 * fields parted by one blank, in this order:
 *
 *	okse-register 1
 *	token <label> <serial>
 *	quorum <sha256 of quorum.txt>
 *	key <label> <p256|ed25519> <id> <sha256 of SPKI> <live|destroyed>
 *	certificate <name> <sha256 of DER>
 *
 * keys and certificates in the order in which they were made, names once.
 * Hashes and ids are lower-case hexadecimal. One register has one text.
 */
#ifndef OKSE_PKCS11_REGISTER_H
#define OKSE_PKCS11_REGISTER_H

#include "pkcs11/token.h"

#define REGISTER_KEYS 64
#define REGISTER_CERTIFICATES 64
#define REGISTER_KEY_ID 16		/* bytes of CKA_ID */
#define REGISTER_NAME 33		/* with its NUL */

struct register_key {
	char		label[REGISTER_NAME];
	enum key_type	type;
	uint8_t		id[REGISTER_KEY_ID];
	struct hash	spki;
	bool		destroyed;
};

struct register_certificate {
	char		name[REGISTER_NAME];
	struct hash	sha256;
};

/* All zero is empty. */
struct key_register {
	char		token[33], serial[17];
	struct hash	quorum;
	size_t		key_count, certificate_count;
	struct register_key keys[REGISTER_KEYS];
	struct register_certificate certificates[REGISTER_CERTIFICATES];
};

/* ERR_SYNTAX, ERR_RANGE (too many), ERR_EXISTS (a name twice). */
[[nodiscard]] enum err register_get(struct view text,
    struct key_register *out);
[[nodiscard]] enum err register_put(const struct key_register *r,
    struct bytes *out);

struct register_key *register_key(struct key_register *r, const char *label);
const struct register_certificate *register_certificate(
    const struct key_register *r, const char *name);
/* ERR_EXISTS, ERR_RANGE. */
[[nodiscard]] enum err register_add_key(struct key_register *r,
    const struct register_key *key);
[[nodiscard]] enum err register_add_certificate(struct key_register *r,
    const char *name, const struct hash *sha256);
/* Keys that are not destroyed. */
size_t register_live(const struct key_register *r);

#endif
