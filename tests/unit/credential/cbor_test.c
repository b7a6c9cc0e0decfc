/*
 * The CBOR subset: RFC 8949 appendix A, libcbor as a decoder written by
 * others, and every rule of the strict reader.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include <cbor.h>
#include <jansson.h>

#include "base/file.h"
#include "credential/cbor.h"

#define VECTORS "../shared/vectors/cbor/appendix_a.json"

static struct view
from_hex(struct bytes *b, const char *hex)
{
	bytes_reset(b);
	assert_int_equal(hex_get(view_text(hex), b), ERR_OK);
	return bytes_view(b);
}

/* ---- what libcbor understood, written with our encoder */

static bool
in_subset(const cbor_item_t *i)
{
	switch (cbor_typeof(i)) {
	case CBOR_TYPE_UINT:
		return true;
	case CBOR_TYPE_NEGINT:
		return cbor_get_int(i) <= INT64_MAX;
	case CBOR_TYPE_BYTESTRING:
		return cbor_bytestring_is_definite(i);
	case CBOR_TYPE_STRING:
		return cbor_string_is_definite(i);
	case CBOR_TYPE_ARRAY:
		for (size_t n = 0; n < cbor_array_size(i); n++)
			if (!in_subset(cbor_array_handle(i)[n]))
				return false;
		return cbor_array_is_definite(i);
	case CBOR_TYPE_MAP:
		for (size_t n = 0; n < cbor_map_size(i); n++)
			if (!in_subset(cbor_map_handle(i)[n].key) ||
			    !in_subset(cbor_map_handle(i)[n].value))
				return false;
		return cbor_map_is_definite(i);
	case CBOR_TYPE_TAG:
		return in_subset(cbor_move(cbor_tag_item(i)));
	default:
		return false;
	}
}

static void
rewrite(const cbor_item_t *i, struct bytes *b)
{
	switch (cbor_typeof(i)) {
	case CBOR_TYPE_UINT:
		cbor_put_uint(b, cbor_get_int(i));
		break;
	case CBOR_TYPE_NEGINT:
		cbor_put_int(b, -1 - (int64_t)cbor_get_int(i));
		break;
	case CBOR_TYPE_BYTESTRING:
		cbor_put_bytes(b, VIEW(cbor_bytestring_handle(i),
		    cbor_bytestring_length(i)));
		break;
	case CBOR_TYPE_STRING:
		cbor_put_text(b, VIEW(cbor_string_handle(i),
		    cbor_string_length(i)));
		break;
	case CBOR_TYPE_ARRAY:
		cbor_put_array(b, cbor_array_size(i));
		for (size_t n = 0; n < cbor_array_size(i); n++)
			rewrite(cbor_array_handle(i)[n], b);
		break;
	case CBOR_TYPE_MAP:
		cbor_put_map(b, cbor_map_size(i));
		for (size_t n = 0; n < cbor_map_size(i); n++) {
			rewrite(cbor_map_handle(i)[n].key, b);
			rewrite(cbor_map_handle(i)[n].value, b);
		}
		break;
	case CBOR_TYPE_TAG:
		cbor_put_tag(b, cbor_tag_value(i));
		rewrite(cbor_move(cbor_tag_item(i)), b);
		break;
	default:
		fail();
	}
}

/* ---- what our reader understood, written with our encoder */

static void
copy(struct cbor_reader *r, struct bytes *b)
{
	uint8_t major = r->rest.len != 0 ? r->rest.at[0] >> 5 : 0;
	uint64_t n;

	switch (major) {
	case 0:
		cbor_put_uint(b, cbor_read_uint(r));
		return;
	case 1:
		cbor_put_int(b, cbor_read_int(r));
		return;
	case 2:
		cbor_put_bytes(b, cbor_read_bytes(r, 4096));
		return;
	case 3:
		cbor_put_text(b, cbor_read_text(r, 4096));
		return;
	case 6:
		cbor_put_tag(b, cbor_read_tag(r));
		copy(r, b);
		return;
	case 7:
		cbor_fail(r, "not in the subset");
		return;
	}
	n = major == 4 ? cbor_enter_array(r) : cbor_enter_map(r);
	if (major == 4)
		cbor_put_array(b, n);
	else
		cbor_put_map(b, n);
	for (uint64_t i = 0; i < n * (major - 3u) && r->why == NULL; i++)
		copy(r, b);
	cbor_leave(r);
}

static enum err
read_whole(const char *hex, struct bytes *again)
{
	AUTO_DONE(bytes) raw = { 0 };
	struct cbor_reader r = cbor_reader_of(from_hex(&raw, hex));

	bytes_reset(again);
	copy(&r, again);
	return cbor_end(&r, "test");
}

