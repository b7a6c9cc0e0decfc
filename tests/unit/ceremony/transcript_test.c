/*
 * The transcript: what is written verifies, and no bit, record or order of it
 * can be changed unnoticed.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/file.h"
#include "ceremony/payload.h"

static char dir[] = "/tmp/okse-transcript-XXXXXX";
static struct bytes good;

static void
put(struct transcript *t, enum record_type type, const char *step,
    const char *key, const char *value)
{
	AUTO_DONE(payload) p = { 0 };

	payload_put(&p, key, value);
	assert_int_equal(transcript_put(t, type, step, "operator", &p),
	    ERR_OK);
}

/* A small ceremony: two steps. The file is read into text and removed. */
static struct hash
write_ceremony(const char *mode, const char *name, struct bytes *text)
{
	AUTO(transcript) t = NULL;
	char path[64];

	snprintf(path, sizeof(path), "%s/t.log", dir);
	assert_int_equal(transcript_create(path, mode, &t), ERR_OK);
	put(t, RECORD_OPEN, "open", "mode", mode);
	put(t, RECORD_ENV, "open", "module", name);
	put(t, RECORD_INTENT, "1.first", "a", "1");
	put(t, RECORD_KEYGEN, "1.first", "label", "a b|c=d%e\xea\xb0\x80");
	put(t, RECORD_RESULT, "1.first", "a", "");
	put(t, RECORD_INTENT, "2.second", "b", "2");
	put(t, RECORD_RESULT, "2.second", "b", "2");
	assert_int_equal(transcript_put(t, RECORD_CLOSE, "close", "operator",
	    NULL), ERR_OK);
	assert_int_equal(file_read(path, 1 << 20, text), ERR_OK);
	unlink(path);
	return transcript_root(t);
}

static enum err
verify(struct view text)
{
	struct records r = { 0 };
	enum err e = transcript_verify(text, "rehearsal", &r);

	assert_true((e == ERR_OK) == (r.at != NULL));
	records_done(&r);
	return e;
}

static void
what_is_written_verifies(void **state)
{
	AUTO_DONE(bytes) text = { 0 };
	AUTO_DONE(bytes) label = { 0 };
	struct hash root = write_ceremony("rehearsal", "m", &text);
	struct records r;

	(void)state;
	assert_int_equal(transcript_verify(bytes_view(&text), "rehearsal",
	    &r), ERR_OK);
	assert_int_equal(r.count, 8);
	assert_memory_equal(&r.root, &root, sizeof(root));
	assert_int_equal(r.at[3].type, RECORD_KEYGEN);
	assert_true(view_is(r.at[3].step, "1.first"));
	assert_int_equal(record_get(&r.at[3], "label", &label), ERR_OK);
	assert_string_equal(bytes_text(&label), "a b|c=d%e\xea\xb0\x80");
	assert_int_equal(record_get(&r.at[3], "other", &label), ERR_NOT_FOUND);
	records_done(&r);
}

static void
every_flipped_bit_is_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < good.len; i++)
		for (unsigned int bit = 0; bit < 8; bit++) {
			good.at[i] ^= (uint8_t)(1u << bit);
			assert_int_not_equal(verify(bytes_view(&good)),
			    ERR_OK);
			good.at[i] ^= (uint8_t)(1u << bit);
		}
	assert_int_equal(verify(bytes_view(&good)), ERR_OK);
}

static void
a_cut_at_every_byte_is_found(void **state)
{
	(void)state;
	for (size_t len = 0; len < good.len; len++)
		assert_int_equal(verify(VIEW(good.at, len)), ERR_CORRUPT);
}

static void
bytes_added_at_the_end_are_found(void **state)
{
	static const char *const tails[] = { "\n", " ", "x\n", "\r\n" };

	(void)state;
	for (size_t i = 0; i < COUNT(tails); i++) {
		AUTO_DONE(bytes) longer = { 0 };

		bytes_put(&longer, bytes_view(&good));
		bytes_put_text(&longer, tails[i]);
		assert_int_equal(verify(bytes_view(&longer)), ERR_CORRUPT);
	}
}

/* The lines of a text, line ends included. */
static size_t
lines_of(const struct bytes *text, struct view lines[16])
{
	size_t n = 0;
	const uint8_t *from = text->at;

	for (size_t i = 0; i < text->len; i++)
		if (text->at[i] == '\n') {
			assert_true(n < 16);
			lines[n++] = VIEW(from, (size_t)(text->at + i + 1 -
			    from));
			from = text->at + i + 1;
		}
	return n;
}

