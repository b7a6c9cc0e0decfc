/*
 * Periods and what is below the minimum index: closing entries that say what
 * the entries say, and those that do not; entries that may be absent, and
 * those that may not.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "audit/receipt.h"
#include "teststory.h"

/* ---- periods */

static void
closed_periods_are_verified(void **state)
{
	struct verify_result r;
	struct teststory s;

	(void)state;
	teststory_open(&s, 0);
	teststory_beats(&s, 300);
	teststory_close(&s, NULL);
	teststory_beats(&s, 10);
	teststory_policy(&s);
	teststory_close(&s, NULL);
	teststory_beats(&s, 7);
	(void)teststory_publish(&s);
	r = teststory_verify(&s);
	if (r.verdict != VERIFY_VERIFIED)
		fail_msg("%s", r.finding[VERIFY_PERIODS].why);
	assert_true(r.count[VERIFY_PERIODS].good == 2 && r.unclosed == 7);
	teststory_end(&s);
}

static struct entry_tally other_totals[] = { { "heartbeat", 30 },
	{ "policy", 1 } };
static struct entry_tally fewer_totals[] = { { "heartbeat", 30 } };
static struct entry_tally more_totals[] = { { "heartbeat", 30 },
	{ "policy", 1 }, { "seal", 1 } };
static struct hash nonsense = { { 1 } };

static struct entry_tally renamed_totals[] = { { "heartbeat", 30 },
	{ "seal", 1 } };

static void
first(struct entry_period_facts *f)
{
	f->first++;
}

static void
last(struct entry_period_facts *f)
{
	f->last--;
}

static void
orphans(struct entry_period_facts *f)
{
	f->orphans++;
}

static void
policy_hash(struct entry_period_facts *f)
{
	f->policy.at[31] ^= 1;
}

static void
serial(struct entry_period_facts *f)
{
	f->serial++;
}

static void
previous(struct entry_period_facts *f)
{
	f->previous = &nonsense;
}

static void
no_previous(struct entry_period_facts *f)
{
	f->previous = NULL;
}

static void
totals(struct entry_period_facts *f)
{
	other_totals[0].count = f->totals[0].count + 1;
	f->totals = other_totals;
	f->total_count = COUNT(other_totals);
}

static void
fewer(struct entry_period_facts *f)
{
	fewer_totals[0].count = f->totals[0].count;
	f->totals = fewer_totals;
	f->total_count = COUNT(fewer_totals);
}

static void
more(struct entry_period_facts *f)
{
	more_totals[0].count = f->totals[0].count;
	f->totals = more_totals;
	f->total_count = COUNT(more_totals);
}

static void
renamed(struct entry_period_facts *f)
{
	renamed_totals[0].count = f->totals[0].count;
	renamed_totals[1].count = f->totals[1].count;
	f->totals = renamed_totals;
	f->total_count = COUNT(renamed_totals);
}

static void
every_figure_of_a_closing_entry_is_held_against_the_entries(void **state)
{
	static void (*const lies[])(struct entry_period_facts *f) = { first,
		last, orphans, policy_hash, serial, previous, no_previous,
		totals, fewer, more, renamed };

	(void)state;
	for (size_t i = 0; i < COUNT(lies); i++) {
		struct verify_result r;
		struct teststory s;

		teststory_open(&s, 0);
		teststory_beats(&s, 5);
		teststory_close(&s, NULL);
		teststory_policy(&s);
		teststory_beats(&s, 5);
		teststory_close(&s, lies[i]);
		r = teststory_verify(&s);
		if (r.finding[VERIFY_PERIODS].verdict != VERIFY_TAMPERED ||
		    r.verdict != VERIFY_TAMPERED)
			fail_msg("lie %zu", i);
		assert_true(r.finding[VERIFY_PERIODS].first_index ==
		    s.next - 1);
		assert_true(r.count[VERIFY_PERIODS].good == 1);
		teststory_end(&s);
	}
}

static void
a_first_period_has_no_previous_root(void **state)
{
	struct verify_result r;
	struct teststory s;

	(void)state;
	teststory_open(&s, 0);
	teststory_beats(&s, 5);
	teststory_close(&s, previous);
	r = teststory_verify(&s);
	assert_int_equal(r.finding[VERIFY_PERIODS].verdict, VERIFY_TAMPERED);
	assert_non_null(strstr(r.finding[VERIFY_PERIODS].why, "previous"));
	teststory_end(&s);
}

