/*
 * The checkpoint among others: kept ones, newer ones, those of other logs, of
 * size 0; and how long the entries behind a quorum may wait.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "testsweep.h"

#define HALF 300
#define ENTRIES (2 * HALF)

static struct testsweep s;

/* With one other checkpoint; as of the one that was kept, if asked for. */
static struct verify_result
beside(const struct trust_policy *trust, const struct bytes *other, bool kept)
{
	struct verify_other o = { "other.note", bytes_view(other) };
	struct verify_options options = { .trust = trust, .others = &o,
		.other_count = 1 };
	struct log_files files = testmemory_files(&s.m);
	struct verify_result r;

	if (kept)
		options.to = (struct verify_other){ "kept.note",
			bytes_view(&s.kept) };
	assert_int_equal(verify_with(&files, &options, &r), ERR_OK);
	return r;
}

static void
sign(uint64_t size, const struct hash *root, struct bytes *out)
{
	assert_int_equal(testsweep_note(&s, size, root, TESTSWEEP_TIME, out),
	    ERR_OK);
}

static void
assert_other(const struct verify_result *r, enum verify_verdict verdict,
    const char *why)
{
	const struct verify_finding *f = &r->finding[VERIFY_CONSISTENCY];

	assert_int_equal(r->verdict, verdict);
	assert_int_equal(f->verdict, verdict);
	assert_string_equal(f->file, "other.note");
	if (strstr(f->why, why) == NULL)
		fail_msg("%s", f->why);
}

static void
the_empty_tree_comes_before_all(void **state)
{
	struct hash empty = merkle_root(NULL, 0), nonsense = { { 1 } };
	AUTO_DONE(bytes) note = { 0 };
	struct verify_result r;

	(void)state;
	sign(0, &empty, &note);
	r = beside(s.full, &note, false);
	assert_int_equal(r.verdict, VERIFY_VERIFIED);
	assert_true(r.count[VERIFY_CONSISTENCY].good ==
	    r.count[VERIFY_CONSISTENCY].total);
	sign(0, &nonsense, &note);
	r = beside(s.full, &note, false);
	assert_other(&r, VERIFY_TAMPERED, "a fork");
}

static void
a_newer_checkpoint_is_proven_by_the_tiles(void **state)
{
	AUTO_DONE(bytes) note = { 0 };
	struct verify_result r;
	struct hash root;

	(void)state;
	(void)publish_ready(s.story.log.publish, &root);
	sign(ENTRIES, &root, &note);
	r = beside(s.full, &note, true);
	assert_int_equal(r.verdict, VERIFY_VERIFIED);
	assert_true(r.size == HALF);
	/* of another tree */
	root.at[0] ^= 1;
	sign(ENTRIES, &root, &note);
	r = beside(s.full, &note, true);
	assert_other(&r, VERIFY_TAMPERED, "a fork");
	/* and of one whose tiles are not there */
	sign(2 * ENTRIES, &root, &note);
	r = beside(s.full, &note, true);
	assert_other(&r, VERIFY_INCOMPLETE, "");
}

static void
an_other_checkpoint_must_be_good_and_of_this_log(void **state)
{
	static const uint8_t seed[32] = { 99 };
	AUTO_DONE(bytes) note = { 0 }, text = { 0 };
	AUTO(trust_policy) both = NULL;
	AUTO(EVP_PKEY) secret = NULL;
	AUTO(vkey) key = NULL;
	struct verify_result r;
	struct hash root;

	(void)state;
	(void)publish_ready(s.story.log.publish, &root);
	assert_int_equal(testlog_key("example.kr/other", VKEY_ED25519, seed,
	    &secret, &key), ERR_OK);
	bytes_put_text(&text, "log ");
	vkey_put(s.story.log.key, &text);
	bytes_put_text(&text, "\nlog ");
	vkey_put(key, &text);
	bytes_put_text(&text, "\nquorum none\n");
	assert_int_equal(trust_policy_get(bytes_view(&text), &both), ERR_OK);
	assert_int_equal(testlog_note(secret, key, ENTRIES, &root, &note),
	    ERR_OK);
	r = beside(both, &note, false);
	assert_other(&r, VERIFY_TAMPERED, "another log");
	/* with a signature that is none */
	bytes_reset(&note);
	bytes_put(&note, bytes_view(&s.kept));
	note.at[strlen(TESTLOG_NAME) + 1] ^= 1;
	r = beside(s.full, &note, false);
	assert_other(&r, VERIFY_TAMPERED, "does not verify");
}

