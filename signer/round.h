/*
 * One round of opening: the statement that officers answer and the key their
 * shares are encrypted to. Both last until the daemon opens or is sealed, the
 * round is cancelled, or its time is over; then a new round begins.
 */
#ifndef OKSE_SIGNER_ROUND_H
#define OKSE_SIGNER_ROUND_H

#include "quorum/activation.h"

#define ROUND_SECONDS 900

/* All zero is none. */
struct round {
	EVP_PKEY		*key;		/* private; never leaves */
	struct activation	 statement;
	struct bytes		 text;		/* of the statement */
	struct hash		 hash;		/* of the text */
	int64_t			 ends_us;	/* monotonic */
};

void round_done(struct round *r);

/* about: all but nonce, expires and point. Takes the place of what r was. */
[[nodiscard]] enum err round_begin(struct round *r,
    const struct activation *about);
bool round_over(const struct round *r);

/*
 * An act of an officer of the roster in this round. ERR_SYNTAX: its form;
 * ERR_MISMATCH: it answers another statement; ERR_TIMEOUT: this one is over;
 * ERR_NOT_FOUND: no such seat; ERR_SIGNATURE: not by the seat's key. *out is
 * a view of text and to be released by act_done().
 */
[[nodiscard]] enum err round_hear(const struct round *r,
    const struct roster *roster, struct view text, struct act *out);
/* The share of such an act, of the same seat; ERR_MISMATCH, as above. */
[[nodiscard]] enum err round_share(const struct round *r,
    const struct act *a, struct share *out);

#endif
