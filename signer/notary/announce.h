/*
 * Before a batch is served: asks the registry for all that it will read.
 */
#ifndef OKSE_SIGNER_NOTARY_ANNOUNCE_H
#define OKSE_SIGNER_NOTARY_ANNOUNCE_H

#include "signer/notary/batch.h"

/* Right after the beginning. Errors are those of the registry. */
[[nodiscard]] enum err announce(struct notary *n, const struct queue *q);

#endif
