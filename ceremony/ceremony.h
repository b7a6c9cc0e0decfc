/*
 * Key ceremonies: check a script, rehearse it on a throw-away token with
 * practice officers, hold it with real ones, go on after a crash, verify what
 * came of it. Nothing here prints: what people see and answer goes through a
 * console, findings are lines of text for whoever listens.
 *
 * What a ceremony leaves in its directory:
 *	ca/NAME.pem		certificates, named as in the script
 *	ca/keys/LABEL.pub.pem	public key (SPKI) of every key
 *	log/log.vkey		verifier key of the log (C2SP signed-note)
 *	log/log-ecdsa.vkey	that of its P-256 key, when the script has one
 *	ceremony/script.yaml	the script, byte for byte
 *	ceremony/roster.txt	the officers; quorum/roster.txt describes it
 *	ceremony/quorum.txt	quorum/quorum.txt describes it
 *	ceremony/transcript.log	ceremony/transcript.txt describes it
 *	ceremony/signatures.txt	the verdicts (transcript.txt)
 *	officers/SEAT.share.cms	each officer's share, encrypted to them
 *	ceremony/backup-quorum.txt, officers/SEAT.backup-share.cms
 *				the same of the secret that wrapped keys open by
 * and a rehearsal, mode 0600, what its practice officers have:
 *	officers/SEAT.share	the share itself
 *	officers/SEAT.key, auditor-1.key, …	what each signs with, PEM
 *	officers/SEAT.recipient.key	what opens SEAT.share.cms, PEM
 *	media/N/LABEL.wrapped	what a real room has on memory sticks
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

struct console;

struct ceremony_options {
	const char		*script;	/* path of the YAML file */
	const char		*dir;		/* must hold no ceremony yet */
	const char		*module;	/* its absolute path */
	/* NULL: a rehearsal with practice officers, who answer by themselves */
	const struct console	*console;
	struct ceremony_listener listener;	/* of a rehearsal */
	/* production: directory of the rehearsal, which is verified */
	const char		*rehearsal;
	/* of the ceremony that the script continues, or NULL */
	const char		*previous;
	/* of the further node's that brings keys to be certified, or NULL */
	const char		*node;
};

#define CEREMONY_KEYS 16
#define CEREMONY_KEY_ID 16	/* bytes of CKA_ID */

/* What whoever configures a daemon needs; the rest is in the files. */
struct ceremony_result {
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
 * Tells the listener the hashes that everybody brings on paper: of o->script,
 * this program, o->module, the roster and, when o->previous is given, its
 * register. The script must name keys.
 */
[[nodiscard]] enum err ceremony_paper(const struct ceremony_options *o);

/*
 * Holds a ceremony from its beginning: a rehearsal without a console, or the
 * real one. The module must find a blank token (SoftHSM has one always) and
 * its environment must be set; use a process of its own for this call, since
 * the module stays loaded and the token was logged in.
 * ERR_EXISTS: dir holds a ceremony already, or the token's label is taken;
 * ERR_SCHEMA, ERR_SYNTAX: the script. Production also: ERR_FORBIDDEN, the
 * script is not for it, now is outside of its window, or there is no fresh
 * rehearsal of the same script by the same program.
 * A rehearsal that fails ends with ABORT, and what exists is left for its
 * reader to judge. In production ABORT is the room's word alone; after any
 * other failure the transcript has no end, and ceremony_resume() goes on.
 */
[[nodiscard]] enum err ceremony_hold(const struct ceremony_options *o,
    struct ceremony_result *out);

/*
 * Goes on with the ceremony in o->dir, whose own copy of the script it reads:
 * ERR_MISMATCH for another program or module than began it, ERR_EXISTS when
 * it has ended and is signed. A step that a crash cut short is found out: a
 * key that was made is taken over, never made twice.
 */
[[nodiscard]] enum err ceremony_resume(const struct ceremony_options *o,
    struct ceremony_result *out);

/* What a verification came to; the exit status of `okse ceremony verify`. */
#define VERDICT_TABLE(X)                                                      \
	X(VERIFIED, 0, "verified")                                            \
	X(UNREAD, 1, "not read")	/* no such directory, no memory */    \
	X(BYTES, 10, "not the bytes that were recorded")                      \
	X(INCOMPLETE, 11, "not the whole of its script")                      \
	X(PEOPLE, 12, "not agreed to by those it names")                      \
	X(CONTENT, 13, "not what the script plans")                           \
	X(REHEARSAL, 14, "not in production, or not rehearsed for it")        \
	X(DISAGREED, 15, "verified, but somebody disagrees")

enum verdict {
#define X(name, status, text) VERDICT_##name = (status),
	VERDICT_TABLE(X)
#undef X
};
const char *verdict_text(enum verdict v);

struct ceremony_question {
	const char		*dir;
	/* the transcript's hash as the officers wrote it down, or NULL: then
	   a directory rewritten as a whole cannot be told apart */
	const struct hash	*root;
	bool			 production;	/* a rehearsal will not do */
};

/* Filled in whatever the outcome; root as far as there is one. */
struct ceremony_judgement {
	enum verdict	verdict;
	struct hash	root;
};

/*
 * Verifies a ceremony's directory from its files alone, without token,
 * shares or network: chain and order of the transcript; every step of the
 * script once, in order; who agreed, by their signatures; files as recorded;
 * key attributes; certificates linted, chained and bound to the keys. Every
 * check is told; the first that fails ends it and decides the verdict, and
 * what the participants said comes last (ERR_REFUSED: somebody disagrees).
 * ERR_MISMATCH, ERR_CORRUPT, ERR_SIGNATURE, ERR_SCHEMA, ERR_NOT_FOUND, …
 */
[[nodiscard]] enum err ceremony_examine(const struct ceremony_question *q,
    const struct ceremony_listener *listener, struct ceremony_judgement *out);

/* The same, for those who only ask whether. */
[[nodiscard]] enum err ceremony_verify(const char *dir,
    const struct hash *root, const struct ceremony_listener *listener,
    struct hash *out_root);

/*
 * The minutes of the ceremony in dir, which is verified first (that somebody
 * disagrees is no obstacle): pages of text ended by form feeds, or one HTML
 * page that prints alike. The foot of each page has the hash of it and of all
 * pages before it. Errors of ceremony_verify().
 */
[[nodiscard]] enum err ceremony_minutes(const char *dir, bool html,
    struct bytes *out);

#endif
