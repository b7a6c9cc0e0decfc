/*
 * SQLite writes the head and the page of each frame of its log by themselves:
 * some hundred system calls a commit, which cost more than the copying that
 * joins them. Nothing is promised to anybody before the sync, so nothing is
 * lost by a process that dies before it. What comes in is SQLite's own.
 * Previous: sqlite.c.
 */
#include "signer/notary/sqlite_wal.h"

#include <string.h>

#include "signer/notary/sqlite.h"

#define WAITING_MAX (128 * 1024)	/* one write has at most this */
#define LONG 2000			/* pages: some 10 ms to copy and sync */

/* Lies behind the plain layer's own part of an open file. */
struct wal {
	const sqlite3_io_methods	*plain;
	sqlite3_io_methods		 joining;
	uint8_t				*waiting;
	sqlite3_int64			 at;	/* where it belongs */
	int				 len;
};

static sqlite3_vfs *plain;

static struct wal *
wal_of(sqlite3_file *f)
{
	return (struct wal *)((char *)f + plain->szOsFile);
}

/* What cannot be written is given up: SQLite then gives up what it was for. */
static int
flush(sqlite3_file *f)
{
	struct wal *w = wal_of(f);
	int len = w->len;

	w->len = 0;
	return len == 0 ? SQLITE_OK :
	    w->plain->xWrite(f, w->waiting, len, w->at);
}

static int
wal_write(sqlite3_file *f, const void *at, int len, sqlite3_int64 offset)
{
	struct wal *w = wal_of(f);

	if (offset != w->at + w->len || len > WAITING_MAX - w->len) {
		int rc = flush(f);

		if (rc != SQLITE_OK)
			return rc;
		w->at = offset;
	}
	if (len > WAITING_MAX)
		return w->plain->xWrite(f, at, len, offset);
	memcpy(w->waiting + w->len, at, (size_t)len);
	w->len += len;
	return SQLITE_OK;
}

static int
wal_sync(sqlite3_file *f, int flags)
{
	int rc = flush(f);

	return rc != SQLITE_OK ? rc : wal_of(f)->plain->xSync(f, flags);
}

static int
wal_read(sqlite3_file *f, void *out, int len, sqlite3_int64 offset)
{
	int rc = flush(f);

	return rc != SQLITE_OK ? rc :
	    wal_of(f)->plain->xRead(f, out, len, offset);
}

static int
wal_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	int rc = flush(f);

	return rc != SQLITE_OK ? rc : wal_of(f)->plain->xTruncate(f, size);
}

static int
wal_size(sqlite3_file *f, sqlite3_int64 *out_size)
{
	int rc = flush(f);

	return rc != SQLITE_OK ? rc : wal_of(f)->plain->xFileSize(f, out_size);
}

static int
wal_close(sqlite3_file *f)
{
	int rc = flush(f), closed = wal_of(f)->plain->xClose(f);

	mem_free(STEAL(wal_of(f)->waiting));
	return rc != SQLITE_OK ? rc : closed;
}

static int
wal_open(sqlite3_file *f)
{
	struct wal *w = wal_of(f);

	*w = (struct wal){ .plain = f->pMethods, .joining = *f->pMethods,
	    .waiting = mem_new(WAITING_MAX, 1) };
	if (w->waiting == NULL) {
		w->plain->xClose(f);
		f->pMethods = NULL;
		return SQLITE_NOMEM;
	}
	w->joining.xRead = wal_read;
	w->joining.xWrite = wal_write;
	w->joining.xSync = wal_sync;
	w->joining.xTruncate = wal_truncate;
	w->joining.xFileSize = wal_size;
	w->joining.xClose = wal_close;
	f->pMethods = &w->joining;
	return SQLITE_OK;
}

static int
layer_open(sqlite3_vfs *layer, const char *name, sqlite3_file *f, int flags,
    int *out_flags)
{
	int rc = plain->xOpen(plain, name, f, flags, out_flags);

	(void)layer;
	return rc == SQLITE_OK && (flags & SQLITE_OPEN_WAL) != 0 ?
	    wal_open(f) : rc;
}

const char *
sqlite_wal_layer(void)
{
	static sqlite3_vfs layer;

	if (plain != NULL)
		return layer.zName;
	if ((plain = sqlite3_vfs_find(NULL)) == NULL)
		return NULL;
	layer = *plain;
	layer.zName = "okse";
	layer.szOsFile += (int)sizeof(struct wal);
	layer.xOpen = layer_open;
	return sqlite3_vfs_register(&layer, 0) == SQLITE_OK ? layer.zName :
	    NULL;
}

void
sqlite_wal_tend(struct engine *e)
{
	sqlite3 *db = sqlite_connection(e);
	int pages = 0, most;

	if (sqlite3_db_status(db, SQLITE_DBSTATUS_CACHE_WRITE, &pages, &most,
	    0) != SQLITE_OK || pages < LONG)
		return;
	(void)sqlite3_db_status(db, SQLITE_DBSTATUS_CACHE_WRITE, &pages,
	    &most, 1);
	(void)sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE,
	    NULL, NULL);
}
