/*
 * Orphans: closed by the retry that signs, or by an operator with a reason;
 * shown until then, remembered over restarts, and never closed twice.
 */
#include "tests/unit/signer/publish.h"

#include <sqlite3.h>

#include "audit/gaps.h"
#include "audit/verify.h"
#include "signer/admin.h"
#include "signer/notary/calls.h"
#include "signer/notary/orphans.h"
#include "signer/notary/rebuild.h"

static uint64_t
open_orphans(struct world *w)
{
	orphans_count(w->n);
	return w->n->tally.orphans_open;
}

/* The verifier agrees with what the registry says. */
static void
verified(struct world *w, uint64_t orphaned, uint64_t closed)
{
	struct verify_result r;

	publish(w);
	OK(verify_log(w->config.log, w->n->log_key, &r));
	assert_string_equal(r.finding[VERIFY_TICKETS].why, "");
	assert_int_equal(r.verdict, VERIFY_VERIFIED);
	assert_int_equal(r.orphaned, orphaned);
	assert_int_equal(r.closed, closed);
	assert_int_equal(open_orphans(w), orphaned);
}

/* Persons 1 to n ask for QR tokens, and the process is killed. */
static void
crash(struct world *w, size_t n, uint64_t out[])
{
	for (size_t i = 0; i < n; i++)
		out[i] = ticket(w, i + 1);
	world_reopen(w);
	assert_true(world_logged(w, 3, "\"ev\":\"orphan\""));
	assert_int_equal(open_orphans(w), n);
}

/* Person i again, with the same key. */
static struct served *
ask_again(struct world *w, size_t i)
{
	struct person p;

	person_init(&p, i, OPERATION_QR_TOKEN);
	return world_ask(w, &p.asked);
}

static enum err
close_them(struct world *w, const uint64_t *of, size_t count,
    const char *reason)
{
	struct orphans_wish wish = { .count = count, .caller = "uid:0" };
	AUTO_DONE(bytes) json = { 0 };
	uint64_t entries = journal_durable(w->n->journal);
	bool broken = false;
	enum err e;

	memcpy(wish.of, of, count * sizeof(*of));
	snprintf(wish.reason, sizeof(wish.reason), "%s", reason);
	e = orphans_close(w->n, &wish, &broken, &json);
	assert_false(broken);
	/* refused, it leaves no trace */
	assert_int_equal(journal_durable(w->n->journal),
	    entries + (e == ERR_OK));
	return e;
}

static void
refused(struct world *w, uint64_t index, enum err e, const char *why)
{
	assert_int_equal(close_them(w, &index, 1, "reissued"), e);
	assert_non_null(strstr(err_why(), why));
}

/* ---- by a retry */

static void
a_retry_that_signs_closes_its_orphan(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) before = { 0 }, after = { 0 }, rider = { 0 };
	char text[64];
	struct served *s;
	struct person p;
	uint64_t index;

	person_init(&p, 1, OPERATION_QR_TOKEN);
	s = world_ask(w, &p.asked);
	ticket_put(s->ticket, 0, &before, &rider);
	index = ticket_index(s->ticket);
	world_reopen(w);
	assert_int_equal(open_orphans(w), 1);
	s = ask_again(w, 1);
	ticket_put(s->ticket, 0, &after, &rider);
	assert_true(view_equal(bytes_view(&before), bytes_view(&after)));
	report(w, index, ERR_OK);
	world_run(w);
	assert_int_equal(open_orphans(w), 0);
	snprintf(text, sizeof(text), "\"of\":[%d],", (int)index);
	assert_true(world_logged(w, 1, "\"ev\":\"orphan.closed\""));
	assert_true(world_logged(w, 1, "\"what\":\"retry\""));
	assert_true(world_logged(w, 1, text));
	assert_true(world_logged(w, 2, "\"ev\":\"done\""));
	verified(w, 0, 0);
}

