/*
 * Where a candidate policy would decide otherwise than the one in force:
 * numbers and ids of rules, never who or where.
 */
#ifndef OKSE_SIGNER_NOTARY_SHADOW_H
#define OKSE_SIGNER_NOTARY_SHADOW_H

#include "signer/notary/tally.h"

struct shadow {
	uint64_t		decisions;	/* that both have made */
	uint64_t		newly_refused, newly_allowed;
	struct tally_rules	rules;		/* refusing in one alone */
	uint64_t		told;		/* decisions, when last told */
};

/* Decides by the candidate what d decided, and counts the difference. */
void shadow_compare(struct shadow *s, const struct policy *candidate,
    const struct request *r, const struct facts *f,
    const struct decision *d);

/* A line in the journal when there is news; once a minute. */
void shadow_tell(struct shadow *s, int64_t serial);

/* Members of an object; Prometheus text. */
void shadow_put(const struct shadow *s, struct json *j);
void shadow_metrics(const struct shadow *s, struct bytes *out);

#endif
