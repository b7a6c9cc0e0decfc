/*
 * Looking into a registry: how much it holds, and whether it keeps the
 * promises that its constraints stand for. For operators and for copies that
 * nobody serves from; a daemon's own registry is trusted as registry.h says.
 */
#ifndef OKSE_SIGNER_NOTARY_REGISTRY_INSPECT_H
#define OKSE_SIGNER_NOTARY_REGISTRY_INSPECT_H

#include "base/json.h"
#include "signer/notary/registry.h"

/*
 * Opens a copy of SQLite's file to read, as it is: nothing is written beside
 * it. ERR_CORRUPT when a journal lies beside it, for then the file alone is
 * not the whole registry. Only verbs that read may be used.
 */
[[nodiscard]] enum err registry_open_copy(const char *path,
    struct registry **out_registry);

/* Has a file been put in the place of this one, under the daemon? */
bool registry_is_moved(struct registry *r);

/*
 * Counts by table, state and programme, oldest and newest, as members of an
 * open record. Reads whole tables.
 */
[[nodiscard]] enum err registry_stats(struct registry *r, struct json *j);

/*
 * Everything that must hold of any registry, each told to tell() with the
 * number of rows that break it. Errors are those of reading; a file that
 * SQLite finds damaged is a finding.
 */
[[nodiscard]] enum err registry_check(struct registry *r,
    void (*tell)(void *arg, const char *what, int64_t bad), void *arg);

#endif