static void
a_policy_that_no_entry_tells_of_is_found(void **state)
{
	struct teststory s = { 0 };
	struct verify_result r;

	(void)state;
	assert_int_equal(testlog_open(&s.log, testdir_new()), ERR_OK);
	s.closing.has_policy = true;
	s.closing.policy = nonsense;
	teststory_beats(&s, 5);
	teststory_close(&s, NULL);
	r = teststory_verify(&s);
	assert_int_equal(r.finding[VERIFY_PERIODS].verdict, VERIFY_TAMPERED);
	assert_non_null(strstr(r.finding[VERIFY_PERIODS].why, "policy"));
	teststory_end(&s);
}

/* ---- the notes of closed periods */

static void
note_path(struct teststory *s, const char *name, char path[512])
{
	assert_int_equal(path_join(s->log.dir, name, path, 512), ERR_OK);
}

/* By the log's key alone; the reason for which the file was found, or "". */
static const char *
found_for(struct teststory *s, const char *file, enum verify_verdict verdict)
{
	static struct verify_result r;
	const struct verify_finding *f = &r.finding[VERIFY_FILES];

	r = teststory_verify(s);
	assert_int_equal(r.verdict, verdict);
	assert_int_equal(f->verdict, verdict);
	assert_true(r.count[VERIFY_FILES].good + 1 - (*file == '\0') ==
	    r.count[VERIFY_FILES].total);
	assert_string_equal(f->file, file);
	return f->why;
}

static void
a_closed_note_is_of_its_period_s_end_and_nothing_else(void **state)
{
	AUTO_DONE(bytes) one = { 0 }, two = { 0 };
	char ten[512], eleven[512], spare[512];
	struct teststory s;

	(void)state;
	teststory_open(&s, 0);
	teststory_beats(&s, 5);
	teststory_close(&s, NULL);
	teststory_beats(&s, 5);
	(void)teststory_publish(&s);
	teststory_keep(&s, "2026-12");
	/* of no end, but of the same tree */
	assert_non_null(strstr(found_for(&s, "closed/2026-12.note",
	    VERIFY_TAMPERED), "no period of this name"));
	note_path(&s, "closed/2026-12.note", spare);
	assert_int_equal(unlink(spare), 0);
	teststory_close(&s, NULL);
	teststory_beats(&s, 1);
	(void)teststory_publish(&s);
	(void)found_for(&s, "", VERIFY_VERIFIED);
	/* each in the other's place */
	note_path(&s, "closed/2026-10.note", ten);
	note_path(&s, "closed/2026-11.note", eleven);
	assert_int_equal(file_read(ten, NOTE_MAX, &one), ERR_OK);
	assert_int_equal(file_read(eleven, NOTE_MAX, &two), ERR_OK);
	assert_int_equal(file_replace(ten, bytes_view(&two), 0644), ERR_OK);
	assert_non_null(strstr(found_for(&s, "closed/2026-10.note",
	    VERIFY_TAMPERED), "no period of this name"));
	/* not signed; and no note at all */
	one.at[30] ^= 1;
	assert_int_equal(file_replace(ten, bytes_view(&one), 0644), ERR_OK);
	assert_non_null(strstr(found_for(&s, "closed/2026-10.note",
	    VERIFY_TAMPERED), "Ed25519 signature does not verify"));
	assert_int_equal(file_replace(ten, view_text(""), 0644), ERR_OK);
	assert_non_null(strstr(found_for(&s, "closed/2026-10.note",
	    VERIFY_TAMPERED), "does not end in a line end"));
	teststory_end(&s);
}

static void
a_closed_note_of_another_tree_is_found(void **state)
{
	AUTO_DONE(bytes) note = { 0 };
	char path[512];
	struct teststory s;

	(void)state;
	teststory_open(&s, 0);
	teststory_beats(&s, 5);
	teststory_close(&s, NULL);
	teststory_beats(&s, 600);
	teststory_prune(&s, 300);
	(void)teststory_publish(&s);
	note_path(&s, "closed/2026-10.note", path);
	assert_int_equal(testlog_note(s.log.secret, s.log.key, 7, &nonsense,
	    &note), ERR_OK);
	assert_int_equal(file_replace(path, bytes_view(&note), 0644), ERR_OK);
	assert_non_null(strstr(found_for(&s, "closed/2026-10.note",
	    VERIFY_TAMPERED), "ended with this tree"));
	/* and when nobody knows any more which entry ended it */
	note_path(&s, "tile/entries/000", path);
	assert_int_equal(unlink(path), 0);
	assert_non_null(strstr(found_for(&s, "closed/2026-10.note",
	    VERIFY_TAMPERED), "not of the same tree"));
	teststory_end(&s);
}

