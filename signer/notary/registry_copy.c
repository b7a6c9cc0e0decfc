/*
 * Copying between engines, below the registry's verbs, for it must lose
 * nothing that no verb would ask for. Both ends are databases of this
 * program; that they agree in the end is proved, not believed. Previous:
 * cli/registry_copy.c.
 */
#include "signer/notary/registry_copy.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "signer/notary/postgres.h"
#include "signer/notary/registry_fleet.h"
#include "signer/notary/registry_sql.h"
#include "signer/notary/sqlite.h"

#define ROUND 500				/* rows sent, or fetched */
#define PATIENCE INT64_C(60000000)		/* for one round */

/*
 * Without "id" of a device, which the target counts itself, in the same
 * order; and without "node", which is another there.
 */
static const struct table {
	const char	*name, *columns, *key, *key_there;
	size_t		 count;
	bool		 of_node, counted;
} tables[] = {
	{ "device", "holder, programme, device, serial, state, issued_at,"
	    " administrative_expiry, refreshed_at, changed_at", "id", "id", 9,
	    false, true },
	{ "device_key", "key, holder", "key", "key", 2, false, false },
	{ "qr", "cti, holder, programme, purpose, centre, issued_at,"
	    " expires_at, redeemed_at", "cti", "cti", 8, false, false },
	{ "nonce", "expires_at, random", "expires_at, random",
	    "expires_at, random", 2, false, false },
	{ "quota", "id, used", "id", "id", 2, false, false },
	{ "status_list", "list, size, next, opened_at", "list", "list", 4,
	    false, false },
	{ "status_version", "list, version", "list", "list", 2, false, false },
	{ "status_use", "list, first, count, serial, value, expires_at",
	    "list, first", "list, first", 6, false, false },
	{ "idem", "log_index, id, fingerprint, seed, issued_at, valid_from,"
	    " administrative_expiry, technical_expiry, status_list,"
	    " status_first, drafts", "log_index", "log_index", 11, true,
	    false },
	{ "orphan", "log_index, noted, closed", "log_index", "log_index", 3,
	    true, false },
	{ "entry", "log_index, bytes", "log_index", "log_index", 2, true,
	    false },
	{ "meta", "name, value", "name", "name COLLATE \"C\"", 2, true,
	    false },
};

struct copy {
	sqlite3		*from;
	struct postgres	*to;
	int64_t		 node;
	struct copied	 sent[COUNT(tables)], found[COUNT(tables)];
	struct copied	*counting;	/* of the rows being read back */
	uint64_t	 fetched;	/* by this round */
	int64_t		 number;	/* of a question */
};

/* Every row changes the hash of all before it. */
static void
add_row(struct copied *c, struct view row)
{
	AUTO_DONE(bytes) both = { 0 };

	bytes_put(&both, VIEW_OF(c->hash.at));
	bytes_put(&both, row);
	c->hash = sha256(bytes_view(&both));
	c->rows++;
}

/* ---- the file */

static enum err
ask_file(struct copy *c, const char *sql, const char *text,
    int64_t *out_number)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(c->from, sql, -1, &st, NULL);

	if (rc == SQLITE_OK && text != NULL)
		rc = sqlite3_bind_text(st, 1, text, -1, SQLITE_STATIC);
	if (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW)
		*out_number = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return rc == SQLITE_ROW ? ERR_OK : err_because(ERR_CORRUPT,
	    "database: %s", sqlite3_errmsg(c->from));
}

/* A column that this table of tables lacks would be lost in silence. */
static enum err
check_columns(struct copy *c)
{
	int64_t found;

	TRY(ask_file(c, "SELECT count(*) FROM sqlite_schema WHERE type = "
	    "'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'", NULL,
	    &found));
	if (found != COUNT(tables) + 1)		/* and node */
		return err_because(ERR_UNSUPPORTED, "the registry has %" PRId64
		    " tables, this copy knows %zu", found, COUNT(tables) + 1);
	for (size_t i = 0; i < COUNT(tables); i++) {
		const struct table *t = &tables[i];
		size_t known = t->count + t->of_node + t->counted;

		TRY(ask_file(c, "SELECT count(*) FROM pragma_table_info(?1)",
		    t->name, &found));
		if ((size_t)found != known)
			return err_because(ERR_UNSUPPORTED, "table %s has %"
			    PRId64 " columns, this copy knows %zu", t->name,
			    found, known);
	}
	return ERR_OK;
}

