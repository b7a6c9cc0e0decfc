/*
 * PostgreSQL as we use it: a pipeline is sent and its answers are read with
 * poll() and an absolute deadline, so that no server and no network can hold
 * the notary. What the server answers is believed as far as it has the right
 * shape. Next: postgres_target.c, postgres_values.c; engine_postgres.c.
 */
#include "signer/notary/postgres.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include <libpq-fe.h>

#include "base/time.h"
#include "signer/notary/postgres_target.h"

/* pg_type.h of the server */
#define OID_BOOL 16
#define OID_BYTEA 17
#define OID_INT8 20
#define OID_INT2 21
#define OID_INT4 23

struct waiting {	/* for the answer of one statement */
	postgres_row_fn	on_row;
	void		*arg;
};

struct postgres {
	PGconn		*db;
	size_t		 count, room;		/* of what is queued */
	struct waiting	*queue;
	enum err	 failed;		/* of this round */
	bool		 lost, again;
	uint64_t	 warnings;
	char		 tag[32];
	struct bytes	 row;
};

bool
postgres_lost(const struct postgres *p)
{
	return p->lost;
}

bool
postgres_again(const struct postgres *p)
{
	return p->again;
}

uint64_t
postgres_warnings(const struct postgres *p)
{
	return p->warnings;
}

const char *
postgres_tag(const struct postgres *p)
{
	return p->tag;
}

void
postgres_close(struct postgres *p)
{
	if (p == NULL)
		return;
	PQfinish(p->db);
	mem_free(p->queue);
	bytes_done(&p->row);
	mem_free(p);
}

/* ---- errors */

/* libpq ends its texts with a newline, and some have several lines. */
static enum err
lose(struct postgres *p, const char *what)
{
	const char *why = PQerrorMessage(p->db);

	p->lost = true;
	return err_because(ERR_UNAVAILABLE, "database: %s%s%.*s", what,
	    *why != '\0' ? ": " : "", (int)strcspn(why, "\n"), why);
}

/* SQLSTATE: https://www.postgresql.org/docs/15/errcodes-appendix.html */
static enum err
err_of_state(struct postgres *p, const char *state)
{
	static const struct {
		const char	*state;		/* how it begins */
		enum err	 err;
		bool		 again, lost;
	} meaning[] = {
		{ "40", ERR_UNAVAILABLE, true, false },	/* deadlock, … */
		{ "55P03", ERR_UNAVAILABLE, true, false }, /* lock_timeout */
		{ "53100", ERR_FULL, false, false },
		{ "53200", ERR_MEMORY, false, false },
		{ "53", ERR_UNAVAILABLE, false, true },
		{ "57014", ERR_UNAVAILABLE, false, false },
		{ "57", ERR_UNAVAILABLE, false, true },	/* shutting down */
		{ "08", ERR_UNAVAILABLE, false, true },
		{ "25006", ERR_UNAVAILABLE, false, true }, /* a standby now */
		{ "25P03", ERR_UNAVAILABLE, false, true }, /* idle too long */
		{ "28", ERR_UNAVAILABLE, false, true },
		{ "42501", ERR_UNAVAILABLE, false, false }, /* a GRANT */
		{ "XX001", ERR_CORRUPT, false, false },
		{ "XX002", ERR_CORRUPT, false, false },
		{ "58", ERR_SYSTEM, false, false },
	};

	for (size_t i = 0; i < COUNT(meaning); i++) {
		if (strncmp(state, meaning[i].state,
		    strlen(meaning[i].state)) != 0)
			continue;
		p->again |= meaning[i].again;
		p->lost |= meaning[i].lost;
		return meaning[i].err;
	}
	return ERR_INTERNAL;
}

/* The primary message names tables and columns, never values. */
static void
fail(struct postgres *p, const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *why = PQresultErrorField(result,
	    PG_DIAG_MESSAGE_PRIMARY);
	enum err e;

	if (p->failed != ERR_OK)
		return;
	if (state == NULL) {
		p->failed = lose(p, "the connection broke");
		return;
	}
	e = err_of_state(p, state);
	p->failed = err_because(e, "database: %s (%s)",
	    why != NULL ? why : "an error", state);
}

static void
on_notice(void *arg, const PGresult *notice)
{
	struct postgres *p = arg;
	const char *severity = PQresultErrorField(notice,
	    PG_DIAG_SEVERITY_NONLOCALIZED);

	if (severity != NULL && strcmp(severity, "WARNING") == 0)
		p->warnings++;
}

/* ---- waiting */

static enum err
wait_for(struct postgres *p, short events, int64_t deadline)
{
	int at = PQsocket(p->db);	/* which libpq made with CLOEXEC */
	struct pollfd fd = { .fd = at, .events = events };
	int64_t left = deadline - time_monotonic_us();
	int n;

	if (fd.fd < 0)
		return lose(p, "the connection is closed");
	if (left <= 0)
		return lose(p, "no answer in time");
	n = poll(&fd, 1, (int)(left / 1000) + 1);
	if (n < 0 && errno != EINTR)
		return lose(p, "poll");
	return ERR_OK;
}

