/*
 * Coordinated forgeries of a log of 600 entries: by who can write the files,
 * level by level, and by who has stolen the log's keys as well. Each gets the
 * right verdict, and the first bad place is named as closely as what is known
 * allows. The forgery of an entry together with its level-0 tile is the one
 * that golang.org/x/mod's tile reader took (CVE-2026-56865).
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "testsweep.h"

#define ENTRIES 600
#define HALF (ENTRIES / 2)
#define VICTIM 333

static struct testsweep s;

/* The export as it was made. */
static void
restore(void)
{
	AUTO_DONE(bytes) note = { 0 };

	testmemory_done(&s.m);
	assert_int_equal(testsweep_export(&s, &s.m, &note), ERR_OK);
	assert_int_equal(testsweep_verify(&s, s.full).verdict,
	    VERIFY_VERIFIED);
}

/* ---- by who can write the files */

static void
change_entry(unsigned int index, struct hash *out_leaf)
{
	struct bytes *b = testmemory_find(&s.m, "tile/entries/001");
	struct view entries[TILE_WIDTH];
	uint8_t *nonce;

	assert_int_equal(tile_bundle_get(bytes_view(b), TILE_WIDTH, entries),
	    ERR_OK);
	nonce = memmem(entries[index - 256].at, entries[index - 256].len,
	    "\"n\":\"", 5);
	assert_non_null(nonce);
	nonce[5] = nonce[5] == '7' ? '8' : '7';
	*out_leaf = merkle_leaf(entries[index - 256]);
}

static void
change_hash(const char *path, size_t at, const struct hash *h)
{
	memcpy(testmemory_find(&s.m, path)->at + at * sizeof(*h), h,
	    sizeof(*h));
}

static struct hash
root_of(const char *path, size_t n)
{
	struct hash h[TILE_WIDTH];

	memcpy(h, testmemory_find(&s.m, path)->at, n * sizeof(*h));
	return merkle_root(h, n);
}

static void
assert_damage(uint64_t first, uint64_t last)
{
	struct verify_result r = testsweep_verify(&s, s.full);
	const struct verify_finding *f = &r.finding[VERIFY_ENTRIES];

	assert_int_equal(r.verdict, VERIFY_TAMPERED);
	assert_int_equal(f->verdict, VERIFY_TAMPERED);
	if (f->first_index != first || f->last_index != last)
		fail_msg("%d … %d", (int)f->first_index, (int)f->last_index);
	assert_true(r.last_good == HALF);
	assert_string_equal(r.last_good_name, "kept.note");
}

/* Each level repaired hides the place better, but never the fact. */
static void
an_entry_changed_level_by_level_is_found(void **state)
{
	struct hash leaf, root;

	(void)state;
	change_entry(VICTIM, &leaf);
	assert_damage(VICTIM, VICTIM);
	change_hash("tile/0/001", VICTIM - 256, &leaf);
	assert_damage(256, 511);
	root = root_of("tile/0/001", 256);
	change_hash("tile/1/000.p/2", 1, &root);
	/* no tile proves itself: what was kept says that it is behind 300 */
	assert_damage(HALF, ENTRIES - 1);
	restore();
}

/* ---- by who has keys: another log under the same name */

struct forgery {
	uint64_t	entries;
	uint64_t	change;		/* this entry is another */
	uint64_t	swap;		/* this and the next change places */
	uint64_t	insert;		/* before this one more */
};

#define NEVER UINT64_MAX

/* Entry i as somebody else would have it. */
static enum err
other_entry(uint64_t i, struct bytes *out)
{
	struct entry_common c = { .seq = i,
		.t = 1795392000000 + (int64_t)i / 5 };

	memset(c.nonce, 0xee, sizeof(c.nonce));
	return entry_heartbeat(&c, out);
}

static enum err
changed_entry(uint64_t i, struct bytes *out)
{
	uint8_t *nonce;

	TRY(testlog_entry(i, out));
	nonce = memmem(out->at, out->len, "\"n\":\"", 5);
	nonce[5] = nonce[5] == '7' ? '8' : '7';
	return ERR_OK;
}

