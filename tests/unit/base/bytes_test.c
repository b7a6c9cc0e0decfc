/* Buffers, readers, encodings: limits on both sides, one text a value. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/json.h"

static void
a_buffer_takes_exactly_its_maximum(void **state)
{
	static const uint8_t zeros[101];

	(void)state;
	for (size_t n = 99; n <= 101; n++) {
		AUTO_DONE(bytes) b = { .max = 100 };

		bytes_put(&b, VIEW(zeros, n));
		assert_int_equal(bytes_check(&b) == ERR_OK, n <= 100);
		assert_int_equal(b.len, n <= 100 ? n : 0);
	}
}

static void
what_did_not_fit_is_not_forgotten(void **state)
{
	AUTO_DONE(bytes) b = { .max = 4 };

	(void)state;
	bytes_put_text(&b, "12345");
	bytes_put_text(&b, "1");	/* would fit, but something is lost */
	assert_int_equal(bytes_check(&b), ERR_TOO_LARGE);
	assert_int_equal(b.len, 0);
	bytes_reset(&b);
	bytes_put_text(&b, "1234");
	assert_int_equal(bytes_check(&b), ERR_OK);
}

static void
integers_come_back_as_they_went(void **state)
{
	AUTO_DONE(bytes) b = { 0 };
	struct reader r;

	(void)state;
	bytes_put_u8(&b, 0xab);
	bytes_put_u16(&b, 0xabcd);
	bytes_put_u32(&b, 0xabcdef01);
	bytes_put_u64(&b, 0xabcdef0123456789);
	bytes_put_block(&b, view_text("text"));
	assert_memory_equal(b.at, "\xab\xab\xcd\xab\xcd\xef\x01", 7);
	r = reader_of(bytes_view(&b));
	assert_int_equal(reader_u8(&r), 0xab);
	assert_int_equal(reader_u16(&r), 0xabcd);
	assert_int_equal(reader_u32(&r), 0xabcdef01);
	assert_true(reader_u64(&r) == 0xabcdef0123456789);
	assert_true(view_is(reader_block(&r, 4), "text"));
	assert_int_equal(reader_end(&r, "x"), ERR_OK);
}

static void
fields_end_where_their_stop_is(void **state)
{
	struct reader r = reader_of(view_text("one two  end"));

	(void)state;
	assert_true(view_is(reader_until(&r, ' '), "one"));
	assert_true(view_is(reader_until(&r, ' '), "two"));
	assert_int_equal(reader_until(&r, ' ').len, 0);
	assert_false(r.failed);
	assert_int_equal(reader_until(&r, ' ').len, 0);
	assert_true(r.failed);
}

static void
decimals_are_put_from_end_to_end(void **state)
{
	static const struct { int64_t v; const char *text; } cases[] = {
		{ 0, "0" }, { 9, "9" }, { 10, "10" }, { -1, "-1" },
		{ -10, "-10" }, { INT64_MAX, "9223372036854775807" },
		{ INT64_MIN, "-9223372036854775808" },
	};
	AUTO_DONE(bytes) b = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		bytes_reset(&b);
		bytes_put_decimal(&b, cases[i].v);
		assert_true(view_is(bytes_view(&b), cases[i].text));
	}
}

