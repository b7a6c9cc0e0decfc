/*
 * A keyed permutation of [0, size): counters go in, places in a status list
 * come out, so that places say nothing of order, and none comes twice.
 */
#ifndef OKSE_SIGNER_NOTARY_PERMUTATION_H
#define OKSE_SIGNER_NOTARY_PERMUTATION_H

#include "base/crypto.h"

#define PERMUTATION_MAX (INT64_C(1) << 24)

struct permutation;

/* ERR_RANGE unless 1 <= size <= PERMUTATION_MAX; ERR_MEMORY. */
[[nodiscard]] enum err permutation_new(struct view key, int64_t size,
    struct permutation **out_permutation);
void permutation_free(struct permutation *p);
AUTO_STRUCT(permutation);

/* 0 <= counter < size, and so is what it gives. */
int64_t permutation_at(const struct permutation *p, int64_t counter);

#endif