static enum err
finish_connecting(struct postgres *p, int64_t deadline)
{
	PostgresPollingStatusType s = PGRES_POLLING_WRITING;

	while (s == PGRES_POLLING_READING || s == PGRES_POLLING_WRITING) {
		TRY(wait_for(p, s == PGRES_POLLING_READING ? POLLIN : POLLOUT,
		    deadline));
		s = PQconnectPoll(p->db);
	}
	if (s != PGRES_POLLING_OK)
		return lose(p, "cannot connect");
	if (PQsetnonblocking(p->db, 1) != 0 ||
	    PQenterPipelineMode(p->db) != 1)
		return lose(p, "no pipeline");
	(void)PQsetNoticeReceiver(p->db, on_notice, p);
	return ERR_OK;
}

static enum err
connect_to(const struct postgres_target *t, size_t host, int64_t deadline,
    struct postgres **out_postgres)
{
	AUTO(postgres) p = mem_new(1, sizeof(*p));
	struct postgres_words words = postgres_target_words(t, host);

	if (p == NULL)
		return err_because(ERR_MEMORY, "a connection");
	p->db = PQconnectStartParams(words.keys, words.values, 0);
	if (p->db == NULL)
		return err_because(ERR_MEMORY, "a connection");
	if (PQstatus(p->db) == CONNECTION_BAD)
		return lose(p, "cannot connect");
	TRY(finish_connecting(p, deadline));
	*out_postgres = STEAL(p);
	return ERR_OK;
}

enum err
postgres_connect(struct postgres_target *t, int64_t deadline,
    struct postgres **out_postgres)
{
	size_t count = postgres_target_hosts(t);
	enum err e = ERR_UNAVAILABLE;

	for (size_t i = 0; i < count; i++) {
		size_t host = (t->last_good + i) % count;
		int64_t now = time_monotonic_us();
		int64_t share = now + (deadline - now) / (int64_t)(count - i);

		e = connect_to(t, host, share, out_postgres);
		if (e == ERR_OK)
			t->last_good = host;
		if (e != ERR_UNAVAILABLE)
			return e;
	}
	return e;
}

/* ---- sending */

static void
remember(struct postgres *p, postgres_row_fn on_row, void *arg)
{
	if (p->count == p->room) {
		size_t room = p->room != 0 ? 2 * p->room : 64;
		struct waiting *more = mem_resize(p->queue, room,
		    sizeof(*more));

		if (more == NULL) {
			p->failed = err_because(ERR_MEMORY, "a pipeline");
			p->lost = true;		/* sent, but unaccounted */
			return;
		}
		p->queue = more;
		p->room = room;
	}
	p->queue[p->count++] = (struct waiting){ on_row, arg };
}

static void
sent(struct postgres *p, int ok, postgres_row_fn on_row, void *arg)
{
	if (ok == 1)
		remember(p, on_row, arg);
	else if (p->failed == ERR_OK)
		p->failed = lose(p, "cannot send");
}

void
postgres_prepare(struct postgres *p, const char *name, const char *sql)
{
	sent(p, PQsendPrepare(p->db, name, sql, 0, NULL), NULL, NULL);
}

struct parameters {
	int		 count;
	const char	*values[QUERY_VALUES];
	int		 lengths[QUERY_VALUES], formats[QUERY_VALUES];
	uint8_t		 numbers[QUERY_VALUES][8];
};

/* Binary: integers big-endian, texts and blobs as they are. */
static void
set_parameter(struct parameters *out, int i, struct datum d)
{
	struct view v = d.type == DATUM_INT ? VIEW_OF(out->numbers[i]) :
	    d.bytes;

	if (d.type == DATUM_INT)
		for (size_t k = 0; k < 8; k++)
			out->numbers[i][k] =
			    (uint8_t)((uint64_t)d.number >> (56 - 8 * k));
	out->values[i] = d.type == DATUM_NULL ? NULL :
	    v.len != 0 ? (const char *)v.at : "";
	out->lengths[i] = (int)v.len;
	out->formats[i] = 1;
}

static bool
get_parameters(struct postgres *p, struct view params,
    struct parameters *out)
{
	struct reader r = reader_of(params);

	out->count = 0;
	while (r.rest.len != 0 && !r.failed && out->count < QUERY_VALUES)
		set_parameter(out, out->count++, datum_get(&r));
	if (r.rest.len == 0 && !r.failed)
		return true;
	p->failed = err_because(ERR_INTERNAL, "parameters of a statement");
	return false;
}

