/*
 * SQLite as we use it. Debian 12's version must never have two connections
 * on one file (WAL-reset bug), so the lock is exclusive from the first read
 * on. Results of statements are trusted as far as the file is: damage that
 * SQLite notices is ERR_CORRUPT. Next: registry.c.
 */
#include "signer/notary/sqlite.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

#define APPLICATION_ID 0x4f6b7365	/* "Okse" */

/*
 * locking_mode comes before journal_mode: WAL then needs no shared memory and
 * a second opener finds the database locked. cache_size is in KiB. A longer
 * WAL would be copied back less often, but nobody is served meanwhile: 16 MiB
 * keep that below the patience of a request.
 */
static const char pragmas[] =
    "PRAGMA locking_mode = EXCLUSIVE;"
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA foreign_keys = ON;"
    "PRAGMA trusted_schema = OFF;"
    "PRAGMA cell_size_check = ON;"
    "PRAGMA mmap_size = 0;"
    "PRAGMA cache_size = -24576;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA wal_autocheckpoint = 4000;";

static enum err
err_of(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_FULL:
		return ERR_FULL;
	case SQLITE_NOMEM:
		return ERR_MEMORY;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ERR_UNAVAILABLE;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return ERR_CORRUPT;
	case SQLITE_CONSTRAINT:
	case SQLITE_MISUSE:
		return ERR_INTERNAL;
	default:
		return ERR_SYSTEM;
	}
}

/*
 * Remembers and reports a failure that is not a conflict. The database's own
 * text names tables and columns, never values.
 */
static enum err
fail(struct sqlite *s, int rc)
{
	enum err e = err_because(err_of(rc), "database: %s (%d)",
	    sqlite3_errmsg(s->db), sqlite3_extended_errcode(s->db));

	if (s->failed == ERR_OK)
		s->failed = e;
	return e;
}

static enum err
execute(struct sqlite *s, const char *sql)
{
	int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? ERR_OK : fail(s, rc);
}

static enum err
pragma_get(struct sqlite *s, const char *sql, int64_t *out_value)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(s->db, sql, -1, &st, NULL);

	if (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW)
		*out_value = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return rc == SQLITE_ROW ? ERR_OK : fail(s, rc);
}

static enum err
create_schema(struct sqlite *s, const char *schema, int version)
{
	char marks[96];

	sqlite3_snprintf((int)sizeof(marks), marks,
	    "PRAGMA application_id = %d; PRAGMA user_version = %d;",
	    APPLICATION_ID, version);
	TRY(execute(s, "BEGIN IMMEDIATE"));
	TRY(execute(s, schema));
	TRY(execute(s, marks));
	return execute(s, "COMMIT");
}

static enum err
check_schema(struct sqlite *s, const char *schema, int version)
{
	int64_t id, found, tables;

	TRY(pragma_get(s, "PRAGMA application_id", &id));
	TRY(pragma_get(s, "PRAGMA user_version", &found));
	TRY(pragma_get(s, "SELECT count(*) FROM sqlite_schema", &tables));
	if (id == 0 && found == 0 && tables == 0)
		return create_schema(s, schema, version);
	if (id != APPLICATION_ID)
		return err_because(ERR_UNSUPPORTED,
		    "the database is not a registry of this program");
	if (found != version)
		return err_because(ERR_UNSUPPORTED,
		    "the registry has schema version %lld, this program "
		    "needs %d", (long long)found, version);
	return ERR_OK;
}

static enum err
configure(struct sqlite *s)
{
	int rc;

	if ((rc = sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1,
	    NULL)) != SQLITE_OK ||
	    (rc = sqlite3_extended_result_codes(s->db, 1)) != SQLITE_OK)
		return fail(s, rc);
	return execute(s, pragmas);
}

static enum err
prepare(struct sqlite *s, const char *const *statements, size_t count)
{
	int rc;

	s->statements = mem_new(count, sizeof(*s->statements));
	if (s->statements == NULL)
		return err_because(ERR_MEMORY, "%zu statements", count);
	for (s->count = 0; s->count < count; s->count++) {
		rc = sqlite3_prepare_v3(s->db, statements[s->count], -1,
		    SQLITE_PREPARE_PERSISTENT, &s->statements[s->count], NULL);
		if (rc != SQLITE_OK)
			return fail(s, rc);
	}
	return ERR_OK;
}

/* SQLite would create it with the umask's mode; its journal copies ours. */
static enum err
make_file(const char *path)
{
	AUTO_FD fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	return fd != -1 ? ERR_OK : err_system("%s", path);
}

