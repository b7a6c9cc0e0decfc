/*
 * SQLite's file layer with one change: what it writes to its write-ahead log
 * piece by piece reaches the kernel in large pieces, at the latest with the
 * sync that makes a commit durable. Whoever reads, measures or cuts the file
 * through this layer finds it as it was written.
 */
#ifndef OKSE_SIGNER_NOTARY_SQLITE_WAL_H
#define OKSE_SIGNER_NOTARY_SQLITE_WAL_H

/*
 * Puts it on top of the layer that is the default now; the name to open a
 * database with. NULL: SQLite has no memory for it.
 */
const char *sqlite_wal_layer(void);

#endif
