/*
 * Key ceremonies, short form: check a script, rehearse it on a throw-away
 * token with practice officers, verify what came of it. Nothing here prints:
 * progress and findings are lines of text for whoever listens.
 *
 * What a rehearsal leaves in its directory:
 *	ca/NAME.pem		certificates, named as in the script
 *	ca/keys/LABEL.pub.pem	public key (SPKI) of every key
 *	log/log.vkey		verifier key of the log (C2SP signed-note)
 *	log/log-ecdsa.vkey	that of its P-256 key, when the script has one
 *	ceremony/script.yaml	the script, byte for byte
 *	ceremony/roster.txt	the officers; quorum/roster.txt describes it
 *	ceremony/quorum.txt	quorum/quorum.txt describes it
 *	ceremony/transcript.log	ceremony/transcript.txt describes it
 *	officers/SEAT.share	each practice officer's share, mode 0600
 *	officers/SEAT.key	and the key each signs with, PEM, mode 0600
 * The token's PINs are derived from the shared secret (quorum/derive.h):
 * nothing else has to be kept.
 */
#ifndef OKSE_CEREMONY_CEREMONY_H
#define OKSE_CEREMONY_CEREMONY_H

#include "base/crypto.h"
#include "pkcs11/token.h"

/* Called for each line, without a line end; never with a secret in it. */
struct ceremony_listener {
	void	(*line)(void *context, const char *text);	/* or NULL */
	void	*context;
};

struct rehearse_options {
	const char		*script;	/* path of the YAML file */
	const char		*dir;		/* must hold no ceremony yet */
	const char		*module;	/* its absolute path */
	struct ceremony_listener listener;
};

#define CEREMONY_KEYS 16
#define CEREMONY_KEY_ID 16	/* bytes of CKA_ID */

/* What whoever configures a daemon needs; the rest is in the files. */
struct rehearse_result {
	struct token_identity	 token;
	struct hash		 root;		/* of the transcript */
	size_t			 key_count;
	struct {
		char	label[KEY_LABEL_MAX + 1];
		uint8_t	id[CEREMONY_KEY_ID];
	} keys[CEREMONY_KEYS];
};

/*
 * Reads a script, checks it, walks its steps through the model without doing
 * any, and tells the listener each step. ERR_SCHEMA and ERR_SYNTAX with
 * file:line:column, or those of reading a file.
 */
[[nodiscard]] enum err ceremony_check(const char *script,
    const struct ceremony_listener *listener);

/*
 * Runs the whole script once. The module must find a blank token (SoftHSM has
 * one always) and its environment must be set; use a process of its own for
 * this call, since the module stays loaded and the token was logged in.
 * ERR_EXISTS: dir holds a ceremony already, or the token's label is taken;
 * ERR_SCHEMA, ERR_SYNTAX: the script. After a failure the transcript ends with
 * ABORT, and what exists is left for its reader to judge.
 */
[[nodiscard]] enum err ceremony_rehearse(const struct rehearse_options *o,
    struct rehearse_result *out);

/*
 * Verifies a ceremony's directory from its files alone, without token,
 * shares or network: chain and order of the transcript; every step of the
 * script once, in order; files as recorded; key attributes; certificates
 * linted, chained and bound to the keys. Every check is told; the first that
 * fails ends it. root is the transcript's hash as the officers wrote it down,
 * or NULL: then a transcript rewritten as a whole cannot be told apart.
 * ERR_MISMATCH, ERR_CORRUPT, ERR_SIGNATURE, ERR_SCHEMA, ERR_NOT_FOUND.
 */
[[nodiscard]] enum err ceremony_verify(const char *dir,
    const struct hash *root, const struct ceremony_listener *listener,
    struct hash *out_root);

#endif