static void
check_vector(const char *hex, int *inside)
{
	AUTO_DONE(bytes) raw = { 0 };
	AUTO_DONE(bytes) again = { 0 };
	struct cbor_load_result loaded;
	struct view v = from_hex(&raw, hex);
	cbor_item_t *item = cbor_load(v.at, v.len, &loaded);

	/* libcbor 0.8 does not know every simple value either */
	if (item == NULL || !in_subset(item)) {
		assert_int_equal(read_whole(hex, &again), ERR_SYNTAX);
	} else {
		rewrite(item, &again);
		assert_true(view_equal(v, bytes_view(&again)));
		assert_int_equal(read_whole(hex, &again), ERR_OK);
		assert_true(view_equal(v, bytes_view(&again)));
		(*inside)++;
	}
	if (item != NULL)
		cbor_decref(&item);
}

static void
appendix_a_is_read_and_written_byte_for_byte(void **)
{
	json_t *all, *vector;
	json_error_t error;
	int inside = 0;
	size_t i;

	if (!file_exists(VECTORS)) {
		print_message("%s is not here\n", VECTORS);
		skip();
	}
	all = json_load_file(VECTORS, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL,
	    &error);
	assert_non_null(all);
	json_array_foreach(all, i, vector)
		check_vector(json_string_value(json_object_get(vector, "hex")),
		    &inside);
	assert_int_equal(i, 82);
	assert_int_equal(inside, 40);
	json_decref(all);
}

