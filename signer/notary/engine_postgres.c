/*
 * The PostgreSQL engine: connecting, transactions, and what to do when the
 * answer to a COMMIT does not come. A server that is away is a state of this
 * engine, not an end of the process: tickets that are being signed must not
 * be lost with it. Next: postgres_batch.c, postgres_writer.c.
 */
#include "signer/notary/engine_postgres.h"

#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "signer/notary/postgres_engine.h"

#define CONNECT_PATIENCE (10 * SECOND)		/* at the start */
#define RECONNECT_PATIENCE (SECOND / 2)		/* while requests wait */
#define FATE_PATIENCE SECOND			/* to look up a COMMIT */

/* ---- connecting */

/* ?1 is $1 there. */
static enum err
put_sql(const char *sql, struct bytes *out)
{
	bytes_put_text(out, sql);
	for (size_t i = 0; i < out->len; i++)
		if (out->at[i] == '?')
			out->at[i] = '$';
	return bytes_check(out);
}

/*
 * Every statement of a daemon finds its rows by a key. Statistics that are
 * older than the table's growth must not make the planner think otherwise:
 * what it would read instead grows with the number of holders.
 */
static void
plan_by_key(struct pg_engine *e)
{
	postgres_queue_sql(e->connection, "SELECT"
	    " set_config('enable_seqscan', 'off', false),"
	    " set_config('enable_hashjoin', 'off', false),"
	    " set_config('enable_mergejoin', 'off', false),"
	    " set_config('plan_cache_mode', 'force_generic_plan', false),"
	    " set_config('jit', 'off', false)", VIEW(NULL, 0), NULL, NULL);
}

static enum err
prepare(struct pg_engine *e, int64_t deadline)
{
	pg_many_forget(e);
	if (e->as == POSTGRES_AS_DAEMON)
		plan_by_key(e);
	for (size_t i = 0; i < e->engine.count; i++) {
		AUTO_DONE(bytes) sql = { 0 };
		char name[24];

		snprintf(name, sizeof(name), "s%zu", i);
		TRY(put_sql(e->engine.statements[i].sql, &sql));
		postgres_prepare(e->connection, name, bytes_text(&sql));
	}
	return postgres_round(e->connection, deadline);
}

static enum err
connect_checked(struct pg_engine *e, int64_t deadline)
{
	TRY(postgres_connect(e->target, deadline, &e->connection));
	TRY(pg_check_server(e->connection, e->as, e->term));
	e->connections++;
	return e->prepared ? prepare(e, deadline) : ERR_OK;
}

static enum err
reconnect(struct pg_engine *e, int64_t patience, enum engine_fate *out_fate)
{
	enum err err = connect_checked(e, time_monotonic_us() + patience);

	if (err == ERR_OK && e->writer.node != 0)
		err = pg_writer_retake(e, out_fate);
	if (err != ERR_OK)
		postgres_close(STEAL(e->connection));
	return err;
}

const char *
engine_postgres_term(const struct engine *engine)
{
	return ((const struct pg_engine *)engine)->term;
}

bool
engine_postgres_same_line(const char *term, const char *other)
{
	const char *end = strrchr(term, '/');
	size_t len = end != NULL ? (size_t)(end - term) + 1 : 0;

	return len != 0 && strncmp(term, other, len) == 0;
}

uint64_t
engine_postgres_connection(const struct engine *engine)
{
	return ((const struct pg_engine *)engine)->connections;
}

bool
engine_postgres_away(const struct engine *engine)
{
	return ((const struct pg_engine *)engine)->connection == NULL;
}

enum err
engine_postgres_resume(struct engine *engine, enum engine_fate *out_fate)
{
	*out_fate = FATE_NONE;
	return reconnect(pg_of(engine), RECONNECT_PATIENCE, out_fate);
}

enum err
engine_postgres_writer(struct engine *engine, int64_t node)
{
	struct pg_engine *e = pg_of(engine);
	char name[32];

	snprintf(name, sizeof(name), "okse node %lld", (long long)node);
	TRY(postgres_target_name(e->target, name));
	e->writer = (struct pg_writer){ .node = node };
	return pg_writer_take(e, name);
}

/* ---- the schema */

struct version {
	int64_t	exists, number;
};

static void
on_version(void *arg, const struct view *row, uint64_t changed)
{
	struct reader r;

	(void)changed;
	if (row == NULL)
		return;
	r = reader_of(*row);
	*(int64_t *)arg = datum_get(&r).number;
}

