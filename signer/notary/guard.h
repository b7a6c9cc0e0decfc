/*
 * Does the registry know what its log has shown to the world? After an old
 * backup was restored, or a database failed over without its last commits, it
 * does not: devices, redeemed tokens, whole decisions are forgotten, and the
 * log would fork with the next entry. The notary then runs, decides nothing,
 * and says what is missing; `okse registry repair` brings it back from the
 * published log.
 *
 * A registry that contradicts its log is another matter: ERR_CORRUPT, for
 * one of them was altered and nobody here can know which.
 */
#ifndef OKSE_SIGNER_NOTARY_GUARD_H
#define OKSE_SIGNER_NOTARY_GUARD_H

#include "audit/schema.h"
#include "signer/notary/mark.h"

/* What is missing, as far as the published log tells. */
struct guard_kinds {
	uint64_t	qr_tokens, credentials, status_changes;	/* allowed */
	uint64_t	refused;
	uint64_t	other;		/* outcomes, openings, … */
};

struct guard {
	bool		 held;		/* nothing is decided */
	uint64_t	 entries;	/* the registry has these */
	uint64_t	 published;	/* the log shows these */
	uint64_t	 known;		/* the mark says there were these */
	struct guard_kinds kinds;	/* of entries … published - 1 */
	struct mark	 mark;
};

struct notary;

/*
 * Compares registry, published log and mark; fills n->guard. ERR_CORRUPT when
 * they contradict each other; errors of reading the checkpoint.
 */
[[nodiscard]] enum err guard_open(struct notary *n);
void guard_done(struct guard *g);

/* ERR_BEHIND, with what is missing, while it is held. */
[[nodiscard]] enum err guard_check(const struct guard *g);
/* Can the published log bring everything back that is known to be missing? */
bool guard_can_repair(const struct guard *g);

/*
 * The same while running, when the database may have changed under us (after
 * each new connection, and now and then): ERR_CORRUPT when it no longer ends
 * where the log ends. The process must end; guard_open() tells the rest.
 */
[[nodiscard]] enum err guard_again(struct notary *n);
/* A checkpoint was published: the mark follows. */
[[nodiscard]] enum err guard_published(struct notary *n);

/* The JSON of HOLD and seal-status; nothing while not held. Metrics. */
[[nodiscard]] enum err guard_put(const struct guard *g, struct bytes *out);
void guard_metrics(const struct guard *g, struct bytes *out);

/* Adds one entry to a sum of kinds; ERR_SYNTAX, ERR_SCHEMA. */
[[nodiscard]] enum err guard_count(struct guard_kinds *k, struct view entry);

#endif
