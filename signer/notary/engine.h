/*
 * What the registry asks of a database. The registry's verbs (registry.h)
 * and its statements (registry_sql.h) are the same whatever keeps them; an
 * engine runs the statements, nothing more: sqlite.c is one.
 *
 * A query collects its values in order and is then run once:
 *
 *	struct query q = query_start(e, DEVICE_RESERVE);
 *	query_put_blob(&q, …);
 *	query_put_int(&q, …);
 *	return query_change(&q);
 *
 * or, for a row, query_row(), query_get_…() in order, query_end(), whose
 * result says whether the row was what it must be; for rows, query_next()
 * between them. Queries of different statements may be open at once.
 *
 * Statements are written for both dialects, with parameters ?1, ?2, …, each
 * of which occurs (an engine may write them $1, $2, …). Each names one table,
 * and ?1 is the key of the rows it touches: two statements of one table with
 * different ?1 never touch the same row. An engine may therefore reorder the
 * writes of different keys and tables within a transaction, and read ahead;
 * a read sees every write before it. STATEMENT_SCAN and STATEMENT_SWEEP are
 * the exceptions: their rows have any key.
 *
 * Columns and parameters are integers of 64 bits, blobs, and UTF-8 texts;
 * each statement always binds a parameter with the same type or NULL.
 */
#ifndef OKSE_SIGNER_NOTARY_ENGINE_H
#define OKSE_SIGNER_NOTARY_ENGINE_H

#include <stdbool.h>

#include "base/bytes.h"

/* ---- statements */

enum statement_kind {
	STATEMENT_READ,
	STATEMENT_SCAN,		/* a read of any key: after all writes */
	STATEMENT_WRITE,	/* may be deferred to the commit */
	STATEMENT_NOW,		/* what it changed must be known at once */
	STATEMENT_SWEEP,	/* rows of any key: after all other writes */
};

struct statement {
	const char		*name;		/* for logs and tests */
	const char		*table;
	enum statement_kind	 kind;
	const char		*sql;
};

/* ---- values */

enum datum_type { DATUM_NULL, DATUM_INT, DATUM_BLOB, DATUM_TEXT };

struct datum {
	enum datum_type	type;
	union {
		int64_t		number;
		struct view	bytes;		/* blob and text; not owned */
	};
};

#define QUERY_VALUES 20

struct engine;

struct query {
	struct engine	*engine;
	size_t		 statement;	/* index in the engine's table */
	void		*rows;		/* the engine's, while rows are read */
	size_t		 column;	/* the next to be read */
	size_t		 count;
	struct datum	 values[QUERY_VALUES];
};

/* ---- an engine */

enum dialect { DIALECT_SQLITE, DIALECT_POSTGRES };

/*
 * Every function fails with the errors of registry.h. ERR_EXISTS and
 * ERR_NOT_FOUND are outcomes; anything else sets engine.failed (the first
 * counts) and then nothing more is asked of the database.
 */
struct engine_ops {
	enum dialect	dialect;

	/* The schema's version, 0 for an empty database. ERR_UNSUPPORTED:
	 * it belongs to another program. */
	enum err	(*version)(struct engine *e, int *out_version);
	/* Runs a script and notes version in one transaction. */
	enum err	(*migrate)(struct engine *e, const char *script,
			    int version);
	/* The schema is right: statements may now be prepared. */
	enum err	(*ready)(struct engine *e);

	/*
	 * careful: the outcome of every write is known when it returns. If
	 * not, an engine may defer STATEMENT_WRITE; a write that then changes
	 * nothing shows as ERR_EXISTS of commit().
	 */
	enum err	(*begin)(struct engine *e, bool careful);
	/*
	 * May be NULL. While on, the reads of this transaction are only
	 * noted and find nothing; off fetches all of them at once.
	 */
	enum err	(*expect)(struct engine *e, bool on);
	/*
	 * ERR_OK: durable. ERR_EXISTS (never when careful): a deferred write
	 * met a conflict and all was rolled back; batch.c serves the same
	 * requests again, carefully. Anything else: whether it is durable is
	 * unknown, and the process ends.
	 */
	enum err	(*commit)(struct engine *e);
	/*
	 * May be NULL. Between transactions: what can wait until those have
	 * been answered whom a commit was for.
	 */
	void		(*tend)(struct engine *e);
	/* Whatever state the transaction is in. After ERR_FULL and
	 * ERR_MEMORY the engine can go on (failed is ERR_OK again). */
	void		(*rollback)(struct engine *e);
	/*
	 * The savepoint of one request, in place of the last one. undo may
	 * be ERR_EXISTS (never when careful), with the same consequence as
	 * of commit().
	 */
	enum err	(*mark)(struct engine *e);
	enum err	(*undo)(struct engine *e);

	/* A write. must_change: ERR_EXISTS when no row changed. Values
	 * need not outlive the call. */
	enum err	(*run)(struct query *q, bool must_change);
	/* The first row, or the next; ERR_NOT_FOUND, then rows is NULL. */
	enum err	(*row)(struct query *q);
	/* Column of the row, valid until the next row or the end. */
	struct datum	(*column)(struct query *q, size_t column);
	void		(*end)(struct query *q);

	/* Frees e too. */
	void		(*close)(struct engine *e);
};

/* The first member of every engine's own struct. */
struct engine {
	const struct engine_ops	*ops;
	const struct statement	*statements;
	size_t			 count;
	enum err		 failed;	/* the first that was final */
};

/* Remembers the first failure; returns err. */
enum err engine_fail(struct engine *e, enum err err);

/* ---- queries */

struct query query_start(struct engine *e, size_t statement);
/* Views must stay valid until the query is run. */
void query_put_null(struct query *q);
void query_put_int(struct query *q, int64_t v);
void query_put_blob(struct query *q, struct view v);
void query_put_text(struct query *q, struct view utf8);

/* Runs a write; whether rows changed does not matter. */
[[nodiscard]] enum err query_run(struct query *q);
/* Runs a write that must change a row: ERR_EXISTS when it changed none. */
[[nodiscard]] enum err query_change(struct query *q);

/* A row to read; otherwise ERR_NOT_FOUND, and the query has ended. */
[[nodiscard]] enum err query_row(struct query *q);
/* The next row, read from its first column; as query_row(). */
[[nodiscard]] enum err query_next(struct query *q);
bool query_is_null(struct query *q);		/* the next column */
int64_t query_get_int(struct query *q);
/* Blob or text; valid until query_next() or query_end(). */
struct view query_get_blob(struct query *q);
/* Exactly len bytes, or query_end() will say ERR_CORRUPT. */
void query_get_exact(struct query *q, uint8_t *out, size_t len);
/* After ERR_OK of the last query_row() or query_next(), at any row. */
[[nodiscard]] enum err query_end(struct query *q);

#endif
