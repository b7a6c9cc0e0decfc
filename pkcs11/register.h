/*
 * The key register: what keys and certificates an installation has after a
 * ceremony, and where. Each ceremony leaves one, one that continues begins
 * with that of the ceremony before, and a daemon opens no token that holds
 * anything else. Text (register.txt): UTF-8 lines, LF,
 * fields parted by one blank, in this order:
 *
 *	okse-register 2
 *	token <label> <serial>
 *	quorum <sha256 of quorum.txt>
 *	backup-quorum <sha256 of backup-quorum.txt> <check value>
 *	key <label> <p256|ed25519> <id> <sha256 of SPKI> <state>
 *	copy <key label> token <token label> <state> <serial>
 *	copy <key label> medium <number> <state> <sha256 of the wrapped key>
 *	certificate <name> <sha256 of DER>
 *
 * with backup-quorum only when a key was ever wrapped; the check value is that
 * of the wrapping key. state is live, destroyed or lost. Every copy of a key
 * that was ever made has its line; a key is live when the token has a live
 * copy, destroyed when all its copies are, and otherwise lost. Keys, copies and
 * certificates in the order in which they were made, names and places once.
 * Hashes and ids are lower-case hexadecimal. One register has one text.
 */
#ifndef OKSE_PKCS11_REGISTER_H
#define OKSE_PKCS11_REGISTER_H

#include "pkcs11/token.h"

#define REGISTER_KEYS 64
#define REGISTER_COPIES 256
#define REGISTER_MEDIA 8
#define REGISTER_CERTIFICATES 64
#define REGISTER_KEY_ID 16		/* bytes of CKA_ID */
#define REGISTER_NAME 33		/* with its NUL */
#define REGISTER_CHECK 3		/* bytes of a check value */

enum register_state { REGISTER_LIVE, REGISTER_DESTROYED, REGISTER_LOST };

struct register_key {
	char		label[REGISTER_NAME];
	enum key_type	type;
	uint8_t		id[REGISTER_KEY_ID];
	struct hash	spki;
	enum register_state state;	/* of its copies */
};

struct register_copy {
	char		key[REGISTER_NAME];
	char		token[33], serial[17];	/* medium 0 */
	unsigned int	medium;		/* 1 … REGISTER_MEDIA */
	struct hash	wrapped;	/* what the medium has */
	enum register_state state;
};

struct register_certificate {
	char		name[REGISTER_NAME];
	struct hash	sha256;
};

/* All zero is empty. */
struct key_register {
	char		token[33], serial[17];
	struct hash	quorum;
	bool		wraps;			/* has the next two */
	struct hash	backup_quorum;
	uint8_t		check[REGISTER_CHECK];
	size_t		key_count, copy_count, certificate_count;
	struct register_key keys[REGISTER_KEYS];
	struct register_copy copies[REGISTER_COPIES];
	struct register_certificate certificates[REGISTER_CERTIFICATES];
};

/*
 * ERR_SYNTAX, ERR_RANGE (too many), ERR_EXISTS (a name or place twice),
 * ERR_NOT_FOUND (a copy of no key), ERR_MISMATCH (states that do not add up).
 */
[[nodiscard]] enum err register_get(struct view text,
    struct key_register *out);
[[nodiscard]] enum err register_put(const struct key_register *r,
    struct bytes *out);

/*
 * The register in a file, and the SHA-256 of its text; errors also as of
 * file_read().
 */
[[nodiscard]] enum err register_read(const char *path,
    struct key_register *out, struct hash *out_hash);

struct register_key *register_key(struct key_register *r, const char *label);
const struct register_certificate *register_certificate(
    const struct key_register *r, const char *name);
/* ERR_EXISTS: its label, or its public key; ERR_RANGE. */
[[nodiscard]] enum err register_add_key(struct key_register *r,
    const struct register_key *key);
[[nodiscard]] enum err register_add_certificate(struct key_register *r,
    const char *name, const struct hash *sha256);
/* A copy on the token of the register, or on another one: as above, and
   ERR_NOT_FOUND: of a key that is not there. */
[[nodiscard]] enum err register_add_on_token(struct key_register *r,
    const char *label, const char *token, const char *serial);
[[nodiscard]] enum err register_add_on_medium(struct key_register *r,
    const char *label, unsigned int medium, const struct hash *wrapped);
/* The copy on a token, on a medium; NULL. */
struct register_copy *register_on_token(struct key_register *r,
    const char *label, const char *token, const char *serial);
struct register_copy *register_on_medium(struct key_register *r,
    const char *label, unsigned int medium);
/* "document on token okse, serial 12ab", "document on medium 1" */
void register_copy_name(const struct register_copy *c, char out[128]);
/*
 * Brings the state of every key up to date with its copies: after a copy has
 * changed, or the token.
 */
void register_settle(struct key_register *r);
/* Keys of which the token has a live copy. */
size_t register_live(const struct key_register *r);
/* Copies of a key, or of all (NULL), in a state. */
size_t register_copies(const struct key_register *r, const char *label,
    enum register_state state);
/* Live copies on media. */
size_t register_wrapped(const struct key_register *r);
const char *register_state_name(enum register_state state);	/* "live" */

/* ---- against a token (account.c) */

/* Keys that have a live copy on one token. */
struct register_plan {
	size_t				 count;
	const struct register_key	*at[REGISTER_KEYS];
};

/* ERR_MISMATCH: the register knows no such token. Views of r. */
[[nodiscard]] enum err token_plan(const struct token *t,
    const struct key_register *r, struct register_plan *out);

/*
 * Both halves of each of these keys are in the token, once, and it holds
 * nothing else. Needs a login. ERR_MISMATCH: another token, or an object that
 * is too many, named by class, label and id, or a private key that says it can
 * leave or do more than sign. ERR_NOT_FOUND: a half is missing, or hidden by
 * a start race: look again before believing it.
 */
[[nodiscard]] enum err token_account(struct token *t,
    const struct key_register *r, size_t *out_objects);

#endif