static enum err
verify_lines(const struct view *lines, size_t count)
{
	AUTO_DONE(bytes) text = { 0 };

	for (size_t i = 0; i < count; i++)
		bytes_put(&text, lines[i]);
	return verify(bytes_view(&text));
}

static void
every_deleted_record_is_found(void **state)
{
	struct view lines[16], rest[16];
	size_t n = lines_of(&good, lines);

	(void)state;
	for (size_t gone = 0; gone < n; gone++) {
		size_t k = 0;

		for (size_t i = 0; i < n; i++)
			if (i != gone)
				rest[k++] = lines[i];
		assert_int_equal(verify_lines(rest, k), ERR_CORRUPT);
	}
}

static void
every_doubled_or_moved_record_is_found(void **state)
{
	struct view lines[16], other[17];
	size_t n = lines_of(&good, lines);

	(void)state;
	for (size_t from = 0; from < n; from++)
		for (size_t to = 0; to <= n; to++) {
			size_t k = 0;

			for (size_t i = 0; i <= n; i++) {
				if (i == to)
					other[k++] = lines[from];
				if (i < n)
					other[k++] = lines[i];
			}
			assert_int_equal(verify_lines(other, k), ERR_CORRUPT);
		}
}

static void
every_two_swapped_records_are_found(void **state)
{
	struct view lines[16];
	size_t n = lines_of(&good, lines);

	(void)state;
	for (size_t a = 0; a < n; a++)
		for (size_t b = a + 1; b < n; b++) {
			struct view kept = lines[a];

			lines[a] = lines[b];
			lines[b] = kept;
			assert_int_equal(verify_lines(lines, n), ERR_CORRUPT);
			lines[b] = lines[a];
			lines[a] = kept;
		}
}

static void
the_end_of_another_ceremony_does_not_fit(void **state)
{
	AUTO_DONE(bytes) text = { 0 };
	struct view lines[16], other[16];
	size_t n = lines_of(&good, lines);

	(void)state;
	write_ceremony("rehearsal", "another", &text);
	assert_int_equal(lines_of(&text, other), n);
	for (size_t from = 1; from < n; from++) {
		struct view spliced[16];

		for (size_t i = 0; i < n; i++)
			spliced[i] = i < from ? lines[i] : other[i];
		/* record 1 is the same in both unless the second changed */
		if (from == 1 && view_equal(lines[0], other[0]))
			continue;
		assert_int_equal(verify_lines(spliced, n), ERR_CORRUPT);
	}
}

static void
a_ceremony_of_another_mode_does_not_verify(void **state)
{
	AUTO_DONE(bytes) text = { 0 };

	(void)state;
	write_ceremony("production", "m", &text);
	assert_int_equal(verify(bytes_view(&text)), ERR_CORRUPT);
}

/* ---- rightly chained, wrongly made */

/* Chains the rows as they are. */
static void
chain(const char *const *rows, size_t count, struct bytes *out)
{
	struct hash previous = { 0 };

	for (size_t i = 0; i < count; i++) {
		AUTO_DONE(bytes) line = { 0 };

		bytes_printf(&line, "%s|", rows[i]);
		hex_put(&line, VIEW_OF(previous.at));
		previous = record_hash("rehearsal", bytes_view(&line));
		bytes_put_u8(&line, '|');
		hex_put(&line, VIEW_OF(previous.at));
		bytes_put_u8(&line, '\n');
		bytes_put(out, bytes_view(&line));
	}
}

#define T "|2026-11-23T00:00:00Z|"
#define FIRST "1" T "0|OPEN|open|operator|mode=rehearsal"

