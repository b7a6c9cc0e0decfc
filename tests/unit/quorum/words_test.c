/*
 * Hashes in words: the list is the known one, the words are those of BIP-39 by
 * others' software, and what is typed is read as people type it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "quorum/words.h"

#define LIST_SHA256                                                           \
	"2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda"
#define STRANGERS 200

static struct hash
filled(uint8_t byte)
{
	struct hash h;

	memset(h.at, byte, sizeof(h.at));
	return h;
}

static void
the_list_is_the_known_one(void **state)
{
	AUTO_DONE(bytes) list = { 0 }, hex = { 0 };
	struct hash h;

	(void)state;
	assert_int_equal(file_read("quorum/english.txt", 1 << 20, &list),
	    ERR_OK);
	h = sha256(bytes_view(&list));
	hex_put(&hex, VIEW_OF(h.at));
	assert_string_equal(bytes_text(&hex), LIST_SHA256);
}

/* of the reference implementation, by 32 equal bytes */
static const struct {
	uint8_t		 byte;
	const char	*end;	/* what is not seven words again and again */
} vectors[] = {
	{ 0x00, "abandon abandon art" },
	{ 0x7f, "sausage worth title" },
	{ 0x80, "doctor acoustic bless" },
	{ 0xff, "zoo zoo vote" },
};

static void
the_words_of_known_hashes_are_known(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct hash h = filled(vectors[i].byte), again;
		AUTO_DONE(bytes) text = { 0 };
		size_t end = strlen(vectors[i].end);

		words_put(&h, HASH_WORDS, &text);
		assert_string_equal(bytes_text(&text) + text.len - end,
		    vectors[i].end);
		assert_int_equal(words_get(bytes_view(&text), &again),
		    ERR_OK);
		assert_memory_equal(&again, &h, sizeof(h));
	}
}

static const char stranger[] =
    "/usr/bin/python3 -c '"
    "import hashlib, mnemonic\n"
    "m = mnemonic.Mnemonic(\"english\")\n"
    "for i in range(200):\n"
    "  print(m.to_mnemonic(hashlib.sha256(bytes([i])).digest()))'";

static void
software_of_others_has_the_same_words(void **state)
{
	FILE *f = popen(stranger, "re");
	char line[512];
	unsigned int lines = 0;

	(void)state;
	assert_non_null(f);
	for (; fgets(line, sizeof(line), f) != NULL; lines++) {
		uint8_t byte = (uint8_t)lines;
		struct hash h = sha256(VIEW(&byte, 1));
		AUTO_DONE(bytes) text = { 0 };

		words_put(&h, HASH_WORDS, &text);
		bytes_put_u8(&text, '\n');
		assert_string_equal(bytes_text(&text), line);
	}
	assert_int_equal(pclose(f), 0);
	assert_int_equal(lines, STRANGERS);
}

static void
four_letters_in_either_case_are_a_word(void **state)
{
	static const struct {
		const char	*word, *typed;
		bool		 is;
	} tried[] = {
		{ "abandon", "abandon", true }, { "abandon", "aban", true },
		{ "abandon", "ABAN", true }, { "abandon", "Abando", true },
		{ "abandon", "aba", false }, { "abandon", "", false },
		{ "abandon", "abandons", false }, { "abandon", "abax", false },
		{ "abandon", "ability", false }, { "abandon", "\x81""ban",
		    false },
		{ "act", "act", true }, { "act", "ac", false },
		{ "act", "acti", false }, { "action", "act", false },
		{ "action", "acti", true }, { "zoo", "ZOO", true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(tried); i++)
		if (word_is(tried[i].word, view_text(tried[i].typed)) !=
		    tried[i].is)
			fail_msg("%s as %s", tried[i].word, tried[i].typed);
}

/* The words of 32 zeros, with the i-th (from 1) replaced. */
static enum err
get_with(size_t i, const char *word, size_t count, const char *between)
{
	AUTO_DONE(bytes) text = { 0 };
	struct hash h;

	for (size_t k = 1; k <= count; k++)
		bytes_printf(&text, "%s%s", k == 1 ? "" : between, k == i ?
		    word : k == HASH_WORDS ? "art" : "abandon");
	return words_get(bytes_view(&text), &h);
}

static void
a_wrong_word_is_pointed_at(void **state)
{
	(void)state;
	assert_int_equal(get_with(0, "", HASH_WORDS, "  "), ERR_OK);
	assert_int_equal(get_with(3, "Aban", HASH_WORDS, " "), ERR_OK);
	assert_int_equal(get_with(7, "abandom", HASH_WORDS, " "), ERR_SYNTAX);
	assert_non_null(strstr(err_why(), "word 7 of 24"));
	assert_null(strstr(err_why(), "abando"));
	assert_int_equal(get_with(7, "ability", HASH_WORDS, " "),
	    ERR_MISMATCH);
	assert_int_equal(get_with(1, "art", HASH_WORDS, " "), ERR_MISMATCH);
}

static void
a_hash_has_twenty_four_words(void **state)
{
	struct hash h;

	(void)state;
	assert_int_equal(get_with(0, "", HASH_WORDS - 1, " "), ERR_SYNTAX);
	assert_non_null(strstr(err_why(), "word 24 of 24"));
	assert_int_equal(get_with(0, "", HASH_WORDS + 1, " "), ERR_SYNTAX);
	assert_int_equal(words_get(view_text(""), &h), ERR_SYNTAX);
	assert_int_equal(words_get(view_text("   "), &h), ERR_SYNTAX);
}

static void
its_lines_fit_a_terminal_beside_their_indent(void **state)
{
	(void)state;
	for (unsigned int byte = 0; byte < 256; byte++) {
		struct hash h = filled((uint8_t)byte);
		AUTO_DONE(bytes) all = { 0 };

		for (size_t i = 0; i < HASH_LINES; i++) {
			size_t before = all.len;

			hash_line(&h, i, &all);
			assert_true(all.len - before <= 71);
			bytes_put_u8(&all, '\n');
		}
		assert_int_equal(bytes_check(&all), ERR_OK);
		assert_non_null(strstr(bytes_text(&all), "\n 7 "));
		assert_non_null(strstr(bytes_text(&all), " 24 "));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_list_is_the_known_one),
		cmocka_unit_test(the_words_of_known_hashes_are_known),
		cmocka_unit_test(software_of_others_has_the_same_words),
		cmocka_unit_test(four_letters_in_either_case_are_a_word),
		cmocka_unit_test(a_wrong_word_is_pointed_at),
		cmocka_unit_test(a_hash_has_twenty_four_words),
		cmocka_unit_test(
		    its_lines_fit_a_terminal_beside_their_indent),
	};

	if (crypto_init() != ERR_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
