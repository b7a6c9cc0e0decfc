/*
 * The only way to PostgreSQL: one connection, libpq in non-blocking pipeline
 * mode, and our own poll() with an absolute deadline. Knows nothing of the
 * registry. Statements are queued and go out together:
 *
 *	postgres_queue(p, "s3", params, on_row, arg);
 *	postgres_queue(p, "s7", params, NULL, NULL);
 *	TRY(postgres_round(p, deadline));	one round trip for all
 *
 * Errors: ERR_UNAVAILABLE when the connection is lost, late, refused or not
 * to a server that may be written; then postgres_lost() and what was sent may
 * or may not have happened. ERR_EXISTS never. ERR_FULL, ERR_MEMORY,
 * ERR_CORRUPT, ERR_SYSTEM, ERR_INTERNAL as the server says; the transaction
 * can only be rolled back. postgres_again(): because of other transactions,
 * the same again may succeed.
 */
#ifndef OKSE_SIGNER_NOTARY_POSTGRES_H
#define OKSE_SIGNER_NOTARY_POSTGRES_H

#include "signer/notary/engine.h"

/* ---- values, of parameters and of rows, one after another */

void datum_put(struct bytes *b, struct datum d);
struct datum datum_get(struct reader *r);	/* a view into r */
void datum_put_int(struct bytes *b, int64_t v);
void datum_put_text(struct bytes *b, const char *text);

/* ---- where the server is */

#define POSTGRES_HOSTS 8	/* of one address, tried in turn */

struct postgres_target;

bool postgres_is_uri(const char *text);
/*
 * Reads postgresql://user@host[:port],…/database?option=value. Over TCP the
 * server's certificate must be verified. ERR_SCHEMA naming the option.
 */
[[nodiscard]] enum err postgres_target_read(const char *uri,
    struct postgres_target **out_target);
/*
 * The same, ready to connect: names are resolved, which is not possible once
 * a process is locked in.
 */
[[nodiscard]] enum err postgres_target_parse(const char *uri,
    struct postgres_target **out_target);
/* What the server shows as application_name of later connections. */
[[nodiscard]] enum err postgres_target_name(struct postgres_target *t,
    const char *name);
void postgres_target_free(struct postgres_target *t);
AUTO_STRUCT(postgres_target);

/* What the sandbox must let through. */
struct postgres_need {
	bool		local, tcp;		/* sockets */
	size_t		port_count;
	uint16_t	ports[POSTGRES_HOSTS];
	size_t		file_count;
	const char	*files[5];		/* certificates, keys */
};
/* Views into the target. */
struct postgres_need postgres_target_need(const struct postgres_target *t);

/* ---- the connection */

struct postgres;

/*
 * Tries each host once, beginning with the one that answered last, for a
 * server that takes writes. Deadlines are time_monotonic_us().
 */
[[nodiscard]] enum err postgres_connect(struct postgres_target *t,
    int64_t deadline, struct postgres **out_postgres);
void postgres_close(struct postgres *p);
AUTO_DEFINE(postgres, struct postgres, postgres_close);

/* Names a statement for postgres_queue(); goes out with the next round. */
void postgres_prepare(struct postgres *p, const char *name, const char *sql);

/*
 * Called for each row of a result, its values as datum_get() takes them, and
 * once more with NULL and the count of rows changed at its end.
 */
typedef void (*postgres_row_fn)(void *arg, const struct view *row,
    uint64_t changed);

/*
 * A prepared statement, or SQL itself, with its parameters, which are copied.
 * on_row may be NULL.
 */
void postgres_queue(struct postgres *p, const char *name, struct view params,
    postgres_row_fn on_row, void *arg);
void postgres_queue_sql(struct postgres *p, const char *sql,
    struct view params, postgres_row_fn on_row, void *arg);

/* Sends what is queued and takes all answers. */
[[nodiscard]] enum err postgres_round(struct postgres *p, int64_t deadline);

bool postgres_lost(const struct postgres *p);
bool postgres_again(const struct postgres *p);
/* Warnings since the connection was made: a COMMIT that warns is unknown. */
uint64_t postgres_warnings(const struct postgres *p);
/* "COMMIT", "ROLLBACK", …: of the last statement that ended well. */
const char *postgres_tag(const struct postgres *p);

#endif