static void
a_retry_that_fails_leaves_it_open_for_the_next(void **state)
{
	struct world *w = *state;
	uint64_t index;

	crash(w, 1, &index);
	assert_int_equal(served_err(ask_again(w, 1)), ERR_OK);
	report(w, index, ERR_TOKEN);
	world_run(w);
	assert_true(world_logged(w, 1, "\"ev\":\"failed\""));
	verified(w, 1, 0);
	/* killed once more: it is no orphan twice */
	assert_int_equal(served_err(ask_again(w, 1)), ERR_OK);
	world_reopen(w);
	assert_false(world_logged(w, 2, "\"ev\":\"orphan\""));
	assert_int_equal(served_err(ask_again(w, 1)), ERR_OK);
	report(w, index, ERR_OK);
	world_run(w);
	verified(w, 0, 0);
}

static void
a_retry_of_what_was_done_closes_nothing(void **state)
{
	struct world *w = *state;
	uint64_t index = ticket(w, 1);

	report(w, index, ERR_OK);
	world_run(w);
	/* in this life of the process, and in another */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(served_err(ask_again(w, 1)), ERR_OK);
		report(w, index, ERR_OK);
		world_run(w);
		assert_true(world_logged(w, 1, "\"ev\":\"done\""));
		world_reopen(w);
	}
	verified(w, 0, 0);
}

static void
many_retries_take_several_entries(void **state)
{
	struct world *w = *state;
	uint64_t of[2 * SCHEMA_LIST_MAX + 1];
	uint64_t entries;

	crash(w, COUNT(of), of);
	for (size_t i = 0; i < COUNT(of); i++)
		assert_int_equal(served_err(ask_again(w, i + 1)), ERR_OK);
	for (size_t i = 0; i < COUNT(of); i++)
		report(w, of[i], ERR_OK);
	entries = journal_durable(w->n->journal);
	world_run(w);
	assert_int_equal(journal_durable(w->n->journal), entries + 6);
	verified(w, 0, 0);
}

/* ---- by an operator */

static void
an_operator_closes_one_with_a_reason(void **state)
{
	struct world *w = *state;
	uint64_t of[3];
	char text[64];

	crash(w, 3, of);
	OK(close_them(w, &of[1], 1, "reissued"));
	snprintf(text, sizeof(text), "\"of\":[%d],", (int)of[1]);
	assert_true(world_logged(w, 1, "\"ev\":\"orphan.closed\""));
	assert_true(world_logged(w, 1, "\"caller\":\"uid:0\""));
	assert_true(world_logged(w, 1, "\"reason\":\"reissued\""));
	assert_true(world_logged(w, 1, "\"what\":\"operator\""));
	assert_true(world_logged(w, 1, text));
	verified(w, 2, 1);
	world_reopen(w);
	verified(w, 2, 1);
}

static void
several_are_closed_by_one_entry_in_any_order(void **state)
{
	struct world *w = *state;
	uint64_t of[SCHEMA_LIST_MAX], backwards[SCHEMA_LIST_MAX];

	crash(w, COUNT(of), of);
	for (size_t i = 0; i < COUNT(of); i++)
		backwards[i] = of[COUNT(of) - 1 - i];
	OK(close_them(w, backwards, COUNT(of), "drill"));
	verified(w, 0, COUNT(of));
}

static void
a_second_closing_is_refused_and_names_the_first(void **state)
{
	struct world *w = *state;
	uint64_t of[2];
	char text[64];

	crash(w, 2, of);
	OK(close_them(w, of, 1, "reissued"));
	snprintf(text, sizeof(text), "was closed by entry %d",
	    (int)journal_durable(w->n->journal) - 1);
	refused(w, of[0], ERR_EXISTS, text);
	world_reopen(w);
	refused(w, of[0], ERR_EXISTS, text);
	/* and so is one that a retry has closed */
	assert_int_equal(served_err(ask_again(w, 2)), ERR_OK);
	report(w, of[1], ERR_OK);
	world_run(w);
	refused(w, of[1], ERR_EXISTS, "was closed by entry");
	verified(w, 0, 1);
}