static enum err
forged_entry(const struct forgery *f, uint64_t i, struct bytes *out)
{
	if (i == f->insert)
		return other_entry(i, out);
	if (i == f->change)
		return changed_entry(i, out);
	if (f->swap != NEVER && (i == f->swap || i == f->swap + 1))
		return testlog_entry(i == f->swap ? i + 1 : i - 1, out);
	return testlog_entry(i > f->insert && f->insert != NEVER ? i - 1 : i,
	    out);
}

/* The files of such a log, under s.m; its root. */
static void
forge(const struct forgery *f, struct hash *out_root)
{
	struct testlog l = { 0 };
	struct testmemory fresh = { 0 };
	AUTO_DONE(bytes) b = { 0 };

	assert_int_equal(testlog_open(&l, testdir_new()), ERR_OK);
	for (uint64_t i = 0; i < f->entries; i++) {
		bytes_reset(&b);
		assert_int_equal(forged_entry(f, i, &b), ERR_OK);
		assert_int_equal(testlog_append(&l, bytes_view(&b)), ERR_OK);
	}
	assert_int_equal(testlog_publish(&l), ERR_OK);
	assert_true(publish_ready(l.publish, out_root) == f->entries);
	testmemory_load(&fresh, l.dir);
	testmemory_done(&s.m);
	s.m = fresh;
	testdir_remove(l.dir);
	testlog_done(&l);
}

/* Signed by the log's true keys, and by its witnesses unless time is 0. */
static void
sign(uint64_t size, const struct hash *root, uint64_t time)
{
	AUTO_DONE(bytes) note = { 0 };

	assert_int_equal(testsweep_note(&s, size, root, time, &note), ERR_OK);
	testmemory_set(&s.m, "checkpoint", bytes_view(&note));
}

/* By an auditor who comes for the first time and keeps nothing. */
static struct verify_result
newcomer(const struct trust_policy *trust)
{
	struct verify_options o = { .trust = trust };
	struct log_files files = testmemory_files(&s.m);
	struct verify_result r;

	assert_int_equal(verify_with(&files, &o, &r), ERR_OK);
	return r;
}

static void
the_whole_tree_under_another_key_is_refused(void **state)
{
	static const uint8_t seed[32] = { 66 };
	struct forgery f = { ENTRIES, VICTIM, NEVER, NEVER };
	AUTO(EVP_PKEY) secret = NULL;
	AUTO(vkey) other = NULL;
	AUTO_DONE(bytes) note = { 0 };
	struct verify_result r;
	struct hash root;

	(void)state;
	forge(&f, &root);
	assert_int_equal(testlog_key(TESTLOG_NAME, VKEY_ED25519, seed,
	    &secret, &other), ERR_OK);
	assert_int_equal(testlog_note(secret, other, ENTRIES, &root, &note),
	    ERR_OK);
	testmemory_set(&s.m, "checkpoint", bytes_view(&note));
	testsweep_put_key(&s.m, "log.vkey", other);
	r = newcomer(s.key);
	assert_int_equal(r.verdict, VERIFY_TAMPERED);
	assert_string_equal(r.finding[VERIFY_CHECKPOINT].file, "checkpoint");
	restore();
}

static void
one_of_two_keys_is_not_enough_where_both_are_wanted(void **state)
{
	AUTO_DONE(bytes) note = { 0 };
	struct verify_result r;
	struct hash root;

	(void)state;
	(void)publish_ready(s.story.log.publish, &root);
	assert_int_equal(testlog_note(s.story.log.secret, s.story.log.key,
	    ENTRIES, &root, &note), ERR_OK);
	testmemory_set(&s.m, "checkpoint", bytes_view(&note));
	assert_int_equal(testsweep_verify(&s, s.key).verdict,
	    VERIFY_VERIFIED);
	r = testsweep_verify(&s, s.full);
	assert_int_equal(r.verdict, VERIFY_TAMPERED);
	assert_non_null(strstr(r.finding[VERIFY_CHECKPOINT].why, "1 of"));
	restore();
}

