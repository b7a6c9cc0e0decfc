/*
 * Opening the daemon, as signed texts (activation.txt describes both): its
 * statement says what an officer's share would open, and for how long; an act
 * is what an officer answers to it, signed with their own key.
 */
#ifndef OKSE_QUORUM_ACTIVATION_H
#define OKSE_QUORUM_ACTIVATION_H

#include "quorum/roster.h"

#define STATEMENT_MAX 1024	/* bytes of its text */

/* What a daemon says of itself. */
struct activation {
	struct hash	program, config, roster;
	struct hash	key_register;	/* its token is compared with */
	struct hash	ceremony;	/* all zero: none is configured */
	uint8_t		set_id[SHARE_ID_SIZE];
	char		token[33];	/* label, serial as configured */
	char		serial[17];	/* "": not configured */
	struct hash	nonce;		/* random */
	int64_t		expires;	/* instant */
	uint8_t		point[P256_POINT_SIZE];	/* its key of this round */
};

/*
 * One statement has one text: what activation_get() accepts, activation_put()
 * writes back byte for byte. ERR_SYNTAX.
 */
[[nodiscard]] enum err activation_put(const struct activation *a,
    struct bytes *out);
[[nodiscard]] enum err activation_get(struct view text,
    struct activation *out);

enum act_kind {
	ACT_SHARE = 1,	/* here is my share */
	ACT_CANCEL,	/* forget the shares given so far */
	ACT_SEAL,	/* close */
};

/* All zero is empty. */
struct act {
	enum act_kind	kind;
	struct hash	statement;	/* SHA-256 of its text */
	unsigned int	seat;
	struct bytes	sealed;		/* of a share: quorum/envelope.h */
	struct bytes	signature;
	struct view	message;	/* what is signed, within the text */
};

void act_done(struct act *a);
const char *act_name(enum act_kind kind);

/* What is to be signed; act_finish() adds the signature below it. */
[[nodiscard]] enum err act_begin(const struct act *a, struct bytes *out);
[[nodiscard]] enum err act_finish(struct view signature, struct bytes *text);
/* The form only; the signature is for officer_verify(). ERR_SYNTAX. */
[[nodiscard]] enum err act_get(struct view text, struct act *out);

#endif
