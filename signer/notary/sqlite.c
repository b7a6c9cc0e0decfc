/*
 * SQLite as we use it. Debian 12's version must never have two connections
 * on one file (WAL-reset bug), so the lock is exclusive from the first read
 * on. Results of statements are trusted as far as the file is: damage that
 * SQLite notices is ERR_CORRUPT. Next: registry.c.
 */
#include "signer/notary/sqlite.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "signer/notary/sqlite_wal.h"

#define APPLICATION_ID 0x4f6b7365	/* "Okse" */

/*
 * locking_mode comes before journal_mode: WAL then needs no shared memory and
 * a second opener finds the database locked. cache_size is in KiB. A longer
 * WAL would be copied back less often, but nobody is served meanwhile: 16 MiB
 * keep that below the patience of a request. Whoever serves somebody does it
 * sooner, and not within a commit: sqlite_wal_tend().
 */
static const char pragmas[] =
    "PRAGMA locking_mode = EXCLUSIVE;"
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA foreign_keys = ON;"
    "PRAGMA trusted_schema = OFF;"
    "PRAGMA cell_size_check = ON;"
    "PRAGMA mmap_size = 0;"
    "PRAGMA cache_size = -16384;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA wal_autocheckpoint = 4000;";

/* The statements of transactions, beside those of the registry. */
enum own { BEGIN, COMMIT, MARK, UNDO, UNMARK, OWN };

static const char *const own_sql[OWN] = {
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[MARK] = "SAVEPOINT request",
	[UNDO] = "ROLLBACK TO request",
	[UNMARK] = "RELEASE request",
};

struct sqlite {
	struct engine	  engine;
	sqlite3		 *db;
	bool		  careful;
	bool		  marked;	/* a savepoint is open */
	bool		  written;	/* since the last mark */
	sqlite3_stmt	 *own[OWN];
	sqlite3_stmt	**prepared;
};

static struct sqlite *
sqlite_of(struct engine *e)
{
	return (struct sqlite *)e;
}

sqlite3 *
sqlite_connection(struct engine *e)
{
	return sqlite_of(e)->db;
}

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
	return engine_fail(&s->engine, err_because(err_of(rc),
	    "database: %s (%d)", sqlite3_errmsg(s->db),
	    sqlite3_extended_errcode(s->db)));
}

static enum err
execute(struct sqlite *s, const char *sql)
{
	int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? ERR_OK : fail(s, rc);
}

/* ---- the schema */

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

/* An empty file is ours to fill; any other must say that it is ours. */
static enum err
sqlite_version(struct engine *e, int *out_version)
{
	struct sqlite *s = sqlite_of(e);
	int64_t id, found, tables;

	TRY(pragma_get(s, "PRAGMA application_id", &id));
	TRY(pragma_get(s, "PRAGMA user_version", &found));
	TRY(pragma_get(s, "SELECT count(*) FROM sqlite_schema", &tables));
	if (id != APPLICATION_ID && (id != 0 || found != 0 || tables != 0))
		return err_because(ERR_UNSUPPORTED,
		    "the database is not a registry of this program");
	*out_version = (int)found;
	return ERR_OK;
}

static enum err
sqlite_migrate(struct engine *e, const char *script, int version)
{
	struct sqlite *s = sqlite_of(e);
	char marks[96];

	sqlite3_snprintf((int)sizeof(marks), marks,
	    "PRAGMA application_id = %d; PRAGMA user_version = %d;",
	    APPLICATION_ID, version);
	TRY(execute(s, own_sql[BEGIN]));
	TRY(execute(s, script));
	TRY(execute(s, marks));
	return execute(s, own_sql[COMMIT]);
}

static enum err
prepare(struct sqlite *s, const char *sql, sqlite3_stmt **out)
{
	int rc = sqlite3_prepare_v3(s->db, sql, -1,
	    SQLITE_PREPARE_PERSISTENT, out, NULL);

	return rc == SQLITE_OK ? ERR_OK : fail(s, rc);
}

static enum err
sqlite_ready(struct engine *e)
{
	struct sqlite *s = sqlite_of(e);

	for (size_t i = 0; i < OWN; i++)
		TRY(prepare(s, own_sql[i], &s->own[i]));
	for (size_t i = 0; i < e->count; i++)
		TRY(prepare(s, e->statements[i].sql, &s->prepared[i]));
	return ERR_OK;
}

/* ---- transactions */

static enum err
run_own(struct sqlite *s, enum own which)
{
	int rc;

	if (s->engine.failed != ERR_OK)
		return err_because(s->engine.failed,
		    "the database failed before");
	rc = sqlite3_step(s->own[which]);
	if (rc != SQLITE_DONE)
		(void)fail(s, rc);
	/* repeats the error of the step, if any */
	sqlite3_reset(s->own[which]);
	return s->engine.failed;
}