void
postgres_queue(struct postgres *p, const char *name, struct view params,
    postgres_row_fn on_row, void *arg)
{
	struct parameters v;

	if (get_parameters(p, params, &v))
		sent(p, PQsendQueryPrepared(p->db, name, v.count, v.values,
		    v.lengths, v.formats, 1), on_row, arg);
}

void
postgres_queue_sql(struct postgres *p, const char *sql, struct view params,
    postgres_row_fn on_row, void *arg)
{
	struct parameters v;

	if (get_parameters(p, params, &v))
		sent(p, PQsendQueryParams(p->db, sql, v.count, NULL,
		    v.values, v.lengths, v.formats, 1), on_row, arg);
}

/* ---- receiving */

/* Integers of the sizes that the server has; the sign goes all the way up. */
static int64_t
get_number(struct view v)
{
	uint64_t n = v.len != 0 && v.len != 1 && (v.at[0] & 0x80) != 0 ?
	    UINT64_MAX : 0;

	for (size_t i = 0; i < v.len && i < sizeof(n); i++)
		n = n << 8 | v.at[i];
	return (int64_t)n;
}

static struct datum
get_datum(const PGresult *result, int row, int column)
{
	Oid type = PQftype(result, column);
	struct datum d = { .type = DATUM_TEXT, .bytes = VIEW(
	    PQgetvalue(result, row, column),
	    (size_t)PQgetlength(result, row, column)) };

	if (PQgetisnull(result, row, column))
		d.type = DATUM_NULL;
	else if (type == OID_BYTEA)
		d.type = DATUM_BLOB;
	else if (type == OID_INT8 || type == OID_INT4 || type == OID_INT2 ||
	    type == OID_BOOL)
		d = (struct datum){ .type = DATUM_INT,
		    .number = get_number(d.bytes) };
	return d;
}

static void
give_rows(struct postgres *p, const PGresult *result,
    const struct waiting *w)
{
	for (int row = 0; row < PQntuples(result); row++) {
		struct view v;

		bytes_reset(&p->row);
		for (int c = 0; c < PQnfields(result); c++)
			datum_put(&p->row, get_datum(result, row, c));
		if (bytes_check(&p->row) != ERR_OK) {
			p->failed = ERR_MEMORY;
			return;
		}
		v = bytes_view(&p->row);
		w->on_row(w->arg, &v, 0);
	}
}

static uint64_t
changed(PGresult *result)
{
	struct reader r = reader_of(view_text(PQcmdTuples(result)));

	return r.rest.len != 0 ? reader_decimal(&r, UINT32_MAX) : 0;
}

static void
take(struct postgres *p, PGresult *result, const struct waiting *w)
{
	ExecStatusType s = PQresultStatus(result);

	if (s == PGRES_PIPELINE_ABORTED)
		return;
	if (s != PGRES_TUPLES_OK && s != PGRES_COMMAND_OK) {
		fail(p, result);
		return;
	}
	snprintf(p->tag, sizeof(p->tag), "%s", PQcmdStatus(result));
	if (w->on_row == NULL)
		return;
	give_rows(p, result, w);
	w->on_row(w->arg, NULL, changed(result));
}

/* Until a result can be taken without waiting. */
static enum err
flush_and_read(struct postgres *p, int64_t deadline)
{
	while (PQisBusy(p->db)) {
		int unsent = PQflush(p->db);

		if (unsent < 0)
			return lose(p, "cannot send");
		TRY(wait_for(p, (short)(unsent ? POLLIN | POLLOUT : POLLIN),
		    deadline));
		if (PQconsumeInput(p->db) != 1)
			return lose(p, "cannot receive");
	}
	return ERR_OK;
}

static enum err
receive(struct postgres *p, int64_t deadline)
{
	for (size_t i = 0; i <= p->count;) {
		PGresult *result;
		bool end;

		TRY(flush_and_read(p, deadline));
		result = PQgetResult(p->db);
		end = result != NULL &&
		    PQresultStatus(result) == PGRES_PIPELINE_SYNC;
		if (end && i != p->count)
			p->failed = lose(p, "fewer answers than statements");
		if (result == NULL)
			i++;
		else if (!end && i < p->count)
			take(p, result, &p->queue[i]);
		else if (!end)
			fail(p, result);
		PQclear(result);
		if (end || p->lost)
			break;
	}
	return p->failed;
}

enum err
postgres_round(struct postgres *p, int64_t deadline)
{
	enum err e = p->failed;

	p->again = false;
	p->tag[0] = '\0';
	if (p->lost)
		e = e != ERR_OK ? e : err_because(ERR_UNAVAILABLE,
		    "database: the connection was lost before");
	if (e == ERR_OK && PQpipelineSync(p->db) != 1)
		e = lose(p, "cannot send");
	if (e == ERR_OK)
		e = receive(p, deadline);
	p->count = 0;
	p->failed = ERR_OK;
	return e;
}
