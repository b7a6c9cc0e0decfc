/*
 * Quotas in the registry: how often something was granted to a holder, to a
 * client or at a centre within a window of time.
 */
#ifndef OKSE_SIGNER_NOTARY_QUOTAS_H
#define OKSE_SIGNER_NOTARY_QUOTAS_H

#include "signer/notary/facts.h"

/* The counters of f and what was used; f->holder is known. */
[[nodiscard]] enum err quotas_gather(struct notary *n,
    const struct asked *asked, struct findings *f);
/* One more of each. ERR_EXISTS: somebody else has taken the last. */
[[nodiscard]] enum err quotas_take(struct notary *n,
    const struct findings *f);

#endif