static void
found_late(const char *why)
{
	struct log_files files = testmemory_files(&s.m);
	struct verify_options o = { .trust = s.full };
	struct verify_result r;

	assert_int_equal(verify_with(&files, &o, &r), ERR_OK);
	assert_int_equal(r.verdict, *why != '\0' ? VERIFY_UNWITNESSED :
	    VERIFY_VERIFIED);
	assert_non_null(strstr(r.finding[VERIFY_WITNESSES].why, why));
}

/* The first of these entries is the second period's, 700 s before the rest. */
static void
entries_that_wait_for_a_quorum_are_late_in_the_end(void **state)
{
	AUTO_DONE(bytes) note = { 0 };
	struct hash root;
	struct testsweep fresh = { 0 };

	(void)state;
	for (int late = 0; late < 2; late++) {
		struct testsweep kept = s;
		struct teststory *y = &fresh.story;

		fresh = (struct testsweep){ 0 };
		teststory_open(y, late ? 601000 + 3 : 600000);
		assert_int_equal(testsweep_keys(&fresh), ERR_OK);
		root = teststory_publish(y);
		assert_int_equal(testsweep_note(&fresh, 1, &root,
		    TESTSWEEP_TIME - 600, &note), ERR_OK);
		teststory_beats(y, 1);
		y->ago = 0;
		teststory_beats(y, 1);
		(void)teststory_publish(y);
		s = fresh;
		assert_int_equal(testsweep_export(&s, &s.m, &s.kept), ERR_OK);
		testmemory_set(&s.m, "checkpoint.witnessed",
		    bytes_view(&note));
		found_late(late ? "entries from 1 on wait 601 s" : "");
		testsweep_done(&s);
		s = kept;
	}
}

/* Its cosignatures cut off: 700 s later, where 600 are allowed. */
static void
a_closed_period_s_quorum_may_be_waited_for_but_not_for_ever(void **state)
{
	struct bytes *b = testmemory_find(&s.m, "closed/2026-10.note");
	struct verify_options o = { .trust = s.full };
	struct log_files files = testmemory_files(&s.m);
	struct verify_result r;
	size_t len = b->len;

	(void)state;
	b->len = (size_t)((uint8_t *)memmem(b->at, len, NOTE_DASH "witness-a",
	    strlen(NOTE_DASH) + 9) - b->at);
	assert_int_equal(verify_with(&files, &o, &r), ERR_OK);
	assert_int_equal(r.verdict, VERIFY_UNWITNESSED);
	assert_string_equal(r.finding[VERIFY_FILES].file,
	    "closed/2026-10.note");
	assert_string_equal(r.finding[VERIFY_FILES].why,
	    "no quorum has cosigned it");
	o.late = 701;
	assert_int_equal(verify_with(&files, &o, &r), ERR_OK);
	assert_int_equal(r.verdict, VERIFY_VERIFIED);
	/* and not one bit of it is another's */
	b->at[len / 4] ^= 1;
	assert_int_equal(verify_with(&files, &o, &r), ERR_OK);
	assert_int_equal(r.verdict, VERIFY_TAMPERED);
	b->at[len / 4] ^= 1;
	b->len = len;
}

