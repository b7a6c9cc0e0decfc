/*
 * Counting and checking. What is read may be anybody's copy of a database: it
 * is believed in nothing, and reported as it is. Next: cli/registry.c, or
 * calls.c for the daemon's own.
 */
#include "signer/notary/registry_inspect.h"

#include <inttypes.h>

#include "audit/schema.h"
#include "signer/notary/registry_fleet.h"
#include "signer/notary/registry_sql.h"
#include "signer/notary/sqlite.h"

#define NODES_MAX 256

bool
registry_is_moved(struct registry *r)
{
	int moved = 0;

	return !registry_is_shared(r) &&
	    sqlite3_file_control(sqlite_connection(r->engine), "main",
	    SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved != 0;
}

/* ---- counting */

static void
put_instant(struct json *j, const char *name, struct query *q)
{
	int64_t t = get_time(q);
	char text[INSTANT_TEXT];

	if (t != TIME_NONE)
		json_c_text(j, name, instant_text(t, text));
}

static const char *
state_name(int64_t state)
{
	static const char *const names[] = { "unknown", "active", "replaced",
	    "suspended", "revoked", "expired" };

	return names[state > 0 && state < (int64_t)COUNT(names) ? state : 0];
}

static enum err
put_devices(struct registry *r, struct json *j)
{
	struct query q = registry_query(r, STATS_DEVICE);
	enum err e;

	json_items(j, "devices");
	for (e = query_row(&q); e == ERR_OK; e = query_next(&q)) {
		json_record(j, NULL);
		json_text(j, "programme", query_get_blob(&q));
		json_c_text(j, "state", state_name(query_get_int(&q)));
		json_int(j, "count", query_get_int(&q));
		put_instant(j, "oldest", &q);
		put_instant(j, "newest", &q);
		json_close(j);
	}
	json_close(j);
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err
put_uses(struct registry *r, struct json *j)
{
	struct query q = registry_query(r, STATS_USE);
	enum err e;

	json_items(j, "status_uses");
	for (e = query_row(&q); e == ERR_OK; e = query_next(&q)) {
		json_record(j, NULL);
		json_int(j, "list", query_get_int(&q));
		json_int(j, "count", query_get_int(&q));
		json_int(j, "invalid", query_get_int(&q));
		json_int(j, "suspended", query_get_int(&q));
		json_close(j);
	}
	json_close(j);
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err
put_lists(struct registry *r, struct json *j)
{
	struct query q = registry_query(r, STATS_LIST);
	enum err e;

	json_items(j, "status_lists");
	for (e = query_row(&q); e == ERR_OK; e = query_next(&q)) {
		json_record(j, NULL);
		json_int(j, "list", query_get_int(&q));
		json_int(j, "size", query_get_int(&q));
		json_int(j, "given", query_get_int(&q));
		json_close(j);
	}
	json_close(j);
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err
put_tokens(struct registry *r, struct json *j)
{
	struct query q = registry_query(r, STATS_QR);

	TRY(query_row(&q));
	json_record(j, "qr_tokens");
	json_int(j, "count", query_get_int(&q));
	json_int(j, "redeemed", query_get_int(&q));
	put_instant(j, "oldest", &q);
	put_instant(j, "newest", &q);
	json_close(j);
	return query_end(&q);
}

static enum err
put_retries(struct registry *r, struct json *j)
{
	struct query q = registry_query(r, STATS_IDEM);

	TRY(query_row(&q));
	json_record(j, "retries");
	json_int(j, "count", query_get_int(&q));
	put_instant(j, "oldest", &q);
	put_instant(j, "newest", &q);
	json_close(j);
	return query_end(&q);
}

static enum err
put_orphans(struct registry *r, struct json *j)
{
	struct query q = registry_query(r, STATS_ORPHAN);

	TRY(query_row(&q));
	json_record(j, "orphans");
	json_int(j, "count", query_get_int(&q));
	json_int(j, "open", query_get_int(&q));
	json_close(j);
	return query_end(&q);
}

static enum err
put_count(struct registry *r, enum registry_statement s, const char *name,
    struct json *j)
{
	struct query q = registry_query(r, s);

	TRY(query_row(&q));
	json_int(j, name, query_get_int(&q));
	return query_end(&q);
}

enum err
registry_stats(struct registry *r, struct json *j)
{
	uint64_t entries;

	TRY(registry_entry_count(r, &entries));
	json_int(j, "entries", (int64_t)entries);
	TRY(put_devices(r, j));
	TRY(put_count(r, STATS_KEY, "device_keys", j));
	TRY(put_tokens(r, j));
	TRY(put_count(r, STATS_NONCE, "challenges", j));
	TRY(put_count(r, STATS_QUOTA, "quotas", j));
	TRY(put_retries(r, j));
	TRY(put_orphans(r, j));
	TRY(put_lists(r, j));
	return put_uses(r, j);
}

/* ---- checking */

/* Reads every page: how many things SQLite finds wrong with them (to 100). */
static int64_t
count_bad_pages(struct registry *r)
{
	sqlite3_stmt *st = NULL;
	int64_t bad = 0;
	int rc = sqlite3_prepare_v2(sqlite_connection(r->engine),
	    "PRAGMA integrity_check", -1, &st, NULL);

	while (rc == SQLITE_OK || rc == SQLITE_ROW) {
		rc = sqlite3_step(st);
		if (rc == SQLITE_ROW)
			bad += sqlite3_column_bytes(st, 0) != 2;	/* ok */
	}
	sqlite3_finalize(st);
	return bad + (rc != SQLITE_DONE);
}

static enum err
count_bad(struct registry *r, enum registry_statement s, uint64_t entries,
    int64_t *out_bad)
{
	struct query q = registry_query(r, s);
	enum err e;

	if (s == CHECK_ENTRIES || s == CHECK_IDEM)
		query_put_int(&q, r->node);
	if (s == CHECK_IDEM)
		query_put_int(&q, (int64_t)entries);
	e = query_row(&q);
	if (e == ERR_NOT_FOUND) {
		*out_bad = 0;
		return ERR_OK;
	}
	TRY(e);
	*out_bad = query_get_int(&q);
	return query_end(&q);
}

/* Each is canonical, of the vocabulary, and stands where it says. */
static enum err
count_bad_entries(struct registry *r, uint64_t entries, int64_t *out_bad)
{
	int64_t bad = 0;

	for (uint64_t i = 0; i < entries; i++) {
		struct schema_entry e;
		struct view bytes;
		enum err found = registry_entry_get(r, i, &bytes);

		if (found != ERR_OK && found != ERR_NOT_FOUND)
			return found;
		bad += found != ERR_OK || schema_get(bytes, &e) != ERR_OK ||
		    schema_count(&e, SCHEMA_SEQ) != i;
	}
	*out_bad = bad;
	return ERR_OK;
}

static enum err
check_log(struct registry *r,
    void (*tell)(void *arg, const char *what, int64_t bad), void *arg)
{
	uint64_t entries;
	int64_t bad;

	TRY(registry_entry_count(r, &entries));
	TRY(count_bad(r, CHECK_ENTRIES, entries, &bad));
	tell(arg, "entries are dense from 0", bad);
	TRY(count_bad(r, CHECK_IDEM, entries, &bad));
	tell(arg, "every retry is of an entry that is there", bad);
	TRY(count_bad_entries(r, entries, &bad));
	tell(arg, "every entry is well formed and in its place", bad);
	return ERR_OK;
}

struct nodes {
	size_t	count;
	int64_t	at[NODES_MAX];
};

static enum err
add_node(void *arg, const struct registry_node *n)
{
	struct nodes *all = arg;

	if (all->count == NODES_MAX)
		return err_because(ERR_TOO_LARGE, "more than %d nodes",
		    NODES_MAX);
	all->at[all->count++] = n->node;
	return ERR_OK;
}

/* That of each node; a file has one. */
static enum err
check_logs(struct registry *r,
    void (*tell)(void *arg, const char *what, int64_t bad), void *arg)
{
	struct nodes all = { 0 };
	int64_t own = r->node;

	if (!registry_is_shared(r))
		return check_log(r, tell, arg);
	TRY(registry_nodes(r, add_node, &all));
	for (size_t i = 0; i < all.count; i++) {
		r->node = all.at[i];
		TRY(check_log(r, tell, arg));
	}
	r->node = own;
	return ERR_OK;
}

enum err
registry_check(struct registry *r,
    void (*tell)(void *arg, const char *what, int64_t bad), void *arg)
{
	static const struct {
		enum registry_statement	 statement;
		const char		*what;
	} checks[] = {
		{ CHECK_DEVICES, "one device for each holder and programme" },
		{ CHECK_STATES, "devices are in a state there is, in time" },
		{ CHECK_KEYS, "keys and holders are pseudonyms" },
		{ CHECK_QR, "no QR token used or expired before its time" },
		{ CHECK_USES, "no place in a status list is given twice" },
		{ CHECK_LISTS, "no place in use that is still to be given" },
		{ CHECK_ORPHANED_USES, "every place is in a list" },
		{ CHECK_ORPHANS, "every orphan is of entries in their order" },
	};
	int64_t bad;

	if (!registry_is_shared(r)) {
		bad = count_bad_pages(r);
		tell(arg, "the file's pages and indexes", bad);
		if (bad != 0)
			return ERR_OK;	/* what more it says means nothing */
	}
	for (size_t i = 0; i < COUNT(checks); i++) {
		TRY(count_bad(r, checks[i].statement, 0, &bad));
		tell(arg, checks[i].what, bad);
	}
	return check_logs(r, tell, arg);
}
