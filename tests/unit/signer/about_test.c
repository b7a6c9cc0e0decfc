/*
 * What a daemon believes of its ceremony's transcript: a chain that holds to
 * its end, and officers who are in it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "signer/about.h"
#include "tests/unit/signer/transcript.h"

#define ROSTER_TEXT "okse-roster 1\nnot much of one\n"

static char transcript[] = "/tmp/okse-about-XXXXXX";
static char roster[] = "/tmp/okse-roster-XXXXXX";

static void
write_as(const char *path, const struct bytes *text)
{
	assert_int_equal(bytes_check(text), ERR_OK);
	assert_int_equal(file_publish(path, bytes_view(text), 0600), ERR_OK);
}

/* Of the record after OPEN what is given, then CLOSE; the root. */
static struct hash
write_transcript(const char *path, const char *content)
{
	AUTO_DONE(bytes) text = { 0 };
	struct hash h = { 0 };

	put_record(&text, "production", 1, "OPEN",
	    "ceremony=0102 mode=production name=x", &h);
	put_file(&text, 2, path, view_text(content), &h);
	put_record(&text, "production", 3, "CLOSE", "", &h);
	write_as(transcript, &text);
	return h;
}

static enum err
read_roster(void)
{
	const struct config c = { .roster = roster, .transcript = transcript };
	struct roster unused = { 0 };
	struct hash hash;

	return about_roster(&c, &unused, &hash);
}

static void
the_root_is_the_last_hash_of_a_chain_that_holds(void **)
{
	struct hash root = write_transcript("a", "b"), got;

	assert_int_equal(about_ceremony(transcript, &got), ERR_OK);
	assert_memory_equal(&got, &root, sizeof(got));
}

static void
no_bit_of_a_transcript_is_another(void **)
{
	AUTO_DONE(bytes) text = { 0 };
	struct hash got;

	(void)write_transcript("a", "b");
	assert_int_equal(file_read(transcript, 1 << 20, &text), ERR_OK);
	for (size_t i = 0; i < 8 * text.len; i++) {
		text.at[i / 8] ^= (uint8_t)(1 << i % 8);
		write_as(transcript, &text);
		assert_int_equal(about_ceremony(transcript, &got),
		    ERR_CORRUPT);
		text.at[i / 8] ^= (uint8_t)(1 << i % 8);
	}
}

/* Between two lines it is a transcript that was not ended: another root. */
static void
no_line_is_cut_left_out_or_said_twice(void **)
{
	AUTO_DONE(bytes) text = { 0 };
	struct hash root = write_transcript("a", "b"), got;

	assert_int_equal(file_read(transcript, 1 << 20, &text), ERR_OK);
	for (size_t len = 0; len < text.len; len++) {
		AUTO_DONE(bytes) cut = { 0 }, rest = { 0 }, twice = { 0 };
		bool whole = len == 0 || text.at[len - 1] == '\n';

		bytes_put(&cut, VIEW(text.at, len));
		write_as(transcript, &cut);
		assert_int_equal(about_ceremony(transcript, &got), len == 0 ?
		    ERR_SYNTAX : whole ? ERR_OK : ERR_CORRUPT);
		assert_memory_not_equal(&got, &root, sizeof(got));
		if (len == 0)
			continue;
		bytes_put(&rest, VIEW(text.at + len, text.len - len));
		write_as(transcript, &rest);
		assert_int_equal(about_ceremony(transcript, &got),
		    ERR_CORRUPT);
		bytes_put(&twice, bytes_view(&cut));
		bytes_put(&twice, bytes_view(&text));
		write_as(transcript, &twice);
		assert_int_equal(about_ceremony(transcript, &got),
		    ERR_CORRUPT);
	}
}

static void
officers_are_those_of_the_ceremony(void **)
{
	AUTO_DONE(bytes) text = { 0 };

	bytes_put_text(&text, ROSTER_TEXT);
	write_as(roster, &text);
	/* recorded: it is read, and is no roster */
	(void)write_transcript("ceremony/roster.txt", ROSTER_TEXT);
	assert_int_not_equal(read_roster(), ERR_MISMATCH);
	assert_int_not_equal(read_roster(), ERR_OK);
	(void)write_transcript("ceremony/roster.txt", ROSTER_TEXT "x");
	assert_int_equal(read_roster(), ERR_MISMATCH);
	assert_non_null(strstr(err_why(), "roster.txt: not the file that the "
	    "ceremony's transcript records"));
	(void)write_transcript("ceremony/quorum.txt", ROSTER_TEXT);
	assert_int_equal(read_roster(), ERR_MISMATCH);
	assert_non_null(strstr(err_why(), "tells of"));
}

static void
what_was_recorded_last_counts(void **)
{
	AUTO_DONE(bytes) text = { 0 };
	struct hash h = { 0 };

	bytes_put_text(&text, ROSTER_TEXT);
	write_as(roster, &text);
	bytes_reset(&text);
	put_record(&text, "production", 1, "OPEN",
	    "ceremony=0102 mode=production", &h);
	put_file(&text, 2, "ceremony/roster.txt", view_text(ROSTER_TEXT), &h);
	put_file(&text, 3, "ceremony/roster.txt", view_text("another"), &h);
	write_as(transcript, &text);
	assert_int_equal(read_roster(), ERR_MISMATCH);
	put_file(&text, 4, "ceremony/roster.txt", view_text(ROSTER_TEXT), &h);
	write_as(transcript, &text);
	assert_int_not_equal(read_roster(), ERR_MISMATCH);
}

static int
make_files(void **)
{
	int a = mkstemp(transcript), b = mkstemp(roster);

	return crypto_init() == ERR_OK && a != -1 && b != -1 &&
	    close(a) == 0 && close(b) == 0 ? 0 : -1;
}

static int
remove_files(void **)
{
	return unlink(transcript) == 0 && unlink(roster) == 0 ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    the_root_is_the_last_hash_of_a_chain_that_holds),
		cmocka_unit_test(no_bit_of_a_transcript_is_another),
		cmocka_unit_test(no_line_is_cut_left_out_or_said_twice),
		cmocka_unit_test(officers_are_those_of_the_ceremony),
		cmocka_unit_test(what_was_recorded_last_counts),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
