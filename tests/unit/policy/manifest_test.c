/*
 * The manifest: one text for each, and every fault refused.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "policy/manifest.h"

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char good[] =
    "okse/policy-bundle/v1\n"
    "serial 7\n"
    "not-before 2026-11-23T00:00:00Z\n"
    "expires 2027-11-23T00:00:00Z\n"
    "program 1\n"
    "file 10 " HASH " policy.yaml\n"
    "file 1048576 " HASH " resident-id.yaml\n"
    "file 0 " HASH " resident-id_test.yaml\n";

static void
a_manifest_is_read_and_written_back_byte_for_byte(void **state)
{
	AUTO_DONE(bytes) again = { 0 };
	struct manifest m;

	(void)state;
	assert_int_equal(manifest_get(view_text(good), &m), ERR_OK);
	assert_int_equal(m.serial, 7);
	assert_int_equal(m.expires - m.not_before, 365 * DAY);
	assert_int_equal(m.program, 1);
	assert_int_equal(m.count, 3);
	assert_string_equal(m.files[2].name, "resident-id_test.yaml");
	assert_int_equal(m.files[1].length, 1048576);
	assert_int_equal(m.files[0].hash.at[1], 0x23);
	assert_int_equal(manifest_put(&m, &again), ERR_OK);
	assert_string_equal(bytes_text(&again), good);
}

static enum err
get_changed(const char *from, const char *to)
{
	AUTO_DONE(bytes) text = { 0 };
	const char *at = strstr(good, from);
	struct manifest m = { .count = 77 };
	enum err e;

	assert_non_null(at);
	bytes_put(&text, VIEW(good, (size_t)(at - good)));
	bytes_put_text(&text, to);
	bytes_put_text(&text, at + strlen(from));
	e = manifest_get(bytes_view(&text), &m);
	assert_true(e == ERR_OK || m.count == 77);
	return e;
}

static void
each_fault_is_refused(void **state)
{
	static const struct {
		const char	*from, *to;
		enum err	 wanted;
	} cases[] = {
		{ "serial 7", "serial 9007199254740991", ERR_OK },
		{ "serial 7", "serial 9007199254740992", ERR_SYNTAX },
		{ "serial 7", "serial 0", ERR_SYNTAX },
		{ "serial 7", "serial 07", ERR_SYNTAX },
		{ "serial 7", "serial -7", ERR_SYNTAX },
		{ "serial 7", "serial  7", ERR_SYNTAX },
		{ "serial 7\n", "", ERR_SYNTAX },
		{ "bundle/v1", "bundle/v2", ERR_SYNTAX },
		{ "T00:00:00Z", "T00:00:00+00:00", ERR_SYNTAX },
		{ "T00:00:00Z", "T00:00:00.0Z", ERR_SYNTAX },
		{ "2026-11-23", "2026-11-31", ERR_SYNTAX },
		{ "2027-11-23", "2026-11-23", ERR_RANGE },
		{ "2027-11-23T00:00:00Z", "2026-11-23T00:00:01Z", ERR_OK },
		{ "program 1", "program one", ERR_SYNTAX },
		{ "file 10 ", "file 010 ", ERR_SYNTAX },
		{ "file 1048576 ", "file 1048577 ", ERR_SYNTAX },
		{ "file 10 0", "file 10 ", ERR_SYNTAX },
		{ "file 10 01", "file 10 0g", ERR_SYNTAX },
		{ "abcdef ", "ABCDEF ", ERR_SYNTAX },
		{ "policy.yaml", "resident-id.yaml", ERR_SYNTAX },
		{ "policy.yaml", "s.yaml", ERR_SYNTAX },
		{ "policy.yaml", ".policy.yaml", ERR_SYNTAX },
		{ "policy.yaml", "../policy.yaml", ERR_SYNTAX },
		{ "policy.yaml", "a/policy.yaml", ERR_SYNTAX },
		{ "policy.yaml", "Policy.yaml", ERR_SYNTAX },
		{ "policy.yaml", "policy.yml", ERR_SYNTAX },
		{ "policy.yaml", ".yaml", ERR_SYNTAX },
		{ "policy.yaml", "p.yaml", ERR_OK },
		{ "policy.yaml", "policy yaml", ERR_SYNTAX },
		{ "_test.yaml\n", "_test.yaml", ERR_SYNTAX },
		{ "_test.yaml\n", "_test.yaml\n\n", ERR_SYNTAX },
		{ "_test.yaml\n", "_test.yaml\r\n", ERR_SYNTAX },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (get_changed(cases[i].from, cases[i].to) !=
		    cases[i].wanted)
			fail_msg("%s -> %s: %s", cases[i].from, cases[i].to,
			    err_why());
}

static void
no_flipped_bit_leaves_the_manifest_as_it_was(void **state)
{
	char text[sizeof(good)];

	(void)state;
	memcpy(text, good, sizeof(good));
	for (size_t bit = 0; bit < 8 * strlen(good); bit++) {
		AUTO_DONE(bytes) again = { 0 };
		struct manifest m;

		text[bit / 8] ^= (char)(1 << bit % 8);
		if (manifest_get(VIEW(text, strlen(good)), &m) == ERR_OK) {
			assert_int_equal(manifest_put(&m, &again), ERR_OK);
			assert_true(view_equal(bytes_view(&again),
			    VIEW(text, strlen(good))));
		}
		text[bit / 8] ^= (char)(1 << bit % 8);
	}
}

/* count files named 00.yaml, 01.yaml, … */
static enum err
get_with_files(unsigned int count)
{
	AUTO_DONE(bytes) text = { 0 };
	struct manifest m;

	bytes_put(&text, VIEW(good, (size_t)(strstr(good, "file") - good)));
	for (unsigned int i = 0; i < count; i++)
		bytes_printf(&text, "file 1 " HASH " %02u.yaml\n", i);
	return manifest_get(bytes_view(&text), &m);
}

static void
there_are_1_to_64_files(void **state)
{
	(void)state;
	assert_int_equal(get_with_files(0), ERR_SYNTAX);
	assert_int_equal(get_with_files(1), ERR_OK);
	assert_int_equal(get_with_files(MANIFEST_FILES - 1), ERR_OK);
	assert_int_equal(get_with_files(MANIFEST_FILES), ERR_OK);
	assert_int_equal(get_with_files(MANIFEST_FILES + 1), ERR_SYNTAX);
}

static void
a_name_has_at_most_64_bytes(void **state)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789"
	    "abcdefghijklmnopqrstuvwxyz0123456789";

	(void)state;
	for (int n = 57; n <= 60; n++) {
		char name[80];

		snprintf(name, sizeof(name), "%.*s.yaml", n, letters);
		assert_int_equal(manifest_name_fits(view_text(name)),
		    n + 5 <= MANIFEST_NAME);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_manifest_is_read_and_written_back_byte_for_byte),
		cmocka_unit_test(each_fault_is_refused),
		cmocka_unit_test(no_flipped_bit_leaves_the_manifest_as_it_was),
		cmocka_unit_test(there_are_1_to_64_files),
		cmocka_unit_test(a_name_has_at_most_64_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