/* Every outcome is known at once, but only the careful can be undone. */
static enum err
sqlite_begin(struct engine *e, bool careful)
{
	struct sqlite *s = sqlite_of(e);

	s->careful = careful;
	s->marked = s->written = false;
	return run_own(s, BEGIN);
}

static enum err
sqlite_commit(struct engine *e)
{
	return run_own(sqlite_of(e), COMMIT);
}

static void
sqlite_rollback(struct engine *e)
{
	struct sqlite *s = sqlite_of(e);

	/* a full disk may have rolled it back already */
	if (sqlite3_get_autocommit(s->db) == 0 &&
	    sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL) != SQLITE_OK)
		return;		/* stays failed: the process ends */
	if (e->failed == ERR_FULL || e->failed == ERR_MEMORY)
		e->failed = ERR_OK;
}

/* A savepoint keeps a copy of every page that is written after it. */
static enum err
sqlite_mark(struct engine *e)
{
	struct sqlite *s = sqlite_of(e);

	s->written = false;
	if (!s->careful)
		return ERR_OK;
	if (s->marked)
		TRY(run_own(s, UNMARK));
	TRY(run_own(s, MARK));
	s->marked = true;
	return ERR_OK;
}

static enum err
sqlite_undo(struct engine *e)
{
	struct sqlite *s = sqlite_of(e);

	if (s->careful)
		return run_own(s, UNDO);
	return s->written ? err_because(ERR_EXISTS,
	    "this request can be undone only in a careful batch") : ERR_OK;
}

/* ---- queries */

/* Views are kept as they are: the statement is reset before they go. */
static int
bind_one(sqlite3_stmt *st, int at, const struct datum *d)
{
	/* a NULL pointer would bind NULL, not an empty value */
	const void *bytes = d->type >= DATUM_BLOB && d->bytes.len != 0 ?
	    (const void *)d->bytes.at : "";

	switch (d->type) {
	case DATUM_INT:
		return sqlite3_bind_int64(st, at, d->number);
	case DATUM_BLOB:
		return sqlite3_bind_blob64(st, at, bytes, d->bytes.len,
		    SQLITE_STATIC);
	case DATUM_TEXT:
		return sqlite3_bind_text64(st, at, bytes, d->bytes.len,
		    SQLITE_STATIC, SQLITE_UTF8);
	case DATUM_NULL:
	default:
		return sqlite3_bind_null(st, at);
	}
}

static enum err
step(struct query *q, sqlite3_stmt *st, int *out_rc)
{
	*out_rc = sqlite3_step(st);
	if (*out_rc == SQLITE_ROW || *out_rc == SQLITE_DONE)
		return ERR_OK;
	return fail(sqlite_of(q->engine), *out_rc);
}

static enum err
start(struct query *q, sqlite3_stmt *st, int *out_rc)
{
	for (size_t i = 0; i < q->count; i++) {
		int rc = bind_one(st, (int)i + 1, &q->values[i]);

		if (rc != SQLITE_OK)
			return fail(sqlite_of(q->engine), rc);
	}
	return step(q, st, out_rc);
}

static enum err
sqlite_run(struct query *q, bool must_change)
{
	struct sqlite *s = sqlite_of(q->engine);
	sqlite3_stmt *st = s->prepared[q->statement];
	int rc;
	enum err e;

	s->written = true;
	e = start(q, st, &rc);
	sqlite3_reset(st);
	TRY(e);
	return must_change && sqlite3_changes(s->db) == 0 ? ERR_EXISTS :
	    ERR_OK;
}

static enum err
sqlite_row(struct query *q)
{
	sqlite3_stmt *st = sqlite_of(q->engine)->prepared[q->statement];
	int rc = SQLITE_DONE;
	enum err e = q->rows == NULL ? start(q, st, &rc) : step(q, st, &rc);

	if (e == ERR_OK && rc == SQLITE_ROW) {
		q->rows = st;
		return ERR_OK;
	}
	q->rows = NULL;
	sqlite3_reset(st);
	return e != ERR_OK ? e : ERR_NOT_FOUND;
}

static struct datum
sqlite_column(struct query *q, size_t column)
{
	sqlite3_stmt *st = q->rows;
	int i = (int)column, type = sqlite3_column_type(st, i);
	const void *at;

	if (type == SQLITE_INTEGER)
		return (struct datum){ .type = DATUM_INT,
		    .number = sqlite3_column_int64(st, i) };
	if (type != SQLITE_BLOB && type != SQLITE_TEXT)
		return (struct datum){ .type = DATUM_NULL };
	/* pointer first, then length, as SQLite asks for */
	at = sqlite3_column_blob(st, i);
	return (struct datum){
		.type = type == SQLITE_BLOB ? DATUM_BLOB : DATUM_TEXT,
		.bytes = VIEW(at, (size_t)sqlite3_column_bytes(st, i)),
	};
}