static struct datum
column(sqlite3_stmt *st, int i)
{
	int type = sqlite3_column_type(st, i);
	const void *at;

	if (type == SQLITE_NULL)
		return (struct datum){ .type = DATUM_NULL };
	if (type == SQLITE_INTEGER)
		return (struct datum){ .type = DATUM_INT,
		    .number = sqlite3_column_int64(st, i) };
	at = sqlite3_column_blob(st, i);
	return (struct datum){
		.type = type == SQLITE_BLOB ? DATUM_BLOB : DATUM_TEXT,
		.bytes = VIEW(at, (size_t)sqlite3_column_bytes(st, i)),
	};
}

/* ---- there */

static enum err
round_trip(struct copy *c)
{
	return postgres_round(c->to, time_monotonic_us() + PATIENCE);
}

static void
on_number(void *arg, const struct view *row, uint64_t changed)
{
	struct copy *c = arg;
	struct reader r;

	(void)changed;
	if (row == NULL)
		return;
	r = reader_of(*row);
	c->number = datum_get(&r).number;
	c->fetched++;
}

/* What a node says of itself in that database stays. */
static const char *
where(const struct table *t)
{
	return strcmp(t->name, "meta") != 0 ? "" :
	    " WHERE name <> '" REGISTRY_WHOLE "'";
}

static enum err
check_empty(struct copy *c)
{
	for (size_t i = 0; i < COUNT(tables); i++) {
		char sql[128];

		snprintf(sql, sizeof(sql), "SELECT count(*) FROM okse.%s%s",
		    tables[i].name, where(&tables[i]));
		postgres_queue_sql(c->to, sql, VIEW(NULL, 0), on_number, c);
		TRY(round_trip(c));
		if (c->number != 0)
			return err_because(ERR_EXISTS, "table %s of the "
			    "target has %" PRId64 " rows: a copy goes into an "
			    "empty registry", tables[i].name, c->number);
	}
	return ERR_OK;
}

static enum err
find_node(struct copy *c, const char *origin)
{
	AUTO_DONE(bytes) params = { 0 };

	datum_put_text(&params, origin);
	c->fetched = 0;
	postgres_queue_sql(c->to, "SELECT node FROM okse.node WHERE origin = $1"
	    " AND retired_at IS NULL", bytes_view(&params), on_number, c);
	TRY(round_trip(c));
	if (c->fetched == 0)
		return err_because(ERR_NOT_FOUND, "%s has not joined the "
		    "target: okse registry join", origin);
	c->node = c->number;
	return ERR_OK;
}

/* ---- sending */

static void
prepare_insert(struct copy *c, const struct table *t)
{
	AUTO_DONE(bytes) sql = { 0 };

	bytes_printf(&sql, "INSERT INTO okse.%s (%s%s) VALUES (", t->name,
	    t->columns, t->of_node ? ", node" : "");
	for (size_t i = 0; i < t->count + t->of_node; i++)
		bytes_printf(&sql, "%s$%zu", i != 0 ? ", " : "", i + 1);
	bytes_put_text(&sql, ")");
	postgres_prepare(c->to, t->name, bytes_text(&sql));
}

static enum err
send_row(struct copy *c, const struct table *t, sqlite3_stmt *st,
    struct copied *sent)
{
	AUTO_DONE(bytes) row = { 0 };

	for (size_t i = 0; i < t->count; i++)
		datum_put(&row, column(st, (int)i));
	TRY(bytes_check(&row));
	add_row(sent, bytes_view(&row));
	if (t->of_node)
		datum_put_int(&row, c->node);
	TRY(bytes_check(&row));
	postgres_queue(c->to, t->name, bytes_view(&row), NULL, NULL);
	return sent->rows % ROUND == 0 ? round_trip(c) : ERR_OK;
}

static enum err
send_rows(struct copy *c, const struct table *t, sqlite3_stmt *st,
    struct copied *sent)
{
	int rc;

	while ((rc = sqlite3_step(st)) == SQLITE_ROW)
		TRY(send_row(c, t, st, sent));
	if (rc != SQLITE_DONE)
		return err_because(ERR_CORRUPT, "database: %s",
		    sqlite3_errmsg(c->from));
	return round_trip(c);
}

