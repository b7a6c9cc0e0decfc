/*
 * Reading JSON. What it takes is compared with another reader's view of it in
 * tests/fuzz/base/json_tree.c; here are its rules, limits and words.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/json_tree.h"

/* The good text's tree; *t ends with the test. */
static const struct node *
read_good(struct json_tree *t, const char *text)
{
	json_tree_done(t);
	if (json_tree_read(t, view_text(text)) != ERR_OK)
		fail_msg("%s: byte %zu: %s", text, t->fault_at, t->fault);
	return t->at;
}

static void
bad(struct view text, enum err e, size_t at, const char *rule)
{
	AUTO_DONE(json_tree) t = { 0 };
	enum err got = json_tree_read(&t, text);

	if (got != e || t.fault_at != at || strcmp(t.fault, rule) != 0)
		fail_msg("%.*s: %d, byte %zu: %s", (int)text.len,
		    (const char *)text.at, got, t.fault_at, t.fault);
	assert_string_equal(err_why(), rule);
}

static void
members_and_elements_are_found_in_their_order(void **)
{
	AUTO_DONE(json_tree) t = { 0 };
	const struct node *top = read_good(&t, " { \"a\" : [ 1 , [ ] , { } "
	    ", [ [ 2 ] ] ] ,\"b\":{\"c\":{}},\r\n\t\"\":true} ");
	const struct node *a = node_member(top, "a"), *n;

	assert_int_equal(top->count, 3);
	assert_true(node_is(a, NODE_LIST));
	assert_int_equal(a->count, 4);
	assert_int_equal(node_element(a, 0)->number, 1);
	assert_int_equal(node_element(a, 1)->count, 0);
	assert_true(node_is(node_element(a, 2), NODE_OBJECT));
	n = node_element(node_element(node_element(a, 3), 0), 0);
	assert_int_equal(n->number, 2);
	assert_null(node_element(a, 4));
	n = node_after(top, a);
	assert_true(view_is(n->name, "b"));
	assert_true(node_is(node_member(n, "c"), NODE_OBJECT));
	n = node_after(top, n);
	assert_true(view_is(n->name, "") && node_is(n, NODE_TRUE));
	assert_null(node_after(top, n));
}

static void
what_is_not_there_is_null(void **)
{
	AUTO_DONE(json_tree) t = { 0 };
	const struct node *top = read_good(&t, "{\"a\":null,\"ab\":false}");

	assert_null(node_member(top, "b"));
	assert_null(node_member(top, "A"));
	assert_null(node_member(NULL, "a"));
	assert_null(node_member(node_member(top, "a"), "a"));
	assert_null(node_element(top, 0));
	assert_null(node_element(NULL, 0));
	assert_false(node_is(NULL, NODE_NULL));
	assert_true(node_is(node_member(top, "a"), NODE_NULL));
	assert_int_equal(node_text(node_member(top, "ab")).len, 0);
	assert_int_equal(node_text(NULL).len, 0);
	assert_null(node_first(read_good(&t, "[]")));
}

static void
texts_are_taken_as_they_are_or_unescaped(void **)
{
	static const struct {
		const char	*json, *text;
	} cases[] = {
		{ "\"\"", "" },
		{ "\"plain\"", "plain" },
		{ "\"홍길동 \x7f\"", "홍길동 \x7f" },
		{ "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t" },
		{ "\"a\\u0041b\\u00e9c\\uD64D\"", "aAbéc홍" },
		{ "\"\\ud83d\\ude00\\uD83D\\uDE00\"", "😀😀" },
		{ "\"\\uffff\\ue000\\ud7ff\"", "\xef\xbf\xbf\xee\x80\x80"
		    "\xed\x9f\xbf" },
	};
	AUTO_DONE(json_tree) t = { 0 };

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct view v = node_text(read_good(&t, cases[i].json));

		assert_true(view_is(v, cases[i].text));
	}
}

