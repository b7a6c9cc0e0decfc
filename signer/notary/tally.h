/*
 * What the notary counts, as Prometheus text. Names, outcomes and ids of
 * rules; never who or where.
 */
#ifndef OKSE_SIGNER_NOTARY_TALLY_H
#define OKSE_SIGNER_NOTARY_TALLY_H

#include "policy/policy.h"

#define TALLY_RULES 64
#define TALLY_BATCHES 9		/* buckets 1, 2, 4 … 256 requests */

/* How often by rule; one beyond the table is not counted. */
struct tally_rules {
	size_t		count;
	struct {
		char		id[64];
		uint64_t	count;
	}		at[TALLY_RULES];
};

struct tally {
	uint64_t	decided[OPERATION_STATUS_CHANGE + 1][2];
	uint64_t	dry_runs, retries;
	uint64_t	refused[ERR_COUNT];	/* without a decision */
	struct tally_rules rules;		/* that failed */
	uint64_t	batch[TALLY_BATCHES];
	uint64_t	batches, requests;
	uint64_t	again;			/* batches served twice */
	uint64_t	commits, commit_us;
	uint64_t	done, failed, orphaned;	/* tickets */
	uint64_t	orphans_open;		/* of all starts */
	bool		orphans_stale;		/* that has changed */
};

void tally_decision(struct tally *t, const struct asked *asked,
    const struct decision *d);
void tally_rule(struct tally_rules *rules, const char *id);
void tally_batch(struct tally *t, size_t requests, int64_t commit_us);

struct notary;
void tally_put(const struct notary *n, struct bytes *out);
/* The lines of HELP and TYPE; name without "okse_". */
void tally_head(struct bytes *out, const char *name, const char *type,
    const char *help);

#endif
