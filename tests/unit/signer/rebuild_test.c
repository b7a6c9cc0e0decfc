/*
 * Rebuilding a lost registry from the published log: the result is compared
 * with what was lost, row by row, for everything but what the log never
 * holds: seeds, fingerprints, what is derived from them, and challenges.
 */
#include <sqlite3.h>

#include "signer/notary/rebuild.h"
#include "signer/notary/restore.h"
#include "tests/unit/signer/publish.h"

#define PEOPLE 6

/* ---- a past */

static void
issue_because(struct world *w, size_t i, enum purpose purpose,
    const char *reason, const char *device)
{
	AUTO_DONE(bytes) token = { 0 }, document = { 0 };
	static unsigned int keys;
	struct served *s;
	struct person p;
	char key[32];

	w->now++;		/* a visit is later than the issue before */
	world_visit(w, i, purpose, &token);
	person_credential(w, &p, i, bytes_view(&token), device);
	p.asked.purpose = purpose;
	if (purpose == PURPOSE_REISSUE)
		p.asked.reason = view_text(reason);
	snprintf(key, sizeof(key), "issue-%u", keys++);
	p.asked.idempotency_key = view_text(key);
	s = world_ask(w, &p.asked);
	assert_int_equal(served_err(s), ERR_OK);
	world_sign(w, s->ticket, &document);
}

static void
issue_to(struct world *w, size_t i, enum purpose purpose, const char *device)
{
	issue_because(w, i, purpose, "device-replaced", device);
}

static void
change(struct world *w, size_t i, enum action a, const char *reason)
{
	static unsigned int keys;
	struct person p;
	char key[32];

	person_init(&p, i, OPERATION_STATUS_CHANGE);
	p.asked.purpose = (enum purpose)0;
	p.asked.action = a;
	p.asked.reason = view_text(reason);
	p.asked.evidence.kind = EVIDENCE_NONE;
	p.asked.evidence.centre = view_text("");
	p.asked.holder.has_card = false;
	snprintf(key, sizeof(key), "change-%u", keys++);
	p.asked.idempotency_key = view_text(key);
	assert_int_equal(served_err(world_ask(w, &p.asked)), ERR_OK);
}

static void
refresh(struct world *w, size_t i)
{
	AUTO_DONE(bytes) document = { 0 };
	struct served *s;
	struct person p;

	person_credential(w, &p, i, view_text(""), "phone");
	p.asked.purpose = PURPOSE_REFRESH;
	p.asked.evidence.kind = EVIDENCE_NONE;
	p.asked.evidence.centre = view_text("");
	p.asked.idempotency_key = view_text("refresh");
	s = world_ask(w, &p.asked);
	assert_int_equal(served_err(s), ERR_OK);
	world_sign(w, s->ticket, &document);
}

/* Three years pass between first and last; what happens in one second. */
static void
live_long(struct world *w)
{
	for (size_t i = 20; i <= 23; i++)
		issue_to(w, i, PURPOSE_FIRST_ISSUE, "phone");
	change(w, 22, ACTION_SUSPEND, "phone-lost");
	w->now += 1200 * DAY;
	issue_because(w, 21, PURPOSE_REISSUE, "expired", "new phone");
	issue_because(w, 22, PURPOSE_REISSUE, "expired", "phone");
	change(w, 22, ACTION_SUSPEND, "phone-lost");
	for (size_t i = 30; i <= 39; i++)
		issue_to(w, i, PURPOSE_FIRST_ISSUE, "phone");
	for (size_t i = 31; i <= 37; i++)
		change(w, i, ACTION_SUSPEND, "phone-lost");
	for (size_t i = 32; i <= 34; i++)
		change(w, i, ACTION_REINSTATE, "phone-found");
	change(w, 33, ACTION_SUSPEND, "card-lost");
	for (size_t i = 34; i <= 38; i++)
		if (i != 36)
			change(w, i, ACTION_REVOKE, "phone-lost");
	issue_to(w, 36, PURPOSE_REISSUE, "new phone");
	change(w, 36, ACTION_SUSPEND, "phone-lost");
	issue_to(w, 37, PURPOSE_FIRST_ISSUE, "phone");
	issue_to(w, 38, PURPOSE_FIRST_ISSUE, "new phone");
	change(w, 38, ACTION_REVOKE, "phone-lost");
	issue_to(w, 38, PURPOSE_FIRST_ISSUE, "newest phone");
}

