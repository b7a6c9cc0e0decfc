/*
 * What the notary logs beside decisions: what became of tickets, what the
 * supervisor wants recorded, heartbeats, counts. It waits here for the next
 * commit and is forgotten after it.
 */
#ifndef OKSE_SIGNER_NOTARY_CHORES_H
#define OKSE_SIGNER_NOTARY_CHORES_H

#include "base/bytes.h"
#include "signer/notary/outstanding.h"

#define CHORES_RECORDS 2048	/* every key of every keyholder */

struct chores_record {
	uint64_t	id;	/* the supervisor's */
	struct bytes	body;	/* of RECORD */
	uint64_t	index;	/* in the log, once staged */
};

struct chores_failed {
	uint64_t	index;
	enum err	err;
};

struct chores {
	bool		due;		/* not to wait for a request */
	bool		heartbeat;
	size_t		record_count;
	struct chores_record records[CHORES_RECORDS];
	size_t		done_count;
	uint64_t	done[OUTSTANDING_MAX];
	size_t		failed_count;
	struct chores_failed failed[OUTSTANDING_MAX];
	uint64_t	backed_up;	/* entries in a new backup; 0: none */
	/* what never reached a decision, since then (ms) */
	uint64_t	malformed, unauthenticated, throttled;
	int64_t		since;
};

void chores_clear(struct chores *c);	/* all that was staged is durable */
void chores_done(struct chores *c);
/* The first of each were recorded after all; what came since waits on. */
void chores_drop(struct chores *c, size_t records, size_t done,
    size_t failed, bool heartbeat);

/* ERR_FULL: more than CHORES_RECORDS wait. */
[[nodiscard]] enum err chores_add_record(struct chores *c, uint64_t id,
    struct view body);
/* The outcome of a ticket; there is room for every outstanding one. */
void chores_add_done(struct chores *c, uint64_t index);
void chores_add_failed(struct chores *c, uint64_t index, enum err e);
/* The body of COUNTS; ERR_SYNTAX. */
[[nodiscard]] enum err chores_add_counts(struct chores *c, struct view body);

struct notary;

/* Stages an entry, or several, for each; errors are those of the registry. */
[[nodiscard]] enum err chores_stage(struct notary *n);

#endif
