/*
 * The engine for fleets: PostgreSQL. Every batch is one transaction at READ
 * COMMITTED, in about three round trips: what the batch will read is fetched
 * first, its writes are kept and sent together, and COMMIT follows once each
 * of them has changed what it should.
 *
 *	begin, expect(true), the batch's reads asked once, expect(false)
 *	the batch's reads again, its writes		no round trip
 *	commit						two
 *
 * Calls of one statement go to the server as one, with arrays
 * (postgres_many.c): what a batch costs it grows little with its requests.
 *
 * A node writes through one row of the table writer: each batch counts it up
 * under the epoch that the process took when it connected. So a connection
 * that was given up cannot commit behind the back of the next one, and what
 * became of a COMMIT without an answer can be looked up.
 */
#ifndef OKSE_SIGNER_NOTARY_ENGINE_POSTGRES_H
#define OKSE_SIGNER_NOTARY_ENGINE_POSTGRES_H

#include "signer/notary/postgres.h"

enum postgres_as {
	POSTGRES_AS_DAEMON,	/* owns nothing, may only use the tables */
	POSTGRES_AS_OWNER,	/* for migrations and support */
};

/*
 * Connects and checks the server: ERR_UNSUPPORTED naming the setting that
 * weakens durability, the role that may do too much, or the standby.
 * ERR_UNAVAILABLE: not there.
 */
[[nodiscard]] enum err engine_postgres_open(const char *uri,
    enum postgres_as as, const struct statement *statements, size_t count,
    struct engine **out_engine);

/*
 * From now on this process writes as this node, and no other. ERR_UNAVAILABLE
 * while another session of this name is connected.
 */
[[nodiscard]] enum err engine_postgres_writer(struct engine *e,
    int64_t node);
/* Whoever writes as this node cannot commit any more. */
[[nodiscard]] enum err engine_postgres_end_writer(struct engine *e,
    int64_t node);
/* Gives a role what a daemon needs, and no more. ERR_RANGE: no such name. */
[[nodiscard]] enum err engine_postgres_grant(struct engine *e,
    const char *role);

/* What became of a COMMIT whose answer did not come. */
enum engine_fate {
	FATE_NONE,		/* there was none */
	FATE_COMMITTED,
	FATE_ROLLED_BACK,
};

/*
 * Which history of which cluster it goes on with, "cluster/timeline/start of
 * the server": another one after a failover or a recovery, where commits may
 * have been lost, and after each start of the server, which may have been
 * given older files. engine_postgres_same_line(): but for the last part.
 */
#define POSTGRES_TERM 64
const char *engine_postgres_term(const struct engine *e);
bool engine_postgres_same_line(const char *term, const char *other);

/* Calls each with every node that writes, or did: its batches so far. */
typedef void (*postgres_writer_fn)(void *arg, int64_t node, uint64_t batch,
    bool connected);
[[nodiscard]] enum err engine_postgres_writers(struct engine *e,
    postgres_writer_fn each, void *arg);
/* Counts connections: what was looked at through one holds for that one. */
uint64_t engine_postgres_connection(const struct engine *e);

/* Is the database away? Then begin() fails, until resume() succeeds. */
bool engine_postgres_away(const struct engine *e);
/*
 * Tries to connect again, quickly. ERR_UNAVAILABLE: not yet. ERR_BEHIND: the
 * server forgot commits. Any other error is final: another process writes as
 * this node.
 */
[[nodiscard]] enum err engine_postgres_resume(struct engine *e,
    enum engine_fate *out_fate);

#endif
