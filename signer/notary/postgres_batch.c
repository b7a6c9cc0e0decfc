/*
 * The reads and writes of one transaction. Reads that were expected come from
 * what was fetched in one round trip, unless their row was written since;
 * writes wait, and go out sorted, so that two nodes never wait for each
 * other's rows in a circle. Rows come from the server and are checked by
 * query.c. Next: engine_postgres.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "signer/notary/postgres_engine.h"

/* Rows that every node wants come last: they are held the shortest time. */
static const char *const tables_last[] = { "quota", "status_version",
    "status_list" };

/* ---- keeping calls */

void
pg_forget(struct pg_engine *e)
{
	book_reset(&e->known);
	book_reset(&e->written);
	bytes_reset(&e->text);
	for (size_t i = 0; i < e->engine.count; i++)
		bytes_reset(&e->rows[i].bytes);
	e->expected.count = e->writes.count = e->marked = 0;
	e->saved = e->conflict = e->expecting = false;
}

static enum err
keep(struct pg_engine *e, struct pg_calls *calls, const struct query *q,
    bool must_change)
{
	struct pg_call c = { .engine = e, .statement = q->statement,
	    .at = e->text.len, .serial = calls->count, .group = 1,
	    .must_change = must_change };

	pg_many_learn(e, q);
	if (calls->count == calls->room) {
		size_t room = calls->room != 0 ? 2 * calls->room : 256;
		struct pg_call *more = mem_resize(calls->at, room,
		    sizeof(*more));

		if (more == NULL)
			return engine_fail(&e->engine, err_because(ERR_MEMORY,
			    "what a batch does"));
		calls->at = more;
		calls->room = room;
	}
	for (size_t i = 0; i < q->count; i++)
		datum_put(&e->text, q->values[i]);
	if (bytes_check(&e->text) != ERR_OK)
		return engine_fail(&e->engine, ERR_MEMORY);
	c.len = e->text.len - c.at;
	calls->at[calls->count++] = c;
	return ERR_OK;
}

/* A whole call: what it would read is known, or not. */
static struct view
call_key(struct pg_engine *e, size_t statement, struct view params)
{
	bytes_reset(&e->key);
	bytes_put_u16(&e->key, (uint16_t)statement);
	bytes_put(&e->key, params);
	return bytes_view(&e->key);
}

/* A table and ?1: the rows that a statement touches. */
static struct view
row_key(struct pg_engine *e, const struct query *q)
{
	bytes_reset(&e->key);
	bytes_put_text(&e->key, e->engine.statements[q->statement].table);
	if (q->count != 0)
		datum_put(&e->key, q->values[0]);
	return bytes_view(&e->key);
}

static enum err
out_of_memory(struct pg_engine *e)
{
	return engine_fail(&e->engine, err_because(ERR_MEMORY,
	    "what a batch reads"));
}

/* ---- answers */

static void
on_row(void *arg, const struct view *row, uint64_t changed)
{
	struct pg_rows *rows = arg;

	(void)changed;
	if (row != NULL)
		bytes_put_block(&rows->bytes, *row);
}

/* Answers of expected reads come one after another: c's are all there. */
static void
know(struct pg_call *c)
{
	struct pg_engine *e = c->engine;
	struct pg_rows *rows = &e->rows[c->statement];

	if (rows->bytes.failed || book_put(&e->known, call_key(e,
	    c->statement, pg_parameters(c)), bytes_view(&rows->bytes)) !=
	    ERR_OK)
		(void)out_of_memory(e);
	bytes_reset(&rows->bytes);
}

static void
on_expected(void *arg, const struct view *row, uint64_t changed)
{
	struct pg_call *c = arg;

	on_row(&c->engine->rows[c->statement], row, changed);
	if (row == NULL)
		know(c);
}

/* The same for many: each row says which of the calls it answers. */
static void
on_many(void *arg, const struct view *row, uint64_t changed)
{
	struct pg_call *first = arg;
	size_t which = first->group;

	(void)changed;
	if (row != NULL) {
		struct reader r = reader_of(*row);

		which = (size_t)datum_get(&r).number - 1;
		if (which >= first->group || which < first->answered) {
			(void)engine_fail(&first->engine->engine,
			    err_because(ERR_CORRUPT,
			    "database: an answer to nothing"));
			return;
		}
		while (first->answered < which)
			know(&first[first->answered++]);
		bytes_put_block(
		    &first->engine->rows[first->statement].bytes, r.rest);
		return;
	}
	while (first->answered < which)
		know(&first[first->answered++]);
}

static void
on_written(void *arg, const struct view *row, uint64_t changed)
{
	struct pg_call *c = arg;

	if (row == NULL)
		c->unchanged = changed < c->group;
}

/* ---- rounds */