static enum err
version(struct engine *engine, int *out_version)
{
	struct pg_engine *e = pg_of(engine);
	int64_t deadline = time_monotonic_us() + READ_PATIENCE;
	struct version v = { 0 };

	postgres_queue_sql(e->connection, "SELECT count(*) FROM pg_tables"
	    " WHERE schemaname = 'okse' AND tablename = 'schema_version'",
	    VIEW(NULL, 0), on_version, &v.exists);
	TRY(postgres_round(e->connection, deadline));
	if (v.exists != 0) {
		postgres_queue_sql(e->connection,
		    "SELECT max(version) FROM okse.schema_version",
		    VIEW(NULL, 0), on_version, &v.number);
		TRY(postgres_round(e->connection, deadline));
	}
	*out_version = (int)v.number;
	return ERR_OK;
}

/* One statement at a time, for a pipeline takes no more; none has a ; inside */
static enum err
queue_script(struct postgres *p, const char *script)
{
	struct reader r = reader_of(view_text(script));

	while (r.rest.len != 0) {
		AUTO_DONE(bytes) sql = { 0 };

		bytes_put(&sql, reader_until(&r, ';'));
		TRY(bytes_check(&sql));
		postgres_queue_sql(p, bytes_text(&sql), VIEW(NULL, 0), NULL,
		    NULL);
	}
	return ERR_OK;
}

static const char before_script[] =
    "BEGIN;"
    "CREATE SCHEMA IF NOT EXISTS okse;"
    "CREATE TABLE IF NOT EXISTS okse.schema_version ("
    "  version BIGINT PRIMARY KEY,"
    "  made_at TIMESTAMPTZ NOT NULL DEFAULT now());"
    /* who writes as a node: see engine_postgres.h */
    "CREATE TABLE IF NOT EXISTS okse.writer ("
    "  node BIGINT PRIMARY KEY,"
    "  epoch BIGINT NOT NULL,"
    "  batch BIGINT NOT NULL) WITH (fillfactor = 50);"
    "LOCK TABLE okse.schema_version IN EXCLUSIVE MODE;";

static enum err
migrate(struct engine *engine, const char *script, int to)
{
	struct postgres *p = pg_of(engine)->connection;
	AUTO_DONE(bytes) params = { 0 };

	datum_put_int(&params, to);
	TRY(queue_script(p, before_script));
	TRY(queue_script(p, script));
	postgres_queue_sql(p, "INSERT INTO okse.schema_version (version)"
	    " VALUES ($1)", bytes_view(&params), NULL, NULL);
	TRY(queue_script(p, "COMMIT;"));
	return postgres_round(p, time_monotonic_us() + SCRIPT_PATIENCE);
}

static enum err
ready(struct engine *engine)
{
	struct pg_engine *e = pg_of(engine);

	e->prepared = true;
	return prepare(e, time_monotonic_us() + READ_PATIENCE);
}

/* ---- transactions */

static enum err
begin(struct engine *engine, bool careful)
{
	struct pg_engine *e = pg_of(engine);

	pg_forget(e);
	if (e->connection == NULL)
		return err_because(ERR_UNAVAILABLE,
		    "database: no connection");
	e->open = true;
	e->begun = false;
	e->careful = careful;
	e->deadline = time_monotonic_us() + BATCH_PATIENCE;
	return ERR_OK;
}

static void
rollback(struct engine *engine)
{
	struct pg_engine *e = pg_of(engine);
	enum err err = ERR_OK;

	if (e->connection != NULL && e->begun &&
	    !postgres_lost(e->connection)) {
		postgres_queue_sql(e->connection, "ROLLBACK", VIEW(NULL, 0),
		    NULL, NULL);
		err = postgres_round(e->connection,
		    time_monotonic_us() + READ_PATIENCE);
	}
	if (err != ERR_OK || (e->connection != NULL &&
	    postgres_lost(e->connection)))
		postgres_close(STEAL(e->connection));
	pg_forget(e);
	e->open = e->begun = false;
	if (engine->failed == ERR_FULL || engine->failed == ERR_MEMORY ||
	    engine->failed == ERR_UNAVAILABLE)
		engine->failed = ERR_OK;
}

/*
 * The answer to a COMMIT did not come, or came with a warning ("committed
 * locally, but might not have been replicated"). The next connection looks
 * up what became of it: at once if the server is there, later if not.
 */
static enum err
look_up(struct pg_engine *e)
{
	enum engine_fate fate;
	enum err err;

	e->writer.unknown = true;
	postgres_close(STEAL(e->connection));
	e->open = e->begun = false;
	err = reconnect(e, FATE_PATIENCE, &fate);
	if (err == ERR_UNAVAILABLE)
		return err_because(ERR_IN_FLIGHT, "database: the outcome of "
		    "a commit is not known yet");
	TRY(err);
	return fate == FATE_COMMITTED ? ERR_OK : err_because(ERR_UNAVAILABLE,
	    "database: the connection was lost before a commit");
}

