/*
 * Queries: values collected in order, handed to an engine, rows read back in
 * order. What an engine returns is what this program wrote, and is still
 * checked for its shape. Next: sqlite.c.
 */
#include <string.h>

#include "signer/notary/engine.h"

enum err
engine_fail(struct engine *e, enum err err)
{
	if (e->failed == ERR_OK)
		e->failed = err;
	return err;
}

struct query
query_start(struct engine *e, size_t statement)
{
	struct query q;

	/* values[] is written before it is read: count says how far */
	q.engine = e;
	q.statement = statement;
	q.rows = NULL;
	q.column = q.count = 0;
	return q;
}

static void
put(struct query *q, struct datum d)
{
	if (q->count == QUERY_VALUES) {
		(void)engine_fail(q->engine, err_because(ERR_INTERNAL,
		    "a statement of more than %d values", QUERY_VALUES));
		return;
	}
	q->values[q->count++] = d;
}

void
query_put_null(struct query *q)
{
	put(q, (struct datum){ .type = DATUM_NULL });
}

void
query_put_int(struct query *q, int64_t v)
{
	put(q, (struct datum){ .type = DATUM_INT, .number = v });
}

void
query_put_blob(struct query *q, struct view v)
{
	put(q, (struct datum){ .type = DATUM_BLOB, .bytes = v });
}

void
query_put_text(struct query *q, struct view utf8)
{
	put(q, (struct datum){ .type = DATUM_TEXT, .bytes = utf8 });
}

/* After a failure nothing more is asked of the database. */
static enum err
failed_before(const struct engine *e)
{
	if (e->failed == ERR_OK)
		return ERR_OK;
	return err_because(e->failed, "the database failed before");
}

enum err
query_run(struct query *q)
{
	TRY(failed_before(q->engine));
	return q->engine->ops->run(q, false);
}

enum err
query_change(struct query *q)
{
	enum err e;

	TRY(failed_before(q->engine));
	e = q->engine->ops->run(q, true);
	if (e == ERR_EXISTS)
		return err_because(ERR_EXISTS,
		    "a constraint of the registry refuses the change");
	return e;
}

enum err
query_row(struct query *q)
{
	TRY(failed_before(q->engine));
	return query_next(q);
}

enum err
query_next(struct query *q)
{
	enum err e = q->engine->ops->row(q);

	q->column = 0;
	if (e == ERR_NOT_FOUND)
		return err_because(ERR_NOT_FOUND,
		    "no such row in the registry");
	return e;
}

bool
query_is_null(struct query *q)
{
	return q->engine->ops->column(q, q->column).type == DATUM_NULL;
}

/* A column of another type than was written, or NULL where none may be. */
static void
wrong_type(struct query *q)
{
	(void)engine_fail(q->engine, err_because(ERR_CORRUPT,
	    "database: column %zu of %s is of another type", q->column,
	    q->engine->statements[q->statement].name));
}

int64_t
query_get_int(struct query *q)
{
	struct datum d = q->engine->ops->column(q, q->column++);

	if (d.type == DATUM_INT)
		return d.number;
	wrong_type(q);
	return 0;
}

struct view
query_get_blob(struct query *q)
{
	struct datum d = q->engine->ops->column(q, q->column++);

	if (d.type == DATUM_BLOB || d.type == DATUM_TEXT)
		return d.bytes;
	wrong_type(q);
	return VIEW(NULL, 0);
}

void
query_get_exact(struct query *q, uint8_t *out, size_t len)
{
	struct view v = query_get_blob(q);

	if (v.len == len)
		memcpy(out, v.at, len);
	else
		(void)engine_fail(q->engine, err_because(ERR_CORRUPT,
		    "database: %zu bytes in a column of %zu", v.len, len));
}

enum err
query_end(struct query *q)
{
	if (q->rows != NULL)
		q->engine->ops->end(q);
	return q->engine->failed;
}
