/* Which texts are clean: Unicode's form NFC, nothing that hides. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "policy/text.h"

static bool
clean(const char *text)
{
	return text_clean(view_text(text));
}

static void
names_as_people_write_them_are_clean(void **)
{
	static const char *const texts[] = { "", "홍길동", "Hong Gil-dong",
	    "洪吉童", "José Müller", "Þórður", "Ağaoğlu", "O’Brien", "ひらがな",
	    "Нгуен", "세종특별자치시 한누리대로 2130, 1동", "㈜", "①", "¥",
	    "\xf0\x9f\x98\x80", "각힣", "Ａ" };

	for (size_t i = 0; i < COUNT(texts); i++)
		if (!clean(texts[i]))
			fail_msg("%s", texts[i]);
}

/* What Unicode's own test file lists as decomposed, among others. */
static void
what_is_not_composed_is_not_clean(void **)
{
	static const char *const texts[] = {
		"\u1112\u1169\u11bc",		/* 홍 as three jamo */
		"\ud64d\u1100\u1161",		/* 홍, then 가 as two */
		"Jose\u0301",			/* é as two */
		"\u212b", "\u2126",		/* Angstrom, Ohm */
		"\uf900",			/* compatibility ideograph */
		"a\u0323\u0307b\u0307\u0323",/* marks out of order */
		"\uac00\u11a8",			/* 가 and a final consonant */
		"\u0958", "\u2adc",
	};

	for (size_t i = 0; i < COUNT(texts); i++)
		if (clean(texts[i]))
			fail_msg("text %zu", i);
	/* and their composed forms */
	assert_true(clean("\u00e9") && clean("\u1ea1\u0307"));
	assert_true(clean("\u00c5") && clean("\u03a9") && clean("\u8c48"));
}

static void
what_cannot_be_seen_is_not_clean(void **)
{
	static const char *const texts[] = { "\x01", "\t", "\n", "\x1f",
	    "\x7f", "\xc2\x80", "\xc2\x9f", "\u061c", "\u200e", "\u200f",
	    "\u2028", "\u2029", "\u202a", "\u202e", "\u2066", "\u2069",
	    "\ufeff" };

	for (size_t i = 0; i < COUNT(texts); i++)
		if (clean(texts[i]))
			fail_msg("text %zu", i);
	assert_true(clean(" ") && clean("~") && clean("\u00a0"));
	assert_true(clean("\u2027") && clean("\u202f") && clean("\u206a"));
}

static void
what_is_not_utf8_is_not_clean(void **)
{
	static const char *const texts[] = { "\xff", "\xc3", "\xc0\x80",
	    "\xed\xa0\x80", "\xf4\x90\x80\x80", "a\x80" };

	for (size_t i = 0; i < COUNT(texts); i++)
		assert_false(clean(texts[i]));
	assert_false(text_clean(VIEW("a\0b", 3)));
}

static void
latin_ends_with_iso_8859_1(void **)
{
	assert_true(text_latin(view_text("HONG GIL-DONG")));
	assert_true(text_latin(view_text("M\u00fcller \u00ff")));
	assert_false(text_latin(view_text("\u0100")));
	assert_false(text_latin(view_text("Hong 홍")));
	assert_true(text_latin(view_text("")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_as_people_write_them_are_clean),
		cmocka_unit_test(what_is_not_composed_is_not_clean),
		cmocka_unit_test(what_cannot_be_seen_is_not_clean),
		cmocka_unit_test(what_is_not_utf8_is_not_clean),
		cmocka_unit_test(latin_ends_with_iso_8859_1),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