/* First issues, reissues, a refresh two months later, tokens not yet used. */
static void
live(struct world *w)
{
	AUTO_DONE(bytes) token = { 0 };

	for (size_t i = 1; i <= PEOPLE; i++)
		issue_to(w, i, PURPOSE_FIRST_ISSUE, "phone");
	w->now += 60 * DAY;
	refresh(w, 1);
	for (size_t i = 2; i <= 4; i++)
		issue_to(w, i, PURPOSE_REISSUE, "new phone");
	issue_to(w, 2, PURPOSE_REISSUE, "newest phone");
	world_visit(w, 99, PURPOSE_FIRST_ISSUE, &token);
	decide(w, 4);
	publish(w);
}

/* ---- rows */

/* What is asked of both: rows that time has not made useless meanwhile. */
static const char *const dumps[] = {
	"SELECT hex(holder), programme, hex(device), hex(substr(serial, 1, 4)),"
	" state, issued_at, administrative_expiry, refreshed_at, changed_at"
	" FROM device ORDER BY id",
	"SELECT hex(key), hex(holder) FROM device_key ORDER BY key",
	"SELECT hex(cti), hex(holder), programme, purpose, centre, issued_at,"
	" expires_at, redeemed_at FROM qr WHERE issued_at > ?1 ORDER BY cti",
	"SELECT log_index, node, hex(id), issued_at, administrative_expiry,"
	" status_list, status_first FROM idem WHERE issued_at > ?1"
	" ORDER BY log_index",
	"SELECT log_index, node, hex(bytes) FROM entry ORDER BY log_index",
	"SELECT list, size, next FROM status_list ORDER BY list",
	"SELECT u.list, u.first, u.count, u.value, u.expires_at,"
	" hex(d.holder), d.state"
	" FROM status_use u LEFT JOIN device d ON d.serial = u.serial"
	" WHERE u.expires_at > ?1 ORDER BY 1, 2",
	"SELECT name, hex(value) FROM meta WHERE name IN ('policy', 'ceremony')"
	" ORDER BY name",
};

static void
dump(const char *path, size_t which, int64_t since, struct bytes *out)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *st = NULL;

	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE,
	    NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, dumps[which], -1, &st, NULL),
	    SQLITE_OK);
	if (sqlite3_bind_parameter_count(st) == 1)
		sqlite3_bind_int64(st, 1, since);
	while (sqlite3_step(st) == SQLITE_ROW) {
		for (int i = 0; i < sqlite3_column_count(st); i++)
			bytes_printf(out, "%s|", sqlite3_column_type(st, i) ==
			    SQLITE_NULL ? "NULL" :
			    (const char *)sqlite3_column_text(st, i));
		bytes_put_text(out, "\n");
	}
	sqlite3_finalize(st);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void
same_rows(struct world *w, size_t least)
{
	size_t rows = 0;

	for (size_t i = 0; i < COUNT(dumps); i++) {
		AUTO_DONE(bytes) lost = { 0 }, made = { 0 };
		char path[64];

		MUST(path_join(w->dir, "lost.db", path, sizeof(path)));
		dump(path, i, w->now - DAY, &lost);
		dump(w->config.registry, i, w->now - DAY, &made);
		assert_true(lost.len != 0);	/* there was something */
		assert_string_equal(bytes_text(&made), bytes_text(&lost));
		for (size_t k = 0; k < lost.len; k++)
			rows += lost.at[k] == '\n';
	}
	assert_true(rows >= least);
}

/* ---- repair */

static void
repair(struct world *w)
{
	struct guard *g = &w->n->guard;
	bool done = false;

	OK(rebuild_start(w->n, g->entries, g->published - 1, &w->n->rebuild));
	while (!done)
		OK(rebuild_step(w->n->rebuild, &done));
}

