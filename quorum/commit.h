/*
 * The commitments of quorum.h, for split.c, which makes them, and quorum.c,
 * which checks them.
 */
#ifndef OKSE_QUORUM_COMMIT_H
#define OKSE_QUORUM_COMMIT_H

#include "quorum/quorum.h"

struct hash quorum_commit_secret(const struct quorum *q,
    const struct secret *s);
struct hash quorum_commit_share(const struct quorum *q, unsigned int x,
    const struct secret *s);

#endif
