/*
 * The schema's versions: a database of version 1 is refused with the command
 * that helps, becomes one of this version without losing a row, and then has
 * the tables that a new one has.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "signer/notary/registry.h"
#include "signer/notary/registry_schema.h"

#define OK(expr) assert_int_equal(expr, ERR_OK)

/* As the first program made it, with a row in every table. */
static const char version_1[] =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA application_id = 1332441957; PRAGMA user_version = 1;"
    "CREATE TABLE device (id INTEGER PRIMARY KEY,"
    " holder BLOB NOT NULL CHECK (length(holder) = 16),"
    " programme TEXT NOT NULL,"
    " device BLOB NOT NULL CHECK (length(device) = 16),"
    " state INTEGER NOT NULL CHECK (state IN (1, 2)),"
    " issued_at INTEGER NOT NULL, administrative_expiry INTEGER,"
    " refreshed_at INTEGER) STRICT;"
    "CREATE UNIQUE INDEX one_active_device ON device (holder, programme)"
    " WHERE state = 1;"
    "CREATE TABLE device_key ("
    " key BLOB PRIMARY KEY CHECK (length(key) = 16),"
    " holder BLOB NOT NULL CHECK (length(holder) = 16)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE qr (cti BLOB PRIMARY KEY CHECK (length(cti) = 16),"
    " holder BLOB NOT NULL CHECK (length(holder) = 16),"
    " programme TEXT NOT NULL, purpose INTEGER NOT NULL,"
    " centre TEXT NOT NULL, issued_at INTEGER NOT NULL,"
    " expires_at INTEGER NOT NULL, redeemed_at INTEGER"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE nonce (expires_at INTEGER NOT NULL,"
    " random BLOB NOT NULL CHECK (length(random) = 16),"
    " PRIMARY KEY (expires_at, random)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE idem (log_index INTEGER PRIMARY KEY,"
    " id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),"
    " fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 16),"
    " seed BLOB NOT NULL CHECK (length(seed) = 16),"
    " issued_at INTEGER NOT NULL, valid_from INTEGER NOT NULL,"
    " administrative_expiry INTEGER, technical_expiry INTEGER NOT NULL,"
    " drafts BLOB NOT NULL CHECK (length(drafts) % 32 = 0)) STRICT;"
    "CREATE TABLE entry (log_index INTEGER PRIMARY KEY,"
    " bytes BLOB NOT NULL) STRICT;"
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL"
    ") STRICT, WITHOUT ROWID;"
    "INSERT INTO device VALUES"
    " (1, x'01010101010101010101010101010101', 'resident-id',"
    "  x'02020202020202020202020202020202', 2, 900, 1900, NULL),"
    " (2, x'01010101010101010101010101010101', 'resident-id',"
    "  x'03030303030303030303030303030303', 1, 1000, 2000, 1100);"
    "INSERT INTO device_key VALUES (x'05050505050505050505050505050505',"
    " x'01010101010101010101010101010101');"
    "INSERT INTO qr VALUES (x'06060606060606060606060606060606',"
    " x'01010101010101010101010101010101', 'resident-id', 1, 'c', 7, 8, 9);"
    "INSERT INTO nonce VALUES (77, x'07070707070707070707070707070707');"
    "INSERT INTO idem VALUES (1, x'08080808080808080808080808080808',"
    " x'09090909090909090909090909090909',"
    " x'0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a', 1, 2, NULL, 4,"
    " CAST(x'0b' || zeroblob(62) || x'0c' AS BLOB));"
    "INSERT INTO entry VALUES (0, x'61'), (1, x'62');"
    "INSERT INTO meta VALUES ('policy', x'63');";

struct place {
	char	dir[32];
	char	path[64], fresh[64];
};

static sqlite3 *
connect_to(const char *path)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	return db;
}

