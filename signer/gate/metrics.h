/*
 * What the roles report about themselves, as Prometheus text (exposition
 * format 0.0.4): the newest of each peer, merged so that every metric is one
 * block however many processes have it.
 */
#ifndef OKSE_SIGNER_GATE_METRICS_H
#define OKSE_SIGNER_GATE_METRICS_H

#include "signer/msg.h"

/* All zero is empty. */
struct metrics {
	struct metrics_source	*sources;
};

void metrics_done(struct metrics *m);
/* Replaces what this peer said before. */
[[nodiscard]] enum err metrics_set(struct metrics *m, enum role role,
    unsigned int index, struct view text);
void metrics_forget(struct metrics *m, enum role role, unsigned int index);

/* own first, then the peers'. */
void metrics_put(const struct metrics *m, struct view own,
    struct bytes *out);

#endif