static void
history_rewritten_with_the_stolen_keys_is_a_fork(void **state)
{
	struct forgery f = { ENTRIES, 222, NEVER, NEVER };
	struct verify_result r;
	struct hash root;

	(void)state;
	forge(&f, &root);
	sign(ENTRIES, &root, 0);
	/* who kept a checkpoint sees it, and where at the latest */
	r = testsweep_verify(&s, s.key);
	assert_int_equal(r.verdict, VERIFY_TAMPERED);
	assert_string_equal(r.finding[VERIFY_CONSISTENCY].file, "kept.note");
	assert_true(r.finding[VERIFY_CONSISTENCY].first_index == 0);
	assert_true(r.finding[VERIFY_CONSISTENCY].last_index == HALF - 1);
	/* who comes for the first time sees that no witness has */
	r = newcomer(s.full);
	assert_int_equal(r.verdict, VERIFY_UNWITNESSED);
	/* and one who trusts the keys alone cannot know */
	assert_int_equal(newcomer(s.key).verdict, VERIFY_VERIFIED);
	restore();
}

static void
a_dropped_tail_is_a_rollback(void **state)
{
	struct forgery f = { HALF - 10, NEVER, NEVER, NEVER };
	struct verify_result r;
	struct hash root;

	(void)state;
	forge(&f, &root);
	sign(f.entries, &root, 0);
	r = testsweep_verify(&s, s.key);
	assert_int_equal(r.verdict, VERIFY_TAMPERED);
	assert_string_equal(r.finding[VERIFY_CONSISTENCY].file, "kept.note");
	assert_int_equal(newcomer(s.full).verdict, VERIFY_UNWITNESSED);
	/* cut behind what was kept: only the witnesses know more */
	f.entries = HALF + 10;
	forge(&f, &root);
	sign(f.entries, &root, 0);
	r = newcomer(s.full);
	assert_int_equal(r.verdict, VERIFY_UNWITNESSED);
	restore();
}

static void
signed_entries_that_changed_places_are_named(void **state)
{
	struct forgery f = { ENTRIES, NEVER, 410, NEVER };
	struct verify_result r;
	struct hash root;

	(void)state;
	forge(&f, &root);
	sign(ENTRIES, &root, TESTSWEEP_TIME);
	r = newcomer(s.full);
	assert_int_equal(r.verdict, VERIFY_TAMPERED);
	assert_int_equal(r.finding[VERIFY_SEQUENCE].verdict,
	    VERIFY_TAMPERED);
	assert_true(r.finding[VERIFY_SEQUENCE].first_index == 410);
	assert_string_equal(r.finding[VERIFY_SEQUENCE].file,
	    "tile/entries/001");
	assert_int_equal(r.finding[VERIFY_ENTRIES].verdict, VERIFY_VERIFIED);
	restore();
}

static void
a_signed_entry_put_in_between_is_named_by_what_follows(void **state)
{
	struct forgery f = { ENTRIES + 1, NEVER, NEVER, 410 };
	struct verify_result r;
	struct hash root;

	(void)state;
	forge(&f, &root);
	sign(ENTRIES + 1, &root, TESTSWEEP_TIME);
	r = newcomer(s.full);
	assert_int_equal(r.verdict, VERIFY_TAMPERED);
	assert_true(r.finding[VERIFY_SEQUENCE].first_index == 411);
	restore();
}

/* ---- witnesses */

static void
a_quorum_that_came_late_or_too_early_is_told(void **state)
{
	static const int64_t good[] = { -VERIFY_LATE, 0, VERIFY_LATE };
	static const int64_t bad[] = { -VERIFY_LATE - 1, VERIFY_LATE + 1 };
	struct verify_result r;
	struct hash root;

	(void)state;
	(void)publish_ready(s.story.log.publish, &root);
	for (size_t i = 0; i < COUNT(good); i++) {
		sign(ENTRIES, &root, (uint64_t)(1795392000 + good[i]));
		r = newcomer(s.full);
		assert_int_equal(r.verdict, VERIFY_VERIFIED);
		assert_true(r.lag == good[i]);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		sign(ENTRIES, &root, (uint64_t)(1795392000 + bad[i]));
		testmemory_set(&s.m, "checkpoint.witnessed",
		    bytes_view(testmemory_find(&s.m, "checkpoint")));
		r = newcomer(s.full);
		assert_int_equal(r.verdict, VERIFY_UNWITNESSED);
		assert_true(r.witnessed == ENTRIES);
	}
	restore();
}