static int
place_new(void **state)
{
	struct place *p = mem_new(1, sizeof(*p));
	sqlite3 *db;

	assert_non_null(p);
	strncpy(p->dir, "/tmp/okse-schema-XXXXXX", sizeof(p->dir) - 1);
	assert_non_null(mkdtemp(p->dir));
	snprintf(p->path, sizeof(p->path), "%s/registry.db", p->dir);
	snprintf(p->fresh, sizeof(p->fresh), "%s/fresh.db", p->dir);
	db = connect_to(p->path);
	assert_int_equal(sqlite3_exec(db, version_1, NULL, NULL, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	*state = p;
	return 0;
}

static int
place_free(void **state)
{
	struct place *p = *state;
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", p->dir);
	assert_int_equal(system(command), 0);
	mem_free(p);
	return 0;
}

static struct handle
handle(uint8_t fill)
{
	struct handle h;

	memset(h.at, fill, sizeof(h.at));
	return h;
}

static const struct view resident = { (const uint8_t *)"resident-id", 11 };

/* ---- */

static void
an_older_schema_is_refused_and_the_remedy_named(void **state)
{
	struct place *p = *state;
	struct registry *r;

	assert_int_equal(registry_open(p->path, &r), ERR_UNSUPPORTED);
	assert_non_null(strstr(err_why(), "version 1"));
	assert_non_null(strstr(err_why(), "okse registry migrate"));
}

static void
check_devices(struct registry *r)
{
	struct handle holder = handle(1), device = handle(3), old = handle(2);
	struct registry_device d;

	OK(registry_device_find(r, &holder, resident, &d));
	assert_int_equal(handle_time(&d.serial), 1000);
	assert_memory_equal(&d.device, &device, sizeof(device));
	assert_int_equal(d.state, DEVICE_ACTIVE);
	assert_int_equal(d.issued_at, 1000);
	assert_int_equal(d.administrative_expiry, 2000);
	OK(registry_device_last(r, &holder, resident, &d));
	assert_memory_equal(&d.device, &old, sizeof(old));
	assert_int_equal(d.state, DEVICE_REPLACED);
}

static void
check_evidence(struct registry *r)
{
	struct handle key = handle(5), cti = handle(6), found;
	struct registry_nonce nonce = { handle(7), 77 };
	struct registry_qr qr;
	bool used;

	OK(registry_key_find(r, &key, &found));
	OK(registry_qr_find(r, &cti, &qr));
	assert_int_equal(qr.redeemed_at, 9);
	OK(registry_nonce_used(r, &nonce, &used));
	assert_true(used);
}

static void
check_log(struct registry *r)
{
	AUTO_DONE(bytes) policy = { 0 };
	struct handle id = handle(8);
	struct registry_idem idem;
	struct view entry;
	uint64_t count;

	OK(registry_idem_find(r, &id, &idem));
	assert_int_equal(idem.index, 1);
	assert_int_equal(idem.node, 1);
	assert_int_equal(idem.draft_count, 2);
	assert_int_equal(idem.drafts[1].hash.at[31], 0x0c);
	assert_int_equal(idem.drafts[0].signer.at[0], 0);
	assert_int_equal(idem.status.list, 0);
	OK(registry_entry_count(r, &count));
	assert_int_equal(count, 2);
	OK(registry_entry_get(r, 1, &entry));
	assert_true(view_is(entry, "b"));
	OK(registry_meta_get(r, "policy", &policy));
	assert_true(view_is(bytes_view(&policy), "c"));
}

static void
a_migration_keeps_every_row(void **state)
{
	struct place *p = *state;
	struct registry *r;
	int from, to;

	OK(registry_migrate(p->path, &from, &to));
	assert_int_equal(from, 1);
	assert_int_equal(to, 3);
	OK(registry_open(p->path, &r));
	check_devices(r);
	check_evidence(r);
	check_log(r);
	registry_close(r);
}

static void
a_migration_of_what_is_up_to_date_does_nothing(void **state)
{
	struct place *p = *state;
	struct registry *r;
	int from, to;

	OK(registry_open(p->fresh, &r));
	registry_close(r);
	OK(registry_migrate(p->fresh, &from, &to));
	assert_int_equal(from, 3);
	assert_int_equal(to, 3);
	OK(registry_open(p->fresh, &r));
	registry_close(r);
}

static void
a_migration_waits_for_the_daemon_to_stop(void **state)
{
	struct place *p = *state;
	struct registry *r;
	sqlite3 *db = connect_to(p->path);
	int from, to;

	assert_int_equal(sqlite3_exec(db, "PRAGMA locking_mode = EXCLUSIVE;"
	    "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(registry_migrate(p->path, &from, &to),
	    ERR_UNAVAILABLE);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	assert_int_equal(registry_open(p->path, &r), ERR_UNSUPPORTED);
	OK(registry_migrate(p->path, &from, &to));
}

/* Every table and index as text, without what SQLite adds itself. */
static void
dump_schema(const char *path, struct bytes *out)
{
	sqlite3 *db = connect_to(path);
	sqlite3_stmt *st;

	assert_int_equal(sqlite3_prepare_v2(db, "SELECT name, sql FROM"
	    " sqlite_schema ORDER BY name", -1, &st, NULL), SQLITE_OK);
	while (sqlite3_step(st) == SQLITE_ROW)
		bytes_printf(out, "%s: %s\n", sqlite3_column_text(st, 0),
		    sqlite3_column_text(st, 1));
	sqlite3_finalize(st);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void
what_was_migrated_is_as_if_it_were_new(void **state)
{
	struct place *p = *state;
	AUTO_DONE(bytes) migrated = { 0 }, made = { 0 };
	struct registry *r;
	int from, to;

	OK(registry_migrate(p->path, &from, &to));
	OK(registry_open(p->fresh, &r));
	registry_close(r);
	dump_schema(p->path, &migrated);
	dump_schema(p->fresh, &made);
	assert_string_equal(bytes_text(&migrated), bytes_text(&made));
}

/* A first start that is cut off leaves a whole registry, or none. */
static void
a_new_registry_is_made_in_one_step(void **state)
{
	(void)state;
	assert_int_equal(migration_from(0)->to, REGISTRY_VERSION);
	assert_null(migration_from(REGISTRY_VERSION));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_new, place_free)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_new_registry_is_made_in_one_step),
		TEST(an_older_schema_is_refused_and_the_remedy_named),
		TEST(a_migration_keeps_every_row),
		TEST(a_migration_of_what_is_up_to_date_does_nothing),
		TEST(a_migration_waits_for_the_daemon_to_stop),
		TEST(what_was_migrated_is_as_if_it_were_new),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