static const struct {
	const char	*rows[6];
	enum err	 wanted;
} chains[] = {
	{ { FIRST, "2" T "0|CLOSE|close|operator|" }, ERR_OK },
	{ { FIRST, "2" T "0|ABORT|close|operator|" }, ERR_MISMATCH },
	{ { FIRST }, ERR_CORRUPT },
	{ { "1" T "0|CLOSE|close|operator|mode=rehearsal" },
	    ERR_CORRUPT },
	{ { "1" T "0|OPEN|open|operator|mode=production",
	    "2" T "0|CLOSE|close|operator|" }, ERR_MISMATCH },
	{ { "1" T "0|OPEN|open|operator|",
	    "2" T "0|CLOSE|close|operator|" }, ERR_NOT_FOUND },
	{ { FIRST, "2" T "0|OPEN|open|operator|mode=rehearsal",
	    "3" T "0|CLOSE|close|operator|" }, ERR_CORRUPT },
	{ { FIRST, "3" T "0|CLOSE|close|operator|" }, ERR_CORRUPT },
	{ { FIRST, "02" T "0|CLOSE|close|operator|" }, ERR_CORRUPT },
	{ { FIRST, "2" T "00|CLOSE|close|operator|" }, ERR_CORRUPT },
	{ { FIRST, "2" T "-1|CLOSE|close|operator|" }, ERR_CORRUPT },
	{ { FIRST, "2" T "0|NOVEL|close|operator|" }, ERR_CORRUPT },
	{ { FIRST, "2" T "0|close|close|operator|" }, ERR_CORRUPT },
	{ { FIRST, "2" T "0|CLOSE|Close|operator|" }, ERR_CORRUPT },
	{ { FIRST, "2" T "0|CLOSE||operator|" }, ERR_CORRUPT },
	{ { FIRST, "2" T "0|CLOSE|close||" }, ERR_CORRUPT },
	{ { FIRST, "2" T "0|CLOSE|close|operator" }, ERR_CORRUPT },
	{ { FIRST, "2" T "0|CLOSE|close|operator||" }, ERR_CORRUPT },
	/* time */
	{ { FIRST, "2|2026-11-22T23:59:59Z|0|CLOSE|close|operator|" },
	    ERR_CORRUPT },
	{ { FIRST, "2|2026-11-23T00:00:00+00:00|0|CLOSE|close|"
	    "operator|" }, ERR_CORRUPT },
	{ { "1" T "5|OPEN|open|operator|mode=rehearsal",
	    "2" T "4|CLOSE|close|operator|" }, ERR_CORRUPT },
	/* payload */
	{ { FIRST, "2" T "0|CLOSE|close|operator|a=1 b=2" }, ERR_OK },
	{ { FIRST, "2" T "0|CLOSE|close|operator|b=2 a=1" },
	    ERR_CORRUPT },
	{ { FIRST, "2" T "0|CLOSE|close|operator|a=1 a=1" },
	    ERR_CORRUPT },
	{ { FIRST, "2" T "0|CLOSE|close|operator|a=1 " },
	    ERR_CORRUPT },
	{ { FIRST, "2" T "0|CLOSE|close|operator| a=1" },
	    ERR_CORRUPT },
	{ { FIRST, "2" T "0|CLOSE|close|operator|a" }, ERR_CORRUPT },
	{ { FIRST, "2" T "0|CLOSE|close|operator|=1" }, ERR_CORRUPT },
	{ { FIRST, "2" T "0|CLOSE|close|operator|A=1" },
	    ERR_CORRUPT },
	{ { FIRST, "2" T "0|CLOSE|close|operator|a=%41" },
	    ERR_CORRUPT },
	{ { FIRST, "2" T "0|CLOSE|close|operator|a=%2f" },
	    ERR_CORRUPT },
	{ { FIRST, "2" T "0|CLOSE|close|operator|a=%7C" }, ERR_OK },
	{ { FIRST, "2" T "0|CLOSE|close|operator|a=%7c" },
	    ERR_CORRUPT },
	{ { FIRST, "2" T "0|CLOSE|close|operator|a=%7" },
	    ERR_CORRUPT },
	{ { FIRST, "2" T "0|CLOSE|close|operator|a=b=c" },
	    ERR_CORRUPT },
	{ { FIRST, "2" T "0|CLOSE|close|operator|a=\xea" },
	    ERR_CORRUPT },
	/* order */
	{ { FIRST, "2" T "0|CLOSE|close|operator|",
	    "3" T "0|ENV|open|operator|" }, ERR_CORRUPT },
	{ { FIRST, "2" T "0|RESULT|1.a|operator|",
	    "3" T "0|CLOSE|close|operator|" }, ERR_CORRUPT },
	{ { FIRST, "2" T "0|INTENT|1.a|operator|",
	    "3" T "0|CLOSE|close|operator|" }, ERR_CORRUPT },
	{ { FIRST, "2" T "0|INTENT|1.a|operator|",
	    "3" T "0|INTENT|2.b|operator|" }, ERR_CORRUPT },
	{ { FIRST, "2" T "0|INTENT|1.a|operator|",
	    "3" T "0|RESULT|2.b|operator|" }, ERR_CORRUPT },
	{ { FIRST, "2" T "0|KEYGEN|1.a|operator|",
	    "3" T "0|CLOSE|close|operator|" }, ERR_CORRUPT },
	{ { FIRST, "2" T "0|INTENT|1.a|operator|",
	    "3" T "0|RESULT|1.a|operator|",
	    "4" T "0|FILE|open|operator|" }, ERR_CORRUPT },
	{ { FIRST, "2" T "0|INTENT|1.a|operator|",
	    "3" T "0|ABORT|1.a|operator|" }, ERR_MISMATCH },
};