/* Every place of a word is where such a byte may be overlooked. */
static void
each_byte_that_stops_a_text_is_seen_anywhere(void **)
{
	static const uint8_t stops[] =
	    { 0, 1, 0x1f, '"', '\\', 0x80, 0xc3, 0xff };

	for (size_t i = 0; i < COUNT(stops); i++)
		for (size_t at = 0; at < 24; at++) {
			uint8_t text[24];

			memset(text, at % 2 == 0 ? 0x7f : ' ', sizeof(text));
			text[at] = stops[i];
			assert_int_equal(json_plain_run(VIEW_OF(text)), at);
		}
}

static void
escaped_texts_stay_where_they_are(void **)
{
	AUTO_DONE(json_tree) t = { 0 };
	AUTO_DONE(bytes) text = { 0 };
	const struct node *top, *n;

	bytes_put_u8(&text, '[');
	for (int i = 0; i < 1000; i++)
		bytes_printf(&text, "%s\"\\u%04x%d\"", i != 0 ? "," : "",
		    0xac00 + i, i);
	bytes_put_u8(&text, ']');
	top = read_good(&t, bytes_text(&text));
	n = node_first(top);
	for (int i = 0; i < 1000; i++, n = node_after(top, n)) {
		char wanted[16];
		unsigned int c = 0xac00 + (unsigned int)i;

		snprintf(wanted, sizeof(wanted), "%c%c%c%d", 0xe0 | c >> 12,
		    0x80 | (c >> 6 & 63), 0x80 | (c & 63), i);
		assert_true(view_is(n->text, wanted));
	}
}

static void
whole_numbers_have_64_bits(void **)
{
	static const struct {
		const char	*json;
		int64_t		 value;
	} cases[] = {
		{ "0", 0 }, { "-0", 0 }, { "-1", -1 },
		{ "9223372036854775806", INT64_MAX - 1 },
		{ "9223372036854775807", INT64_MAX },
		{ "-9223372036854775808", INT64_MIN },
	};
	AUTO_DONE(json_tree) t = { 0 };

	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct node *n = read_good(&t, cases[i].json);

		assert_true(node_is(n, NODE_INT));
		assert_int_equal(n->number, cases[i].value);
	}
	bad(view_text("9223372036854775808"), ERR_RANGE, 19,
	    "a number of more than 64 bits");
	bad(view_text("-9223372036854775809"), ERR_RANGE, 20,
	    "a number of more than 64 bits");
	bad(view_text("[92233720368547758070]"), ERR_RANGE, 21,
	    "a number of more than 64 bits");
}

static void
reals_are_known_but_not_read(void **)
{
	static const char *const good[] = { "0.0", "-1.5", "1e5", "1E+5",
	    "1e-5", "0e0", "1.25e400", "99999999999999999999.0" };
	AUTO_DONE(json_tree) t = { 0 };

	for (size_t i = 0; i < COUNT(good); i++)
		assert_true(node_is(read_good(&t, good[i]), NODE_REAL));
}

static void
what_is_not_json_is_refused(void **)
{
	static const struct {
		const char	*json;
		size_t		 at;
	} cases[] = {
		{ "x", 0 }, { "[,]", 1 }, { "[1,]", 3 }, { "[1 1]", 3 },
		{ "[1}", 2 }, { "{]", 1 }, { "{\"a\"}", 4 },
		{ "{\"a\":}", 5 }, { "{\"a\":1,}", 7 }, { "{,}", 1 },
		{ "{a:1}", 1 }, { "{1:1}", 1 }, { "'a'", 0 }, { "]", 0 },
		{ "tru", 0 }, { "True", 0 }, { "nul", 0 }, { "NaN", 0 },
		{ "01", 2 }, { "-01", 3 }, { "+1", 0 }, { "-", 1 },
		{ ".5", 0 }, { "1.", 2 }, { "1.e5", 2 }, { "1e", 2 },
		{ "1e+", 3 }, { "0x1", 1 }, { "-a", 1 }, { "1.5.5", 3 },
		{ "\"\\x\"", 2 }, { "\"\\u12g4\"", 5 }, { "\"\n\"", 1 },
		{ "\"\x1f\"", 1 }, { "//\n1", 0 }, { "\xef\xbb\xbf{}", 0 },
		{ "\v1", 0 }, { "\"\\U0041\"", 2 },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_DONE(json_tree) t = { 0 };

		assert_int_equal(json_tree_read(&t, view_text(cases[i].json)),
		    ERR_SYNTAX);
		if (t.fault_at != cases[i].at)
			fail_msg("%s: byte %zu", cases[i].json, t.fault_at);
	}
}