static void
one_witness_of_two_is_no_quorum(void **state)
{
	AUTO_DONE(bytes) note = { 0 };
	struct verify_result r;
	struct hash root;

	(void)state;
	(void)publish_ready(s.story.log.publish, &root);
	assert_int_equal(testsweep_note(&s, ENTRIES, &root, 0, &note),
	    ERR_OK);
	assert_int_equal(testwitness_cosign(&s.witness[0], TESTSWEEP_TIME,
	    &note), ERR_OK);
	testmemory_set(&s.m, "checkpoint", bytes_view(&note));
	testmemory_set(&s.m, "checkpoint.witnessed", bytes_view(&note));
	r = newcomer(s.full);
	assert_int_equal(r.verdict, VERIFY_UNWITNESSED);
	assert_true(r.witnesses == 1 && r.witnessed == VERIFY_NO_INDEX);
	restore();
}

static void
a_cosignature_of_another_tree_or_by_another_key_does_not_count(void **state)
{
	static const uint8_t seed[32] = { 67 };
	AUTO_DONE(bytes) note = { 0 }, line = { 0 };
	struct testwitness imposter = { 0 };
	struct note n;
	struct hash root;

	(void)state;
	(void)publish_ready(s.story.log.publish, &root);
	assert_int_equal(testsweep_note(&s, ENTRIES, &root, 0, &note),
	    ERR_OK);
	/* made for a smaller tree, moved here: the note is not to be had */
	assert_int_equal(note_get(bytes_view(&s.kept), &n), ERR_OK);
	assert_int_equal(testwitness_line(&s.witness[0], n.text,
	    TESTSWEEP_TIME, &line), ERR_OK);
	bytes_put(&note, bytes_view(&line));
	testmemory_set(&s.m, "checkpoint", bytes_view(&note));
	assert_int_equal(newcomer(s.full).verdict, VERIFY_TAMPERED);
	/* the same name, another key: nobody's line */
	assert_int_equal(testlog_key("witness-a.example", VKEY_COSIGNATURE,
	    seed, &imposter.secret, &imposter.key), ERR_OK);
	assert_int_equal(testsweep_note(&s, ENTRIES, &root, 0, &note),
	    ERR_OK);
	assert_int_equal(testwitness_cosign(&imposter, TESTSWEEP_TIME, &note),
	    ERR_OK);
	assert_int_equal(testwitness_cosign(&s.witness[1], TESTSWEEP_TIME,
	    &note), ERR_OK);
	testmemory_set(&s.m, "checkpoint", bytes_view(&note));
	testmemory_set(&s.m, "checkpoint.witnessed", bytes_view(&note));
	assert_int_equal(newcomer(s.full).verdict, VERIFY_UNWITNESSED);
	testwitness_done(&imposter);
	restore();
}

static void
lines_of_strangers_are_counted_and_otherwise_ignored(void **state)
{
	AUTO_DONE(bytes) note = { 0 };
	struct verify_result r;
	struct hash root;

	(void)state;
	(void)publish_ready(s.story.log.publish, &root);
	assert_int_equal(testsweep_note(&s, ENTRIES, &root, TESTSWEEP_TIME,
	    &note), ERR_OK);
	for (int i = 0; i < 60; i++) {
		struct testwitness w;

		assert_int_equal(testwitness_new((char)('!' + i + (i > 9)),
		    &w), ERR_OK);
		assert_int_equal(testwitness_cosign(&w, 5, &note), ERR_OK);
		testwitness_done(&w);
	}
	testmemory_set(&s.m, "checkpoint", bytes_view(&note));
	r = newcomer(s.full);
	assert_int_equal(r.verdict, VERIFY_VERIFIED);
	assert_true(r.unknown_lines == 60);
	bytes_put_text(&note, NOTE_DASH "x AAAAAAA=\n");
	testmemory_set(&s.m, "checkpoint", bytes_view(&note));
	assert_int_equal(newcomer(s.full).verdict, VERIFY_TAMPERED);
	restore();
}

/* ---- other spellings of a checkpoint, properly signed */