static void
a_closed_note_with_the_root_of_another_size_is_found(void **state)
{
	struct teststory s;
	char path[512];

	(void)state;
	teststory_open(&s, 0);
	teststory_beats(&s, 5);
	teststory_close(&s, NULL);
	note_path(&s, "closed/2026-10.note", path);
	for (uint64_t size = s.next; size >= s.next - 1; size--) {
		AUTO_DONE(bytes) note = { 0 };

		assert_int_equal(testlog_note(s.log.secret, s.log.key, size,
		    &s.closing.previous, &note), ERR_OK);
		assert_int_equal(file_replace(path, bytes_view(&note), 0644),
		    ERR_OK);
		if (size == s.next)
			(void)found_for(&s, "", VERIFY_VERIFIED);
		else
			assert_non_null(strstr(found_for(&s,
			    "closed/2026-10.note", VERIFY_TAMPERED),
			    "no period of this name"));
	}
	teststory_end(&s);
}

static void
a_closed_note_beyond_the_checkpoint_is_of_the_future(void **state)
{
	AUTO_DONE(bytes) note = { 0 };
	char path[512];
	struct teststory s;

	(void)state;
	teststory_open(&s, 0);
	teststory_beats(&s, 5);
	(void)teststory_publish(&s);
	assert_int_equal(testlog_note(s.log.secret, s.log.key, 7, &nonsense,
	    &note), ERR_OK);
	teststory_keep(&s, "2026-10");
	note_path(&s, "closed/2026-10.note", path);
	assert_int_equal(file_replace(path, bytes_view(&note), 0644), ERR_OK);
	(void)found_for(&s, "", VERIFY_VERIFIED);
	teststory_end(&s);
}

static void
names_that_are_no_period_s_are_foreign(void **state)
{
	static const char *const names[] = { "2026-13", "2026-1", "26-10",
		"2026-10-01", "2026-10.x", "" };
	struct verify_result r;
	struct teststory s;

	(void)state;
	teststory_open(&s, 0);
	(void)teststory_publish(&s);
	for (size_t i = 0; i < COUNT(names); i++)
		teststory_keep(&s, names[i]);
	r = teststory_verify(&s);
	assert_int_equal(r.verdict, VERIFY_VERIFIED);
	assert_true(r.foreign == COUNT(names));
	teststory_end(&s);
}

static void
an_empty_period_and_one_without_a_policy_cannot_be_closed(void **state)
{
	struct entry_tally t[SCHEMA_EVENT_COUNT];
	struct entry_period_facts f;
	struct closing c = { 0 };

	(void)state;
	assert_int_equal(closing_facts(&c, "2026-11", t, &f), ERR_NOT_FOUND);
	c.next = 1;
	assert_int_equal(closing_facts(&c, "2026-11", t, &f), ERR_NOT_FOUND);
	c.has_policy = true;
	assert_int_equal(closing_facts(&c, "2026-11", t, &f), ERR_OK);
	c.first = 1;
	assert_int_equal(closing_facts(&c, "2026-11", t, &f), ERR_NOT_FOUND);
	assert_true(closing_period_valid(view_text("2026-11")));
	assert_false(closing_period_valid(view_text("2026-13")));
	assert_false(closing_period_valid(view_text("2026-1")));
	assert_false(closing_period_valid(view_text("2026-11-01")));
	assert_false(closing_period_valid(view_text("")));
}

/* ---- the minimum index */

static void
remove_in(struct teststory *s, const char *name)
{
	char path[512];

	assert_int_equal(path_join(s->log.dir, name, path, sizeof(path)),
	    ERR_OK);
	assert_int_equal(unlink(path), 0);
}

