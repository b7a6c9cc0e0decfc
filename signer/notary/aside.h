/*
 * A transaction of its own, between two batches: for what an officer asked.
 */
#ifndef OKSE_SIGNER_NOTARY_ASIDE_H
#define OKSE_SIGNER_NOTARY_ASIDE_H

#include "signer/notary/notary.h"

/*
 * Commits what came of staging (after registry_begin()), or takes it back.
 * ERR_UNAVAILABLE also when the registry is away and whether it was committed
 * will only be known later. *out_broken: it failed in a way after which the
 * process must end.
 */
[[nodiscard]] enum err aside_commit(struct notary *n, enum err staged,
    bool *out_broken);

#endif
