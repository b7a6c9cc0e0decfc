/*
 * A log whose key is replaced: followed by who knows the first key, by who
 * knows the next, and by nobody where the one has not given it to the other.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "testrotated.h"

static void
assert_verified(const struct verify_result *r)
{
	for (int i = 0; i < VERIFY_CHECK_COUNT; i++)
		if (r->finding[i].verdict != VERIFY_VERIFIED)
			fail_msg("%d: %s: %s", i, r->finding[i].file,
			    r->finding[i].why);
	assert_int_equal(r->verdict, VERIFY_VERIFIED);
}

static void
assert_found(const struct verify_result *r, enum verify_check check,
    enum verify_verdict verdict, const char *why)
{
	assert_int_equal(r->verdict, verdict);
	assert_int_equal(r->finding[check].verdict, verdict);
	if (strstr(r->finding[check].why, why) == NULL)
		fail_msg("%s: %s", r->finding[check].file,
		    r->finding[check].why);
}

static void
assert_id(const uint8_t id[VKEY_ID_SIZE], const struct testkey *k)
{
	assert_true(view_equal(VIEW(id, VKEY_ID_SIZE), vkey_id(k->key)));
}

/* ---- as it should be */

static void
who_has_the_first_key_follows_to_the_next(void **state)
{
	struct testrotated r;
	struct verify_result found;
	AUTO_DONE(bytes) report = { 0 };

	(void)state;
	testrotated_done_well(&r);
	found = testrotated_verify(&r, &r.first);
	assert_verified(&found);
	assert_true(found.rotations == 1 && found.rotation[0].followed);
	assert_true(found.rotation[0].index == r.index);
	assert_true(found.count[VERIFY_KEYS].total == 2 &&
	    found.count[VERIFY_KEYS].good == 2);
	assert_id(found.rotation[0].from, &r.first);
	assert_id(found.rotation[0].to, &r.next);
	assert_id(found.key_id, &r.next);
	verify_report(&found, &report);
	assert_non_null(strstr(bytes_text(&report), " gave it to "));
	assert_non_null(strstr(bytes_text(&report), ", entry 301 "));
	bytes_reset(&report);
	assert_int_equal(verify_report_json(&found, &report), ERR_OK);
	assert_non_null(strstr(bytes_text(&report), "\"entry\":301,"
	    "\"followed\":true,\"lost\":false"));
	testrotated_end(&r);
}

static void
who_has_the_next_key_needs_no_other(void **state)
{
	struct testrotated r;
	struct verify_result found;

	(void)state;
	testrotated_done_well(&r);
	found = testrotated_verify(&r, &r.next);
	assert_verified(&found);
	assert_true(found.rotations == 1 && !found.rotation[0].followed);
	testrotated_end(&r);
}

static void
while_both_sign_either_key_will_do(void **state)
{
	struct testrotated r;
	struct verify_result found;

	(void)state;
	testrotated_open(&r);
	testrotated_entry(&r, &r.first, &r.next);
	testrotated_publish(&r, BOTH(&r));
	testrotated_hand_over(&r, &r.first);
	found = testrotated_verify(&r, &r.first);
	assert_verified(&found);
	found = testrotated_verify(&r, &r.next);
	assert_verified(&found);
	testrotated_end(&r);
}

static void
keys_are_followed_one_after_the_other(void **state)
{
	struct testrotated r;
	struct verify_result found;
	AUTO_DONE(bytes) report = { 0 };

	(void)state;
	testrotated_done_well(&r);
	testrotated_entry(&r, &r.next, &r.third);
	testrotated_publish(&r, r.next, r.third);
	testrotated_hand_over(&r, &r.next);
	teststory_beats(&r.s, 1);
	testrotated_publish(&r, r.third);
	found = testrotated_verify(&r, &r.first);
	assert_verified(&found);
	assert_true(found.rotations == 2 && found.rotation[1].followed);
	assert_id(found.key_id, &r.third);
	verify_report(&found, &report);
	assert_non_null(strstr(bytes_text(&report), "2 replaced, the last"));
	found = testrotated_verify(&r, &r.third);
	assert_verified(&found);
	testrotated_end(&r);
}