static void
every_width_of_an_integer_is_the_shortest(void **)
{
	static const struct {
		int64_t		 v;
		const char	*hex;
	} cases[] = {
		{ 0, "00" }, { 23, "17" }, { 24, "1818" }, { 255, "18ff" },
		{ 256, "190100" }, { 65535, "19ffff" }, { 65536, "1a00010000" },
		{ UINT32_MAX, "1affffffff" },
		{ INT64_C(1) << 32, "1b0000000100000000" },
		{ INT64_MAX, "1b7fffffffffffffff" }, { -1, "20" },
		{ -24, "37" }, { -25, "3818" }, { -65537, "3a00010000" },
		{ INT64_MIN, "3b7fffffffffffffff" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_DONE(bytes) want = { 0 };
		AUTO_DONE(bytes) have = { 0 };
		struct cbor_reader r;

		cbor_put_int(&have, cases[i].v);
		assert_true(view_equal(from_hex(&want, cases[i].hex),
		    bytes_view(&have)));
		r = cbor_reader_of(bytes_view(&want));
		assert_int_equal(cbor_read_int(&r), cases[i].v);
		assert_int_equal(cbor_end(&r, "test"), ERR_OK);
	}
}

static void
refused(const char *hex, const char *rule)
{
	AUTO_DONE(bytes) again = { 0 };

	assert_int_equal(read_whole(hex, &again), ERR_SYNTAX);
	if (strstr(err_why(), rule) == NULL)
		fail_msg("%s: %s", hex, err_why());
}

static void
integers_and_lengths_that_are_not_shortest_are_refused(void **)
{
	static const char *const cases[] = {
		"1817", "1900ff", "1a0000ffff", "1b00000000ffffffff",
		"3817", "580161", "7800", "980100", "b8010102", "d81700",
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		refused(cases[i], "shortest form");
}

static void
indefinite_lengths_and_reserved_heads_are_refused(void **)
{
	refused("5f4100ff", "indefinite");
	refused("7f6161ff", "indefinite");
	refused("9fff", "indefinite");
	refused("bfff", "indefinite");
	refused("1c", "reserved");
	refused("3e", "reserved");
}

static void
floats_and_simple_values_are_refused(void **)
{
	refused("f4", "not in the subset");
	refused("81f6", "not in the subset");
	refused("f90000", "not in the subset");
	for (int first = 0xe0; first < 0x100; first++) {
		uint8_t b[9] = { (uint8_t)first };
		struct cbor_reader r = cbor_reader_of(VIEW_OF(b));

		cbor_read_int(&r);
		assert_string_equal(r.why, "an item of another type");
	}
}

static void
map_keys_twice_or_out_of_order_are_refused(void **)
{
	AUTO_DONE(bytes) again = { 0 };

	refused("a201010102", "out of order");
	refused("a202010102", "out of order");
	refused("a2616201616102", "out of order");
	/* bytewise: 10 before -1 (0a < 20), -1 before "a" (20 < 61) */
	assert_int_equal(read_whole("a30a002000616100", &again), ERR_OK);
	refused("a220000a00", "out of order");
	/* inside another map as well, and the outer order is kept in mind */
	refused("a201a2020003000100", "out of order");
	assert_int_equal(read_whole("a201a20200030002a0", &again), ERR_OK);
}

static void
map_keys_are_integers_or_strings(void **)
{
	refused("a1800100", "neither integer nor string");
	refused("a1a00100", "neither integer nor string");
	refused("a1c00100", "neither integer nor string");
}

static void
nesting_ends_at_the_limit(void **)
{
	AUTO_DONE(bytes) again = { 0 };

	assert_int_equal(read_whole("8181818181818180", &again), ERR_OK);
	assert_int_equal(read_whole("81818181818181a0", &again), ERR_OK);
	refused("818181818181818180", "too deep");
	refused("8181818181818181a0", "too deep");
}

static void
lengths_beyond_the_end_are_refused(void **)
{
	refused("", "ends early");
	refused("18", "ends early");
	refused("4261", "ends early");
	refused("8200", "ends early");
	refused("a10000"
	    "00", "bytes after its end");
	refused("0000", "1 bytes after its end");
	refused("5b7fffffffffffffff", "over its limit");
	refused("9b7fffffffffffffff", "ends early");
	refused("bb7fffffffffffffff", "ends early");
	refused("bbffffffffffffffff", "ends early");
}

static void
texts_are_utf8(void **)
{
	AUTO_DONE(bytes) again = { 0 };

	assert_int_equal(read_whole("63ed998d", &again), ERR_OK);
	refused("62c328", "UTF-8");
	refused("6100", "UTF-8");
	refused("63eda080", "UTF-8");
}

static void
a_string_has_its_limit(void **)
{
	AUTO_DONE(bytes) raw = { 0 };

	for (size_t max = 2; max <= 4; max++) {
		struct cbor_reader r =
		    cbor_reader_of(from_hex(&raw, "43616263"));
		struct view v = cbor_read_bytes(&r, max);

		assert_int_equal(v.len, max < 3 ? 0 : 3);
		assert_int_equal(cbor_end(&r, "test"),
		    max < 3 ? ERR_SYNTAX : ERR_OK);
	}
}

static void
the_schema_is_held_to(void **)
{
	AUTO_DONE(bytes) raw = { 0 };
	struct cbor_reader r = cbor_reader_of(from_hex(&raw, "820102"));

	/* reading past the array's end */
	cbor_want_array(&r, 2);
	cbor_want_int(&r, 1);
	cbor_want_int(&r, 2);
	cbor_want_int(&r, 3);
	assert_int_equal(cbor_end(&r, "test"), ERR_SYNTAX);

	/* leaving before it */
	r = cbor_reader_of(bytes_view(&raw));
	cbor_want_array(&r, 2);
	cbor_want_int(&r, 1);
	cbor_leave(&r);
	assert_int_equal(cbor_end(&r, "test"), ERR_SYNTAX);

	/* not leaving, leaving twice */
	r = cbor_reader_of(bytes_view(&raw));
	cbor_want_array(&r, 2);
	cbor_want_int(&r, 1);
	cbor_want_int(&r, 2);
	assert_int_equal(cbor_end(&r, "test"), ERR_SYNTAX);
	cbor_leave(&r);
	assert_int_equal(cbor_end(&r, "test"), ERR_OK);
	cbor_leave(&r);
	assert_int_equal(cbor_end(&r, "test"), ERR_SYNTAX);

	/* other values, lengths and types than the schema's */
	r = cbor_reader_of(bytes_view(&raw));
	cbor_want_array(&r, 1);
	assert_int_equal(cbor_end(&r, "test"), ERR_SYNTAX);
	r = cbor_reader_of(bytes_view(&raw));
	cbor_want_map(&r, 2);
	assert_int_equal(cbor_end(&r, "test"), ERR_SYNTAX);
	r = cbor_reader_of(bytes_view(&raw));
	cbor_want_array(&r, 2);
	cbor_want_int(&r, 2);
	assert_int_equal(cbor_end(&r, "test"), ERR_SYNTAX);
}

static void
after_a_failure_everything_reads_as_nothing(void **)
{
	AUTO_DONE(bytes) raw = { 0 };
	struct cbor_reader r = cbor_reader_of(from_hex(&raw, "8301416161"));

	cbor_want_array(&r, 3);
	cbor_fail(&r, "the first rule");
	cbor_fail(&r, "the second rule");
	assert_int_equal(cbor_read_uint(&r), 0);
	assert_int_equal(cbor_read_int(&r), 0);
	assert_int_equal(cbor_read_bytes(&r, 9).len, 0);
	assert_int_equal(cbor_read_text(&r, 9).len, 0);
	assert_int_equal(cbor_read_tag(&r), 0);
	assert_int_equal(cbor_enter_map(&r), 0);
	cbor_leave(&r);
	assert_string_equal(r.why, "the first rule");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(appendix_a_is_read_and_written_byte_for_byte),
		cmocka_unit_test(every_width_of_an_integer_is_the_shortest),
		cmocka_unit_test(
		    integers_and_lengths_that_are_not_shortest_are_refused),
		cmocka_unit_test(
		    indefinite_lengths_and_reserved_heads_are_refused),
		cmocka_unit_test(floats_and_simple_values_are_refused),
		cmocka_unit_test(map_keys_twice_or_out_of_order_are_refused),
		cmocka_unit_test(map_keys_are_integers_or_strings),
		cmocka_unit_test(nesting_ends_at_the_limit),
		cmocka_unit_test(lengths_beyond_the_end_are_refused),
		cmocka_unit_test(texts_are_utf8),
		cmocka_unit_test(a_string_has_its_limit),
		cmocka_unit_test(the_schema_is_held_to),
		cmocka_unit_test(after_a_failure_everything_reads_as_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