/* The registry as it is now is kept as lost.db; another takes its place. */
static void
lose(struct world *w, const char *old)
{
	char command[128];

	world_close(w);
	snprintf(command, sizeof(command), "mv registry.db lost.db && "
	    "rm -f registry.db-wal && %s", old);
	run_in(w, command);
	OK(world_try_open(w));
	assert_true(w->n->guard.held);
}

static void
a_lost_registry_is_rebuilt_row_by_row(void **state)
{
	struct world *w = *state;

	live(w);
	lose(w, "true");
	repair(w);
	world_close(w);
	same_rows(w, 60);
	world_open(w);
	assert_false(w->n->guard.held);
}

/* Every transition of docs/devices.md, and what lists say after each. */
static void
every_change_of_state_is_rebuilt_row_by_row(void **state)
{
	struct world *w = *state;

	live_long(w);
	publish(w);
	lose(w, "true");
	repair(w);
	world_close(w);
	same_rows(w, 100);
}

/* Between the commits that are lost and those that are not. */
static void
changes_after_a_copy_are_rebuilt_row_by_row(void **state)
{
	struct world *w = *state;

	live_long(w);
	publish(w);
	world_close(w);
	run_in(w, "cp registry.db old.db");
	world_open(w);
	w->now += 5;
	change(w, 33, ACTION_REINSTATE, "phone-found");
	change(w, 32, ACTION_SUSPEND, "phone-lost");
	change(w, 22, ACTION_REINSTATE, "phone-found");
	change(w, 37, ACTION_REVOKE, "phone-lost");
	issue_to(w, 36, PURPOSE_REISSUE, "newest phone");
	issue_to(w, 39, PURPOSE_REISSUE, "new phone");
	change(w, 39, ACTION_REVOKE, "phone-lost");
	publish(w);
	lose(w, "mv old.db registry.db");
	repair(w);
	world_close(w);
	same_rows(w, 100);
}

static void
an_old_copy_is_brought_up_to_date_row_by_row(void **state)
{
	struct world *w = *state;

	issue_to(w, 50, PURPOSE_FIRST_ISSUE, "phone");
	issue_to(w, 51, PURPOSE_FIRST_ISSUE, "phone");
	publish(w);
	world_close(w);
	run_in(w, "cp registry.db old.db");
	world_open(w);
	issue_to(w, 50, PURPOSE_REISSUE, "new phone");
	live(w);
	lose(w, "mv old.db registry.db");
	repair(w);
	world_close(w);
	same_rows(w, 60);
}

static void
what_was_repaired_is_on_the_record_and_the_log_goes_on(void **state)
{
	struct world *w = *state;
	uint64_t entries;
	char text[64];

	live(w);
	entries = journal_durable(w->n->journal);
	lose(w, "true");
	repair(w);
	world_reopen(w);
	assert_true(world_logged(w, 4, "\"ev\":\"registry.repair\""));
	snprintf(text, sizeof(text), "\"from\":0,\"n\":");
	assert_true(world_logged(w, 4, text));
	snprintf(text, sizeof(text), "\"to\":%d", (int)entries - 1);
	assert_true(world_logged(w, 4, text));
	assert_true(world_logged(w, 4, "\"devices\":15,"));
	world_reopen(w);
	assert_false(world_logged(w, 2, "\"ev\":\"registry.repair\""));
	publish(w);
	issue_to(w, 77, PURPOSE_FIRST_ISSUE, "phone");
	publish(w);
}

static void
nobody_gets_a_second_device_by_it(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) token = { 0 };
	struct person p;

	world_visit(w, 8, PURPOSE_FIRST_ISSUE, &token);
	live(w);
	lose(w, "true");
	repair(w);
	world_reopen(w);
	person_init(&p, 1, OPERATION_QR_TOKEN);
	p.asked.idempotency_key = view_text("once more");
	assert_true(served_failed(world_ask(w, &p.asked), "one-device"));
}