static void
decimals_have_one_spelling_and_a_limit(void **state)
{
	static const struct { const char *text; uint64_t max; bool good; }
	    cases[] = {
		{ "0", 0, true }, { "9", 9, true }, { "10", 9, false },
		{ "99", 100, true }, { "100", 100, true },
		{ "101", 100, false }, { "5", 3, false },
		{ "18446744073709551615", UINT64_MAX, true },
		{ "18446744073709551616", UINT64_MAX, false },
		{ "28446744073709551616", UINT64_MAX, false },
		{ "", 9, false }, { "00", 9, false }, { "01", 9, false },
		{ "x", 9, false }, { "-1", 9, false }, { "+1", 9, false },
		{ " 1", 9, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct reader r = reader_of(view_text(cases[i].text));
		uint64_t v = reader_decimal(&r, cases[i].max);

		assert_int_equal(!r.failed, cases[i].good);
		assert_true(v == (cases[i].good ?
		    strtoull(cases[i].text, NULL, 10) : 0));
	}
}

static void
a_reader_never_reads_past_the_end(void **state)
{
	static const uint8_t at[] = { 0, 0, 0, 3, 1, 2, 3 };

	(void)state;
	for (size_t len = 0; len < sizeof(at); len++) {
		struct reader r = reader_of(VIEW(at, len));

		reader_block(&r, 3);
		assert_true(r.failed);
		assert_int_equal(reader_u8(&r), 0);
		assert_int_equal(reader_end(&r, "x"), ERR_SYNTAX);
	}
	for (size_t max = 2; max <= 4; max++) {
		struct reader r = reader_of(VIEW_OF(at));

		reader_block(&r, max);
		assert_int_equal(reader_end(&r, "x") == ERR_OK, max >= 3);
	}
	struct reader rest = reader_of(VIEW_OF(at));

	reader_u32(&rest);
	assert_int_equal(reader_end(&rest, "x"), ERR_SYNTAX);
}

static void
a_text_has_room_for_its_nul(void **state)
{
	AUTO_DONE(bytes) b = { 0 };

	(void)state;
	for (size_t i = 0; i < 200; i++) {
		assert_int_equal(strlen(bytes_text(&b)), i);
		bytes_put_u8(&b, 'x');
	}
	bytes_printf(&b, "%s-%d", "y", 7);
	assert_string_equal(bytes_text(&b) + 200, "y-7");
}

static const struct {
	const char	*plain, *hex, *base64, *base64url;
} encodings[] = {	/* RFC 4648 10 */
	{ "", "", "", "" },
	{ "f", "66", "Zg==", "Zg" },
	{ "fo", "666f", "Zm8=", "Zm8" },
	{ "foo", "666f6f", "Zm9v", "Zm9v" },
	{ "foob", "666f6f62", "Zm9vYg==", "Zm9vYg" },
	{ "fooba", "666f6f6261", "Zm9vYmE=", "Zm9vYmE" },
	{ "foobar", "666f6f626172", "Zm9vYmFy", "Zm9vYmFy" },
	{ "\xfb\xff", "fbff", "+/8=", "-_8" },
};

static void
one_way(const char *plain, const char *encoded,
    void (*put)(struct bytes *, struct view),
    enum err (*get)(struct view, struct bytes *))
{
	AUTO_DONE(bytes) b = { 0 };
	AUTO_DONE(bytes) back = { 0 };

	put(&b, view_text(plain));
	assert_string_equal(bytes_text(&b), encoded);
	assert_int_equal(get(view_text(encoded), &back), ERR_OK);
	assert_true(view_is(bytes_view(&back), plain));
}

static void
encodings_are_those_of_rfc_4648(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(encodings); i++) {
		one_way(encodings[i].plain, encodings[i].hex, hex_put,
		    hex_get);
		one_way(encodings[i].plain, encodings[i].base64, base64_put,
		    base64_get);
		one_way(encodings[i].plain, encodings[i].base64url,
		    base64url_put, base64url_get);
	}
}

static void
another_text_for_the_same_value_is_refused(void **state)
{
	static const struct {
		const char	*text;
		enum err	(*get)(struct view, struct bytes *);
	} bad[] = {
		{ "6", hex_get }, { "6G", hex_get }, { "AB", hex_get },
		{ " 66", hex_get },
		{ "Zg", base64_get }, { "Zg=", base64_get },
		{ "Zh==", base64_get }, { "Zm9=", base64_get },
		{ "Zg==\n", base64_get }, { "-_8=", base64_get },
		{ "Z===", base64_get }, { "====", base64_get },
		{ "Zm9v====", base64_get }, { "Zg==Zg==", base64_get },
		{ "Zg==", base64url_get }, { "Zh", base64url_get },
		{ "+/8", base64url_get }, { "Z", base64url_get },
		{ "Zm 9v", base64url_get }, { "Zm9vY", base64url_get },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		AUTO_DONE(bytes) b = { 0 };

		bytes_put_u8(&b, 'x');
		assert_int_equal(bad[i].get(view_text(bad[i].text), &b),
		    ERR_SYNTAX);
		assert_int_equal(b.len, 1);
	}
}

