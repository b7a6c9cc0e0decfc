/*
 * Many calls of one statement in one: a batch's calls go to the server as
 * arrays, one a parameter, and cost it one execution instead of hundreds. The
 * text is made of the statement's own:
 *
 *	SELECT … WHERE key = ?1
 *		SELECT u.n, x.* FROM unnest($1::bytea[]) WITH ORDINALITY
 *		AS u(p1, n), LATERAL (SELECT … WHERE key = u.p1 OFFSET 0) x
 *	INSERT INTO t (…) VALUES (?1, 0) ON CONFLICT …
 *		INSERT INTO t (…) SELECT u.p1, 0 FROM unnest(…) AS u(p1) ON …
 *		where ?2 is ($2::bigint[])[1], and the same for all of them
 *	UPDATE t SET a = ?2 WHERE key = ?1
 *		UPDATE t SET a = u.p2 FROM unnest(…) AS u(p1, p2) WHERE …
 *
 * What has another shape goes call by call, as everything once did; so does a
 * parameter that was never other than NULL, for an array has a type. Next:
 * postgres_batch.c.
 */
#include <stdio.h>
#include <string.h>

#include "signer/notary/postgres_engine.h"

#define MANY_MAX 256		/* calls in one */

static const struct type {
	const char	*name;
	uint32_t	 oid;		/* pg_type.h of the server */
} types[] = {
	[DATUM_INT] = { "bigint", 20 },
	[DATUM_BLOB] = { "bytea", 17 },
	[DATUM_TEXT] = { "text", 25 },
};

/* ---- the text */

/* What is written before ?1, ?2, … in one, and where unnest() goes. */
struct shape {
	const char	*head, *tail;	/* around what is said of a row */
	struct view	 before, row, after;
	bool		 ordinal, is_insert;
};

static struct view
between(const char *from, const char *to)
{
	return VIEW(from, (size_t)(to - from));
}

static bool
has_parameter(struct view v)
{
	return v.len != 0 && memchr(v.at, '?', v.len) != NULL;
}

static bool
shape_of_insert(const char *sql, struct shape *out)
{
	const char *list = strstr(sql, " VALUES (");
	const char *end = list != NULL ? strchr(list, ')') : NULL;

	if (end == NULL)
		return false;
	*out = (struct shape){ .head = " SELECT ", .tail = " FROM ",
	    .before = between(sql, list),
	    .row = between(list + strlen(" VALUES ("), end),
	    .after = view_text(end + 1) };
	out->is_insert = true;
	return memchr(out->row.at, '(', out->row.len) == NULL;
}

static bool
shape_of_update(const char *sql, struct shape *out)
{
	const char *where = strstr(sql, " WHERE ");

	if (where == NULL || strstr(sql, "SELECT") != NULL)
		return false;
	*out = (struct shape){ .head = "", .tail = " FROM ",
	    .row = between(sql, where), .after = view_text(where) };
	return true;
}

static bool
shape_of(const struct statement *s, struct shape *out)
{
	if (s->kind == STATEMENT_WRITE)
		return strncmp(s->sql, "INSERT ", 7) == 0 ?
		    shape_of_insert(s->sql, out) :
		    strncmp(s->sql, "UPDATE ", 7) == 0 &&
		    shape_of_update(s->sql, out);
	*out = (struct shape){ .head = "SELECT u.n, x.* FROM ", .tail = "",
	    .after = view_text(s->sql), .ordinal = true };
	return s->kind == STATEMENT_READ;
}

static void
put_row(struct view sql, struct bytes *out)
{
	for (size_t i = 0; i < sql.len; i++)
		if (sql.at[i] == '?')
			bytes_put_text(out, "u.p");
		else
			bytes_put_u8(out, sql.at[i]);
}

/* ON CONFLICT sees no u. */
static void
put_tail(const struct pg_many *m, struct view sql, struct bytes *out)
{
	struct reader r = reader_of(sql);

	while (has_parameter(r.rest)) {
		uint64_t k;

		bytes_put(out, reader_until(&r, '?'));
		k = reader_decimal(&r, m->count);
		out->failed |= r.failed || k == 0;
		if (out->failed)
			return;
		bytes_printf(out, "($%d::%s[])[1]", (int)k,
		    types[m->types[k - 1]].name);
	}
	bytes_put(out, r.rest);
}

static void
put_unnest(const struct pg_many *m, bool ordinal, struct bytes *out)
{
	for (size_t i = 0; i < m->count; i++)
		bytes_printf(out, "%s$%zu::%s[]", i == 0 ? "unnest(" : ", ",
		    i + 1, types[m->types[i]].name);
	bytes_put_text(out, ordinal ? ") WITH ORDINALITY AS u(" : ") AS u(");
	for (size_t i = 0; i < m->count; i++)
		bytes_printf(out, "%sp%zu", i == 0 ? "" : ", ", i + 1);
	bytes_put_text(out, ordinal ? ", n)" : ")");
}

static void
put_sql(const struct pg_many *m, const struct shape *s, struct bytes *out)
{
	bytes_put(out, s->before);
	bytes_put_text(out, s->head);
	put_row(s->row, out);
	bytes_put_text(out, s->tail);
	put_unnest(m, s->ordinal, out);
	bytes_put_text(out, s->ordinal ? ", LATERAL (" : "");
	if (s->is_insert)
		put_tail(m, s->after, out);
	else
		put_row(s->after, out);
	bytes_put_text(out, s->ordinal ? " OFFSET 0) x" : "");
}