static void
texts_are_refused_by_their_rule(void **)
{
	static const char utf8[] = "not UTF-8 (RFC 8259 8.1)";
	static const char zero[] = "U+0000 in a text";
	static const char half[] = "half of a surrogate pair";

	bad(VIEW("\"a\0\"", 4), ERR_SYNTAX, 2, zero);
	bad(view_text("\"\\u0000\""), ERR_SYNTAX, 7, zero);
	bad(view_text("{\"\\u0000\":1}"), ERR_SYNTAX, 8, zero);
	bad(view_text("\"a\xff\""), ERR_SYNTAX, 2, utf8);
	bad(view_text("\"\xc0\x80\""), ERR_SYNTAX, 1, utf8);
	bad(view_text("\"\xed\xa0\x80\""), ERR_SYNTAX, 1, utf8);
	bad(view_text("\"\xf4\x90\x80\x80\""), ERR_SYNTAX, 1, utf8);
	bad(VIEW("\"\xe2\x82", 3), ERR_SYNTAX, 1, utf8);
	bad(view_text("\"\\ud800\""), ERR_SYNTAX, 7, half);
	bad(view_text("\"\\udc00\\ud800\""), ERR_SYNTAX, 7, half);
	bad(view_text("\"\\ud800\\u0041\""), ERR_SYNTAX, 13, half);
	bad(view_text("\"\\ud800\\n\""), ERR_SYNTAX, 7, half);
}

static void
what_ends_early_is_refused_wherever_it_ends(void **)
{
	static const char whole[] = "{\"a\\n\\ud83d\\ude00é\":[true,-1.5e+2,"
	    "null,{\"b\":\"\"}]}";

	for (size_t n = 0; n < strlen(whole); n++) {
		AUTO_DONE(json_tree) t = { 0 };

		assert_int_equal(json_tree_read(&t, VIEW(whole, n)),
		    ERR_SYNTAX);
	}
	bad(view_text(""), ERR_SYNTAX, 0, "it ends early");
	bad(view_text(" "), ERR_SYNTAX, 1, "it ends early");
	bad(view_text("{\"a\""), ERR_SYNTAX, 4, "it ends early");
}

static void
something_behind_the_end_is_refused(void **)
{
	bad(view_text("{} {}"), ERR_SYNTAX, 3, "something follows its end");
	bad(view_text("1 2"), ERR_SYNTAX, 2, "something follows its end");
	bad(VIEW("1\0", 2), ERR_SYNTAX, 1, "something follows its end");
}

static void
a_member_twice_is_refused_however_it_is_written(void **)
{
	bad(view_text("{\"a\":1,\"a\":1}"), ERR_SYNTAX, 10,
	    "a member comes twice");
	bad(view_text("{\"a\":{\"a\":[{\"a\":1,\"\\u0061\":1}]}}"),
	    ERR_SYNTAX, 26, "a member comes twice");
	bad(view_text("{\"a\":{},\"b\":{\"a\":0},\"a\":1}"), ERR_SYNTAX, 23,
	    "a member comes twice");
}

