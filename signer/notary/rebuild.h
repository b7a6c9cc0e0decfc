/*
 * Bringing back what a registry forgot, from the published log: some entries
 * at a time, between which the process answers. First the whole log is
 * hashed against its signed checkpoint, and what the registry still has
 * against it; only then is anything written. Each step is one transaction,
 * so that an interrupted repair is simply begun again.
 */
#ifndef OKSE_SIGNER_NOTARY_REBUILD_H
#define OKSE_SIGNER_NOTARY_REBUILD_H

#include "base/json.h"
#include "signer/notary/notary.h"

struct rebuild;

/*
 * first and last: the entries that the operator saw missing. ERR_MISMATCH
 * when it is others now, ERR_UNAVAILABLE when the log does not have them all,
 * ERR_NOT_FOUND when nothing is missing. n must outlive it.
 */
[[nodiscard]] enum err rebuild_start(struct notary *n, uint64_t first,
    uint64_t last, struct rebuild **out_rebuild);
void rebuild_free(struct rebuild *b);
AUTO_STRUCT(rebuild);

/*
 * Some more of it. An error is final: of the log, ERR_CORRUPT, nothing was
 * written; of the registry, the process must end.
 */
[[nodiscard]] enum err rebuild_step(struct rebuild *b, bool *out_done);
/* "repair": how far it is, as a member of an open record. NULL: null. */
void rebuild_put(const struct rebuild *b, struct json *j);

/*
 * n->challenges_since: the log does not tell which challenges were used, so
 * those given before the last lost issue, of any node, count no more.
 */
[[nodiscard]] enum err rebuild_load(struct notary *n);
/* Stages the entry that tells of a finished repair, if there was one. */
[[nodiscard]] enum err rebuild_record(struct notary *n);

#endif
