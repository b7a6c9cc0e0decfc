/*
 * Who takes part in a ceremony: officers, who hold shares and agree to its
 * critical steps, and those who watch. Everyone signs with a key of their own.
 * In a rehearsal the keys are practice keys, whatever the script names.
 *
 * What is signed is a statement, a text of lines in this order:
 *
 *	okse/ceremony/v1
 *	what roll-call | confirm | exception | verdict
 *	mode rehearsal | production
 *	ceremony <16 hex digits>
 *	after <hash of the newest record, 64 hex digits>
 *	step <word>
 *	as <word>				"seat-2", "auditor-1"
 *	says <text>				agree, disagree: …; or "present"
 *
 * Signatures are as roster.txt describes them: Ed25519, or P-256 in DER with
 * s <= n/2; one signature has one form.
 */
#ifndef OKSE_CEREMONY_PARTICIPANT_H
#define OKSE_CEREMONY_PARTICIPANT_H

#include "ceremony/script.h"
#include "quorum/approval.h"

#define PARTICIPANTS (2 * SCRIPT_OFFICERS + SCRIPT_WITNESSES)

struct participant {
	char		 as[24];	/* actor of records, file name */
	enum script_role role;
	unsigned int	 seat;		/* of an officer; 0 */
	struct officer	 who;		/* name, algorithm, public key */
	const char	*card;		/* URI of their token, or NULL */
	X509		*recipient;	/* of an officer's share */
	bool		 present;	/* since the last roll-call */
};

struct participants {
	size_t			 count;
	struct participant	 at[PARTICIPANTS];
};

void participants_done(struct participants *p);

/*
 * Those of the script, without keys: participants_keys() takes the script's
 * (production), practice.c makes some (rehearsal).
 */
void participants_of(const struct script *s, struct participants *out);
[[nodiscard]] enum err participants_keys(const struct script *s,
    struct participants *p);
/* roster.txt of the officers, who have their keys; appended. */
[[nodiscard]] enum err participants_roster(const struct script *s,
    const struct participants *p, struct bytes *out);
/* A certificate as a script names it: DER in base64. */
[[nodiscard]] enum err recipient_get(struct view base64, X509 **out);
/* ERR_EXISTS: two of them have one key: one person, one seat. */
[[nodiscard]] enum err participants_check(const struct participants *p);

/* By the word records call them; NULL. */
struct participant *participant_find(struct participants *p, struct view as);
/* Whoever holds the shares of the quorum before: the first of them. */
struct participant *participants_holders(const struct script *s,
    struct participants *p);
/* Officers who are present. */
size_t participants_officers(const struct participants *p);

struct statement {
	const char	*what;
	const char	*mode;
	uint8_t		 id[SHARE_ID_SIZE];
	struct hash	 after;
	const char	*step;
	const char	*as;
	const char	*says;
};

void statement_put(const struct statement *s, struct bytes *out);

#endif