enum err
pg_round(struct pg_engine *e, int64_t deadline)
{
	enum err err = postgres_round(e->connection, deadline);

	if (err == ERR_OK && e->writer.fenced)
		err = err_because(ERR_SYSTEM, "this node was retired, or "
		    "another process has begun to write as it");
	if (err == ERR_OK)
		return e->open ? e->engine.failed : ERR_OK;
	pg_many_forget(e);
	/* what others did can be over at the next attempt */
	if (postgres_again(e->connection) && e->open && !e->careful) {
		e->conflict = true;
		return ERR_EXISTS;
	}
	if (e->open)
		return engine_fail(&e->engine, err);
	if (postgres_lost(e->connection))
		postgres_close(STEAL(e->connection));
	return err;
}

static void
queue(struct pg_engine *e, size_t statement, struct view params,
    postgres_row_fn fn, void *arg)
{
	char name[24];

	snprintf(name, sizeof(name), "s%zu", statement);
	postgres_queue(e->connection, name, params, fn, arg);
}

static void
queue_sql(struct pg_engine *e, const char *sql)
{
	postgres_queue_sql(e->connection, sql, VIEW(NULL, 0), NULL, NULL);
}

static void
queue_begin(struct pg_engine *e)
{
	if (!e->open || e->begun)
		return;
	queue_sql(e, "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE");
	if (e->writer.node != 0)
		pg_writer_begin(e);
	e->begun = true;
}

/* The calls of one statement together; some as one, if they can. */
static int
by_statement(const void *a, const void *b)
{
	const struct pg_call *x = a, *y = b;

	if (x->statement != y->statement)
		return x->statement < y->statement ? -1 : 1;
	return x->serial < y->serial ? -1 : 1;
}

static void
queue_calls(struct pg_engine *e, struct pg_call *at, size_t left,
    postgres_row_fn one, postgres_row_fn many)
{
	while (left != 0) {
		size_t n = pg_many_fit(e, at, left);

		if (n == 1)
			queue(e, at->statement, pg_parameters(at), one, at);
		else
			(void)engine_fail(&e->engine,
			    pg_many_queue(e, at, n, many));
		at += n;
		left -= n;
	}
}

static void
queue_reads(struct pg_engine *e)
{
	struct pg_calls *reads = &e->expected;

	if (reads->count == 0)
		return;
	qsort(reads->at, reads->count, sizeof(*reads->at), by_statement);
	queue_calls(e, reads->at, reads->count, on_expected, on_many);
}

enum err
pg_expect(struct engine *engine, bool on)
{
	struct pg_engine *e = pg_of(engine);
	enum err err;

	e->expecting = on && engine->failed == ERR_OK;
	if (on || engine->failed != ERR_OK)
		return engine->failed;
	queue_begin(e);
	queue_reads(e);
	err = pg_round(e, e->deadline);
	e->expected.count = 0;
	return err == ERR_EXISTS ? ERR_OK : err;	/* commit says so */
}

/* ---- writing */

static int
rank(const struct pg_call *c)
{
	const struct statement *s = &c->engine->engine.statements[
	    c->statement];

	if (s->kind == STATEMENT_SWEEP)
		return (int)COUNT(tables_last) + 1;
	for (size_t i = 0; i < COUNT(tables_last); i++)
		if (strcmp(s->table, tables_last[i]) == 0)
			return (int)i + 1;
	return 0;
}

/* By table and key; the writes of one row stay in the order they came. */
static int
compare(const void *a, const void *b)
{
	const struct pg_call *x = a, *y = b;
	struct reader rx = reader_of(pg_parameters(x));
	struct reader ry = reader_of(pg_parameters(y));
	const struct statement *all = x->engine->engine.statements;
	int by = rank(x) - rank(y);

	if (by == 0)
		by = strcmp(all[x->statement].table, all[y->statement].table);
	if (by == 0) {
		(void)datum_get(&rx);
		(void)datum_get(&ry);
		by = view_compare(VIEW(x->engine->text.at + x->at,
		    x->len - rx.rest.len), VIEW(y->engine->text.at + y->at,
		    y->len - ry.rest.len));
	}
	return by != 0 ? by : x->serial < y->serial ? -1 : 1;
}

static void
queue_writes(struct pg_engine *e, size_t from, size_t to)
{
	struct pg_call *at = e->writes.at + from;

	if (to == from)
		return;
	qsort(at, to - from, sizeof(*at), compare);
	queue_calls(e, at, to - from, on_written, on_written);
}

/* What came before the request's mark cannot be undone with it. */
static void
queue_all(struct pg_engine *e, bool save)
{
	queue_begin(e);
	queue_writes(e, 0, e->marked);
	if (save && !e->saved) {
		queue_sql(e, "SAVEPOINT request");
		e->saved = true;
	}
	queue_writes(e, e->marked, e->writes.count);
}

static void
check_writes(struct pg_engine *e)
{
	for (size_t i = 0; i < e->writes.count; i++)
		e->conflict |= e->writes.at[i].must_change &&
		    e->writes.at[i].unchanged;
	e->writes.count = e->marked = 0;
}

