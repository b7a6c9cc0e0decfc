/* Values of claims on the wire: there and back, and their limits. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "policy/value.h"

/* Decodes all of b, or returns an empty value and the error. */
static enum err
get(const struct bytes *b, struct value *out)
{
	struct reader r = reader_of(bytes_view(b));

	value_get(&r, out);
	return reader_end(&r, "value");
}

static void
refused(struct bytes *b)
{
	struct value v = { .kind = VALUE_STRING };

	assert_int_equal(bytes_check(b), ERR_OK);
	assert_int_equal(get(b, &v), ERR_SYNTAX);
	assert_int_equal(v.kind, VALUE_NONE);
	assert_null(v.members);
	bytes_done(b);
}

static void
scalars_come_back(void **state)
{
	const struct value values[] = {
		{ .kind = VALUE_NONE },
		{ .kind = VALUE_STRING, .text = VIEW("대한", 6) },
		{ .kind = VALUE_STRING, .text = VIEW("", 0) },
		{ .kind = VALUE_INTEGER, .integer = INT64_MIN },
		{ .kind = VALUE_INTEGER, .integer = INT64_MAX },
		{ .kind = VALUE_BOOLEAN, .integer = 0 },
		{ .kind = VALUE_BOOLEAN, .integer = 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(values); i++) {
		AUTO_DONE(bytes) b = { 0 };
		AUTO_DONE(value) v = { 0 };

		value_put(&b, &values[i]);
		assert_int_equal(get(&b, &v), ERR_OK);
		assert_int_equal(v.kind, values[i].kind);
		assert_true(v.integer == values[i].integer);
		assert_true(view_equal(v.text, values[i].text));
	}
}

/* lists in lists, depth of them, the innermost empty */
static void
put_nested(struct bytes *b, unsigned int depth)
{
	for (unsigned int i = 1; i < depth; i++) {
		bytes_put_u8(b, VALUE_LIST);
		bytes_put_u16(b, 1);
	}
	bytes_put_u8(b, VALUE_LIST);
	bytes_put_u16(b, 0);
}

static void
depth_ends_at_four(void **state)
{
	AUTO_DONE(bytes) b = { 0 };
	AUTO_DONE(value) v = { 0 };

	(void)state;
	put_nested(&b, VALUE_DEPTH);
	assert_int_equal(get(&b, &v), ERR_OK);
	bytes_done(&b);
	put_nested(&b, VALUE_DEPTH + 1);
	refused(&b);
}

static void
members_end_at_128(void **state)
{
	AUTO_DONE(bytes) b = { 0 };
	AUTO_DONE(value) v = { 0 };

	(void)state;
	for (unsigned int count = 127; count <= 129; count++) {
		bytes_reset(&b);
		bytes_put_u8(&b, VALUE_LIST);
		bytes_put_u16(&b, (uint16_t)count);
		for (unsigned int i = 0; i < count; i++) {
			bytes_put_u8(&b, VALUE_BOOLEAN);
			bytes_put_u8(&b, 1);
		}
		value_done(&v);
		assert_int_equal(get(&b, &v),
		    count <= VALUE_MEMBERS ? ERR_OK : ERR_SYNTAX);
	}
	assert_int_equal(value_reserve(&v, VALUE_MAP, VALUE_MEMBERS), ERR_OK);
	assert_int_equal(value_reserve(&v, VALUE_MAP, VALUE_MEMBERS + 1),
	    ERR_RANGE);
	assert_int_equal(v.count, VALUE_MEMBERS);
}

static void
a_count_is_not_believed(void **state)
{
	AUTO_DONE(bytes) b = { 0 };

	(void)state;
	bytes_put_u8(&b, VALUE_MAP);
	bytes_put_u16(&b, 128);
	refused(&b);
}

static void
names_come_once(void **state)
{
	AUTO_DONE(bytes) b = { 0 };

	(void)state;
	bytes_put_u8(&b, VALUE_MAP);
	bytes_put_u16(&b, 2);
	for (int i = 0; i < 2; i++) {
		bytes_put_block(&b, view_text("a"));
		bytes_put_u8(&b, VALUE_BOOLEAN);
		bytes_put_u8(&b, 1);
	}
	refused(&b);
}

static void
what_is_no_value_is_refused(void **state)
{
	AUTO_DONE(bytes) b = { 0 };

	(void)state;
	bytes_put_u8(&b, VALUE_MAP + 1);
	refused(&b);
	bytes_put_u8(&b, VALUE_BOOLEAN);
	bytes_put_u8(&b, 2);
	refused(&b);
	bytes_put_u8(&b, VALUE_STRING);
	bytes_put_block(&b, VIEW("\xff", 1));
	refused(&b);
	bytes_put_u8(&b, VALUE_LIST);	/* of one that is absent */
	bytes_put_u16(&b, 1);
	bytes_put_u8(&b, VALUE_NONE);
	bytes_put_u8(&b, 0);
	refused(&b);
	bytes_put_u8(&b, VALUE_MAP);
	bytes_put_u16(&b, 1);
	bytes_put_block(&b, VIEW("\xc0\x80", 2));
	bytes_put_u8(&b, VALUE_BOOLEAN);
	bytes_put_u8(&b, 1);
	refused(&b);
}

static void
a_text_ends_at_64_kibibytes(void **state)
{
	AUTO_DONE(bytes) text = { 0 };
	AUTO_DONE(bytes) b = { 0 };
	AUTO_DONE(value) v = { 0 };
	uint8_t *room = bytes_grow(&text, VALUE_TEXT + 1);

	(void)state;
	assert_non_null(room);
	memset(room, 'x', VALUE_TEXT + 1);
	bytes_put_u8(&b, VALUE_STRING);
	bytes_put_block(&b, VIEW(text.at, VALUE_TEXT));
	assert_int_equal(get(&b, &v), ERR_OK);
	bytes_reset(&b);
	bytes_put_u8(&b, VALUE_STRING);
	bytes_put_block(&b, bytes_view(&text));
	refused(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scalars_come_back),
		cmocka_unit_test(depth_ends_at_four),
		cmocka_unit_test(members_end_at_128),
		cmocka_unit_test(a_count_is_not_believed),
		cmocka_unit_test(names_come_once),
		cmocka_unit_test(what_is_no_value_is_refused),
		cmocka_unit_test(a_text_ends_at_64_kibibytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
