/*
 * The officer's side of opening: what the daemon says of itself, and an act
 * that answers it, signed with the officer's own key.
 */
#ifndef OKSE_CLI_ACT_H
#define OKSE_CLI_ACT_H

#include "cli/service.h"
#include "quorum/activation.h"

/* The daemon's statement; all zero is none. */
struct said {
	struct bytes		text;
	struct hash		hash;
	struct activation	about;
};
void said_done(struct said *s);
/* ERR_UNAVAILABLE, ERR_SYNTAX. */
[[nodiscard]] enum err said_fetch(const char *dir, struct said *out);

/* Who signs: a key of a file, or a card with its public key. */
struct signer {
	unsigned int	 seat;
	EVP_PKEY	*key;
	const char	*card;		/* URI, or NULL */
	struct officer	 who;		/* of the card: its public half */
};
void signer_done(struct signer *s);
[[nodiscard]] enum err signer_of_key(const char *path, struct signer *out);
/* roster: a file; the seat is who holds the card. */
[[nodiscard]] enum err signer_of_card(const char *card, const char *roster,
    unsigned int seat, struct signer *out);
/* --key, --card, --roster, --seat as they were given; ERR_NOT_FOUND: none. */
[[nodiscard]] enum err signer_given(const struct arguments *a,
    struct signer *out);
/* --seat, or 0; ERR_RANGE. */
[[nodiscard]] enum err seat_given(const struct arguments *a,
    unsigned int *out);

/* act: kind, and of a share what is sealed; the rest is filled in here. */
[[nodiscard]] enum err act_send(const char *dir, const struct said *said,
    const struct signer *s, struct act *act, struct answer *out);

/* In words, on standard error. */
void said_show(const struct said *s);
/*
 * With what the officer brought (--expect, --ceremony), and says loudly when
 * that is nothing. ERR_MISMATCH names what differs.
 */
[[nodiscard]] enum err said_compare(const struct said *s,
    const struct arguments *a);

#endif