static void
entries_below_the_minimum_index_may_be_absent(void **state)
{
	AUTO_DONE(bytes) text = { 0 }, note = { 0 };
	AUTO_DONE(receipt) receipt = { 0 };
	struct tile_source source;
	struct verify_result r;
	struct teststory s;
	int dir;

	(void)state;
	teststory_open(&s, 0);
	teststory_beats(&s, 300);
	teststory_close(&s, NULL);
	teststory_beats(&s, 400);
	teststory_prune(&s, 511);
	teststory_close(&s, NULL);
	teststory_beats(&s, 3);
	(void)teststory_publish(&s);
	dir = open(s.log.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	source = tile_source_dir(&dir);
	assert_int_equal(publish_read_checkpoint(s.log.dir, &note), ERR_OK);
	assert_int_equal(receipt_build(&source, 100, bytes_view(&note),
	    &text), ERR_OK);
	remove_in(&s, "tile/entries/000");
	r = teststory_verify(&s);
	if (r.verdict != VERIFY_VERIFIED)
		for (int i = 0; i < VERIFY_CHECK_COUNT; i++)
			print_message("%s\n", r.finding[i].why);
	assert_int_equal(r.verdict, VERIFY_VERIFIED);
	assert_true(r.absent == 256 && r.minimum == 511);
	assert_true(r.count[VERIFY_ENTRIES].good == s.next - 256);
	/* one entry of the next bundle must stay, and so must all of it */
	remove_in(&s, "tile/entries/001");
	r = teststory_verify(&s);
	assert_int_equal(r.verdict, VERIFY_INCOMPLETE);
	assert_string_equal(r.finding[VERIFY_ENTRIES].file,
	    "tile/entries/001");
	/* what was given out before is as good as ever */
	assert_int_equal(receipt_get(bytes_view(&text), &receipt), ERR_OK);
	assert_int_equal(receipt_check(&receipt, s.log.key), ERR_OK);
	close(dir);
	teststory_end(&s);
}

/* What cannot be compared is not said to differ. */
static void
a_closed_note_whose_hashes_are_gone_says_which(void **state)
{
	AUTO_DONE(bytes) note = { 0 };
	struct verify_result r;
	struct teststory s;
	char path[512];

	(void)state;
	teststory_open(&s, 0);
	teststory_beats(&s, 5);
	teststory_close(&s, NULL);
	teststory_beats(&s, 600);
	teststory_prune(&s, 300);
	(void)teststory_publish(&s);
	remove_in(&s, "tile/entries/000");
	assert_int_equal(testlog_note(s.log.secret, s.log.key, 256, &nonsense,
	    &note), ERR_OK);
	note_path(&s, "closed/2026-10.note", path);
	assert_int_equal(file_replace(path, bytes_view(&note), 0644), ERR_OK);
	remove_in(&s, "tile/1/000.p/2");
	r = teststory_verify(&s);
	assert_string_equal(r.finding[VERIFY_FILES].file,
	    "closed/2026-10.note");
	assert_non_null(strstr(r.finding[VERIFY_FILES].why, "tile/1/000"));
	assert_int_equal(r.finding[VERIFY_FILES].verdict, VERIFY_INCOMPLETE);
	teststory_end(&s);
}

static void
absent_entries_without_a_minimum_index_are_missed(void **state)
{
	struct verify_result r;
	struct teststory s;

	(void)state;
	teststory_open(&s, 0);
	teststory_beats(&s, 600);
	(void)teststory_publish(&s);
	remove_in(&s, "tile/entries/000");
	r = teststory_verify(&s);
	assert_int_equal(r.verdict, VERIFY_INCOMPLETE);
	assert_string_equal(r.finding[VERIFY_ENTRIES].file,
	    "tile/entries/000");
	assert_true(r.finding[VERIFY_ENTRIES].last_index == 255);
	assert_true(r.count[VERIFY_ENTRIES].good == s.next - 256);
	assert_true(r.count[VERIFY_ENTRIES].total == s.next);
	/* nor may their hashes go */
	remove_in(&s, "tile/0/000");
	r = teststory_verify(&s);
	assert_int_equal(r.verdict, VERIFY_INCOMPLETE);
	assert_non_null(strstr(r.finding[VERIFY_ENTRIES].why, "neither"));
	teststory_end(&s);
}

static void
hashes_that_stand_for_absent_entries_must_be_true(void **state)
{
	AUTO_DONE(bytes) tile = { 0 };
	const struct verify_finding *f;
	struct verify_result r;
	char path[512];
	struct teststory s;

	(void)state;
	teststory_open(&s, 0);
	teststory_beats(&s, 600);
	teststory_prune(&s, 300);
	(void)teststory_publish(&s);
	remove_in(&s, "tile/entries/000");
	assert_int_equal(teststory_verify(&s).verdict, VERIFY_VERIFIED);
	assert_int_equal(path_join(s.log.dir, "tile/0/000", path,
	    sizeof(path)), ERR_OK);
	assert_int_equal(file_read(path, 1 << 16, &tile), ERR_OK);
	tile.at[4000] ^= 1;
	assert_int_equal(file_publish(path, bytes_view(&tile), 0644),
	    ERR_OK);
	r = teststory_verify(&s);
	f = &r.finding[VERIFY_ENTRIES];
	assert_int_equal(r.verdict, VERIFY_TAMPERED);
	assert_int_equal(f->verdict, VERIFY_TAMPERED);
	assert_string_equal(f->file, "tile/0/000");
	assert_true(f->first_index == 0 && f->last_index == 255);
	assert_true(r.count[VERIFY_ENTRIES].good == 0);
	teststory_end(&s);
}

static void
a_checkpoint_among_absent_entries_is_still_compared(void **state)
{
	AUTO_DONE(bytes) note = { 0 };
	struct verify_other kept = { "kept.note", { 0 } };
	struct verify_options o = { .others = &kept, .other_count = 1 };
	AUTO(trust_policy) trust = NULL;
	struct log_files files;
	struct verify_result r;
	struct teststory s;
	int dir;

	(void)state;
	teststory_open(&s, 0);
	teststory_beats(&s, 100);
	(void)teststory_publish(&s);
	assert_int_equal(publish_read_checkpoint(s.log.dir, &note), ERR_OK);
	kept.note = bytes_view(&note);
	teststory_beats(&s, 500);
	teststory_prune(&s, 300);
	(void)teststory_publish(&s);
	remove_in(&s, "tile/entries/000");
	assert_int_equal(trust_key(s.log.key, &trust), ERR_OK);
	o.trust = trust;
	dir = open(s.log.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	files = log_files_dir(&dir);
	assert_int_equal(verify_with(&files, &o, &r), ERR_OK);
	assert_int_equal(r.verdict, VERIFY_VERIFIED);
	assert_true(r.count[VERIFY_CONSISTENCY].good == 1 &&
	    r.last_good == 101);
	close(dir);
	teststory_end(&s);
}

static void
a_minimum_index_neither_goes_back_nor_ahead(void **state)
{
	static const uint64_t pairs[][2] = { { 5, 4 }, { 5, 1000 } };

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		struct verify_result r;
		struct teststory s;

		teststory_open(&s, 0);
		teststory_beats(&s, 20);
		teststory_prune(&s, pairs[i][0]);
		teststory_prune(&s, pairs[i][1]);
		(void)teststory_publish(&s);
		r = teststory_verify(&s);
		assert_int_equal(r.verdict, VERIFY_TAMPERED);
		assert_true(r.finding[VERIFY_SEQUENCE].first_index ==
		    s.next - 1);
		teststory_end(&s);
	}
}

static int
setup(void **state)
{
	(void)state;
	return crypto_init() == ERR_OK ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(closed_periods_are_verified),
		cmocka_unit_test(
	    every_figure_of_a_closing_entry_is_held_against_the_entries),
		cmocka_unit_test(a_first_period_has_no_previous_root),
		cmocka_unit_test(a_policy_that_no_entry_tells_of_is_found),
		cmocka_unit_test(
		    a_closed_note_is_of_its_period_s_end_and_nothing_else),
		cmocka_unit_test(a_closed_note_of_another_tree_is_found),
		cmocka_unit_test(
		    a_closed_note_with_the_root_of_another_size_is_found),
		cmocka_unit_test(
		    a_closed_note_beyond_the_checkpoint_is_of_the_future),
		cmocka_unit_test(names_that_are_no_period_s_are_foreign),
		cmocka_unit_test(
	    an_empty_period_and_one_without_a_policy_cannot_be_closed),
		cmocka_unit_test(
		    entries_below_the_minimum_index_may_be_absent),
		cmocka_unit_test(
		    a_closed_note_whose_hashes_are_gone_says_which),
		cmocka_unit_test(
		    absent_entries_without_a_minimum_index_are_missed),
		cmocka_unit_test(
		    hashes_that_stand_for_absent_entries_must_be_true),
		cmocka_unit_test(
		    a_checkpoint_among_absent_entries_is_still_compared),
		cmocka_unit_test(a_minimum_index_neither_goes_back_nor_ahead),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
