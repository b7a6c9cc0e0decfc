/*
 * A share's line: one text for each share, everything else refused.
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

#include "base/crypto.h"
#include "base/file.h"
#include "quorum/base32.h"
#include "quorum/share.h"
#include "vector.h"

static void
a_line_of_the_other_implementation_is_written_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(vector_shares); i++) {
		AUTO_DONE(share) s = { 0 };
		AUTO(secret) text = NULL;

		assert_int_equal(share_get(view_text(vector_shares[i]), &s),
		    ERR_OK);
		assert_int_equal(s.threshold, 3);
		assert_int_equal(s.count, 5);
		assert_int_equal(s.x, i + 1);
		assert_int_equal(share_put(&s, &text), ERR_OK);
		assert_int_equal(secret_len(text), SHARE_TEXT_SIZE);
		assert_memory_equal(secret_peek(text), vector_shares[i],
		    SHARE_TEXT_SIZE);
	}
}

static enum err
get(const char *line)
{
	AUTO_DONE(share) s = { 0 };
	enum err e = share_get(view_text(line), &s);

	if (e != ERR_OK) {
		assert_null(s.value);
		assert_string_not_equal(err_why(), "");
	}
	return e;
}

static void
every_single_wrong_character_is_refused(void **state)
{
	char line[SHARE_TEXT_SIZE + 1];

	(void)state;
	memcpy(line, vector_shares[0], sizeof(line));
	for (size_t i = 0; i < SHARE_TEXT_SIZE; i++)
		for (unsigned int c = 1; c < 256; c++) {
			char right = line[i];

			if ((char)c == right)
				continue;
			line[i] = (char)c;
			assert_int_not_equal(get(line), ERR_OK);
			line[i] = right;
		}
	assert_int_equal(get(line), ERR_OK);
}

static void
each_kind_of_damage_has_its_own_error(void **state)
{
	char line[SHARE_TEXT_SIZE + 2] = { 0 };

	(void)state;
	assert_int_equal(get(""), ERR_SYNTAX);
	assert_int_equal(get("okse-share1-"), ERR_SYNTAX);
	assert_int_equal(get("okse-share"), ERR_UNSUPPORTED);
	memcpy(line, vector_shares[0], SHARE_TEXT_SIZE);
	line[SHARE_TEXT_SIZE] = 'A';
	assert_int_equal(get(line), ERR_SYNTAX);
	line[SHARE_TEXT_SIZE] = '\0';
	line[SHARE_TEXT_SIZE - 1] = '\0';
	assert_int_equal(get(line), ERR_SYNTAX);
	memcpy(line, vector_shares[0], SHARE_TEXT_SIZE);
	line[10] = '2';
	assert_int_equal(get(line), ERR_UNSUPPORTED);
	line[10] = '1';
	line[16] = 'A';			/* where a dash belongs */
	assert_int_equal(get(line), ERR_SYNTAX);
	line[16] = '-';
	line[20] = 'x';			/* lower case */
	assert_int_equal(get(line), ERR_SYNTAX);
	line[20] = line[20] == 'B' ? 'C' : 'B';
	assert_int_equal(get(line), ERR_CORRUPT);
}

/* A line with these numbers and a right check. */
static void
write_line(uint8_t threshold, uint8_t count, uint8_t x, char *out)
{
	struct share s = { .threshold = threshold, .count = count, .x = x };
	AUTO(secret) text = NULL;

	assert_int_equal(secret_new(SHARE_VALUE_SIZE, &s.value), ERR_OK);
	assert_int_equal(share_put(&s, &text), ERR_OK);
	memcpy(out, secret_peek(text), SHARE_TEXT_SIZE);
	out[SHARE_TEXT_SIZE] = '\0';
	share_done(&s);
}