/* ---- what is known of a statement */

void
pg_many_learn(struct pg_engine *e, const struct query *q)
{
	struct pg_many *m = &e->many[q->statement];

	m->count = q->count;
	for (size_t i = 0; i < q->count; i++)
		if (q->values[i].type != DATUM_NULL)
			m->types[i] = q->values[i].type;
}

/* A round failed: whether what it prepared is there nobody knows. */
void
pg_many_forget(struct pg_engine *e)
{
	e->many_names++;
	for (size_t i = 0; i < e->engine.count; i++)
		e->many[i].prepared = false;
}

/* Of which type is each parameter? */
static bool
is_known(const struct pg_engine *e, size_t statement)
{
	const struct pg_many *m = &e->many[statement];

	for (size_t i = 0; i < m->count; i++)
		if (m->types[i] == DATUM_NULL)
			return false;
	return m->count != 0;
}

/* One statement changes a row once: calls of one key follow each other. */
static bool
is_apart(const struct statement *s)
{
	return s->kind == STATEMENT_WRITE &&
	    strstr(s->sql, "DO NOTHING") == NULL;
}

/* ?1, and what follows it */
struct split {
	struct view	key, rest;
};

static struct split
split(const struct pg_call *c)
{
	struct reader r = reader_of(pg_parameters(c));

	(void)datum_get(&r);
	return (struct split){ VIEW(pg_parameters(c).at,
	    c->len - r.rest.len), r.rest };
}

/* May b follow a in one? */
static bool
may_follow(const struct pg_call *a, const struct pg_call *b, bool apart,
    bool equal)
{
	struct split x = split(a), y = split(b);

	return b->statement == a->statement &&
	    b->must_change == a->must_change &&
	    !(apart && view_equal(x.key, y.key)) &&
	    (!equal || view_equal(x.rest, y.rest));
}

size_t
pg_many_fit(const struct pg_engine *e, const struct pg_call *at, size_t left)
{
	const struct statement *s = &e->engine.statements[at->statement];
	bool apart = is_apart(s);
	struct shape shape;
	size_t n = 1;

	if (left < 2 || !is_known(e, at->statement) ||
	    !shape_of(s, &shape))
		return 1;
	while (n < left && n < MANY_MAX && may_follow(&at[n - 1], &at[n],
	    apart, shape.is_insert && has_parameter(shape.after)))
		n++;
	return n;
}

/* ---- sending */

/* array_recv() of the server: one dimension, which begins at 1. */
static void
put_array_head(enum datum_type type, size_t count, struct bytes *out)
{
	bytes_reset(out);
	bytes_put_u32(out, 1);
	bytes_put_u32(out, 0);
	bytes_put_u32(out, types[type].oid);
	bytes_put_u32(out, (uint32_t)count);
	bytes_put_u32(out, 1);
}

static void
put_element(struct datum d, struct bytes *out)
{
	if (d.type == DATUM_NULL) {
		bytes_put_u32(out, UINT32_MAX);
		return;
	}
	bytes_put_u32(out, d.type == DATUM_INT ? sizeof(uint64_t) :
	    (uint32_t)d.bytes.len);
	if (d.type == DATUM_INT)
		bytes_put_u64(out, (uint64_t)d.number);
	else
		bytes_put(out, d.bytes);
}

static void
put_arrays(struct pg_engine *e, const struct pg_call *at, size_t count,
    struct bytes *out)
{
	const struct pg_many *m = &e->many[at->statement];

	for (size_t k = 0; k < m->count; k++)
		put_array_head(m->types[k], count, &e->columns[k]);
	for (size_t i = 0; i < count; i++) {
		struct reader r = reader_of(pg_parameters(&at[i]));

		for (size_t k = 0; k < m->count; k++)
			put_element(datum_get(&r), &e->columns[k]);
	}
	for (size_t k = 0; k < m->count; k++) {
		out->failed |= e->columns[k].failed;
		datum_put(out, (struct datum){ .type = DATUM_BLOB,
		    .bytes = bytes_view(&e->columns[k]) });
	}
}

static enum err
prepare(struct pg_engine *e, size_t statement, const char *name)
{
	AUTO_DONE(bytes) sql = { 0 };
	struct shape s;

	if (e->many[statement].prepared)
		return ERR_OK;
	if (!shape_of(&e->engine.statements[statement], &s))
		return err_because(ERR_INTERNAL, "a statement for many");
	put_sql(&e->many[statement], &s, &sql);
	TRY(bytes_check(&sql));
	postgres_prepare(e->connection, name, bytes_text(&sql));
	e->many[statement].prepared = true;
	return ERR_OK;
}

enum err
pg_many_queue(struct pg_engine *e, struct pg_call *at, size_t count,
    postgres_row_fn fn)
{
	AUTO_DONE(bytes) params = { 0 };
	char name[48];

	snprintf(name, sizeof(name), "m%zu-%u", at->statement,
	    e->many_names);
	TRY(prepare(e, at->statement, name));
	put_arrays(e, at, count, &params);
	TRY(bytes_check(&params));
	at->group = count;
	postgres_queue(e->connection, name, bytes_view(&params), fn, at);
	return ERR_OK;
}

void
pg_many_done(struct pg_engine *e)
{
	for (size_t i = 0; i < QUERY_VALUES; i++)
		bytes_done(&e->columns[i]);
	mem_free(e->many);
}
