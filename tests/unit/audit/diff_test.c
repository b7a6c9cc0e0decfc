/*
 * Two checkpoints of one log, or of two that pretend to be one; checkpoints
 * on paper; receipts by a policy.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "audit/diff.h"
#include "audit/fingerprint.h"
#include "audit/receipt.h"
#include "testsweep.h"

#define ENTRIES 600

static struct testsweep s;

static struct checkpoint
checkpoint_at(struct testlog *l)
{
	struct checkpoint c = { .origin = view_text(TESTLOG_NAME) };

	c.size = publish_ready(l->publish, &c.root);
	return c;
}

static struct checkpoint
kept(void)
{
	struct trust_seen seen;

	assert_int_equal(trust_open(s.full, bytes_view(&s.kept), &seen),
	    ERR_OK);
	return seen.checkpoint;
}

static enum err
diff(const struct checkpoint *a, const struct checkpoint *b,
    enum diff_outcome *out)
{
	struct log_files files = testmemory_files(&s.m);
	struct tile_source source = log_files_tiles(&files);
	struct proof p = { 0 };

	return diff_checkpoints(&source, a, b, out, &p);
}

static void
a_tree_that_grew_is_proven_in_either_order(void **state)
{
	struct checkpoint old = kept(), new = checkpoint_at(&s.story.log);
	enum diff_outcome outcome = DIFF_FORK;

	(void)state;
	assert_int_equal(diff(&old, &new, &outcome), ERR_OK);
	assert_int_equal(outcome, DIFF_GROWN);
	assert_int_equal(diff(&new, &old, &outcome), ERR_OK);
	assert_int_equal(outcome, DIFF_GROWN);
	assert_int_equal(diff(&new, &new, &outcome), ERR_OK);
	assert_int_equal(outcome, DIFF_SAME);
	/* everything begins with nothing */
	old.size = 0;
	old.root = merkle_root(NULL, 0);
	assert_int_equal(diff(&old, &new, &outcome), ERR_OK);
	assert_int_equal(outcome, DIFF_GROWN);
}

static void
two_roots_of_one_size_are_a_fork_without_any_tiles(void **state)
{
	struct checkpoint a = kept(), b = kept();
	enum diff_outcome outcome = DIFF_SAME;
	struct proof p = { 0 };

	(void)state;
	b.root.at[31] ^= 1;
	assert_int_equal(diff_checkpoints(NULL, &a, &b, &outcome, &p),
	    ERR_OK);
	assert_int_equal(outcome, DIFF_FORK);
}

static void
a_smaller_tree_that_is_not_within_the_larger_is_a_fork(void **state)
{
	struct checkpoint old = kept(), new = checkpoint_at(&s.story.log);
	enum diff_outcome outcome = DIFF_SAME;

	(void)state;
	/* the tiles are those of the larger one, then of the smaller one */
	old.root.at[0] ^= 1;
	assert_int_equal(diff(&old, &new, &outcome), ERR_OK);
	assert_int_equal(outcome, DIFF_FORK);
	old.root.at[0] ^= 1;
	new.root.at[0] ^= 1;
	outcome = DIFF_SAME;
	assert_int_equal(diff(&old, &new, &outcome), ERR_OK);
	assert_int_equal(outcome, DIFF_FORK);
}

static void
false_or_missing_tiles_prove_nothing(void **state)
{
	struct checkpoint old = kept(), new = checkpoint_at(&s.story.log);
	struct bytes *tile = testmemory_find(&s.m, "tile/0/000");
	enum diff_outcome outcome = DIFF_SAME;
	struct proof p = { 0 };

	(void)state;
	old.root.at[0] ^= 1;
	new.root.at[0] ^= 1;
	assert_int_equal(diff(&old, &new, &outcome), ERR_MISMATCH);
	assert_int_equal(diff_checkpoints(NULL, &old, &new, &outcome, &p),
	    ERR_NOT_FOUND);
	new = checkpoint_at(&s.story.log);
	old = kept();
	old.size = 200;		/* not a complete subtree: its tile is read */
	tile->at[77] ^= 1;
	assert_int_equal(diff(&old, &new, &outcome), ERR_MISMATCH);
	tile->at[77] ^= 1;
	old.origin = view_text("example.kr/other");
	assert_int_equal(diff(&old, &new, &outcome), ERR_MISMATCH);
	assert_int_equal(outcome, DIFF_SAME);
}

/* ---- paper */

