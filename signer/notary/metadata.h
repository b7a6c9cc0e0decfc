/*
 * The issuer's metadata, signed: made of the policy in force when the service
 * opens, when policy or signer change, and once a day. What was signed is told
 * to every gate; it is kept in memory alone.
 */
#ifndef OKSE_SIGNER_NOTARY_METADATA_H
#define OKSE_SIGNER_NOTARY_METADATA_H

#include "base/crypto.h"
#include "base/time.h"

#define METADATA_LIFE (7 * DAY)		/* from "iat" to "exp" */
#define METADATA_AGE DAY		/* then it is signed anew */

struct issuer;
struct notary;
struct peer;
struct served;

struct announced {
	bool			 signing;	/* a ticket is on its way */
	uint64_t		 index;		/* of that ticket */
	const struct issuer	*issuer;	/* who signs it */
	struct hash		 policy;	/* what it was made of */
	struct hash		 signer;	/* and for whom */
	struct bytes		 tbs;
	int64_t			 signed_at;	/* 0: never */
	int64_t			 not_before;	/* after a failure */
	struct bytes		 jwt;		/* the newest */
	bool			 told;		/* the gate */
};
void announced_done(struct announced *a);

/* Whether there is a key for it and it is time. */
bool metadata_due(const struct notary *n, int64_t now);
/*
 * Within a transaction: stages its entry and ticket, or nothing when it cannot
 * be made, which is told in the journal. ERR_FULL and those of the registry.
 */
[[nodiscard]] enum err metadata_stage(struct notary *n, struct served *out);
/* What became of a ticket, if it is the metadata's. */
void metadata_signed(struct notary *n, uint64_t index, struct view signature);
void metadata_closed(struct notary *n, uint64_t index, enum err outcome);
/* A gate that has not heard it, hears it; NULL: there is none now. */
void metadata_tell(struct notary *n, struct peer *gate);

#endif