enum err
pg_flush(struct pg_engine *e)
{
	e->marked = e->writes.count;	/* nobody undoes any of them now */
	queue_all(e, false);
	TRY(pg_round(e, e->deadline));
	check_writes(e);
	return ERR_OK;
}

/* With all that waits before it; the answer is known on return. */
static enum err
run_now(struct pg_engine *e, const struct query *q, bool must_change)
{
	struct pg_call last;

	TRY(keep(e, &e->writes, q, must_change));
	last = e->writes.at[--e->writes.count];
	queue_all(e, true);
	queue(e, last.statement, pg_parameters(&last), on_written, &last);
	TRY(pg_round(e, e->deadline));
	check_writes(e);
	return last.unchanged && must_change ? ERR_EXISTS : ERR_OK;
}

enum err
pg_run(struct query *q, bool must_change)
{
	struct pg_engine *e = pg_of(q->engine);
	enum statement_kind kind = q->engine->statements[q->statement].kind;
	enum err err;

	if (e->conflict && !e->careful)
		return ERR_OK;		/* all of it is served again */
	if (book_put(&e->written, row_key(e, q), VIEW(NULL, 0)) != ERR_OK)
		return out_of_memory(e);
	if (kind != STATEMENT_NOW && (!e->careful || kind == STATEMENT_SWEEP))
		return keep(e, &e->writes, q, must_change);
	err = run_now(e, q, must_change);
	/* the whole transaction is in question, not this write */
	return err == ERR_EXISTS && e->conflict && !e->careful ? ERR_OK : err;
}

/* ---- reading */

static bool
take_row(struct pg_rows *rows)
{
	struct reader row;

	if (rows->rest.rest.len == 0)
		return false;
	row = reader_of(reader_block(&rows->rest, BYTES_MAX));
	rows->columns = 0;
	while (row.rest.len != 0 && rows->columns < COUNT(rows->column))
		rows->column[rows->columns++] = datum_get(&row);
	return true;
}

/* Is what was fetched still true? */
static bool
is_known(struct pg_engine *e, const struct query *q, struct view params,
    struct view *out_rows)
{
	struct view nothing;

	return q->engine->statements[q->statement].kind == STATEMENT_READ &&
	    !book_get(&e->written, row_key(e, q), &nothing) &&
	    book_get(&e->known, call_key(e, q->statement, params), out_rows);
}

/* From the server, after the writes that it may depend on. */
static enum err
ask(struct pg_engine *e, const struct query *q, const struct pg_call *c)
{
	struct pg_rows *rows = &e->rows[q->statement];
	int64_t deadline = e->open ? e->deadline :
	    time_monotonic_us() + READ_PATIENCE;
	struct view nothing;
	bool after_writes = q->engine->statements[q->statement].kind ==
	    STATEMENT_SCAN || book_get(&e->written, row_key(e, q), &nothing);

	if (e->connection == NULL)
		return err_because(ERR_UNAVAILABLE,
		    "database: no connection");
	if (after_writes && e->writes.count != 0)
		queue_all(e, true);
	else
		queue_begin(e);
	queue(e, q->statement, pg_parameters(c), on_row, rows);
	TRY(pg_round(e, deadline));
	if (after_writes)
		check_writes(e);
	return rows->bytes.failed ? out_of_memory(e) : ERR_OK;
}

static enum err
find_rows(struct query *q, const struct pg_call *c)
{
	struct pg_engine *e = pg_of(q->engine);
	struct pg_rows *rows = &e->rows[q->statement];
	struct view known;

	bytes_reset(&rows->bytes);
	if (is_known(e, q, pg_parameters(c), &known))
		bytes_put(&rows->bytes, known);
	else
		TRY(ask(e, q, c));
	rows->rest = reader_of(bytes_view(&rows->bytes));
	return bytes_check(&rows->bytes);
}

static enum err
first_row(struct query *q)
{
	struct pg_engine *e = pg_of(q->engine);
	struct pg_call c;
	enum err err;

	if (e->conflict && !e->careful)
		return ERR_NOT_FOUND;	/* all of it is served again */
	TRY(keep(e, &e->expected, q, false));
	if (e->expecting)
		return ERR_NOT_FOUND;
	c = e->expected.at[--e->expected.count];
	err = find_rows(q, &c);
	e->text.len = c.at;
	return err == ERR_EXISTS ? ERR_NOT_FOUND : err;
}

enum err
pg_row(struct query *q)
{
	struct pg_rows *rows = &pg_of(q->engine)->rows[q->statement];

	if (q->rows == NULL)
		TRY(first_row(q));
	q->rows = take_row(rows) ? rows : NULL;
	return q->rows != NULL ? ERR_OK : ERR_NOT_FOUND;
}

struct datum
pg_column(struct query *q, size_t column)
{
	const struct pg_rows *rows = q->rows;

	return rows != NULL && column < rows->columns ?
	    rows->column[column] : (struct datum){ .type = DATUM_NULL };
}

void
pg_end(struct query *q)
{
	q->rows = NULL;
}
