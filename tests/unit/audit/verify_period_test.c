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

#include "audit/closing.h"
#include "audit/receipt.h"
#include "testsweep.h"

/* ---- a log written as the notary does */

struct story {
	struct testlog	log;
	struct closing	closing;
	uint64_t	next;
	struct hash	policy;
};

static struct entry_common
common(struct story *s)
{
	struct entry_common c = { .seq = s->next,
		.t = 1795392000000 + (int64_t)s->next };

	memset(c.nonce, (int)(s->next % 251), sizeof(c.nonce));
	return c;
}

static void
put(struct story *s, const struct bytes *entry)
{
	struct schema_entry e;

	assert_int_equal(schema_get(bytes_view(entry), &e), ERR_OK);
	assert_int_equal(testlog_append(&s->log, bytes_view(entry)), ERR_OK);
	/* what a lie says is not counted twice */
	(void)closing_entry(&s->closing, s->next, &e);
	s->next++;
}

static void
beats(struct story *s, unsigned int n)
{
	while (n-- > 0) {
		struct entry_common c = common(s);
		AUTO_DONE(bytes) b = { 0 };

		assert_int_equal(entry_heartbeat(&c, &b), ERR_OK);
		put(s, &b);
	}
}

static void
policy(struct story *s)
{
	struct entry_common c = common(s);
	uint64_t seats[] = { 1, 2 };
	struct entry_policy_facts f = { .policy = s->policy, .serial = 3,
		.seats = seats, .seat_count = 2 };
	AUTO_DONE(bytes) b = { 0 };

	assert_int_equal(entry_policy(&c, &f, &b), ERR_OK);
	put(s, &b);
}

static void
prune(struct story *s, uint64_t min)
{
	struct entry_common c = common(s);
	AUTO_DONE(bytes) b = { 0 };

	assert_int_equal(entry_prune(&c, min, &b), ERR_OK);
	put(s, &b);
}

static struct hash
publish(struct story *s)
{
	struct hash root;

	assert_int_equal(testlog_publish(&s->log), ERR_OK);
	(void)publish_ready(s->log.publish, &root);
	return root;
}

/* Ends the period, with the truth or something near it. */
static void
close_period(struct story *s, void (*lie)(struct entry_period_facts *f))
{
	struct entry_tally totals[SCHEMA_EVENT_COUNT];
	struct entry_common c = common(s);
	struct entry_period_facts f;
	AUTO_DONE(bytes) b = { 0 };
	struct hash root;

	assert_int_equal(closing_facts(&s->closing, "2026-11", totals, &f),
	    ERR_OK);
	if (lie != NULL)
		lie(&f);
	assert_int_equal(entry_period_close(&c, &f, &b), ERR_OK);
	put(s, &b);
	root = publish(s);
	closing_root(&s->closing, &root);
}

static void
open_story(struct story *s)
{
	*s = (struct story){ .policy = sha256(view_text("policy")) };
	assert_int_equal(testlog_open(&s->log, testdir_new()), ERR_OK);
	policy(s);
}

static void
end_story(struct story *s)
{
	testdir_remove(s->log.dir);
	testlog_done(&s->log);
}

static struct verify_result
verify_story(struct story *s)
{
	struct verify_result r;

	assert_int_equal(verify_log(s->log.dir, s->log.key, &r), ERR_OK);
	return r;
}

/* ---- periods */

static void
closed_periods_are_verified(void **state)
{
	struct verify_result r;
	struct story s;

	(void)state;
	open_story(&s);
	beats(&s, 300);
	close_period(&s, NULL);
	beats(&s, 10);
	policy(&s);
	close_period(&s, NULL);
	beats(&s, 7);
	(void)publish(&s);
	r = verify_story(&s);
	if (r.verdict != VERIFY_VERIFIED)
		fail_msg("%s", r.finding[VERIFY_PERIODS].why);
	assert_true(r.count[VERIFY_PERIODS].good == 2 && r.unclosed == 7);
	end_story(&s);
}

static struct entry_tally other_totals[] = { { "heartbeat", 30 },
	{ "policy", 1 } };
static struct entry_tally fewer_totals[] = { { "heartbeat", 30 } };
static struct entry_tally more_totals[] = { { "heartbeat", 30 },
	{ "policy", 1 }, { "seal", 1 } };
static struct hash nonsense = { { 1 } };

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
every_figure_of_a_closing_entry_is_held_against_the_entries(void **state)
{
	static void (*const lies[])(struct entry_period_facts *f) = { first,
		last, orphans, policy_hash, serial, previous, no_previous,
		totals, fewer, more };

	(void)state;
	for (size_t i = 0; i < COUNT(lies); i++) {
		struct verify_result r;
		struct story s;

		open_story(&s);
		beats(&s, 5);
		close_period(&s, NULL);
		policy(&s);
		beats(&s, 5);
		close_period(&s, lies[i]);
		r = verify_story(&s);
		if (r.finding[VERIFY_PERIODS].verdict != VERIFY_TAMPERED ||
		    r.verdict != VERIFY_TAMPERED)
			fail_msg("lie %zu", i);
		assert_true(r.finding[VERIFY_PERIODS].first_index ==
		    s.next - 1);
		assert_true(r.count[VERIFY_PERIODS].good == 1);
		end_story(&s);
	}
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
	assert_true(closing_period_valid(view_text("2026-11")));
	assert_false(closing_period_valid(view_text("2026-13")));
	assert_false(closing_period_valid(view_text("2026-1")));
	assert_false(closing_period_valid(view_text("2026-11-01")));
	assert_false(closing_period_valid(view_text("")));
}

