/*
 * Closing a period of the log, when an officer asks: some entries are counted
 * in every pass, then a closing entry (audit/closing.h) ends a batch. Requests
 * are decided all the while; what becomes of the period is closed.h's.
 */
#ifndef OKSE_SIGNER_NOTARY_PERIOD_H
#define OKSE_SIGNER_NOTARY_PERIOD_H

#include "base/json.h"
#include "signer/notary/notary.h"

struct period;
void period_free(struct period *p);
AUTO_STRUCT(period);

/*
 * ERR_SYNTAX: not a month ("2026-11"); ERR_IN_FLIGHT: one is being closed, or
 * waits for its checkpoint; ERR_EXISTS: it was closed.
 */
[[nodiscard]] enum err period_begin(struct notary *n, struct view name);

/*
 * Some more of it, and of keeping the checkpoints of those closed; *out_again:
 * call again soon. An error is final.
 */
[[nodiscard]] enum err period_step(struct notary *n, bool *out_again);
/* As the last of a batch: its closing entry, when all is counted. */
[[nodiscard]] enum err period_stage(struct notary *n);
/* After a batch that is durable. */
[[nodiscard]] enum err period_committed(struct notary *n);

/* The one being closed and all that were: the JSON of GET /v1/log/periods. */
[[nodiscard]] enum err period_put(const struct notary *n,
    struct bytes *out_json);

#endif
