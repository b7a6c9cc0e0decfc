/*
 * The embedded engine: SQLite, one connection that has the file alone,
 * statements prepared once, errors in our words.
 */
#ifndef OKSE_SIGNER_NOTARY_SQLITE_H
#define OKSE_SIGNER_NOTARY_SQLITE_H

#include <sqlite3.h>

#include "signer/notary/engine.h"

/*
 * Opens or creates path with mode 0600, for one process and one thread.
 * ERR_UNAVAILABLE when another process has it, ERR_CORRUPT, ERR_SYSTEM.
 */
[[nodiscard]] enum err sqlite_open(const char *path,
    const struct statement *statements, size_t count,
    struct engine **out_engine);

/*
 * Opens a copy to read, without a lock and without writing anything: nobody
 * may have it open to write. ERR_CORRUPT when a journal lies beside it.
 */
[[nodiscard]] enum err sqlite_open_copy(const char *path,
    const struct statement *statements, size_t count,
    struct engine **out_engine);

/* The connection itself, for backups on it and for tests. */
sqlite3 *sqlite_connection(struct engine *e);

#endif
