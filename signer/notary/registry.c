/*
 * The registry on SQLite: its tables, opening, transactions. What is read back
 * was written here, in a file that only this process opens, and is still
 * checked for its shape. Next: registry_device.c, registry_log.c.
 */
#include "signer/notary/registry_sql.h"

#define SCHEMA_VERSION 1

/*
 * Keys that are random have a rowid table and an index; keys that begin with
 * a time are clustered (WITHOUT ROWID), so that new rows lie together and old
 * ones are removed from the other end.
 */
static const char schema[] =
    /* state: 1 active, 2 replaced; instants are seconds, NULL for none */
    "CREATE TABLE device ("
    "  id INTEGER PRIMARY KEY,"
    "  holder BLOB NOT NULL CHECK (length(holder) = 16),"
    "  programme TEXT NOT NULL,"
    "  device BLOB NOT NULL CHECK (length(device) = 16),"
    "  state INTEGER NOT NULL CHECK (state IN (1, 2)),"
    "  issued_at INTEGER NOT NULL,"
    "  administrative_expiry INTEGER,"
    "  refreshed_at INTEGER"
    ") STRICT;"
    /* the promise itself: a second active device cannot be written */
    "CREATE UNIQUE INDEX one_active_device ON device (holder, programme)"
    "  WHERE state = 1;"

    "CREATE TABLE device_key ("
    "  key BLOB PRIMARY KEY CHECK (length(key) = 16),"
    "  holder BLOB NOT NULL CHECK (length(holder) = 16)"
    ") STRICT, WITHOUT ROWID;"

    /* cti begins with its time of issue */
    "CREATE TABLE qr ("
    "  cti BLOB PRIMARY KEY CHECK (length(cti) = 16),"
    "  holder BLOB NOT NULL CHECK (length(holder) = 16),"
    "  programme TEXT NOT NULL,"
    "  purpose INTEGER NOT NULL,"
    "  centre TEXT NOT NULL,"
    "  issued_at INTEGER NOT NULL,"
    "  expires_at INTEGER NOT NULL,"
    "  redeemed_at INTEGER"
    ") STRICT, WITHOUT ROWID;"

    "CREATE TABLE nonce ("
    "  expires_at INTEGER NOT NULL,"
    "  random BLOB NOT NULL CHECK (length(random) = 16),"
    "  PRIMARY KEY (expires_at, random)"
    ") STRICT, WITHOUT ROWID;"

    /* what a retry needs; terms are those of struct grant_terms */
    "CREATE TABLE idem ("
    "  log_index INTEGER PRIMARY KEY,"
    "  id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),"
    "  fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 16),"
    "  seed BLOB NOT NULL CHECK (length(seed) = 16),"
    "  issued_at INTEGER NOT NULL,"
    "  valid_from INTEGER NOT NULL,"
    "  administrative_expiry INTEGER,"
    "  technical_expiry INTEGER NOT NULL,"
    "  drafts BLOB NOT NULL CHECK (length(drafts) % 32 = 0)"
    ") STRICT;"

    "CREATE TABLE entry ("
    "  log_index INTEGER PRIMARY KEY,"
    "  bytes BLOB NOT NULL"
    ") STRICT;"

    "CREATE TABLE meta ("
    "  name TEXT PRIMARY KEY,"
    "  value BLOB NOT NULL"
    ") STRICT, WITHOUT ROWID;";

static const char *const statements[] = {
#define X(name, sql) sql,
	REGISTRY_STATEMENTS(X)
#undef X
};

struct handle
handle_at(int64_t time)
{
	uint64_t t = (uint64_t)time;

	return (struct handle){ .at = { (uint8_t)(t >> 24), (uint8_t)(t >> 16),
	    (uint8_t)(t >> 8), (uint8_t)t } };
}

enum err
registry_open(const char *path, struct registry **out_registry)
{
	AUTO(registry) r = mem_new(1, sizeof(*r));

	if (r == NULL)
		return err_because(ERR_MEMORY, "the registry");
	TRY(sqlite_open(path, schema, SCHEMA_VERSION, statements,
	    COUNT(statements), &r->sqlite));
	*out_registry = STEAL(r);
	return ERR_OK;
}

void
registry_close(struct registry *r)
{
	if (r == NULL)
		return;
	sqlite_done(&r->sqlite);
	bytes_done(&r->entry);
	mem_free(r);
}

enum err
registry_failed(const struct registry *r)
{
	return r->sqlite.failed;
}

struct query
registry_query(struct registry *r, enum registry_statement s)
{
	return query_start(&r->sqlite, s);
}

static enum err
run(struct registry *r, enum registry_statement s)
{
	struct query q = registry_query(r, s);

	return query_run(&q);
}

enum err
registry_begin(struct registry *r)
{
	r->marked = false;
	return run(r, BEGIN);
}

enum err
registry_commit(struct registry *r)
{
	return run(r, COMMIT);
}

void
registry_rollback(struct registry *r)
{
	/* a full disk may have rolled it back already */
	if (sqlite3_get_autocommit(r->sqlite.db) == 0 &&
	    sqlite3_exec(r->sqlite.db, "ROLLBACK", NULL, NULL, NULL) !=
	    SQLITE_OK)
		return;		/* stays failed: the process ends */
	if (r->sqlite.failed == ERR_FULL || r->sqlite.failed == ERR_MEMORY)
		r->sqlite.failed = ERR_OK;
}

enum err
registry_mark(struct registry *r)
{
	if (r->marked)
		TRY(run(r, UNMARK));
	TRY(run(r, MARK));
	r->marked = true;
	return ERR_OK;
}

enum err
registry_undo(struct registry *r)
{
	return run(r, UNDO);
}

/* ---- how our types are bound and read */

void
put_handle(struct query *q, const struct handle *h)
{
	query_put_blob(q, VIEW_OF(h->at));
}

void
get_handle(struct query *q, struct handle *out)
{
	query_get_exact(q, out->at, sizeof(out->at));
}

void
put_time(struct query *q, int64_t t)
{
	if (t == TIME_NONE)
		query_put_null(q);
	else
		query_put_int(q, t);
}

int64_t
get_time(struct query *q)
{
	bool none = query_is_null(q);
	int64_t t = query_get_int(q);

	return none ? TIME_NONE : t;
}