static void
a_retry_whose_seed_was_lost_hears_so(void **state)
{
	struct world *w = *state;
	struct person p;
	char text[64];
	uint64_t index;
	struct served *s;

	person_init(&p, 3, OPERATION_QR_TOKEN);
	s = world_ask(w, &p.asked);
	assert_int_equal(served_err(s), ERR_OK);
	index = ticket_index(s->ticket);
	publish(w);
	lose(w, "true");
	repair(w);
	world_reopen(w);
	s = world_ask(w, &p.asked);
	assert_int_equal(served_err(s), ERR_EXISTS);
	snprintf(text, sizeof(text), "decided at index %d of the log",
	    (int)index);
	assert_true(served_says(s, text));
	assert_true(served_says(s, "use a new key"));
}

/* The log does not tell which were used; all that may have been are old. */
static void
a_challenge_given_before_the_loss_counts_no_more(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) token = { 0 };
	struct person p;

	world_visit(w, 9, PURPOSE_FIRST_ISSUE, &token);
	person_credential(w, &p, 9, bytes_view(&token), "phone");
	w->now++;
	issue_to(w, 1, PURPOSE_FIRST_ISSUE, "phone");
	publish(w);
	lose(w, "true");
	repair(w);
	world_reopen(w);
	w->now++;
	assert_true(served_failed(world_ask(w, &p.asked), "device-proof"));
	person_credential(w, &p, 9, bytes_view(&token), "phone");
	assert_int_equal(served_err(world_ask(w, &p.asked)), ERR_OK);
}

/* ---- entries of older programs, which name no device by its second */

static void
told_of_old(struct world *w, int64_t now, struct entry_decision_facts f)
{
	static const struct entry_rule rule = { "a", ENTRY_RULE_PASS };
	static const uint8_t holder[16] = { 7 };
	static uint64_t index = 1000;
	struct entry_common c = { .seq = index, .t = now * 1000 };
	AUTO_DONE(bytes) entry = { 0 };
	struct restored so_far = { 0 };

	f.programme = "resident-id";
	f.allow = true;
	f.caller = "c";
	f.rules = &rule;
	f.rule_count = 1;
	f.holder = holder;
	memcpy(f.request, &index, sizeof(index));
	OK(entry_decision(&c, &f, &entry));
	OK(restore_entry(w->n->registry, index++, bytes_view(&entry), 1 << 20,
	    &so_far));
}

static void
entries_of_an_older_program_are_rebuilt(void **state)
{
	struct world *w = *state;
	const struct handle holder = { .at = { 7 } };
	const struct schema_use uses[] = { { 1, 5, 1 }, { 1, 6, 1 } };
	struct registry_device d;

	OK(registry_begin(w->n->registry));
	told_of_old(w, 1000, (struct entry_decision_facts){
	    .operation = "credential", .purpose = "first-issue",
	    .device = holder.at, .uses = uses, .use_count = 1 });
	told_of_old(w, 1001, (struct entry_decision_facts){
	    .operation = "status-change", .action = "suspend" });
	OK(registry_device_bound(w->n->registry, &holder,
	    view_text("resident-id"), 1000, &d));
	assert_int_equal(d.state, DEVICE_SUSPENDED);
	assert_int_equal(d.changed_at, 1001);
	told_of_old(w, 1002, (struct entry_decision_facts){
	    .operation = "credential", .purpose = "reissue",
	    .device = holder.at, .uses = uses + 1, .use_count = 1 });
	OK(registry_device_bound(w->n->registry, &holder,
	    view_text("resident-id"), 1000, &d));
	assert_int_equal(d.state, DEVICE_REPLACED);
	OK(registry_device_find(w->n->registry, &holder,
	    view_text("resident-id"), &d));
	assert_int_equal(d.issued_at, 1002);
	registry_rollback(w->n->registry);
}

/* ---- refused, interrupted */