static void
a_signed_body_in_another_spelling_is_refused(void **state)
{
	static const char *const sizes[] = { "0600", "+600", " 600", "600 ",
		"600\r", "6e2", "0x258", "", "600\n600", "9223372036854775808",
		"18446744073709551616", "-600" };
	AUTO_DONE(bytes) root64 = { 0 };
	struct hash root;

	(void)state;
	(void)publish_ready(s.story.log.publish, &root);
	base64_put(&root64, VIEW_OF(root.at));
	for (size_t i = 0; i < COUNT(sizes) + 6; i++) {
		AUTO_DONE(bytes) body = { 0 }, note = { 0 };
		const char *b = bytes_text(&root64);

		if (i < COUNT(sizes))
			bytes_printf(&body, "%s\n%s\n%s\n", TESTLOG_NAME,
			    sizes[i], b);
		else if (i == COUNT(sizes))
			bytes_printf(&body, "%s\n600\n%s\nmore\n",
			    TESTLOG_NAME, b);
		else if (i == COUNT(sizes) + 1)
			bytes_printf(&body, "%s\n600\n%.43s\n", TESTLOG_NAME,
			    b);
		else if (i == COUNT(sizes) + 2)
			bytes_printf(&body, "%s\n600\n%s=\n", TESTLOG_NAME,
			    b);
		else if (i == COUNT(sizes) + 3)
			bytes_printf(&body, "%s/x\n600\n%s\n", TESTLOG_NAME,
			    b);
		else if (i == COUNT(sizes) + 4)
			bytes_printf(&body, "%s\n600\n", TESTLOG_NAME);
		else
			bytes_printf(&body, "\n%s\n600\n%s\n", TESTLOG_NAME,
			    b);
		assert_int_equal(testsweep_sign(&s, bytes_view(&body),
		    TESTSWEEP_TIME, &note), ERR_OK);
		testmemory_set(&s.m, "checkpoint", bytes_view(&note));
		if (newcomer(s.full).verdict != VERIFY_TAMPERED)
			fail_msg("spelling %zu", i);
	}
	restore();
}

static void
a_size_that_was_not_reached_is_incomplete(void **state)
{
	static const uint64_t sizes[] = { ENTRIES + 1, 1024, 1 << 20 };
	struct verify_result r;
	struct hash root;

	(void)state;
	(void)publish_ready(s.story.log.publish, &root);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		sign(sizes[i], &root, TESTSWEEP_TIME);
		assert_int_equal(newcomer(s.full).verdict,
		    VERIFY_INCOMPLETE);
	}
	/* the root of what is there is no root of more */
	root = root_of("tile/1/000.p/2", 2);
	sign(1024, &root, TESTSWEEP_TIME);
	r = newcomer(s.full);
	assert_int_equal(r.verdict, VERIFY_INCOMPLETE);
	assert_true(r.witnessed != 1024);
	restore();
}

static int
setup(void **state)
{
	(void)state;
	return testsweep_open(&s, ENTRIES, testlog_entry);
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
		cmocka_unit_test(an_entry_changed_level_by_level_is_found),
		cmocka_unit_test(the_whole_tree_under_another_key_is_refused),
		cmocka_unit_test(
		    one_of_two_keys_is_not_enough_where_both_are_wanted),
		cmocka_unit_test(
		    history_rewritten_with_the_stolen_keys_is_a_fork),
		cmocka_unit_test(a_dropped_tail_is_a_rollback),
		cmocka_unit_test(signed_entries_that_changed_places_are_named),
		cmocka_unit_test(
		    a_signed_entry_put_in_between_is_named_by_what_follows),
		cmocka_unit_test(a_quorum_that_came_late_or_too_early_is_told),
		cmocka_unit_test(one_witness_of_two_is_no_quorum),
		cmocka_unit_test(
	    a_cosignature_of_another_tree_or_by_another_key_does_not_count),
		cmocka_unit_test(
		    lines_of_strangers_are_counted_and_otherwise_ignored),
		cmocka_unit_test(a_signed_body_in_another_spelling_is_refused),
		cmocka_unit_test(a_size_that_was_not_reached_is_incomplete),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
