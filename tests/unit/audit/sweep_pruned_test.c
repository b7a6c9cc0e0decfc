/*
 * A small export whose first entries are gone by its minimum index, changed
 * in every way one file can be: hashes that stand for absent entries are
 * swept like those that the entries give. Nothing is accepted, and the file
 * is named.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "testflips.h"

#define GONE TILE_WIDTH
#define ENTRIES (GONE + 40)
#define GONE_BUNDLE "tile/entries/000"
#define BUNDLE "tile/entries/001.p/40"

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
	assert_true(r.size == ENTRIES && r.witnessed == ENTRIES);
	assert_true(r.minimum == GONE && r.absent == GONE);
	assert_true(r.count[VERIFY_ENTRIES].good == ENTRIES - GONE);
	assert_null(testmemory_find(&s.m, GONE_BUNDLE));
	/* the period that is gone is known by its root alone */
	assert_true(r.count[VERIFY_PERIODS].good == 1);
	assert_true(r.count[VERIFY_CONSISTENCY].good == 2);
}

static void
a_flipped_bit_of_an_entry_is_named_by_its_index(void **state)
{
	(void)state;
	flipped_entries_are_named(&s, BUNDLE, GONE);
}

/* Whoever kept what is gone may bring it back, and nothing else. */
static void
what_comes_back_is_what_went_or_is_found(void **state)
{
	struct bytes *kept = testmemory_find(&s.older, GONE_BUNDLE);
	struct verify_result r;

	(void)state;
	testmemory_set(&s.m, GONE_BUNDLE, bytes_view(kept));
	r = testsweep_verify(&s, s.full);
	assert_int_equal(r.verdict, VERIFY_VERIFIED);
	assert_true(r.absent == 0 && r.minimum == GONE);
	flipped_entries_are_named(&s, GONE_BUNDLE, 0);
	for (size_t n = 0; n < kept->len; n += testflips_all() ? 1 : 997) {
		testmemory_set(&s.m, GONE_BUNDLE, VIEW(kept->at, n));
		must_be_found(&s, GONE_BUNDLE, "cut", n);
	}
	testmemory_remove(&s.m, GONE_BUNDLE);
}

/* A log that was smaller allows nothing to be absent. */
static void
an_older_checkpoint_does_not_know_of_the_absence(void **state)
{
	AUTO_DONE(bytes) newest = { 0 };
	struct verify_result r;

	(void)state;
	bytes_put(&newest, bytes_view(testmemory_find(&s.m, "checkpoint")));
	testmemory_set(&s.m, "checkpoint", bytes_view(&s.kept));
	r = testsweep_verify(&s, s.key);
	testmemory_set(&s.m, "checkpoint", bytes_view(&newest));
	assert_int_not_equal(r.verdict, VERIFY_VERIFIED);
	assert_true(testsweep_names(&r, GONE_BUNDLE));
	assert_int_equal(r.finding[VERIFY_ENTRIES].verdict,
	    VERIFY_INCOMPLETE);
	assert_true(r.finding[VERIFY_ENTRIES].last_index == GONE - 1);
}

/* A quorum may still be waited for: without its lines, all bits count. */
static void
uncosign(const char *path)
{
	struct bytes *b = testmemory_find(&s.m, path);
	AUTO_DONE(bytes) text = { 0 };
	struct note n;

	assert_int_equal(note_get(bytes_view(b), &n), ERR_OK);
	bytes_put(&text, n.text);
	assert_int_equal(testsweep_sign(&s, bytes_view(&text), 0, b), ERR_OK);
}

static int
setup(void **state)
{
	*state = &s;
	if (testsweep_open_story(&s, GONE, ENTRIES - GONE, true) != 0)
		return -1;
	uncosign("closed/2026-11.note");
	return 0;
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
		cmocka_unit_test(what_comes_back_is_what_went_or_is_found),
		cmocka_unit_test(
		    an_older_checkpoint_does_not_know_of_the_absence),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