static void
a_right_chain_of_wrong_records_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(chains); i++) {
		AUTO_DONE(bytes) text = { 0 };
		size_t n = 0;

		while (n < 6 && chains[i].rows[n] != NULL)
			n++;
		chain(chains[i].rows, n, &text);
		if (verify(bytes_view(&text)) != chains[i].wanted)
			fail_msg("case %zu: %s", i, err_why());
	}
}

static void
a_line_has_at_most_8192_bytes(void **state)
{
	char row[TRANSCRIPT_LINE];
	/* what the row is not: two hashes, two bars, a line end */
	size_t over = 2 * 64 + 2 + 1;

	(void)state;
	for (size_t len = TRANSCRIPT_LINE - 1; len <= TRANSCRIPT_LINE + 1;
	    len++) {
		AUTO_DONE(bytes) text = { 0 };
		const char *rows[2] = { FIRST, row };
		size_t n = (size_t)snprintf(row, sizeof(row), "%s",
		    "2" T "0|CLOSE|close|operator|a=");

		memset(row + n, 'v', len - over - n);
		row[len - over] = '\0';
		chain(rows, 2, &text);
		assert_int_equal(verify(bytes_view(&text)),
		    len <= TRANSCRIPT_LINE ? ERR_OK : ERR_CORRUPT);
	}
}

/* ---- writing */

static void
a_transcript_is_never_overwritten(void **state)
{
	AUTO(transcript) t = NULL;
	AUTO(transcript) again = NULL;
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "%s/twice.log", dir);
	assert_int_equal(transcript_create(path, "rehearsal", &t), ERR_OK);
	assert_int_equal(transcript_create(path, "rehearsal", &again),
	    ERR_EXISTS);
	unlink(path);
}

static void
after_a_failure_nothing_more_is_written(void **state)
{
	AUTO(transcript) t = NULL;
	AUTO_DONE(payload) twice = { 0 };
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "%s/failed.log", dir);
	assert_int_equal(transcript_create(path, "rehearsal", &t), ERR_OK);
	payload_put(&twice, "a", "1");
	payload_put(&twice, "a", "2");
	assert_int_equal(transcript_put(t, RECORD_OPEN, "open", "operator",
	    &twice), ERR_TOO_LARGE);
	assert_int_equal(transcript_put(t, RECORD_OPEN, "open", "operator",
	    NULL), ERR_TOO_LARGE);
	unlink(path);
}

/* RLIMIT_FSIZE stands in for a disk that is full after some bytes. */
static void
a_full_disk_is_noticed_and_final(void **state)
{
	AUTO(transcript) t = NULL;
	struct rlimit kept, small;
	char path[64];
	enum err e = ERR_OK;

	(void)state;
	snprintf(path, sizeof(path), "%s/full.log", dir);
	assert_int_equal(transcript_create(path, "rehearsal", &t), ERR_OK);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &kept), 0);
	small = (struct rlimit){ .rlim_cur = 1000, .rlim_max = kept.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (int i = 0; i < 10 && e == ERR_OK; i++)
		e = transcript_put(t, RECORD_ENV, "open", "operator", NULL);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &kept), 0);
	assert_int_equal(e, ERR_SYSTEM);
	assert_int_equal(transcript_put(t, RECORD_ENV, "open", "operator",
	    NULL), ERR_SYSTEM);
	unlink(path);
}

static int
prepare(void **state)
{
	(void)state;
	if (crypto_init() != ERR_OK || mkdtemp(dir) == NULL)
		return -1;
	write_ceremony("rehearsal", "m", &good);
	return 0;
}

static int
clean_up(void **state)
{
	(void)state;
	bytes_done(&good);
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_verifies),
		cmocka_unit_test(every_flipped_bit_is_found),
		cmocka_unit_test(a_cut_at_every_byte_is_found),
		cmocka_unit_test(bytes_added_at_the_end_are_found),
		cmocka_unit_test(every_deleted_record_is_found),
		cmocka_unit_test(every_doubled_or_moved_record_is_found),
		cmocka_unit_test(every_two_swapped_records_are_found),
		cmocka_unit_test(the_end_of_another_ceremony_does_not_fit),
		cmocka_unit_test(a_ceremony_of_another_mode_does_not_verify),
		cmocka_unit_test(a_right_chain_of_wrong_records_is_refused),
		cmocka_unit_test(a_line_has_at_most_8192_bytes),
		cmocka_unit_test(a_transcript_is_never_overwritten),
		cmocka_unit_test(after_a_failure_nothing_more_is_written),
		cmocka_unit_test(a_full_disk_is_noticed_and_final),
	};

	return cmocka_run_group_tests(tests, prepare, clean_up);
}