static void
more_than_are_told_are_counted(void **state)
{
	struct testkey keys[VERIFY_ROTATIONS + 3];
	struct testrotated r;
	struct verify_result found;
	AUTO_DONE(bytes) report = { 0 };

	(void)state;
	testrotated_open(&r);
	keys[0] = r.first;
	for (uint8_t i = 1; i < COUNT(keys); i++) {
		keys[i] = testkey_new((uint8_t)(100 + i));
		testrotated_entry(&r, &keys[i - 1], &keys[i]);
		testrotated_publish(&r, keys[i - 1], keys[i]);
		testrotated_hand_over(&r, &keys[i - 1]);
	}
	found = testrotated_verify(&r, &r.first);
	assert_verified(&found);
	assert_true(found.rotations == VERIFY_ROTATIONS + 2);
	assert_id(found.rotation[VERIFY_ROTATIONS - 1].to,
	    &keys[COUNT(keys) - 1]);
	verify_report(&found, &report);
	assert_non_null(strstr(bytes_text(&report), "10 replaced"));
	for (size_t i = 1; i < COUNT(keys); i++)
		testkey_done(&keys[i]);
	testrotated_end(&r);
}

static void
what_was_signed_before_verifies_by_the_first_key(void **state)
{
	struct testrotated r;
	AUTO_DONE(bytes) old = { 0 }, later = { 0 }, handover = { 0 };
	AUTO_DONE(receipt) before = { 0 }, after = { 0 };
	AUTO(trust_policy) trust = NULL;
	struct trust_seen seen;

	(void)state;
	testrotated_open(&r);
	testrotated_receipt(&r, 7, &old);
	testrotated_entry(&r, &r.first, &r.next);
	testrotated_publish(&r, BOTH(&r));
	testrotated_receipt(&r, r.index, &handover);
	teststory_beats(&r.s, 1);
	testrotated_publish(&r, r.next);
	testrotated_receipt(&r, 7, &later);
	assert_int_equal(receipt_get(bytes_view(&old), &before), ERR_OK);
	assert_int_equal(receipt_get(bytes_view(&later), &after), ERR_OK);
	assert_int_equal(trust_key(r.first.key, &trust), ERR_OK);
	assert_int_equal(receipt_judge(&before, trust, &seen), ERR_OK);
	assert_int_equal(receipt_judge(&after, trust, &seen), ERR_NOT_FOUND);
	assert_int_equal(rotation_take(trust, bytes_view(&handover)),
	    ERR_OK);
	assert_int_equal(receipt_judge(&before, trust, &seen), ERR_OK);
	assert_int_equal(receipt_judge(&after, trust, &seen), ERR_OK);
	/* once is enough */
	assert_int_equal(rotation_take(trust, bytes_view(&handover)),
	    ERR_NOT_FOUND);
	testrotated_end(&r);
}