static enum err
open_all(struct sqlite *s, const char *path, const char *schema, int version,
    const char *const *statements, size_t count)
{
	int rc;

	/* one thread, and nobody reads its statistics; set by the first */
	(void)sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	TRY(make_file(path));
	rc = sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, NULL);
	if (rc != SQLITE_OK)
		return s->db != NULL ? fail(s, rc) :
		    err_because(ERR_MEMORY, "opening the database");
	TRY(configure(s));
	TRY(check_schema(s, schema, version));
	return prepare(s, statements, count);
}

enum err
sqlite_open(const char *path, const char *schema, int version,
    const char *const *statements, size_t count, struct sqlite *out_sqlite)
{
	struct sqlite s = { 0 };
	enum err e = open_all(&s, path, schema, version, statements, count);

	if (e != ERR_OK) {
		sqlite_done(&s);
		return e;
	}
	*out_sqlite = s;
	return ERR_OK;
}

void
sqlite_done(struct sqlite *s)
{
	for (size_t i = 0; i < s->count; i++)
		sqlite3_finalize(s->statements[i]);
	mem_free(s->statements);
	sqlite3_close(s->db);
	*s = (struct sqlite){ 0 };
}

struct query
query_start(struct sqlite *s, size_t statement)
{
	return (struct query){ .sqlite = s,
	    .statement = s->statements[statement], .next = 1 };
}

static void
bound(struct query *q, int rc)
{
	if (rc != SQLITE_OK)
		(void)fail(q->sqlite, rc);
}

void
query_put_null(struct query *q)
{
	bound(q, sqlite3_bind_null(q->statement, q->next++));
}

void
query_put_int(struct query *q, int64_t v)
{
	bound(q, sqlite3_bind_int64(q->statement, q->next++, v));
}

void
query_put_blob(struct query *q, struct view v)
{
	/* a NULL pointer would bind NULL, not an empty blob */
	bound(q, sqlite3_bind_blob64(q->statement, q->next++,
	    v.len != 0 ? (const void *)v.at : "", v.len, SQLITE_STATIC));
}

void
query_put_text(struct query *q, struct view utf8)
{
	bound(q, sqlite3_bind_text64(q->statement, q->next++,
	    utf8.len != 0 ? (const char *)utf8.at : "", utf8.len,
	    SQLITE_STATIC, SQLITE_UTF8));
}

/* After a failure nothing more is asked of the database. */
static enum err
step(struct query *q, int *out_rc)
{
	if (q->sqlite->failed != ERR_OK)
		return err_because(q->sqlite->failed,
		    "the database failed before");
	*out_rc = sqlite3_step(q->statement);
	if (*out_rc == SQLITE_ROW || *out_rc == SQLITE_DONE)
		return ERR_OK;
	return fail(q->sqlite, *out_rc);
}

enum err
query_run(struct query *q)
{
	int rc;
	enum err e = step(q, &rc);

	/* repeats the error of the step, if any */
	sqlite3_reset(q->statement);
	return e;
}

enum err
query_change(struct query *q)
{
	TRY(query_run(q));
	if (sqlite3_changes(q->sqlite->db) == 0)
		return err_because(ERR_EXISTS,
		    "a constraint of the registry refuses the change");
	return ERR_OK;
}

enum err
query_row(struct query *q)
{
	int rc = SQLITE_DONE;
	enum err e = step(q, &rc);

	q->next = 0;
	if (e == ERR_OK && rc == SQLITE_ROW)
		return ERR_OK;
	sqlite3_reset(q->statement);
	return e != ERR_OK ? e :
	    err_because(ERR_NOT_FOUND, "no such row in the registry");
}

bool
query_is_null(const struct query *q)
{
	return sqlite3_column_type(q->statement, q->next) == SQLITE_NULL;
}

int64_t
query_get_int(struct query *q)
{
	return sqlite3_column_int64(q->statement, q->next++);
}

struct view
query_get_blob(struct query *q)
{
	const void *at = sqlite3_column_blob(q->statement, q->next);
	int len = sqlite3_column_bytes(q->statement, q->next++);

	return VIEW(at, (size_t)len);
}

void
query_get_exact(struct query *q, uint8_t *out, size_t len)
{
	struct view v = query_get_blob(q);

	if (v.len != len) {
		q->sqlite->failed = err_because(ERR_CORRUPT,
		    "database: %zu bytes in a column of %zu", v.len, len);
		return;
	}
	memcpy(out, v.at, len);
}

enum err
query_end(struct query *q)
{
	sqlite3_reset(q->statement);
	return q->sqlite->failed;
}
