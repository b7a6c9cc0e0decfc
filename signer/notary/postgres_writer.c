/*
 * Who writes as a node. A process writes its epoch into its node's row in the
 * table writer; each batch counts the row up under that epoch, as its first
 * statement. Taking an epoch therefore waits for the former connection's
 * transaction, and ends every later one of it: what is looked up afterwards
 * is final. It is a commit itself, so it waits for a synchronous standby, and
 * what was committed before it is there too. Next: engine_postgres.c.
 *
 * Epochs: 31 random bits of the process, then 32 that count its connections,
 * so that an attempt which nobody heard the answer of is known as its own.
 */
#include "base/crypto.h"
#include "base/time.h"
#include "signer/notary/postgres_engine.h"

#define TAKE_PATIENCE (5 * SECOND)
#define TAKE_ATTEMPTS 40	/* a tenth of a second apart */

static void
on_claim(void *arg, const struct view *row, uint64_t changed)
{
	struct pg_writer *w = arg;

	if (row == NULL && changed == 0)
		w->fenced = true;
}

void
pg_writer_begin(struct pg_engine *e)
{
	AUTO_DONE(bytes) params = { 0 };

	datum_put_int(&params, e->writer.node);
	datum_put_int(&params, e->writer.epoch);
	datum_put_int(&params, (int64_t)e->writer.batch);
	postgres_queue_sql(e->connection, "UPDATE writer"
	    " SET batch = batch + 1"
	    " WHERE node = $1 AND epoch = $2 AND batch = $3",
	    bytes_view(&params), on_claim, &e->writer);
}

/* ---- taking the row */

struct found {
	bool	is, retired;
	int64_t	epoch, batch, pid, others;
};

static void
on_found(void *arg, const struct view *row, uint64_t changed)
{
	struct found *f = arg;
	struct reader r;

	(void)changed;
	if (row == NULL)
		return;
	r = reader_of(*row);
	f->is = true;
	f->epoch = datum_get(&r).number;
	f->batch = datum_get(&r).number;
	f->pid = datum_get(&r).number;
}

static void
on_count(void *arg, const struct view *row, uint64_t changed)
{
	struct found *f = arg;
	struct reader r;

	(void)changed;
	if (row == NULL)
		return;
	r = reader_of(*row);
	f->others = datum_get(&r).number;
}

static enum err
count_others(struct pg_engine *e, struct found *f)
{
	postgres_queue_sql(e->connection, "SELECT count(*)"
	    " FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
	    " AND datname = current_database() AND usename = current_user"
	    " AND application_name = current_setting('application_name')",
	    VIEW(NULL, 0), on_count, f);
	return postgres_round(e->connection,
	    time_monotonic_us() + READ_PATIENCE);
}

/* The server may need a moment to see that a process of ours has ended. */
static enum err
wait_alone(struct pg_engine *e)
{
	struct found f = { 0 };

	for (int i = 0; i < TAKE_ATTEMPTS; i++) {
		TRY(count_others(e, &f));
		if (f.others == 0)
			return ERR_OK;
		postgres_queue_sql(e->connection, "SELECT pg_sleep(0.1)",
		    VIEW(NULL, 0), NULL, NULL);
		TRY(postgres_round(e->connection,
		    time_monotonic_us() + READ_PATIENCE));
	}
	return err_because(ERR_UNAVAILABLE, "database: another process is "
	    "connected as this node");
}

static void
keep_found(struct pg_engine *e, const struct found *f)
{
	e->writer.epoch = f->epoch;
	e->writer.batch = (uint64_t)f->batch;
	e->writer.pid = (uint64_t)f->pid;
	e->writer.unknown = e->writer.fenced = false;
}

/* The session is known by its name, also to the others. */
static enum err
take_name(struct pg_engine *e, const char *name)
{
	AUTO_DONE(bytes) params = { 0 };

	datum_put_text(&params, name);
	postgres_queue_sql(e->connection, "SELECT set_config("
	    "'application_name', $1, false)", bytes_view(&params), NULL,
	    NULL);
	return postgres_round(e->connection,
	    time_monotonic_us() + READ_PATIENCE);
}

enum err
pg_writer_take(struct pg_engine *e, const char *name)
{
	AUTO_DONE(bytes) params = { 0 };
	struct found f = { 0 };
	uint32_t random;

	TRY(take_name(e, name));
	TRY(wait_alone(e));
	TRY(random_bytes((uint8_t *)&random, sizeof(random)));
	datum_put_int(&params, e->writer.node);
	datum_put_int(&params, (int64_t)(random >> 1) << 32);
	postgres_queue_sql(e->connection, "INSERT INTO writer"
	    " (node, epoch, batch) VALUES ($1, $2, 0)"
	    " ON CONFLICT (node) DO UPDATE SET epoch = excluded.epoch"
	    " RETURNING epoch, batch, pg_backend_pid()",
	    bytes_view(&params), on_found, &f);
	TRY(postgres_round(e->connection,
	    time_monotonic_us() + TAKE_PATIENCE));
	if (!f.is)
		return err_because(ERR_INTERNAL, "database: no writer");
	e->writer.first = e->writer.tried = f.epoch;
	keep_found(e, &f);
	return ERR_OK;
}

/* ---- after a lost connection */

