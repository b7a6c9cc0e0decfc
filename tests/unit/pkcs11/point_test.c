/*
 * CKA_EC_POINT in all forms that modules have been seen to use, and those
 * that confused other decoders.
 */
#include "tests/unit/pkcs11/softtoken.h"

#include "pkcs11/point.h"

/* head, then a point of len bytes that begins with first */
static void
decode(const char *head_hex, size_t len, const char *first_hex, enum err e)
{
	AUTO_DONE(bytes) value = { 0 };
	struct view out = { 0 };
	size_t head;

	assert_ok(hex_get(view_text(head_hex), &value));
	head = value.len;
	assert_ok(hex_get(view_text(first_hex), &value));
	while (value.len < head + len)
		bytes_put_u8(&value, 0xab);
	assert_err(ec_point_decode(bytes_view(&value), len, &out), e);
	if (e == ERR_OK)
		assert_true(view_equal(out, VIEW(value.at + head, len)));
	else
		assert_null(out.at);
}

static void
a_raw_point_is_taken_as_it_is(void **state)
{
	(void)state;
	decode("", 65, "04", ERR_OK);
	decode("", 32, "ab", ERR_OK);
}

static void
a_raw_point_that_looks_like_der_is_taken_as_it_is(void **state)
{
	(void)state;
	decode("", 32, "041e", ERR_OK);		/* OCTET STRING of 30 */
	decode("", 32, "031e00", ERR_OK);
	decode("", 65, "043f", ERR_OK);		/* OCTET STRING of 63 */
	decode("", 65, "0441", ERR_OK);
}

static void
an_octet_string_is_unwrapped(void **state)
{
	(void)state;
	decode("0441", 65, "04", ERR_OK);
	decode("0420", 32, "ab", ERR_OK);
	decode("0420", 32, "0420", ERR_OK);	/* once, not twice */
}

static void
a_bit_string_is_unwrapped(void **state)
{
	(void)state;
	decode("034200", 65, "04", ERR_OK);
	decode("032100", 32, "ab", ERR_OK);
}

static void
another_length_or_head_is_refused(void **state)
{
	(void)state;
	decode("0440", 65, "04", ERR_SYNTAX);
	decode("0442", 65, "04", ERR_SYNTAX);
	decode("0541", 65, "04", ERR_SYNTAX);
	decode("048141", 65, "04", ERR_SYNTAX);	/* long form is not DER */
	decode("034201", 65, "04", ERR_SYNTAX);	/* unused bits */
	decode("034100", 65, "04", ERR_SYNTAX);
	decode("04", 65, "04", ERR_SYNTAX);
	decode("04430441", 65, "04", ERR_SYNTAX);
}

static void
every_length_but_three_is_refused(void **state)
{
	const uint8_t value[200] = { 4, 65 };
	struct view out;

	(void)state;
	for (size_t len = 0; len <= sizeof(value); len++) {
		if (len != 65 && len != 67)
			assert_err(ec_point_decode(VIEW(value, len), 65, &out),
			    ERR_SYNTAX);
	}
	assert_err(ec_point_decode(VIEW(NULL, 0), 65, &out), ERR_SYNTAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_raw_point_is_taken_as_it_is),
		cmocka_unit_test(
		    a_raw_point_that_looks_like_der_is_taken_as_it_is),
		cmocka_unit_test(an_octet_string_is_unwrapped),
		cmocka_unit_test(a_bit_string_is_unwrapped),
		cmocka_unit_test(another_length_or_head_is_refused),
		cmocka_unit_test(every_length_but_three_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