static void
a_fingerprint_is_read_back_however_it_was_written(void **state)
{
	struct view body = view_text("example.kr/okse\n7\nroot\n");
	char text[FINGERPRINT_TEXT], loose[3 * FINGERPRINT_TEXT];
	size_t n = 0;

	(void)state;
	assert_int_equal(strlen(fingerprint_text(body, text)),
	    FINGERPRINT_TEXT - 1);
	for (size_t i = 0; text[i] != '\0'; i++) {
		loose[n++] = text[i] >= 'A' && text[i] <= 'Z' ?
		    (char)(text[i] + 32) : text[i];
		if (i % 3 == 0)
			loose[n++] = ' ';
	}
	loose[n] = '\0';
	assert_int_equal(fingerprint_check(body, view_text(text)), ERR_OK);
	assert_int_equal(fingerprint_check(body, view_text(loose)), ERR_OK);
	assert_int_equal(fingerprint_check(view_text("another"),
	    view_text(text)), ERR_MISMATCH);
}

static void
every_wrong_character_on_paper_is_a_mistake_in_copying(void **state)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	struct view body = view_text("example.kr/okse\n7\nroot\n");
	char text[FINGERPRINT_TEXT];

	(void)state;
	(void)fingerprint_text(body, text);
	for (size_t i = 0; text[i] != '\0'; i++) {
		char right = text[i];

		for (const char *c = letters; right != '-' && *c; c++) {
			if (*c == right)
				continue;
			text[i] = *c;
			assert_int_not_equal(fingerprint_check(body,
			    view_text(text)), ERR_OK);
		}
		text[i] = right;
	}
	assert_int_equal(fingerprint_check(body, VIEW(text,
	    strlen(text) - 1)), ERR_SYNTAX);
	assert_int_equal(fingerprint_check(body, view_text("")), ERR_SYNTAX);
	assert_int_equal(fingerprint_check(body, view_text("AAAA-AAAA-AAAA-"
	    "AAAA-AAAA-AAAA-AAAA-AAAA-AAAA-A")), ERR_SYNTAX);
	assert_non_null(strstr(err_why(), "has 36 characters"));
	text[0] = '1';
	assert_int_equal(fingerprint_check(body, view_text(text)),
	    ERR_SYNTAX);
}

/* ---- receipts */

static void
a_receipt_is_judged_by_keys_witnesses_and_proof(void **state)
{
	struct log_files files = testmemory_files(&s.m);
	struct tile_source source = log_files_tiles(&files);
	AUTO_DONE(bytes) text = { 0 };
	AUTO_DONE(receipt) r = { 0 };
	struct trust_seen seen;

	(void)state;
	assert_int_equal(receipt_build(&source, 123, bytes_view(
	    testmemory_find(&s.m, "checkpoint.witnessed")), &text), ERR_OK);
	assert_int_equal(receipt_get(bytes_view(&text), &r), ERR_OK);
	assert_int_equal(receipt_judge(&r, s.full, &seen), ERR_OK);
	assert_true(seen.quorum_time == TESTSWEEP_TIME);
	r.index = 124;
	assert_int_equal(receipt_judge(&r, s.full, &seen), ERR_MISMATCH);
	r.index = 123;
	r.entry.at[5] ^= 1;
	assert_int_equal(receipt_judge(&r, s.full, &seen), ERR_MISMATCH);
}

static void
a_flipped_bit_of_a_receipt_is_never_accepted(void **state)
{
	struct log_files files = testmemory_files(&s.m);
	struct tile_source source = log_files_tiles(&files);
	AUTO_DONE(bytes) text = { 0 };

	(void)state;
	assert_int_equal(receipt_build(&source, 599, bytes_view(
	    testmemory_find(&s.m, "checkpoint.witnessed")), &text), ERR_OK);
	for (size_t i = 0; i < text.len * 8; i += 5) {
		AUTO_DONE(receipt) r = { 0 };
		struct trust_seen seen = { 0 };

		text.at[i / 8] ^= (uint8_t)(1 << i % 8);
		if (receipt_get(bytes_view(&text), &r) == ERR_OK &&
		    receipt_judge(&r, s.full, &seen) == ERR_OK &&
		    seen.quorum_time != TRUST_NEVER)
			fail_msg("bit %zu", i);
		text.at[i / 8] ^= (uint8_t)(1 << i % 8);
	}
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
		cmocka_unit_test(a_tree_that_grew_is_proven_in_either_order),
		cmocka_unit_test(
		    two_roots_of_one_size_are_a_fork_without_any_tiles),
		cmocka_unit_test(
		    a_smaller_tree_that_is_not_within_the_larger_is_a_fork),
		cmocka_unit_test(false_or_missing_tiles_prove_nothing),
		cmocka_unit_test(
		    a_fingerprint_is_read_back_however_it_was_written),
		cmocka_unit_test(
		    every_wrong_character_on_paper_is_a_mistake_in_copying),
		cmocka_unit_test(
		    a_receipt_is_judged_by_keys_witnesses_and_proof),
		cmocka_unit_test(a_flipped_bit_of_a_receipt_is_never_accepted),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