static void
what_is_only_told_takes_nothing_back(void **state)
{
	struct bytes *b = testmemory_find(&s.m, "tile/0/000");
	struct verify_options o = { .trust = s.full };
	struct log_files files = testmemory_files(&s.m);
	struct verify_result r;

	(void)state;
	testmemory_set(&s.m, "closed/foreign", view_text("?"));
	assert_int_equal(verify_with(&files, &o, &r), ERR_OK);
	assert_int_equal(r.verdict, VERIFY_VERIFIED);
	assert_string_equal(r.finding[VERIFY_FILES].file,
	    "closed/foreign");
	assert_string_equal(r.finding[VERIFY_FILES].why,
	    "not a file of the log");
	b->at[0] ^= 1;
	assert_int_equal(verify_with(&files, &o, &r), ERR_OK);
	assert_int_equal(r.verdict, VERIFY_TAMPERED);
	b->at[0] ^= 1;
	/* and makes room for what is worse */
	testmemory_set(&s.m, "closed/2026-12.note", view_text("?"));
	assert_int_equal(verify_with(&files, &o, &r), ERR_OK);
	assert_int_equal(r.verdict, VERIFY_TAMPERED);
	assert_string_equal(r.finding[VERIFY_FILES].file,
	    "closed/2026-12.note");
	testmemory_remove(&s.m, "closed/foreign");
	testmemory_remove(&s.m, "closed/2026-12.note");
}

static void
a_missing_bundle_hides_no_forged_entry_or_hash(void **state)
{
	struct bytes *b = testmemory_find(&s.m, "tile/entries/000");
	struct verify_options o = { .trust = s.key };
	struct log_files files = testmemory_files(&s.m);
	AUTO_DONE(bytes) kept = { 0 };
	struct verify_result r;

	(void)state;
	bytes_put(&kept, bytes_view(testmemory_find(&s.m,
	    "tile/entries/001")));
	testmemory_remove(&s.m, "tile/entries/001");
	b->at[b->len / 2] ^= 1;
	assert_int_equal(verify_with(&files, &o, &r), ERR_OK);
	assert_int_equal(r.verdict, VERIFY_TAMPERED);
	assert_int_equal(r.finding[VERIFY_ENTRIES].verdict, VERIFY_TAMPERED);
	assert_string_equal(r.finding[VERIFY_ENTRIES].file,
	    "tile/entries/000");
	b->at[b->len / 2] ^= 1;
	/* nor its own hashes, when these are forged */
	b = testmemory_find(&s.m, "tile/0/001");
	b->at[b->len / 2] ^= 1;
	assert_int_equal(verify_with(&files, &o, &r), ERR_OK);
	assert_int_equal(r.verdict, VERIFY_TAMPERED);
	assert_string_equal(r.finding[VERIFY_ENTRIES].file, "tile/0/001");
	assert_true(r.finding[VERIFY_ENTRIES].first_index == TILE_WIDTH);
	b->at[b->len / 2] ^= 1;
	testmemory_set(&s.m, "tile/entries/001", bytes_view(&kept));
	assert_int_equal(verify_with(&files, &o, &r), ERR_OK);
	assert_int_equal(r.verdict, VERIFY_VERIFIED);
}

static int
setup(void **state)
{
	(void)state;
	return testsweep_open_story(&s, HALF, HALF, false);
}

static int
teardown(void **state)
{
	(void)state;
	testsweep_done(&s);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_empty_tree_comes_before_all),
		cmocka_unit_test(a_newer_checkpoint_is_proven_by_the_tiles),
		cmocka_unit_test(
		    an_other_checkpoint_must_be_good_and_of_this_log),
		cmocka_unit_test(
		    entries_that_wait_for_a_quorum_are_late_in_the_end),
		cmocka_unit_test(
	    a_closed_period_s_quorum_may_be_waited_for_but_not_for_ever),
		cmocka_unit_test(what_is_only_told_takes_nothing_back),
		cmocka_unit_test(
		    a_missing_bundle_hides_no_forged_entry_or_hash),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
