/*
 * SQLite's file layer with one change: what it writes to its write-ahead log
 * piece by piece reaches the kernel in large pieces, at the latest with the
 * sync that makes a commit durable. Whoever reads, measures or cuts the file
 * through this layer finds it as it was written.
 */
#ifndef OKSE_SIGNER_NOTARY_SQLITE_WAL_H
#define OKSE_SIGNER_NOTARY_SQLITE_WAL_H

#include "signer/notary/engine.h"

/*
 * Puts it on top of the layer that is the default now; the name to open a
 * database with. NULL: SQLite has no memory for it.
 */
const char *sqlite_wal_layer(void);

/*
 * Copies the log back into the database when it has grown long (engine_ops).
 * SQLite would do so within a commit, while those wait whom it was for; it
 * still does when nobody calls this. What fails is done again later, from the
 * log, which is kept until then.
 */
void sqlite_wal_tend(struct engine *e);

#endif
