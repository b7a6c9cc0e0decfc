/*
 * A PostgreSQL engine with tables of its own, "item" and "quota", and the
 * calls of a registry on them.
 */
#ifndef OKSE_TESTS_UNIT_SIGNER_ITEMS_H
#define OKSE_TESTS_UNIT_SIGNER_ITEMS_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/time.h"
#include "tests/unit/signer/cluster.h"

enum { PUT, NOTE, SET, SET_NOW, GET, ALL, SWEEP, COUNT_UP, STATEMENTS };

static const struct statement statements[STATEMENTS] = {
	[PUT] = { "PUT", "item", STATEMENT_WRITE, "INSERT INTO item (key, "
	    "value) VALUES (?1, ?2) ON CONFLICT DO NOTHING" },
	[NOTE] = { "NOTE", "item", STATEMENT_WRITE, "INSERT INTO item (key, "
	    "value, note) VALUES (?1, 7, ?2) ON CONFLICT DO NOTHING" },
	[SET] = { "SET", "item", STATEMENT_WRITE, "UPDATE item SET value = ?2"
	    " WHERE key = ?1 AND value = ?3" },
	[SET_NOW] = { "SET_NOW", "item", STATEMENT_NOW, "UPDATE item SET "
	    "value = ?2 WHERE key = ?1 AND value = ?3" },
	[GET] = { "GET", "item", STATEMENT_READ,
	    "SELECT value, note FROM item WHERE key = ?1" },
	[ALL] = { "ALL", "item", STATEMENT_SCAN,
	    "SELECT key, value FROM item WHERE key >= ?1 ORDER BY key" },
	[SWEEP] = { "SWEEP", "item", STATEMENT_SWEEP,
	    "DELETE FROM item WHERE value < ?1" },
	[COUNT_UP] = { "COUNT_UP", "quota", STATEMENT_WRITE, "INSERT INTO "
	    "quota (key, used) VALUES (?1, 1) ON CONFLICT (key) DO UPDATE "
	    "SET used = quota.used + 1 WHERE quota.used < ?2" },
};

static const char schema[] =
    "CREATE TABLE okse.item (key BYTEA PRIMARY KEY, value BIGINT NOT NULL,"
    " note TEXT);"
    "CREATE TABLE okse.quota (key BYTEA PRIMARY KEY, used BIGINT NOT NULL);";

static struct cluster cluster;

static void
must(enum err e)
{
	if (e != ERR_OK)
		fail_msg("%s: %s", err_code(e), err_why());
}
#define MUST_BE(expr, wanted)                                                 \
	do {                                                                  \
		enum err got_ = (expr);                                       \
		if (got_ != (wanted))                                         \
			fail_msg("%s: %s (%s)", #expr, err_code(got_),        \
			    err_why());                                       \
	} while (0)

static int
start(void **state)
{
	struct engine *e;
	int version;

	(void)state;
	if (!cluster_start(&cluster, "deadlock_timeout=100ms"))
		return -1;
	must(engine_postgres_open(cluster.owner, POSTGRES_AS_OWNER,
	    statements, COUNT(statements), &e));
	must(e->ops->version(e, &version));
	assert_int_equal(version, 0);
	must(e->ops->migrate(e, schema, 7));
	must(e->ops->version(e, &version));
	assert_int_equal(version, 7);
	e->ops->close(e);
	return !cluster_sql(&cluster, "GRANT USAGE ON SCHEMA okse TO okse; "
	    "GRANT SELECT, INSERT, UPDATE, DELETE ON okse.item, okse.quota, "
	    "okse.writer TO okse; GRANT SELECT ON okse.schema_version TO "
	    "okse");
}

static int
stop(void **state)
{
	(void)state;
	cluster_stop(&cluster);
	return 0;
}

static int
clean(void **state)
{
	(void)state;
	return !cluster_sql(&cluster, "TRUNCATE okse.item, okse.quota");
}

/* ---- the calls of a registry */

static struct engine *
open_as(const char *uri, int64_t node)
{
	struct engine *e;

	must(engine_postgres_open(uri, POSTGRES_AS_DAEMON, statements,
	    COUNT(statements), &e));
	must(e->ops->ready(e));
	must(engine_postgres_writer(e, node));
	return e;
}

static void
close_engine(struct engine *e)
{
	e->ops->close(e);
}

static enum err
put(struct engine *e, const char *key, int64_t value)
{
	struct query q = query_start(e, PUT);

	query_put_blob(&q, view_text(key));
	query_put_int(&q, value);
	return query_change(&q);
}

static enum err
set(struct engine *e, size_t how, const char *key, int64_t from, int64_t to)
{
	struct query q = query_start(e, how);

	query_put_blob(&q, view_text(key));
	query_put_int(&q, to);
	query_put_int(&q, from);
	return query_change(&q);
}

static enum err
count_up(struct engine *e, const char *key, int64_t limit)
{
	struct query q = query_start(e, COUNT_UP);

	query_put_blob(&q, view_text(key));
	query_put_int(&q, limit);
	return query_change(&q);
}

static int64_t
get(struct engine *e, const char *key)
{
	struct query q = query_start(e, GET);
	int64_t value;

	query_put_blob(&q, view_text(key));
	if (query_row(&q) != ERR_OK)
		return -1;
	value = query_get_int(&q);
	assert_true(query_is_null(&q));
	must(query_end(&q));
	return value;
}

static void
begin(struct engine *e, bool careful)
{
	must(e->ops->begin(e, careful));
}

static enum err
commit(struct engine *e)
{
	return e->ops->commit(e);
}

/* What is there for everyone. */
static int64_t
stored(const char *key)
{
	struct engine *e = open_as(cluster.daemon, 99);
	int64_t value = get(e, key);

	close_engine(e);
	return value;
}

#endif