static void
what_is_no_orphan_is_refused_with_the_reason(void **state)
{
	struct world *w = *state;
	uint64_t orphan, done, failed;

	crash(w, 1, &orphan);
	done = ticket(w, 2);
	failed = ticket(w, 3);
	refused(w, done, ERR_IN_FLIGHT, "is being signed");
	report(w, done, ERR_OK);
	report(w, failed, ERR_TOKEN);
	world_run(w);
	refused(w, done, ERR_MISMATCH, "is no orphan");
	refused(w, failed, ERR_MISMATCH, "is no orphan");
	refused(w, 0, ERR_MISMATCH, "(start) allowed nothing");
	refused(w, orphan - 1, ERR_MISMATCH, "allowed nothing");
	refused(w, journal_durable(w->n->journal), ERR_NOT_FOUND,
	    "the log has no entry");
	refused(w, UINT64_MAX, ERR_NOT_FOUND, "the log has no entry");
	refused(w, journal_durable(w->n->journal) - 1, ERR_MISMATCH,
	    "(failed) allowed nothing");
	/* a retry of the orphan is on its way */
	assert_int_equal(served_err(ask_again(w, 1)), ERR_OK);
	refused(w, orphan, ERR_IN_FLIGHT, "is being signed");
}

static void
one_that_cannot_be_closed_keeps_the_others_open(void **state)
{
	struct world *w = *state;
	uint64_t of[4];

	crash(w, 3, of);
	of[3] = 0;
	assert_int_equal(close_them(w, of, 4, "reissued"), ERR_MISMATCH);
	of[3] = of[1];
	assert_int_equal(close_them(w, of, 4, "reissued"), ERR_RANGE);
	assert_non_null(strstr(err_why(), "named twice"));
	assert_int_equal(open_orphans(w), 3);
	verified(w, 3, 0);
}

static void
a_reason_is_a_word_without_anybodys_number(void **state)
{
	static const struct {
		const char	*reason;
		enum err	 e;
	} cases[] = {
		{ "", ERR_SCHEMA }, { "Reissued", ERR_SCHEMA },
		{ "a b", ERR_SCHEMA }, { "-a", ERR_SCHEMA },
		{ ".a", ERR_SCHEMA }, { "_", ERR_SCHEMA },
		{ "caf\xc3\xa9", ERR_SCHEMA }, { "a\nb", ERR_SCHEMA },
		{ "123456", ERR_RANGE }, { "a-0803153234567", ERR_RANGE },
		{ "080315-3234567", ERR_RANGE }, { "case1234567x", ERR_RANGE },
		{ "12345", ERR_OK }, { "inc-2026-11-23.a_b", ERR_OK },
		{ "a", ERR_OK },
		{ "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-"
		    "abcdefghij", ERR_OK },
	};
	struct world *w = *state;
	uint64_t of[COUNT(cases)];

	crash(w, COUNT(cases), of);
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(close_them(w, &of[i], 1, cases[i].reason),
		    cases[i].e);
	verified(w, COUNT(cases) - 4, 4);
}

static void
who_comes_back_after_all_gets_the_same_content(void **state)
{
	struct world *w = *state;
	uint64_t index;
	struct served *s;

	crash(w, 1, &index);
	OK(close_them(w, &index, 1, "client-gone"));
	s = ask_again(w, 1);
	assert_int_equal(served_err(s), ERR_OK);
	assert_int_equal(ticket_index(s->ticket), index);
	report(w, index, ERR_OK);
	world_run(w);
	assert_true(world_logged(w, 1, "\"ev\":\"done\""));
	verified(w, 0, 0);
}

/* ---- shown */

static void
show(struct world *w, uint64_t from, struct bytes *out)
{
	bytes_reset(out);
	OK(orphans_put(w->n, from, out));
}

static bool
says(const struct bytes *b, const char *text)
{
	return memmem(b->at, b->len, text, strlen(text)) != NULL;
}