static void
put_nested(struct bytes *b, int depth, const char *open, const char *close)
{
	bytes_reset(b);
	for (int i = 0; i < depth; i++)
		bytes_put_text(b, open);
	bytes_put_u8(b, '1');
	for (int i = 0; i < depth; i++)
		bytes_put_text(b, close);
}

static void
nesting_has_a_limit(void **)
{
	AUTO_DONE(json_tree) t = { 0 };
	AUTO_DONE(bytes) b = { 0 };

	put_nested(&b, JSON_TREE_DEPTH, "[", "]");
	(void)read_good(&t, bytes_text(&b));
	put_nested(&b, JSON_TREE_DEPTH, "{\"\":", "}");
	(void)read_good(&t, bytes_text(&b));
	put_nested(&b, JSON_TREE_DEPTH + 1, "[", "]");
	bad(bytes_view(&b), ERR_SYNTAX, 33, "nested too deep");
	put_nested(&b, JSON_TREE_DEPTH + 1, "{\"\":", "}");
	bad(bytes_view(&b), ERR_SYNTAX, 129, "nested too deep");
}

static void
put_members(struct bytes *b, int count)
{
	bytes_reset(b);
	for (int i = 0; i < count; i++)
		bytes_printf(b, "%c\"%04d\":[%d,{\"%04d\":%d}]",
		    i == 0 ? '{' : ',', i, i, i, i);
	bytes_put_u8(b, '}');
}

static void
an_object_has_so_many_members(void **)
{
	AUTO_DONE(json_tree) t = { 0 };
	AUTO_DONE(bytes) b = { 0 };
	const struct node *top;

	for (int n = JSON_TREE_MEMBERS - 1; n <= JSON_TREE_MEMBERS; n++) {
		put_members(&b, n);
		top = read_good(&t, bytes_text(&b));
		assert_int_equal(top->count, n);
		assert_int_equal(node_element(node_member(top, "0254"),
		    0)->number, 254);
	}
	put_members(&b, JSON_TREE_MEMBERS + 1);
	assert_int_equal(json_tree_read(&(struct json_tree){ 0 },
	    VIEW(NULL, 0)), ERR_SYNTAX);
	json_tree_done(&t);
	assert_int_equal(json_tree_read(&t, bytes_view(&b)), ERR_RANGE);
	assert_string_equal(t.fault, "an object of over 256 members");
}

static void
a_list_may_be_long(void **)
{
	AUTO_DONE(json_tree) t = { 0 };
	AUTO_DONE(bytes) b = { 0 };
	const struct node *top;

	for (int i = 0; i < 100000; i++)
		bytes_put_text(&b, i == 0 ? "[0" : ",0");
	bytes_put_u8(&b, ']');
	top = read_good(&t, bytes_text(&b));
	assert_int_equal(top->count, 100000);
	assert_non_null(node_element(top, 99999));
	assert_null(node_element(top, 100000));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_and_elements_are_found_in_their_order),
		cmocka_unit_test(what_is_not_there_is_null),
		cmocka_unit_test(texts_are_taken_as_they_are_or_unescaped),
		cmocka_unit_test(each_byte_that_stops_a_text_is_seen_anywhere),
		cmocka_unit_test(escaped_texts_stay_where_they_are),
		cmocka_unit_test(whole_numbers_have_64_bits),
		cmocka_unit_test(reals_are_known_but_not_read),
		cmocka_unit_test(what_is_not_json_is_refused),
		cmocka_unit_test(texts_are_refused_by_their_rule),
		cmocka_unit_test(what_ends_early_is_refused_wherever_it_ends),
		cmocka_unit_test(something_behind_the_end_is_refused),
		cmocka_unit_test(
		    a_member_twice_is_refused_however_it_is_written),
		cmocka_unit_test(nesting_has_a_limit),
		cmocka_unit_test(an_object_has_so_many_members),
		cmocka_unit_test(a_list_may_be_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