static enum err
commit_now(struct pg_engine *e)
{
	uint64_t warnings = postgres_warnings(e->connection);
	enum err err;

	postgres_queue_sql(e->connection, "COMMIT", VIEW(NULL, 0), NULL,
	    NULL);
	err = postgres_round(e->connection, e->deadline);
	if (err == ERR_OK && strcmp(postgres_tag(e->connection),
	    "COMMIT") == 0 && postgres_warnings(e->connection) == warnings) {
		e->writer.batch++;
		return ERR_OK;
	}
	if (err == ERR_OK && strcmp(postgres_tag(e->connection),
	    "ROLLBACK") == 0)
		return err_because(ERR_INTERNAL,
		    "database: a transaction with an error was committed");
	return look_up(e);
}

static enum err
commit(struct engine *engine)
{
	struct pg_engine *e = pg_of(engine);
	enum err err = engine->failed;

	if (err == ERR_OK && !e->conflict && e->writes.count != 0)
		err = pg_flush(e);
	/* whatever it was, nothing has been committed */
	if (err == ERR_FULL || err == ERR_MEMORY)
		err = ERR_UNAVAILABLE;
	if (e->conflict && !e->careful) {
		rollback(engine);
		return engine->failed != ERR_OK ? engine->failed :
		    err_because(ERR_EXISTS, "another node was faster");
	}
	if (err == ERR_OK && e->begun)
		err = commit_now(e);
	pg_forget(e);
	if (err == ERR_OK)
		e->open = e->begun = false;
	return err;
}

static enum err
mark(struct engine *engine)
{
	struct pg_engine *e = pg_of(engine);

	e->saved = false;
	e->marked = e->writes.count;
	return ERR_OK;
}

static enum err
undo(struct engine *engine)
{
	struct pg_engine *e = pg_of(engine);
	enum err err;

	e->writes.count = e->marked;
	if (!e->saved || e->conflict)
		return ERR_OK;
	postgres_queue_sql(e->connection, "ROLLBACK TO SAVEPOINT request",
	    VIEW(NULL, 0), NULL, NULL);
	err = pg_round(e, e->deadline);
	return err == ERR_EXISTS ? ERR_OK : err;
}

/* ---- opening and closing */

static void
engine_close(struct engine *engine)
{
	struct pg_engine *e = pg_of(engine);

	postgres_close(e->connection);
	postgres_target_free(e->target);
	for (size_t i = 0; e->rows != NULL && i < engine->count; i++)
		bytes_done(&e->rows[i].bytes);
	mem_free(e->rows);
	pg_many_done(e);
	mem_free(e->expected.at);
	mem_free(e->writes.at);
	bytes_done(&e->text);
	bytes_done(&e->key);
	book_done(&e->known);
	book_done(&e->written);
	mem_free(e);
}

static const struct engine_ops ops = {
	.dialect = DIALECT_POSTGRES,
	.version = version,
	.migrate = migrate,
	.ready = ready,
	.begin = begin,
	.expect = pg_expect,
	.commit = commit,
	.rollback = rollback,
	.mark = mark,
	.undo = undo,
	.run = pg_run,
	.row = pg_row,
	.column = pg_column,
	.end = pg_end,
	.close = engine_close,
};

static enum err
open_all(struct pg_engine *e, const char *uri)
{
	e->rows = mem_new(e->engine.count, sizeof(*e->rows));
	e->many = mem_new(e->engine.count, sizeof(*e->many));
	if (e->rows == NULL || e->many == NULL)
		return err_because(ERR_MEMORY, "the registry");
	TRY(postgres_target_parse(uri, &e->target));
	return connect_checked(e, time_monotonic_us() + CONNECT_PATIENCE);
}

enum err
engine_postgres_open(const char *uri, enum postgres_as as,
    const struct statement *statements, size_t count,
    struct engine **out_engine)
{
	struct pg_engine *e = mem_new(1, sizeof(*e));
	enum err err;

	if (e == NULL)
		return err_because(ERR_MEMORY, "the registry");
	e->engine = (struct engine){ .ops = &ops, .statements = statements,
	    .count = count };
	e->as = as;
	if ((err = open_all(e, uri)) != ERR_OK) {
		engine_close(&e->engine);
		return err;
	}
	*out_engine = &e->engine;
	return ERR_OK;
}
