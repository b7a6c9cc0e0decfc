/*
 * A small export, changed in every way one file can be, or replaced by its
 * older self. Nothing is accepted, and the file is named.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "testflips.h"

#define HALF 20
#define ENTRIES (2 * HALF)

static struct testsweep s;

static void
the_export_itself_is_verified(void **state)
{
	struct verify_result r = testsweep_verify(&s, s.full);

	(void)state;
	for (size_t i = 0; i < VERIFY_CHECK_COUNT; i++)
		if (r.finding[i].why[0] != '\0')
			fail_msg("%s", r.finding[i].why);
	assert_int_equal(r.verdict, VERIFY_VERIFIED);
	assert_true(r.signatures == 2 && r.witnesses == 0);
	assert_true(r.size == ENTRIES && r.witnessed == ENTRIES);
	assert_true(r.count[VERIFY_CONSISTENCY].good == 2);
	assert_true(r.lag == 10);
	assert_true(testsweep_verify(&s, s.key).verdict == VERIFY_VERIFIED);
	/* checkpoint, witnessed, closed, two keys, bundles, tiles */
	assert_true(s.m.count == 9);
}

static void
a_flipped_bit_of_an_entry_is_named_by_its_index(void **state)
{
	(void)state;
	flipped_entries_are_named(&s, "tile/entries/000.p/40", 0);
}

/* The log, or some of its files, as it was at half its size. */
static void
put_back(const char *path)
{
	struct bytes *old = testmemory_find(&s.older, path);

	assert_non_null(old);
	testmemory_set(&s.m, path, bytes_view(old));
}

static void
an_older_checkpoint_is_a_rollback(void **state)
{
	AUTO_DONE(bytes) newest = { 0 }, witnessed = { 0 };
	struct verify_other kept = { "newest.note", { 0 } };
	struct verify_options o = { .trust = s.full, .others = &kept,
		.other_count = 1 };
	struct log_files files = testmemory_files(&s.m);
	struct verify_result r;

	(void)state;
	bytes_put(&newest, bytes_view(testmemory_find(&s.m, "checkpoint")));
	bytes_put(&witnessed, bytes_view(testmemory_find(&s.m,
	    "checkpoint.witnessed")));
	put_back("checkpoint");
	/* the newer one is still there for all to see */
	r = testsweep_verify(&s, s.full);
	assert_int_equal(r.verdict, VERIFY_TAMPERED);
	assert_true(testsweep_names(&r, "checkpoint.witnessed"));
	put_back("checkpoint.witnessed");
	/* or the auditor has kept it */
	kept.note = bytes_view(&newest);
	assert_int_equal(verify_with(&files, &o, &r), ERR_OK);
	assert_int_equal(r.verdict, VERIFY_TAMPERED);
	assert_true(testsweep_names(&r, "newest.note"));
	assert_non_null(strstr(r.finding[VERIFY_CONSISTENCY].why, "rolled"));
	/* asked for as of that time, it is a good log */
	o.to = (struct verify_other){ "kept", bytes_view(&s.kept) };
	assert_int_equal(verify_with(&files, &o, &r), ERR_OK);
	assert_int_equal(r.verdict, VERIFY_VERIFIED);
	assert_true(r.size == HALF && r.ahead == 2);
	testmemory_set(&s.m, "checkpoint", bytes_view(&newest));
	testmemory_set(&s.m, "checkpoint.witnessed", bytes_view(&witnessed));
	assert_int_equal(testsweep_verify(&s, s.full).verdict,
	    VERIFY_VERIFIED);
}