/* ---- the minimum index */

static void
remove_in(struct story *s, const char *name)
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
	struct story s;
	int dir;

	(void)state;
	open_story(&s);
	beats(&s, 300);
	close_period(&s, NULL);
	beats(&s, 400);
	prune(&s, 511);
	close_period(&s, NULL);
	beats(&s, 3);
	(void)publish(&s);
	dir = open(s.log.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	source = tile_source_dir(&dir);
	assert_int_equal(publish_read_checkpoint(s.log.dir, &note), ERR_OK);
	assert_int_equal(receipt_build(&source, 100, bytes_view(&note),
	    &text), ERR_OK);
	remove_in(&s, "tile/entries/000");
	r = verify_story(&s);
	if (r.verdict != VERIFY_VERIFIED)
		for (int i = 0; i < VERIFY_CHECK_COUNT; i++)
			print_message("%s\n", r.finding[i].why);
	assert_int_equal(r.verdict, VERIFY_VERIFIED);
	assert_true(r.absent == 256 && r.minimum == 511);
	assert_true(r.count[VERIFY_ENTRIES].good == s.next - 256);
	/* one entry of the next bundle must stay, and so must all of it */
	remove_in(&s, "tile/entries/001");
	r = verify_story(&s);
	assert_int_equal(r.verdict, VERIFY_INCOMPLETE);
	assert_string_equal(r.finding[VERIFY_ENTRIES].file,
	    "tile/entries/001");
	/* what was given out before is as good as ever */
	assert_int_equal(receipt_get(bytes_view(&text), &receipt), ERR_OK);
	assert_int_equal(receipt_check(&receipt, s.log.key), ERR_OK);
	close(dir);
	end_story(&s);
}

static void
absent_entries_without_a_minimum_index_are_missed(void **state)
{
	struct verify_result r;
	struct story s;

	(void)state;
	open_story(&s);
	beats(&s, 600);
	(void)publish(&s);
	remove_in(&s, "tile/entries/000");
	r = verify_story(&s);
	assert_int_equal(r.verdict, VERIFY_INCOMPLETE);
	assert_string_equal(r.finding[VERIFY_ENTRIES].file,
	    "tile/entries/000");
	assert_true(r.finding[VERIFY_ENTRIES].last_index == 255);
	/* nor may their hashes go */
	remove_in(&s, "tile/0/000");
	assert_int_equal(verify_story(&s).verdict, VERIFY_INCOMPLETE);
	end_story(&s);
}

static void
hashes_that_stand_for_absent_entries_must_be_true(void **state)
{
	AUTO_DONE(bytes) tile = { 0 };
	char path[512];
	struct story s;

	(void)state;
	open_story(&s);
	beats(&s, 600);
	prune(&s, 300);
	(void)publish(&s);
	remove_in(&s, "tile/entries/000");
	assert_int_equal(verify_story(&s).verdict, VERIFY_VERIFIED);
	assert_int_equal(path_join(s.log.dir, "tile/0/000", path,
	    sizeof(path)), ERR_OK);
	assert_int_equal(file_read(path, 1 << 16, &tile), ERR_OK);
	tile.at[4000] ^= 1;
	assert_int_equal(file_publish(path, bytes_view(&tile), 0644),
	    ERR_OK);
	assert_int_equal(verify_story(&s).verdict, VERIFY_TAMPERED);
	end_story(&s);
}

static void
a_minimum_index_neither_goes_back_nor_ahead(void **state)
{
	static const uint64_t pairs[][2] = { { 5, 4 }, { 5, 1000 } };

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		struct verify_result r;
		struct story s;

		open_story(&s);
		beats(&s, 20);
		prune(&s, pairs[i][0]);
		prune(&s, pairs[i][1]);
		(void)publish(&s);
		r = verify_story(&s);
		assert_int_equal(r.verdict, VERIFY_TAMPERED);
		assert_true(r.finding[VERIFY_SEQUENCE].first_index ==
		    s.next - 1);
		end_story(&s);
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
		cmocka_unit_test(
	    an_empty_period_and_one_without_a_policy_cannot_be_closed),
		cmocka_unit_test(
		    entries_below_the_minimum_index_may_be_absent),
		cmocka_unit_test(
		    absent_entries_without_a_minimum_index_are_missed),
		cmocka_unit_test(
		    hashes_that_stand_for_absent_entries_must_be_true),
		cmocka_unit_test(a_minimum_index_neither_goes_back_nor_ahead),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
