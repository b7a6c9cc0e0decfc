/*
 * Inside the PostgreSQL engine: what its files share. Included by
 * engine_postgres.c and postgres_*.c alone.
 */
#ifndef OKSE_SIGNER_NOTARY_POSTGRES_ENGINE_H
#define OKSE_SIGNER_NOTARY_POSTGRES_ENGINE_H

#include "signer/notary/book.h"
#include "signer/notary/engine_postgres.h"

#define SECOND INT64_C(1000000)
/*
 * For a transaction, all of it. Served twice, with a lost answer looked up,
 * a batch still ends before the supervisor takes the notary for dead (10 s).
 */
#define BATCH_PATIENCE (3 * SECOND)
#define READ_PATIENCE (2 * SECOND)	/* for a read outside of one */
#define SCRIPT_PATIENCE (600 * SECOND)	/* for a migration */

struct pg_engine;

/* A statement and its parameters, waiting. */
struct pg_call {
	struct pg_engine *engine;	/* whose it is, for its answer */
	size_t		 statement;
	size_t		 at, len;	/* parameters, in engine.text */
	size_t		 serial;	/* in the order of coming */
	size_t		 group;		/* it, and what went with it */
	size_t		 answered;	/* of them */
	bool		 must_change;
	bool		 unchanged;	/* the answer: a row was not changed */
};

struct pg_calls {
	size_t		 count, room;
	struct pg_call	*at;
};

/* The rows of a read, one block each, and the row that is being read. */
struct pg_rows {
	struct bytes	bytes;
	struct reader	rest;
	size_t		columns;
	struct datum	column[QUERY_VALUES];
};

/* A statement, when many calls of it go as one. */
struct pg_many {
	size_t		count;		/* parameters */
	enum datum_type	types[QUERY_VALUES]; /* DATUM_NULL: not known */
	bool		prepared;	/* for this connection */
};

struct pg_writer {
	int64_t		node, epoch;
	int64_t		first, tried;	/* epochs of this process */
	uint64_t	batch;		/* last committed */
	uint64_t	pid;		/* of the server's process */
	bool		unknown;	/* whether batch + 1 was */
	bool		fenced;		/* another writes, or retired */
};

struct pg_engine {
	struct engine		 engine;	/* first */
	enum postgres_as	 as;
	struct postgres_target	*target;
	struct postgres		*connection;	/* NULL: away */
	uint64_t		 connections;	/* that there have been */
	char			 term[POSTGRES_TERM]; /* of the newest */
	struct pg_writer	 writer;	/* node 0: none yet */
	bool			 prepared;	/* in each new one */
	int64_t			 deadline;	/* of the transaction */
	bool			 open;		/* between begin and its end */
	bool			 begun;		/* and the server knows */
	bool			 careful;
	bool			 expecting;
	bool			 conflict;	/* a deferred write met one */
	bool			 saved;		/* a savepoint of the request */
	size_t			 marked;	/* writes of requests before */
	struct bytes		 text;		/* parameters of all calls */
	struct pg_calls		 expected, writes;
	struct bytes		 key;
	struct book		 known;		/* call: its rows */
	struct book		 written;	/* table and key */
	struct pg_rows		*rows;		/* one a statement */
	struct pg_many		*many;		/* likewise */
	unsigned int		 many_names;	/* of what is prepared */
	struct bytes		 columns[QUERY_VALUES]; /* of calls sent */
};

static inline struct pg_engine *
pg_of(struct engine *e)
{
	return (struct pg_engine *)e;
}

/* postgres_batch.c: the transaction's reads and writes */
[[nodiscard]] enum err pg_expect(struct engine *e, bool on);
[[nodiscard]] enum err pg_run(struct query *q, bool must_change);
[[nodiscard]] enum err pg_row(struct query *q);
struct datum pg_column(struct query *q, size_t column);
void pg_end(struct query *q);
/* Sends the writes that were kept; the server has then begun. */
[[nodiscard]] enum err pg_flush(struct pg_engine *e);
/* Nothing is expected, known, or waiting to be written. */
void pg_forget(struct pg_engine *e);
/* One round; an answer that does not come loses the connection. */
[[nodiscard]] enum err pg_round(struct pg_engine *e, int64_t deadline);

static inline struct view
pg_parameters(const struct pg_call *c)
{
	return VIEW(c->engine->text.at + c->at, c->len);
}

/* postgres_many.c: calls of one statement that go as one */
void pg_many_learn(struct pg_engine *e, const struct query *q);
/* How many of these can go together; 1 for alone. */
size_t pg_many_fit(const struct pg_engine *e, const struct pg_call *at,
    size_t left);
/*
 * Rows of a read begin with a number, 1 for the first call, and come in its
 * order; of writes comes how many rows were changed.
 */
[[nodiscard]] enum err pg_many_queue(struct pg_engine *e, struct pg_call *at,
    size_t count, postgres_row_fn fn);
void pg_many_forget(struct pg_engine *e);
void pg_many_done(struct pg_engine *e);

/*
 * postgres_check.c: may this server be trusted with the registry? And which
 * history of which cluster does it go on with?
 */
[[nodiscard]] enum err pg_check_server(struct postgres *p,
    enum postgres_as as, char out_term[POSTGRES_TERM]);

/* postgres_writer.c: who writes as a node, and what became of a COMMIT */
void pg_writer_begin(struct pg_engine *e);	/* queues the batch's claim */
[[nodiscard]] enum err pg_writer_take(struct pg_engine *e,
    const char *name);
/*
 * After a new connection. ERR_UNAVAILABLE: the old one is not over yet. Any
 * other error is final.
 */
[[nodiscard]] enum err pg_writer_retake(struct pg_engine *e,
    enum engine_fate *out_fate);

#endif
