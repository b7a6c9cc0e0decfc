/*
 * Closing a period of the log, when an officer asks: some entries are counted
 * in every pass, then a closing entry (audit/closing.h) ends a batch, and no
 * batch follows before a checkpoint of exactly that size is published, with
 * its quorum where witnesses are configured. That checkpoint is kept as
 * closed/<period>.note beside the log.
 */
#ifndef OKSE_SIGNER_NOTARY_PERIOD_H
#define OKSE_SIGNER_NOTARY_PERIOD_H

#include "base/json.h"
#include "signer/notary/notary.h"

struct period;
void period_free(struct period *p);
AUTO_STRUCT(period);

/*
 * ERR_SYNTAX: not a month ("2026-11"); ERR_IN_FLIGHT: one is being closed;
 * ERR_EXISTS: it was closed.
 */
[[nodiscard]] enum err period_begin(struct notary *n, struct view name);

/* Some more of it; *out_again: call again soon. An error is final. */
[[nodiscard]] enum err period_step(struct notary *n, int64_t now_us,
    bool *out_again);
/* As the last of a batch: its closing entry, when all is counted. */
[[nodiscard]] enum err period_stage(struct notary *n);
/* After a batch that is durable. */
void period_committed(struct notary *n, int64_t now_us);
/* No batch now: a checkpoint of exactly this size is to come. */
bool period_holds(const struct notary *n);

/* How far it is, a JSON record; null when there never was one. */
[[nodiscard]] enum err period_put(const struct notary *n,
    struct bytes *out_json);

#endif