static void
what_is_known_of_each_is_shown_and_nothing_of_the_holder(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) json = { 0 };
	struct schema_entry e;
	struct view bytes;
	uint64_t of[2];
	char text[64];

	crash(w, 2, of);
	show(w, 0, &json);
	assert_true(says(&json, "{\"origin\":\"okse.example/log\","
	    "\"open\":2,\"orphans\":[{\"index\":"));
	snprintf(text, sizeof(text), "\"index\":%d,\"time\":\"20",
	    (int)of[1]);
	assert_true(says(&json, text));
	assert_true(says(&json, "\"event\":\"decision\",\"operation\":"
	    "\"qr-token\",\"programme\":\"resident-id\",\"purpose\":"
	    "\"first-issue\",\"caller\":\"upstream\",\"centre\":"
	    "\"1111051500\",\"request\":\""));
	assert_true(says(&json, "\"being_signed\":false,\"retry_until\":\"20"));
	assert_true(says(&json, "\"next\":null}"));
	OK(registry_entry_get(w->n->registry, of[0], &bytes));
	OK(schema_get(bytes, &e));
	snprintf(text, sizeof(text), "%.*s", (int)e.member[SCHEMA_HOLDER].len,
	    (const char *)e.member[SCHEMA_HOLDER].at);
	assert_false(says(&json, text));
	show(w, of[1], &json);
	snprintf(text, sizeof(text), "\"index\":%d,", (int)of[0]);
	assert_false(says(&json, text));
	assert_int_equal(served_err(ask_again(w, 2)), ERR_OK);
	show(w, of[1], &json);
	assert_true(says(&json, "\"being_signed\":true"));
}

static void
pages_are_full_and_name_the_next(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) json = { 0 };
	uint64_t of[ORPHANS_PAGE + 1];
	char text[64];

	crash(w, COUNT(of), of);
	show(w, 0, &json);
	snprintf(text, sizeof(text), "\"next\":%d}", (int)of[ORPHANS_PAGE]);
	assert_true(says(&json, text));
	show(w, of[ORPHANS_PAGE], &json);
	assert_true(says(&json, "\"next\":null}"));
	OK(close_them(w, &of[3], 1, "drill"));
	show(w, 0, &json);
	assert_true(says(&json, "\"next\":null}"));
	assert_true(json.len < 65536);
}

/* ---- starts */