/*
 * Our former connection, if it is there and waits for us: it would hold the
 * row until the server misses us. One that is committing is left alone, it
 * may be waiting for a standby.
 */
static void
queue_end_former(struct pg_engine *e)
{
	AUTO_DONE(bytes) params = { 0 };

	datum_put_int(&params, (int64_t)e->writer.pid);
	postgres_queue_sql(e->connection, "SELECT pg_terminate_backend(pid)"
	    " FROM pg_stat_activity WHERE pid = $1::bigint::int"
	    " AND usename = current_user AND state LIKE 'idle%'"
	    " AND application_name = current_setting('application_name')",
	    bytes_view(&params), NULL, NULL);
}

static enum err
judge(struct pg_engine *e, const struct found *f,
    enum engine_fate *out_fate)
{
	int64_t batch = f->batch, before = (int64_t)e->writer.batch;

	if (!f->is && (f->retired || batch >= before))
		return err_because(ERR_SYSTEM, "this node was retired, or "
		    "another process has begun to write as it");
	if (!f->is || batch < before)
		return err_because(ERR_BEHIND, "the database has %lld "
		    "batches of this node, %lld were committed: it was set "
		    "back", (long long)batch, (long long)before);
	if (batch > before + e->writer.unknown)
		return err_because(ERR_CORRUPT, "the database has %lld "
		    "batches of this node, %lld were committed",
		    (long long)batch, (long long)before);
	*out_fate = !e->writer.unknown ? FATE_NONE :
	    batch > before ? FATE_COMMITTED : FATE_ROLLED_BACK;
	keep_found(e, f);
	return ERR_OK;
}

/* There is no epoch of ours: was the node retired, or the database set back? */
static void
on_lost(void *arg, const struct view *row, uint64_t changed)
{
	struct found *f = arg;
	struct reader r;

	(void)changed;
	if (row == NULL)
		return;
	r = reader_of(*row);
	f->batch = datum_get(&r).number;
	f->retired = datum_get(&r).number != 0;
}

static enum err
look_closer(struct pg_engine *e, struct found *f)
{
	AUTO_DONE(bytes) params = { 0 };

	if (f->is)
		return ERR_OK;
	datum_put_int(&params, e->writer.node);
	postgres_queue_sql(e->connection, "SELECT"
	    " coalesce((SELECT batch FROM writer WHERE node = $1), -1),"
	    " (SELECT count(*) FROM node WHERE node = $1"
	    " AND retired_at IS NOT NULL)", bytes_view(&params), on_lost, f);
	return postgres_round(e->connection,
	    time_monotonic_us() + READ_PATIENCE);
}

enum err
pg_writer_retake(struct pg_engine *e, enum engine_fate *out_fate)
{
	AUTO_DONE(bytes) params = { 0 };
	struct found f = { 0 };

	queue_end_former(e);
	datum_put_int(&params, e->writer.node);
	datum_put_int(&params, e->writer.first);
	datum_put_int(&params, e->writer.tried);
	datum_put_int(&params, ++e->writer.tried);
	postgres_queue_sql(e->connection, "UPDATE writer SET epoch = $4"
	    " WHERE node = $1 AND epoch BETWEEN $2 AND $3"
	    " RETURNING epoch, batch, pg_backend_pid()",
	    bytes_view(&params), on_found, &f);
	TRY(postgres_round(e->connection,
	    time_monotonic_us() + READ_PATIENCE));
	if (postgres_warnings(e->connection) != 0)
		return err_because(ERR_UNAVAILABLE, "database: a commit was "
		    "not replicated");
	TRY(look_closer(e, &f));
	return judge(e, &f, out_fate);
}

/* ---- the others */

struct writers {
	postgres_writer_fn	 each;
	void			*arg;
};

static void
on_writer(void *arg, const struct view *row, uint64_t changed)
{
	const struct writers *w = arg;
	struct reader r;
	int64_t node, batch;

	(void)changed;
	if (row == NULL)
		return;
	r = reader_of(*row);
	node = datum_get(&r).number;
	batch = datum_get(&r).number;
	w->each(w->arg, node, (uint64_t)batch, datum_get(&r).number != 0);
}

enum err
engine_postgres_writers(struct engine *engine, postgres_writer_fn each,
    void *arg)
{
	struct pg_engine *e = pg_of(engine);
	struct writers w = { each, arg };

	if (e->connection == NULL)
		return err_because(ERR_UNAVAILABLE,
		    "database: no connection");
	postgres_queue_sql(e->connection, "SELECT node, batch, EXISTS"
	    " (SELECT FROM pg_stat_activity WHERE application_name ="
	    " 'okse node ' || node AND datname = current_database())"
	    " FROM writer", VIEW(NULL, 0), on_writer, &w);
	return pg_round(e, e->open ? e->deadline :
	    time_monotonic_us() + READ_PATIENCE);
}

enum err
engine_postgres_end_writer(struct engine *engine, int64_t node)
{
	struct pg_engine *e = pg_of(engine);
	AUTO_DONE(bytes) params = { 0 };

	datum_put_int(&params, node);
	postgres_queue_sql(e->connection, "DELETE FROM writer"
	    " WHERE node = $1", bytes_view(&params), NULL, NULL);
	return postgres_round(e->connection,
	    time_monotonic_us() + TAKE_PATIENCE);
}