static enum err
send_table(struct copy *c, size_t i)
{
	const struct table *t = &tables[i];
	sqlite3_stmt *st = NULL;
	char sql[512];
	enum err e;

	c->sent[i].table = t->name;
	snprintf(sql, sizeof(sql), "SELECT %s FROM %s ORDER BY %s", t->columns,
	    t->name, t->key);
	if (sqlite3_prepare_v2(c->from, sql, -1, &st, NULL) != SQLITE_OK)
		return err_because(ERR_CORRUPT, "database: %s",
		    sqlite3_errmsg(c->from));
	prepare_insert(c, t);
	e = send_rows(c, t, st, &c->sent[i]);
	sqlite3_finalize(st);
	return e;
}

/* ---- reading back */

static void
on_row(void *arg, const struct view *row, uint64_t changed)
{
	struct copy *c = arg;

	(void)changed;
	if (row == NULL)
		return;
	add_row(c->counting, *row);
	c->fetched++;
}

static enum err
read_table(struct copy *c, size_t i)
{
	const struct table *t = &tables[i];
	char sql[512];

	c->counting = &c->found[i];
	snprintf(sql, sizeof(sql), "DECLARE back NO SCROLL CURSOR FOR SELECT "
	    "%s FROM okse.%s%s ORDER BY %s", t->columns, t->name, where(t),
	    t->key_there);
	postgres_queue_sql(c->to, sql, VIEW(NULL, 0), NULL, NULL);
	snprintf(sql, sizeof(sql), "FETCH %d FROM back", ROUND);
	do {
		c->fetched = 0;
		postgres_queue_sql(c->to, sql, VIEW(NULL, 0), on_row, c);
		TRY(round_trip(c));
	} while (c->fetched != 0);
	postgres_queue_sql(c->to, "CLOSE back", VIEW(NULL, 0), NULL, NULL);
	TRY(round_trip(c));
	if (c->found[i].rows == c->sent[i].rows &&
	    view_equal(VIEW_OF(c->found[i].hash.at),
	    VIEW_OF(c->sent[i].hash.at)))
		return ERR_OK;
	return err_because(ERR_MISMATCH, "table %s: %" PRIu64 " rows were "
	    "sent, the %" PRIu64 " read back are not the same", t->name,
	    c->sent[i].rows, c->found[i].rows);
}

/* ---- all of it */

static enum err
copy_all(struct copy *c, const char *origin)
{
	uint64_t warnings;

	TRY(check_columns(c));
	postgres_queue_sql(c->to, "BEGIN", VIEW(NULL, 0), NULL, NULL);
	TRY(find_node(c, origin));
	TRY(check_empty(c));
	for (size_t i = 0; i < COUNT(tables); i++)
		TRY(send_table(c, i));
	for (size_t i = 0; i < COUNT(tables); i++)
		TRY(read_table(c, i));
	warnings = postgres_warnings(c->to);
	postgres_queue_sql(c->to, "COMMIT", VIEW(NULL, 0), NULL, NULL);
	TRY(round_trip(c));
	return postgres_warnings(c->to) == warnings ? ERR_OK :
	    err_because(ERR_UNAVAILABLE, "the server warned at the commit: "
	    "look whether the rows are there before anything else");
}

static enum err
connect_both(const char *from, const char *uri, struct registry **out_from,
    struct postgres **out_to)
{
	AUTO(registry) r = NULL, target = NULL;
	AUTO(postgres_target) where = NULL;

	TRY(registry_open(from, &r));
	if (r->engine->ops->dialect != DIALECT_SQLITE)
		return err_because(ERR_UNSUPPORTED,
		    "a copy comes from a file and goes to a server");
	/* its schema's version, and the settings that make it durable */
	TRY(registry_open_owner(uri, &target));
	TRY(postgres_target_parse(uri, &where));
	TRY(postgres_connect(where, time_monotonic_us() + PATIENCE, out_to));
	*out_from = STEAL(r);
	return ERR_OK;
}

enum err
registry_copy(const char *from, const char *uri, const char *origin,
    void (*each)(void *arg, const struct copied *c), void *arg)
{
	AUTO(registry) r = NULL;
	AUTO(postgres) to = NULL;
	struct copy c = { 0 };

	TRY(connect_both(from, uri, &r, &to));
	c.from = sqlite_connection(r->engine);
	c.to = to;
	TRY(copy_all(&c, origin));
	for (size_t i = 0; i < COUNT(tables); i++)
		each(arg, &c.sent[i]);
	return ERR_OK;
}