static void
numbers_outside_their_limits_are_refused(void **state)
{
	static const struct {
		uint8_t threshold, count, x;
		enum err wanted;
	} cases[] = {
		{ 2, 3, 0, ERR_RANGE }, { 2, 3, 1, ERR_OK },
		{ 2, 3, 3, ERR_OK }, { 2, 3, 4, ERR_RANGE },
		{ 2, 3, 255, ERR_RANGE },
		{ 0, 3, 1, ERR_RANGE }, { 1, 3, 1, ERR_RANGE },
		{ 3, 3, 1, ERR_OK }, { 4, 3, 1, ERR_RANGE },
		{ 2, 31, 31, ERR_OK }, { 2, 32, 32, ERR_OK },
		{ 2, 33, 1, ERR_RANGE }, { 2, 255, 1, ERR_RANGE },
		{ 2, 1, 1, ERR_RANGE }, { 2, 0, 1, ERR_RANGE },
	};
	char line[SHARE_TEXT_SIZE + 1];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		write_line(cases[i].threshold, cases[i].count, cases[i].x,
		    line);
		assert_int_equal(get(line), cases[i].wanted);
	}
}

static void
a_message_never_repeats_the_share(void **state)
{
	char line[SHARE_TEXT_SIZE + 1];

	(void)state;
	memcpy(line, vector_shares[0], sizeof(line));
	for (size_t i = 0; i < SHARE_TEXT_SIZE; i++) {
		char group[5] = { 0 };

		line[i] ^= 1;
		assert_int_not_equal(get(line), ERR_OK);
		line[i] ^= 1;
		for (size_t g = 0; g < 22; g++) {
			memcpy(group, line + 12 + 5 * g, 4);
			assert_null(strstr(err_why(), group));
		}
	}
}

static void
write_file(const char *path, const char *text, size_t len)
{
	unlink(path);
	assert_int_equal(file_create(path, VIEW(text, len), 0600), ERR_OK);
}

static void
a_file_holds_the_line_and_one_line_end(void **state)
{
	char path[] = "/tmp/okse-share-XXXXXX";
	char content[SHARE_TEXT_SIZE + 3];
	int fd = mkstemp(path);
	struct share s = { 0 };

	(void)state;
	assert_int_not_equal(fd, -1);
	close(fd);
	memcpy(content, vector_shares[1], SHARE_TEXT_SIZE);
	memcpy(content + SHARE_TEXT_SIZE, "\n\n", 3);
	write_file(path, content, SHARE_TEXT_SIZE);
	assert_int_equal(share_read(path, &s), ERR_OK);
	assert_int_equal(s.x, 2);
	share_done(&s);
	write_file(path, content, SHARE_TEXT_SIZE + 1);
	assert_int_equal(share_read(path, &s), ERR_OK);
	share_done(&s);
	write_file(path, content, SHARE_TEXT_SIZE + 2);
	assert_int_equal(share_read(path, &s), ERR_SYNTAX);
	write_file(path, content, 0);
	assert_int_equal(share_read(path, &s), ERR_SYNTAX);
	unlink(path);
	assert_int_equal(share_read(path, &s), ERR_NOT_FOUND);
}

static void
base32_is_that_of_rfc_4648(void **state)
{
	unsigned char out[8], back[5];
	unsigned int accepted = 0;
	char text[9] = "MZXW6YTB";

	(void)state;
	base32_put(view_text("fooba"), out);
	assert_memory_equal(out, "MZXW6YTB", 8);
	for (unsigned int c = 0; c < 256; c++) {
		text[7] = (char)c;
		if (!base32_get(VIEW(text, 8), back))
			continue;
		accepted++;
		base32_put(VIEW_OF(back), out);
		assert_memory_equal(out, text, 8);
	}
	assert_int_equal(accepted, 32);
	assert_false(base32_get(VIEW(text, 7), back));
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
		    a_line_of_the_other_implementation_is_written_back),
		cmocka_unit_test(every_single_wrong_character_is_refused),
		cmocka_unit_test(each_kind_of_damage_has_its_own_error),
		cmocka_unit_test(numbers_outside_their_limits_are_refused),
		cmocka_unit_test(a_message_never_repeats_the_share),
		cmocka_unit_test(a_file_holds_the_line_and_one_line_end),
		cmocka_unit_test(base32_is_that_of_rfc_4648),
	};

	return cmocka_run_group_tests(tests, prepare, NULL);
}