static void
utf8_is_well_formed_or_refused(void **state)
{
	static const char *const good[] = {
		"", "abc", "홍길동", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80",
		"\xed\x9f\xbf", "\xee\x80\x80", "\xf0\x90\x80\x80",
		"\xf4\x8f\xbf\xbf",
	};
	static const char *const bad[] = {
		"\x80", "\xc0\x80", "\xc1\xbf", "\xc2", "\xe0\x80\x80",
		"\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf",
		"\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
		"\xff", "\xe0\xa0", "\xf0\x90\x80", "a\xc2z",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_true(utf8_valid(view_text(good[i])));
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(utf8_valid(view_text(bad[i])));
	assert_false(utf8_valid(VIEW("a\0b", 3)));
}

static void
json_is_written_as_it_was_asked_for(void **state)
{
	AUTO_DONE(bytes) b = { 0 };
	struct json j = json_start(&b);

	(void)state;
	json_record(&j, NULL);
	json_c_text(&j, "text", "a\"b\\c\n\x1f/한");
	json_int(&j, "least", INT64_MIN);
	json_items(&j, "list");
	json_bool(&j, NULL, true);
	json_none(&j, NULL);
	json_record(&j, NULL);
	json_close(&j);
	json_close(&j);
	json_hex(&j, "hex", view_text("\xab"));
	json_base64url(&j, "url", view_text("\xfb\xff"));
	json_base64(&j, "plain", view_text("\xfb\xff"));
	json_raw(&j, "raw", view_text("[1]"));
	json_close(&j);
	assert_int_equal(json_end(&j), ERR_OK);
	assert_string_equal(bytes_text(&b),
	    "{\"text\":\"a\\\"b\\\\c\\u000a\\u001f/한\","
	    "\"least\":-9223372036854775808,\"list\":[true,null,{}],"
	    "\"hex\":\"ab\",\"url\":\"-_8\",\"plain\":\"+/8=\",\"raw\":[1]}");
}

/* Each leaves the writer in a state that json_end() must refuse. */
static void name_missing(struct json *j) { json_int(j, NULL, 1); }
static void closed_twice(struct json *j) { json_close(j); json_close(j); }
static void never_closed(struct json *j) { json_items(j, "list"); }
static void not_utf8(struct json *j) { json_c_text(j, "name", "\xff"); }
static void
name_in_a_list(struct json *j)
{
	json_items(j, "list");
	json_int(j, "name", 1);
	json_close(j);
}
static void
too_deep(struct json *j)
{
	for (int i = 0; i < JSON_DEPTH; i++)
		json_record(j, "deep");
	for (int i = 0; i < JSON_DEPTH; i++)
		json_close(j);
}

static void
json_written_out_of_order_is_found(void **state)
{
	static void (*const mistakes[])(struct json *) = {
		name_missing, closed_twice, never_closed, not_utf8,
		name_in_a_list, too_deep,
	};

	(void)state;
	for (size_t i = 0; i < COUNT(mistakes); i++) {
		AUTO_DONE(bytes) b = { 0 };
		struct json j = json_start(&b);

		json_record(&j, NULL);
		mistakes[i](&j);
		json_close(&j);
		assert_int_equal(json_end(&j), ERR_INTERNAL);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_buffer_takes_exactly_its_maximum),
		cmocka_unit_test(what_did_not_fit_is_not_forgotten),
		cmocka_unit_test(integers_come_back_as_they_went),
		cmocka_unit_test(fields_end_where_their_stop_is),
		cmocka_unit_test(decimals_are_put_from_end_to_end),
		cmocka_unit_test(decimals_have_one_spelling_and_a_limit),
		cmocka_unit_test(a_reader_never_reads_past_the_end),
		cmocka_unit_test(a_text_has_room_for_its_nul),
		cmocka_unit_test(encodings_are_those_of_rfc_4648),
		cmocka_unit_test(another_text_for_the_same_value_is_refused),
		cmocka_unit_test(utf8_is_well_formed_or_refused),
		cmocka_unit_test(json_is_written_as_it_was_asked_for),
		cmocka_unit_test(json_written_out_of_order_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
