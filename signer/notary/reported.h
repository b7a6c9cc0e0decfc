/*
 * Which tickets has the log an outcome for? It says so itself; what is kept
 * beside it is only from where on to look: every ticket of an earlier entry
 * was reported on, or is an orphan that the registry knows.
 */
#ifndef OKSE_SIGNER_NOTARY_REPORTED_H
#define OKSE_SIGNER_NOTARY_REPORTED_H

#include "signer/notary/notary.h"

/* Stages the mark; after all else of the batch was staged. */
[[nodiscard]] enum err reported_put(struct notary *n);

/* The next start is to look at the whole log: the registry was repaired. */
[[nodiscard]] enum err reported_again(struct notary *n);

/*
 * After a start: records tickets without an outcome as orphans, within the
 * open transaction, and closes those that nobody waits for.
 */
[[nodiscard]] enum err reported_orphans(struct notary *n);

#endif
