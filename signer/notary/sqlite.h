/*
 * The only way to SQLite: one connection that has the file alone, statements
 * prepared once, and errors in our words. Used by registry.c and nobody else.
 *
 * A query binds its values in order and is stepped once:
 *
 *	struct query q = query_start(s, DEVICE_RESERVE);
 *	query_put_blob(&q, …);
 *	query_put_int(&q, …);
 *	return query_change(&q);
 *
 * or, for a row, query_row(), query_get_…() in order, query_end(), whose
 * result says whether the row was what it must be.
 */
#ifndef OKSE_SIGNER_NOTARY_SQLITE_H
#define OKSE_SIGNER_NOTARY_SQLITE_H

#include <sqlite3.h>

#include "base/bytes.h"

struct sqlite {
	sqlite3		*db;
	enum err	 failed;	/* the first that was not a conflict */
	size_t		 count;
	sqlite3_stmt	**statements;
};

/*
 * Opens or creates path with mode 0600. An empty database gets the schema; any
 * other must have this application id and version (ERR_UNSUPPORTED).
 * ERR_UNAVAILABLE when another process has it, ERR_CORRUPT, ERR_SYSTEM.
 */
[[nodiscard]] enum err sqlite_open(const char *path, const char *schema,
    int version, const char *const *statements, size_t count,
    struct sqlite *out_sqlite);
void sqlite_done(struct sqlite *s);

struct query {
	struct sqlite	*sqlite;
	sqlite3_stmt	*statement;
	int		 next;		/* parameter or column */
};

struct query query_start(struct sqlite *s, size_t statement);
/* What is bound must stay valid until the query is stepped. */
void query_put_null(struct query *q);
void query_put_int(struct query *q, int64_t v);
void query_put_blob(struct query *q, struct view v);
void query_put_text(struct query *q, struct view utf8);

/* Runs a statement; whether rows changed does not matter. */
[[nodiscard]] enum err query_run(struct query *q);
/* Runs a statement that changes one row: ERR_EXISTS when it changed none. */
[[nodiscard]] enum err query_change(struct query *q);

/* A row to read; otherwise ERR_NOT_FOUND, and the query has ended. */
[[nodiscard]] enum err query_row(struct query *q);
bool query_is_null(const struct query *q);	/* the next column */
int64_t query_get_int(struct query *q);
/* Valid until query_end(). */
struct view query_get_blob(struct query *q);
/* Exactly len bytes, or query_end() will say ERR_CORRUPT. */
void query_get_exact(struct query *q, uint8_t *out, size_t len);
[[nodiscard]] enum err query_end(struct query *q);

#endif
