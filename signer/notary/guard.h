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

#define GUARD_AWAITED 512	/* origins of nodes, and some words */

struct guard {
	bool		 held;		/* nothing is decided, or recorded */
	bool		 lost;		/* likewise: forgotten while running */
	char		 awaited[GUARD_AWAITED]; /* other nodes; "": none */
	uint64_t	 connection;	/* that was looked at */
	uint64_t	 news;		/* grows when guard_put() changes */
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

/* ERR_BEHIND, with what is missing or awaited, while nothing is decided. */
[[nodiscard]] enum err guard_check(const struct guard *g);
static inline bool
guard_is_open(const struct guard *g)
{
	return !g->held && !g->lost && g->awaited[0] == '\0';
}
/* Can the published log bring everything back that is known to be missing? */
bool guard_can_repair(const struct guard *g);

/*
 * The same while running, when the database may have changed under us (after
 * each new connection, and now and then): ERR_BEHIND when it forgot what was
 * committed, ERR_CORRUPT when it is another one. Either way the process must
 * end, and guard_open() tells the rest.
 */
[[nodiscard]] enum err guard_again(struct notary *n);
/* The same, and who is awaited, if this is another connection than before. */
[[nodiscard]] enum err guard_connected(struct notary *n);
/*
 * What was committed is forgotten: nothing is decided any more, and the log
 * shows what it has, so that it can be brought back; then the process ends.
 */
[[nodiscard]] enum err guard_lost(struct notary *n);
bool guard_has_shown_all(const struct notary *n);
/* A checkpoint was published: the mark follows. */
[[nodiscard]] enum err guard_published(struct notary *n);

/* Whose fault it is that nothing is decided: "registry", "fleet", or "". */
const char *guard_what(const struct guard *g);
/* The JSON of HOLD and seal-status; nothing while not held. Metrics. */
[[nodiscard]] enum err guard_put(const struct guard *g, struct bytes *out);
void guard_metrics(const struct guard *g, struct bytes *out);

/* Adds one entry to a sum of kinds; ERR_SYNTAX, ERR_SCHEMA. */
[[nodiscard]] enum err guard_count(struct guard_kinds *k, struct view entry);

#endif