static void
change_registry(struct world *w, const char *sql)
{
	sqlite3 *db = NULL;

	world_close(w);
	assert_int_equal(sqlite3_open(w->config.registry, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	world_open(w);
}

static void
a_migrated_registry_learns_of_them_from_the_log(void **state)
{
	struct world *w = *state;
	uint64_t of[3], entries;

	crash(w, 3, of);
	OK(close_them(w, &of[0], 1, "reissued"));
	assert_int_equal(served_err(ask_again(w, 2)), ERR_OK);
	report(w, of[1], ERR_OK);
	world_run(w);
	change_registry(w, "DELETE FROM orphan;"
	    "DELETE FROM meta WHERE name = 'reported'");
	verified(w, 1, 1);
	refused(w, of[0], ERR_EXISTS, "was closed by entry");
	entries = journal_durable(w->n->journal);
	world_reopen(w);
	assert_int_equal(journal_durable(w->n->journal), entries + 2);
	OK(close_them(w, &of[2], 1, "reissued"));
	verified(w, 0, 2);
}

static void
a_repaired_registry_learns_of_them_from_the_log(void **state)
{
	struct world *w = *state;
	bool done = false;
	uint64_t of[3];

	crash(w, 3, of);
	OK(close_them(w, &of[0], 1, "reissued"));
	assert_int_equal(served_err(ask_again(w, 2)), ERR_OK);
	report(w, of[1], ERR_OK);
	world_run(w);
	publish(w);
	world_close(w);
	run_in(w, "rm -f registry.db registry.db-wal");
	OK(world_try_open(w));
	assert_true(w->n->guard.held);
	OK(rebuild_start(w->n, w->n->guard.entries,
	    w->n->guard.published - 1, &w->n->rebuild));
	while (!done)
		OK(rebuild_step(w->n->rebuild, &done));
	world_reopen(w);
	verified(w, 1, 1);
	refused(w, of[0], ERR_EXISTS, "was closed by entry");
	refused(w, of[1], ERR_EXISTS, "was closed by entry");
	OK(close_them(w, &of[2], 1, "reissued"));
	world_reopen(w);
	verified(w, 0, 2);
}

/* Before there was an orphan.closed, a retry's "done" was all. */
static void
an_older_log_s_retries_are_closed_at_the_first_start(void **state)
{
	struct world *w = *state;
	uint64_t of[2];
	char text[64];

	crash(w, 2, of);
	assert_int_equal(served_err(ask_again(w, 1)), ERR_OK);
	report(w, of[0], ERR_OK);
	w->n->began = 0;	/* as if it did not look */
	world_run(w);
	assert_true(world_logged(w, 1, "\"ev\":\"done\""));
	change_registry(w, "DELETE FROM orphan;"
	    "DELETE FROM meta WHERE name = 'reported'");
	snprintf(text, sizeof(text), "\"of\":[%d],", (int)of[0]);
	assert_true(world_logged(w, 1, "\"what\":\"retry\""));
	assert_true(world_logged(w, 1, text));
	verified(w, 1, 0);
}

/* ---- as officers ask it */

static enum err
call(struct world *w, enum admin_verb verb, const struct bytes *argument,
    struct bytes *out_json)
{
	AUTO_DONE(bytes) body = { 0 }, reply = { 0 };
	struct reader r;
	bool broken = false;
	enum err e;

	bytes_put_u16(&body, (uint16_t)verb);
	bytes_put_block(&body, bytes_view(argument));
	calls_serve(w->n, bytes_view(&body), &broken, &reply);
	assert_false(broken);
	r = reader_of(bytes_view(&reply));
	e = (enum err)reader_u16(&r);
	(void)reader_block(&r, reply.len);
	bytes_reset(out_json);
	bytes_put(out_json, reader_block(&r, reply.len));
	OK(reader_end(&r, "CALL_REPLY"));
	return e;
}

static void
an_officers_arguments_are_read_strictly(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) argument = { 0 }, json = { 0 };
	uint64_t of[2];

	crash(w, 2, of);
	OK(call(w, ADMIN_ORPHANS, &argument, &json));
	assert_true(says(&json, "\"open\":2"));
	bytes_put_text(&argument, "5x");
	assert_int_equal(call(w, ADMIN_ORPHANS, &argument, &json),
	    ERR_SYNTAX);
	bytes_reset(&argument);
	assert_int_equal(call(w, ADMIN_ORPHANS_CLOSE, &argument, &json),
	    ERR_SYNTAX);
	bytes_put_block(&argument, view_text("uid:7"));
	bytes_put_block(&argument, view_text("reissued"));
	assert_int_equal(call(w, ADMIN_ORPHANS_CLOSE, &argument, &json),
	    ERR_SCHEMA);
	bytes_put_u32(&argument, 1);
	assert_int_equal(call(w, ADMIN_ORPHANS_CLOSE, &argument, &json),
	    ERR_SYNTAX);
	argument.len -= 4;
	bytes_put_u64(&argument, of[1]);
	bytes_put_u64(&argument, of[0]);
	OK(call(w, ADMIN_ORPHANS_CLOSE, &argument, &json));
	assert_true(says(&json, "{\"closed\":["));
	assert_true(says(&json, "\"log\":{\"origin\":\"okse.example/log\","
	    "\"index\":"));
	assert_true(world_logged(w, 1, "\"caller\":\"uid:7\""));
	verified(w, 0, 2);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_retry_that_signs_closes_its_orphan),
		TEST(a_retry_that_fails_leaves_it_open_for_the_next),
		TEST(a_retry_of_what_was_done_closes_nothing),
		TEST(many_retries_take_several_entries),
		TEST(an_operator_closes_one_with_a_reason),
		TEST(several_are_closed_by_one_entry_in_any_order),
		TEST(a_second_closing_is_refused_and_names_the_first),
		TEST(what_is_no_orphan_is_refused_with_the_reason),
		TEST(one_that_cannot_be_closed_keeps_the_others_open),
		TEST(a_reason_is_a_word_without_anybodys_number),
		TEST(who_comes_back_after_all_gets_the_same_content),
		TEST(what_is_known_of_each_is_shown_and_nothing_of_the_holder),
		TEST(pages_are_full_and_name_the_next),
		TEST(a_migrated_registry_learns_of_them_from_the_log),
		TEST(a_repaired_registry_learns_of_them_from_the_log),
		TEST(an_older_log_s_retries_are_closed_at_the_first_start),
		TEST(an_officers_arguments_are_read_strictly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