static void
a_policy_that_lists_both_keys_knows_which_counts(void **state)
{
	struct testrotated r;
	AUTO_DONE(bytes) keys = { 0 };
	AUTO(trust_policy) trust = NULL;
	struct verify_options options = { 0 };
	struct verify_result found;
	AUTO_FD fd = -1;
	struct log_files files = log_files_dir(&fd);

	(void)state;
	testrotated_done_well(&r);
	fd = open(r.s.log.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	vkey_put(r.first.key, &keys);
	bytes_put_u8(&keys, '\n');
	vkey_put(r.next.key, &keys);
	assert_int_equal(trust_keys_get(bytes_view(&keys), &trust), ERR_OK);
	options.trust = trust;
	/* of a file of keys, all must have signed: until it is followed */
	found = verify_by(&r.s.log, &options);
	assert_found(&found, VERIFY_CHECKPOINT, VERIFY_TAMPERED, "1 of");
	assert_int_equal(rotation_follow(trust, &files), ERR_OK);
	assert_true(trust_log_count(trust) == 2);
	found = verify_by(&r.s.log, &options);
	assert_verified(&found);
	testrotated_end(&r);
}

static void
an_older_end_is_verified_by_the_key_of_its_time(void **state)
{
	struct testrotated r;
	AUTO_DONE(bytes) note = { 0 };
	AUTO(trust_policy) trust = NULL;
	struct verify_options options = { 0 };
	struct verify_result found;
	AUTO_FD fd = -1;
	struct log_files files = log_files_dir(&fd);

	(void)state;
	testrotated_open(&r);
	read_all(path_in(&r.s.log, "checkpoint"), &note);
	testrotated_entry(&r, &r.first, &r.next);
	testrotated_publish(&r, BOTH(&r));
	testrotated_hand_over(&r, &r.first);
	teststory_beats(&r.s, 1);
	testrotated_publish(&r, r.next);
	fd = open(r.s.log.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(trust_key(r.first.key, &trust), ERR_OK);
	assert_int_equal(rotation_follow(trust, &files), ERR_OK);
	options.trust = trust;
	options.to = (struct verify_other){ "old", bytes_view(&note) };
	found = verify_by(&r.s.log, &options);
	assert_verified(&found);
	assert_true(found.rotations == 0 && found.size == r.index);
	/* and as one of others */
	options.to = (struct verify_other){ 0 };
	options.others = &(struct verify_other){ "old", bytes_view(&note) };
	options.other_count = 1;
	found = verify_by(&r.s.log, &options);
	assert_verified(&found);
	testrotated_end(&r);
}

static void
a_lost_key_hands_nothing_over(void **state)
{
	struct testrotated r;
	struct entry_logkey_facts f = { .lost = true };
	struct verify_result found;

	(void)state;
	testrotated_open(&r);
	f.former = r.first.key;
	f.key = r.next.key;
	testrotated_say(&r, &f);
	testrotated_publish(&r, r.next);
	found = testrotated_verify(&r, &r.next);
	assert_verified(&found);
	assert_true(found.rotation[0].lost);
	found = testrotated_verify(&r, &r.first);
	assert_found(&found, VERIFY_CHECKPOINT, VERIFY_TAMPERED, "0 of");
	/* the one that was lost, found again by a thief */
	testrotated_publish(&r, r.first);
	found = testrotated_verify(&r, &r.first);
	assert_found(&found, VERIFY_KEYS, VERIFY_TAMPERED, "has not signed");
	testrotated_end(&r);
}

/* ---- forged */

static void
an_entry_that_the_first_key_never_signed_is_refused(void **state)
{
	struct testrotated r;
	struct verify_result found;

	(void)state;
	/* the thief has no key of ours: another one in the note, or one line */
	testrotated_open(&r);
	testrotated_entry(&r, &r.first, &r.next);
	testrotated_publish(&r, r.third, r.next);
	testrotated_hand_over(&r, &r.first);
	found = testrotated_verify(&r, &r.first);
	assert_found(&found, VERIFY_CHECKPOINT, VERIFY_TAMPERED,
	    "not signed by the key");
	assert_string_equal(strrchr(found.finding[VERIFY_CHECKPOINT].file,
	    '.'), ".tlog-proof");
	testrotated_publish(&r, r.next);
	testrotated_hand_over(&r, &r.first);
	found = testrotated_verify(&r, &r.first);
	assert_found(&found, VERIFY_CHECKPOINT, VERIFY_TAMPERED,
	    "not signed by the key");
	testrotated_end(&r);
}

static void
a_tail_that_the_first_key_never_signed_is_refused(void **state)
{
	struct testrotated r;
	struct verify_result found;
	AUTO_DONE(bytes) receipt = { 0 };

	(void)state;
	/* what it signed ends before the entry */
	testrotated_open(&r);
	testrotated_receipt(&r, 7, &receipt);
	testrotated_entry(&r, &r.first, &r.next);
	testrotated_publish(&r, r.next);
	found = testrotated_verify(&r, &r.first);
	assert_found(&found, VERIFY_CHECKPOINT, VERIFY_TAMPERED, "0 of");
	/* a receipt that it did sign, of something else */
	write_all(testrotated_path(&r, &r.first), bytes_view(&receipt));
	found = testrotated_verify(&r, &r.first);
	assert_found(&found, VERIFY_CHECKPOINT, VERIFY_TAMPERED,
	    "no logkey.rotate");
	testrotated_end(&r);
}

static void
the_next_key_must_have_signed_as_well(void **state)
{
	struct testrotated r;
	struct verify_result found;

	(void)state;
	testrotated_open(&r);
	testrotated_entry(&r, &r.first, &r.next);
	testrotated_publish(&r, r.first);
	testrotated_hand_over(&r, &r.first);
	/* its checkpoint: not by whom the entry names */
	found = testrotated_verify(&r, &r.first);
	assert_found(&found, VERIFY_KEYS, VERIFY_TAMPERED, "has not signed");
	assert_true(found.finding[VERIFY_KEYS].first_index == r.index);
	testrotated_end(&r);
}

static void
a_former_key_signs_no_more(void **state)
{
	struct testrotated r;
	struct verify_result found;

	(void)state;
	testrotated_done_well(&r);
	teststory_beats(&r.s, 1);
	testrotated_publish(&r, r.first);
	found = testrotated_verify(&r, &r.first);
	assert_found(&found, VERIFY_CHECKPOINT, VERIFY_TAMPERED,
	    "replaced");
	/* not either where the thief has taken the receipt away */
	assert_int_equal(unlink(testrotated_path(&r, &r.first)), 0);
	found = testrotated_verify(&r, &r.first);
	assert_found(&found, VERIFY_KEYS, VERIFY_TAMPERED, "has not signed");
	testrotated_end(&r);
}

static void
without_its_receipt_a_handover_is_incomplete(void **state)
{
	struct testrotated r;
	struct verify_result found;
	char name[ROTATION_PATH];

	(void)state;
	testrotated_open(&r);
	testrotated_entry(&r, &r.first, &r.next);
	testrotated_publish(&r, BOTH(&r));
	found = testrotated_verify(&r, &r.first);
	assert_found(&found, VERIFY_KEYS, VERIFY_INCOMPLETE, "no receipt");
	assert_string_equal(found.finding[VERIFY_KEYS].file,
	    rotation_path(r.first.key, name));
	found = testrotated_verify(&r, &r.next);
	assert_verified(&found);
	testrotated_end(&r);
}

/* The first key's thief: a log of his own, or an entry of his own in it. */
static void
a_handover_to_another_log_is_found(void **state)
{
	struct testrotated r, forged;
	struct verify_result found;
	AUTO_DONE(bytes) receipt = { 0 };

	(void)state;
	testrotated_done_well(&r);
	testrotated_open(&forged);
	teststory_beats(&forged.s, 2);
	testrotated_entry(&forged, &forged.first, &forged.next);
	testrotated_publish(&forged, BOTH(&forged));
	testrotated_receipt(&forged, forged.index, &receipt);
	write_all(testrotated_path(&r, &r.first), bytes_view(&receipt));
	/* with another index: who signs from where on */
	found = testrotated_verify(&r, &r.first);
	assert_found(&found, VERIFY_KEYS, VERIFY_TAMPERED, "another entry");
	found = testrotated_verify(&r, &r.next);
	assert_found(&found, VERIFY_FILES, VERIFY_TAMPERED, "of this log");
	testrotated_end(&forged);
	testrotated_end(&r);
}

static void
a_handover_in_another_tree_is_found(void **state)
{
	struct testrotated r, forged;
	struct verify_result found;
	AUTO_DONE(bytes) receipt = { 0 };

	(void)state;
	/* the same entry in its place, and another behind it */
	testrotated_done_well(&r);
	testrotated_open(&forged);
	testrotated_entry(&forged, &forged.first, &forged.next);
	teststory_prune(&forged.s, 0);
	testrotated_publish(&forged, BOTH(&forged));
	testrotated_receipt(&forged, forged.index, &receipt);
	write_all(testrotated_path(&r, &r.first), bytes_view(&receipt));
	found = testrotated_verify(&r, &r.first);
	assert_found(&found, VERIFY_KEYS, VERIFY_TAMPERED, "same tree");
	found = testrotated_verify(&r, &r.next);
	assert_found(&found, VERIFY_FILES, VERIFY_TAMPERED, "same tree");
	testrotated_end(&forged);
	testrotated_end(&r);
}

static void
a_handover_ahead_of_the_checkpoint_is_not_looked_at(void **state)
{
	struct testrotated r;
	struct verify_result found;
	AUTO_DONE(bytes) note = { 0 };

	(void)state;
	testrotated_open(&r);
	read_all(path_in(&r.s.log, "checkpoint"), &note);
	testrotated_entry(&r, &r.first, &r.next);
	testrotated_publish(&r, BOTH(&r));
	testrotated_hand_over(&r, &r.first);
	/* a crash before the checkpoint: it is the one before */
	write_all(path_in(&r.s.log, "checkpoint"), bytes_view(&note));
	found = testrotated_verify(&r, &r.first);
	assert_verified(&found);
	testrotated_end(&r);
}

static void
an_end_between_entry_and_receipt_holds_the_entry_itself(void **state)
{
	struct testrotated r, forged;
	struct verify_result found;
	AUTO_DONE(bytes) note = { 0 }, receipt = { 0 };

	(void)state;
	testrotated_open(&r);
	testrotated_entry(&r, &r.first, &r.next);
	testrotated_publish(&r, BOTH(&r));
	read_all(path_in(&r.s.log, "checkpoint"), &note);
	teststory_beats(&r.s, 2);
	testrotated_publish(&r, BOTH(&r));
	testrotated_hand_over(&r, &r.first);
	write_all(path_in(&r.s.log, "checkpoint"), bytes_view(&note));
	found = testrotated_verify(&r, &r.first);
	assert_verified(&found);
	/* another entry of that index */
	testrotated_open(&forged);
	testrotated_entry(&forged, &forged.first, &forged.third);
	teststory_beats(&forged.s, 2);
	testrotated_publish(&forged, forged.first, forged.third);
	testrotated_receipt(&forged, forged.index, &receipt);
	write_all(testrotated_path(&r, &r.first), bytes_view(&receipt));
	found = testrotated_verify(&r, &r.next);
	assert_found(&found, VERIFY_FILES, VERIFY_TAMPERED, "of this log");
	testrotated_end(&forged);
	testrotated_end(&r);
}

static void
a_handover_lies_under_its_own_name(void **state)
{
	struct testrotated r;
	struct verify_result found;
	AUTO_DONE(bytes) receipt = { 0 };

	(void)state;
	testrotated_done_well(&r);
	read_all(testrotated_path(&r, &r.first), &receipt);
	write_all(testrotated_path(&r, &r.third), bytes_view(&receipt));
	found = testrotated_verify(&r, &r.first);
	assert_found(&found, VERIFY_FILES, VERIFY_TAMPERED, "lies with");
	testrotated_end(&r);
}

static void
a_chain_of_entries_has_no_gap(void **state)
{
	struct testrotated r;
	struct verify_result found;

	(void)state;
	testrotated_done_well(&r);
	/* by a key that never was the log's */
	testrotated_entry(&r, &r.first, &r.third);
	testrotated_publish(&r, r.next, r.third);
	found = testrotated_verify(&r, &r.next);
	assert_found(&found, VERIFY_KEYS, VERIFY_TAMPERED,
	    "was not the log's");
	testrotated_end(&r);
}

static void
every_bit_of_a_handover_matters(void **state)
{
	struct testrotated r;
	AUTO_DONE(bytes) receipt = { 0 };
	AUTO_DONE(receipt) whole = { 0 };
	AUTO_DONE(rotation) rotation = { 0 };

	(void)state;
	testrotated_done_well(&r);
	read_all(testrotated_path(&r, &r.first), &receipt);
	assert_int_equal(receipt_get(bytes_view(&receipt), &whole), ERR_OK);
	assert_int_equal(rotation_of(&whole, &rotation), ERR_OK);
	assert_true(rotation.index == r.index && !rotation.lost);
	for (size_t i = 0; i < receipt.len * 8; i++) {
		AUTO_DONE(receipt) changed = { 0 };
		AUTO_DONE(rotation) none = { 0 };

		receipt.at[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_true(receipt_get(bytes_view(&receipt), &changed) !=
		    ERR_OK || rotation_of(&changed, &none) != ERR_OK);
		receipt.at[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	testrotated_end(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_has_the_first_key_follows_to_the_next),
		cmocka_unit_test(who_has_the_next_key_needs_no_other),
		cmocka_unit_test(while_both_sign_either_key_will_do),
		cmocka_unit_test(keys_are_followed_one_after_the_other),
		cmocka_unit_test(more_than_are_told_are_counted),
		cmocka_unit_test(
		    what_was_signed_before_verifies_by_the_first_key),
		cmocka_unit_test(
		    a_policy_that_lists_both_keys_knows_which_counts),
		cmocka_unit_test(
		    an_older_end_is_verified_by_the_key_of_its_time),
		cmocka_unit_test(a_lost_key_hands_nothing_over),
		cmocka_unit_test(
		    an_entry_that_the_first_key_never_signed_is_refused),
		cmocka_unit_test(
		    a_tail_that_the_first_key_never_signed_is_refused),
		cmocka_unit_test(the_next_key_must_have_signed_as_well),
		cmocka_unit_test(a_former_key_signs_no_more),
		cmocka_unit_test(without_its_receipt_a_handover_is_incomplete),
		cmocka_unit_test(a_handover_to_another_log_is_found),
		cmocka_unit_test(a_handover_in_another_tree_is_found),
		cmocka_unit_test(
		    a_handover_ahead_of_the_checkpoint_is_not_looked_at),
		cmocka_unit_test(
		    an_end_between_entry_and_receipt_holds_the_entry_itself),
		cmocka_unit_test(a_handover_lies_under_its_own_name),
		cmocka_unit_test(a_chain_of_entries_has_no_gap),
		cmocka_unit_test(every_bit_of_a_handover_matters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