static void
sqlite_end(struct query *q)
{
	sqlite3_reset(STEAL(q->rows));
}

/* ---- opening */

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

/* SQLite would create it with the umask's mode; its journal copies ours. */
static enum err
make_file(const char *path)
{
	AUTO_FD fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	return fd != -1 ? ERR_OK : err_system("%s", path);
}

static void
sqlite_close(struct engine *e)
{
	struct sqlite *s = sqlite_of(e);

	for (size_t i = 0; i < OWN; i++)
		sqlite3_finalize(s->own[i]);
	for (size_t i = 0; s->prepared != NULL && i < e->count; i++)
		sqlite3_finalize(s->prepared[i]);
	mem_free(s->prepared);
	sqlite3_close(s->db);
	mem_free(s);
}

static enum err
connect_to(struct sqlite *s, const char *name, int flags)
{
	int rc;

	/* one thread, and nobody reads its statistics; set by the first */
	(void)sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	rc = sqlite3_open_v2(name, &s->db, flags | SQLITE_OPEN_NOMUTEX |
	    SQLITE_OPEN_NOFOLLOW, sqlite_wal_layer());
	if (rc == SQLITE_OK)
		return ERR_OK;
	return s->db != NULL ? fail(s, rc) :
	    err_because(ERR_MEMORY, "opening the database");
}

static enum err
open_file(struct sqlite *s, const char *path)
{
	TRY(make_file(path));
	TRY(connect_to(s, path, SQLITE_OPEN_READWRITE));
	return configure(s);
}

/* "immutable": no lock, no journal, whatever its header says of a WAL. */
static enum err
open_copy(struct sqlite *s, const char *path)
{
	static const char reserved[] = "?#%";
	AUTO_DONE(bytes) uri = { 0 };
	char beside[PATH_MAX];
	struct stat st;

	snprintf(beside, sizeof(beside), "%s-wal", path);
	if (stat(beside, &st) == 0 && st.st_size != 0)
		return err_because(ERR_CORRUPT, "%s lies beside it: without "
		    "it the file lacks its last commits", beside);
	bytes_put_text(&uri, "file:");
	for (const char *c = path; *c != '\0'; c++)
		bytes_printf(&uri, strchr(reserved, *c) != NULL ? "%%%02x" :
		    "%c", *c);
	bytes_put_text(&uri, "?immutable=1");
	TRY(bytes_check(&uri));
	TRY(connect_to(s, bytes_text(&uri), SQLITE_OPEN_READONLY |
	    SQLITE_OPEN_URI));
	return execute(s, "PRAGMA trusted_schema = OFF;"
	    "PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;");
}

static const struct engine_ops sqlite_ops = {
	.dialect = DIALECT_SQLITE,
	.version = sqlite_version,
	.migrate = sqlite_migrate,
	.ready = sqlite_ready,
	.begin = sqlite_begin,
	.commit = sqlite_commit,
	.tend = sqlite_wal_tend,
	.rollback = sqlite_rollback,
	.mark = sqlite_mark,
	.undo = sqlite_undo,
	.run = sqlite_run,
	.row = sqlite_row,
	.column = sqlite_column,
	.end = sqlite_end,
	.close = sqlite_close,
};

static enum err
open_with(enum err (*how)(struct sqlite *s, const char *path),
    const char *path, const struct statement *statements, size_t count,
    struct engine **out_engine)
{
	struct sqlite *s = mem_new(1, sizeof(*s));
	enum err e;

	if (s == NULL)
		return err_because(ERR_MEMORY, "a database");
	s->engine = (struct engine){ &sqlite_ops, statements, count, ERR_OK };
	s->prepared = mem_new(count, sizeof(*s->prepared));
	e = s->prepared != NULL ? how(s, path) :
	    err_because(ERR_MEMORY, "%zu statements", count);
	if (e != ERR_OK) {
		sqlite_close(&s->engine);
		return e;
	}
	*out_engine = &s->engine;
	return ERR_OK;
}

enum err
sqlite_open(const char *path, const struct statement *statements,
    size_t count, struct engine **out_engine)
{
	return open_with(open_file, path, statements, count, out_engine);
}

enum err
sqlite_open_copy(const char *path, const struct statement *statements,
    size_t count, struct engine **out_engine)
{
	return open_with(open_copy, path, statements, count, out_engine);
}
