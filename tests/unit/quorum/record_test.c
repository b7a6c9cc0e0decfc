/*
 * quorum.txt: one text for each record, a line number for each fault.
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
#include "quorum/quorum.h"
#include "vector.h"

static void
a_record_is_read_and_written_back_byte_for_byte(void **state)
{
	AUTO_DONE(bytes) again = { 0 };
	struct quorum q;

	(void)state;
	assert_int_equal(quorum_get(view_text(vector_record), &q), ERR_OK);
	assert_int_equal(q.threshold, 3);
	assert_int_equal(q.count, 5);
	assert_string_equal(q.officers[4], "officer 5");
	assert_int_equal(quorum_put(&q, &again), ERR_OK);
	assert_string_equal(bytes_text(&again), vector_record);
}

/* The vector with the first `from` replaced by `to`. */
static enum err
get_changed(const char *from, const char *to)
{
	AUTO_DONE(bytes) text = { 0 };
	const char *at = strstr(vector_record, from);
	struct quorum q = { .count = 77 };
	enum err e;

	assert_non_null(at);
	bytes_put(&text, VIEW(vector_record, (size_t)(at - vector_record)));
	bytes_put_text(&text, to);
	bytes_put_text(&text, at + strlen(from));
	e = quorum_get(bytes_view(&text), &q);
	assert_true(e == ERR_OK || q.count == 77);
	return e;
}

static void
each_fault_is_refused_with_its_line(void **state)
{
	static const struct {
		const char *from, *to;
		enum err wanted;
		const char *line;
	} cases[] = {
		{ "okse-quorum 1", "okse-quorum 2", ERR_UNSUPPORTED, "line 1" },
		{ "okse-quorum", "other", ERR_SYNTAX, "line 1" },
		{ "set 00", "set 0", ERR_SYNTAX, "line 2" },
		{ "set 00", "set 000", ERR_SYNTAX, "line 2" },
		{ "set 00", "set 0g", ERR_SYNTAX, "line 2" },
		{ "ceremony f8", "ceremony F8", ERR_SYNTAX, "line 3" },
		{ "threshold 3", "threshold 1", ERR_RANGE, "line 5" },
		{ "threshold 3", "threshold 6", ERR_RANGE, "line 5" },
		{ "threshold 3", "threshold", ERR_SYNTAX, "line 4" },
		{ "threshold 3", "threshold ", ERR_RANGE, "line 4" },
		{ "threshold 3", "threshold -3", ERR_SYNTAX, "line 4" },
		{ "shares 5", "shares 33", ERR_RANGE, "line 5" },
		{ "shares 5", "shares 4294967301", ERR_RANGE, "line 5" },
		{ "shares 5", "shares 4", ERR_SYNTAX, "line 11" },
		{ "shares 5", "shares 6", ERR_SYNTAX, "line 12" },
		{ "secret 60", "secret 6", ERR_SYNTAX, "line 6" },
		{ "share 2", "share 1", ERR_SYNTAX, "line 8" },
		{ "share 2", "share 0", ERR_RANGE, "line 8" },
		{ " officer 3", "", ERR_SYNTAX, "line 9" },
		{ "officer 3", "", ERR_SYNTAX, "line 9" },
		{ "officer 3", "a\tb", ERR_SYNTAX, "line 9" },
		{ "officer 3", "\xc0\x80", ERR_SYNTAX, "line 9" },
		{ "officer 5\n", "officer 5", ERR_SYNTAX, "line 11" },
		{ "officer 5\n", "officer 5\n\n", ERR_SYNTAX, "line 12" },
		{ "\nset", "\r\nset", ERR_UNSUPPORTED, "line 1" },
		{ "threshold 3", "threshold 03", ERR_SYNTAX, "one form" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(get_changed(cases[i].from, cases[i].to),
		    cases[i].wanted);
		assert_non_null(strstr(err_why(), cases[i].line));
	}
}

static void
a_record_cut_anywhere_is_refused(void **state)
{
	struct quorum q;

	(void)state;
	for (size_t len = 0; len < sizeof(vector_record) - 1; len++)
		assert_int_not_equal(quorum_get(VIEW(vector_record, len), &q),
		    ERR_OK);
}

static void
an_officers_name_has_1_to_64_bytes(void **state)
{
	char name[66];

	(void)state;
	for (size_t len = 63; len <= 65; len++) {
		memset(name, 'n', sizeof(name));
		name[len] = '\0';
		assert_int_equal(get_changed("officer 2", name),
		    len <= 64 ? ERR_OK : ERR_SYNTAX);
	}
	assert_int_equal(get_changed("officer 2", "\xed\x99\x8d"), ERR_OK);
}

static void
a_file_is_written_once_and_read_back(void **state)
{
	char dir[] = "/tmp/okse-quorum-XXXXXX", path[64];
	struct quorum q, again;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/quorum.txt", dir);
	assert_int_equal(quorum_get(view_text(vector_record), &q), ERR_OK);
	assert_int_equal(quorum_read(path, &again), ERR_NOT_FOUND);
	assert_int_equal(quorum_write(path, &q), ERR_OK);
	assert_int_equal(quorum_write(path, &q), ERR_EXISTS);
	assert_int_equal(quorum_read(path, &again), ERR_OK);
	assert_memory_equal(&again.secret, &q.secret, sizeof(q.secret));
	assert_int_equal(file_replace(path, view_text("okse-quorum 1\n"),
	    0644), ERR_OK);
	assert_int_equal(quorum_read(path, &again), ERR_SYNTAX);
	assert_non_null(strstr(err_why(), "quorum.txt: line 2"));
	unlink(path);
	rmdir(dir);
}

static int
prepare(void **state)
{
	(void)state;
	return crypto_init() == ERR_OK ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_record_is_read_and_written_back_byte_for_byte),
		cmocka_unit_test(each_fault_is_refused_with_its_line),
		cmocka_unit_test(a_record_cut_anywhere_is_refused),
		cmocka_unit_test(an_officers_name_has_1_to_64_bytes),
		cmocka_unit_test(a_file_is_written_once_and_read_back),
	};

	return cmocka_run_group_tests(tests, prepare, NULL);
}