static void
only_what_was_confirmed_is_repaired(void **state)
{
	struct world *w = *state;
	uint64_t last;

	assert_int_equal(rebuild_start(w->n, 0, 1, &w->n->rebuild),
	    ERR_NOT_FOUND);
	live(w);
	last = journal_durable(w->n->journal) - 1;
	lose(w, "true");
	assert_int_equal(rebuild_start(w->n, 0, last - 1, &w->n->rebuild),
	    ERR_MISMATCH);
	assert_int_equal(rebuild_start(w->n, 1, last, &w->n->rebuild),
	    ERR_MISMATCH);
	OK(rebuild_start(w->n, 0, last, &w->n->rebuild));
}

static void
a_log_that_is_not_its_checkpoints_repairs_nothing(void **state)
{
	struct world *w = *state;
	struct guard *g;
	bool done = false;
	uint64_t count;

	live(w);
	lose(w, "true");
	run_in(w, "f=$(find log/tile/entries -type f | sort | tail -n 1) && "
	    "sed -i 's/resident-id/resident-ie/' $f");
	g = &w->n->guard;
	OK(rebuild_start(w->n, g->entries, g->published - 1, &w->n->rebuild));
	assert_int_equal(rebuild_step(w->n->rebuild, &done), ERR_CORRUPT);
	OK(registry_entry_count(w->n->registry, &count));
	assert_int_equal(count, 0);
}

static void
a_log_behind_the_mark_repairs_nothing(void **state)
{
	struct world *w = *state;

	publish(w);
	world_close(w);
	run_in(w, "cp -r log old-log");
	world_open(w);
	live(w);
	lose(w, "rm -r log && mv old-log log");
	assert_int_equal(rebuild_start(w->n, 0, w->n->guard.published - 1,
	    &w->n->rebuild), ERR_UNAVAILABLE);
}

static void
an_interrupted_repair_is_begun_again(void **state)
{
	struct world *w = *state;
	struct guard *g;
	bool done = false;

	issue_to(w, 60, PURPOSE_FIRST_ISSUE, "phone");
	decide(w, 2500);	/* more than one step writes */
	issue_to(w, 60, PURPOSE_REISSUE, "new phone");
	publish(w);
	lose(w, "true");
	g = &w->n->guard;
	OK(rebuild_start(w->n, g->entries, g->published - 1, &w->n->rebuild));
	for (int i = 0; i < 3; i++)	/* twice verified, once written */
		OK(rebuild_step(w->n->rebuild, &done));
	assert_false(done);
	world_close(w);
	OK(world_try_open(w));
	assert_true(w->n->guard.held);
	assert_true(w->n->guard.entries > 0);
	repair(w);
	world_close(w);
	same_rows(w, 2500);
	world_open(w);
	assert_true(world_logged(w, 4, "\"from\":0,"));
}

/* With keys for what comes three years later. */
static int
long_setup(void **state)
{
	struct world *w = world_new();

	world_add_signer(w, KEY_USE_DOCUMENT, w->now + 1000 * DAY,
	    w->now + 2000 * DAY);
	world_add_signer(w, KEY_USE_QR, w->now + 1000 * DAY,
	    w->now + 2000 * DAY);
	world_open(w);
	*state = w;
	return 0;
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, long_setup, world_teardown)
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_lost_registry_is_rebuilt_row_by_row),
		EACH(every_change_of_state_is_rebuilt_row_by_row),
		EACH(changes_after_a_copy_are_rebuilt_row_by_row),
		TEST(an_old_copy_is_brought_up_to_date_row_by_row),
		TEST(what_was_repaired_is_on_the_record_and_the_log_goes_on),
		TEST(nobody_gets_a_second_device_by_it),
		TEST(a_retry_whose_seed_was_lost_hears_so),
		TEST(a_challenge_given_before_the_loss_counts_no_more),
		TEST(entries_of_an_older_program_are_rebuilt),
		TEST(only_what_was_confirmed_is_repaired),
		TEST(a_log_that_is_not_its_checkpoints_repairs_nothing),
		TEST(a_log_behind_the_mark_repairs_nothing),
		TEST(an_interrupted_repair_is_begun_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
