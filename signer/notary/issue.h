/*
 * One issue on its way through the notary: what a retry is recognised by, and
 * what makes its drafts come out the same again.
 */
#ifndef OKSE_SIGNER_NOTARY_ISSUE_H
#define OKSE_SIGNER_NOTARY_ISSUE_H

#include "credential/draft.h"
#include "signer/notary/facts.h"
#include "signer/notary/places.h"

struct issue {
	struct handle		id;		/* of caller and key */
	struct handle		fingerprint;	/* of the request */
	struct handle		seed;		/* random, stored */
	struct status_use	status;		/* list 0: none */
	/* seconds, 0: none; what the log names devices by */
	int64_t			bound;		/* this one */
	int64_t			old;		/* the one that made room */
	int64_t			changed;	/* the state of one of them */
	bool			retried;	/* was decided before, as: */
	struct registry_idem	before;
};

/* The drafts of an issue, and what log, tickets and answers say of them. */
struct drafts {
	size_t		 count;
	struct draft	*at[REGISTRY_DRAFTS];
	struct hash	 hash[REGISTRY_DRAFTS];	/* SHA-256 of draft_tbs() */
	int64_t		 from, until;		/* as the documents say */
	char		 status_uri[PLACES_URI]; /* "": they have none */
	uint64_t	 place[REGISTRY_DRAFTS]; /* in that status list */
};
void drafts_done(struct drafts *d);

/*
 * Refuses what this service cannot draft before anything is decided of it:
 * ERR_SCHEMA, ERR_UNSUPPORTED, ERR_RANGE.
 */
[[nodiscard]] enum err drafts_possible(const struct asked *asked);

/*
 * The drafts that a grant allows, in the order of their parts: format by
 * format, key by key. grant NULL: none.
 */
[[nodiscard]] enum err drafts_make(struct notary *n, const struct request *r,
    const struct issue *issue, const struct grant *grant,
    struct drafts *out_drafts);

/*
 * A name that an issue gives: its time, then keyed by its seed. of: "cti", of
 * a QR token, or "serial", of a device's binding.
 */
struct handle drafts_name(const struct notary *n, const struct issue *issue,
    const struct grant *grant, const char *of);

/*
 * What a grant changes in the registry; fills issue->status. grant NULL:
 * nothing. ERR_EXISTS: the facts have changed since they were gathered.
 */
[[nodiscard]] enum err reserve(struct notary *n, const struct request *r,
    struct issue *issue, const struct findings *f,
    const struct grant *grant);

/*
 * Has this been decided before? Fills issue: the same request again is
 * retried, otherwise a fresh seed is drawn. ERR_MISMATCH for another request
 * under the same key, ERR_IN_FLIGHT while the first is on its way.
 */
[[nodiscard]] enum err retry_find(struct notary *n, const struct request *r,
    struct issue *out_issue);

#endif