/* A tile of the size before, under the name of the one needed now. */
static void
an_older_tile_in_place_of_the_newer_is_found(void **state)
{
	static const char *const pair[][2] = {
		{ "tile/entries/000.p/20", "tile/entries/000.p/40" },
		{ "tile/0/000.p/20", "tile/0/000.p/40" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(pair); i++)
		for (size_t k = 0; k < 2; k++) {
			const char *from = pair[i][k], *to = pair[i][!k];
			AUTO_DONE(bytes) kept = { 0 };
			struct bytes *b = testmemory_find(&s.m, to);

			bytes_put(&kept, bytes_view(b));
			bytes_reset(b);
			bytes_put(b, bytes_view(testmemory_find(&s.m, from)));
			must_be_found(&s, to, "replaced", i);
			bytes_reset(b);
			bytes_put(b, bytes_view(&kept));
		}
}

static void
a_full_tile_in_place_of_a_partial_one_is_only_cut(void **state)
{
	struct bytes *b = testmemory_find(&s.m, "tile/0/000.p/40");
	size_t len = b->len;

	(void)state;
	testmemory_set(&s.m, "tile/0/000", bytes_view(b));
	b = testmemory_find(&s.m, "tile/0/000.p/40");
	memset(bytes_grow(testmemory_find(&s.m, "tile/0/000"),
	    TILE_SIZE - len), 7, TILE_SIZE - len);
	strcpy(s.m.file[s.m.count - 1].path, "tile/0/000");
	for (size_t i = 0; i < s.m.count; i++)
		if (strcmp(s.m.file[i].path, "tile/0/000.p/40") == 0)
			s.m.file[i].path[0] = '!';
	assert_int_equal(testsweep_verify(&s, s.key).verdict,
	    VERIFY_VERIFIED);
	testmemory_find(&s.m, "tile/0/000")->at[len - 1] ^= 1;
	assert_int_equal(testsweep_verify(&s, s.key).verdict,
	    VERIFY_TAMPERED);
	for (size_t i = 0; i < s.m.count; i++)
		if (s.m.file[i].path[0] == '!')
			s.m.file[i].path[0] = 't';
	bytes_done(&s.m.file[--s.m.count].content);
}

static void
more_checkpoints_than_can_be_compared_are_refused(void **state)
{
	struct verify_other same[VERIFY_OTHERS + 1];
	struct verify_options o = { .trust = s.full, .others = same,
		.other_count = VERIFY_OTHERS };
	struct log_files files = testmemory_files(&s.m);
	struct verify_result r;

	(void)state;
	for (size_t i = 0; i < COUNT(same); i++)
		same[i] = (struct verify_other){ "kept.note",
			bytes_view(&s.kept) };
	assert_int_equal(verify_with(&files, &o, &r), ERR_OK);
	assert_int_equal(r.verdict, VERIFY_VERIFIED);
	o.other_count++;
	assert_int_equal(verify_with(&files, &o, &r), ERR_RANGE);
}

/* ---- the keys as what is trusted, rather than as what is verified */

static void
a_flipped_bit_of_the_trusted_keys_trusts_nothing(void **state)
{
	AUTO_DONE(bytes) keys = { 0 };

	(void)state;
	bytes_put(&keys, bytes_view(testmemory_find(&s.m, "log.vkey")));
	bytes_put(&keys, bytes_view(testmemory_find(&s.m,
	    "log-ecdsa.vkey")));
	for (size_t b = 0; b < keys.len * 8; b++) {
		AUTO(trust_policy) trust = NULL;

		keys.at[b / 8] ^= (uint8_t)(1 << b % 8);
		if (trust_keys_get(bytes_view(&keys), &trust) == ERR_OK)
			assert_int_not_equal(testsweep_verify(&s,
			    trust).verdict, VERIFY_VERIFIED);
		keys.at[b / 8] ^= (uint8_t)(1 << b % 8);
	}
}

static int
setup(void **state)
{
	*state = &s;
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
		cmocka_unit_test(the_export_itself_is_verified),
		cmocka_unit_test(every_flipped_bit_is_found_in_its_file),
		cmocka_unit_test(
		    a_flipped_bit_of_an_entry_is_named_by_its_index),
		cmocka_unit_test(a_file_cut_at_any_offset_is_found),
		cmocka_unit_test(appended_and_prepended_bytes_are_found),
		cmocka_unit_test(
		    a_deleted_file_that_the_checkpoint_needs_is_missed),
		cmocka_unit_test(files_that_changed_places_are_found),
		cmocka_unit_test(an_older_checkpoint_is_a_rollback),
		cmocka_unit_test(an_older_tile_in_place_of_the_newer_is_found),
		cmocka_unit_test(
		    a_full_tile_in_place_of_a_partial_one_is_only_cut),
		cmocka_unit_test(
		    more_checkpoints_than_can_be_compared_are_refused),
		cmocka_unit_test(
		    a_flipped_bit_of_the_trusted_keys_trusts_nothing),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
