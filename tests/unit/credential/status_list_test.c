/* Status lists: the draft's worked examples, and what is no list. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include <zlib.h>

#include "base/crypto.h"
#include "credential/status_list.h"
#include "tests/software.h"

struct set {
	uint32_t	index;
	uint8_t		value;
};

static struct status_list *
list_of(unsigned int bits, uint64_t entries, const struct set *set,
    size_t count)
{
	struct status_list *l = NULL;

	MUST(status_list_new(bits, entries, &l));
	for (size_t i = 0; i < count; i++)
		MUST(status_list_set(l, set[i].index, set[i].value));
	return l;
}

/* What is packed, unpacked by zlib alone. */
static void
unpack(const struct status_list *l, struct bytes *out)
{
	AUTO_DONE(bytes) packed = { 0 };
	uLongf len = STATUS_LIST_BYTES;

	MUST(status_list_pack(l, &packed));
	assert_int_equal(packed.at[0], 0x78);
	assert_int_equal(packed.at[1], 0xda);	/* the highest level */
	assert_int_equal(uncompress(bytes_grow(out, len), &len, packed.at,
	    packed.len), Z_OK);
	out->len = len;
}

/* draft-ietf-oauth-status-list 4.1, and its lst in 4.2 */
static void
the_example_with_one_bit_is_b9a3(void **)
{
	static const uint8_t values[] =
	    { 1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1 };
	AUTO(status_list) l = NULL;
	AUTO_DONE(bytes) at = { 0 };
	AUTO_DONE(bytes) packed = { 0 };
	AUTO_DONE(bytes) text = { 0 };

	MUST(status_list_new(1, COUNT(values), &l));
	for (size_t i = 0; i < COUNT(values); i++)
		MUST(status_list_set(l, i, values[i]));
	unpack(l, &at);
	assert_int_equal(at.len, 2);
	assert_memory_equal(at.at, "\xb9\xa3", 2);
	MUST(status_list_pack(l, &packed));
	base64url_put(&text, bytes_view(&packed));
	assert_string_equal(bytes_text(&text), "eNrbuRgAAhcBXQ");
}

static void
the_example_with_two_bits_is_c944f9(void **)
{
	static const uint8_t values[] =
	    { 1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3 };
	AUTO(status_list) l = NULL;
	AUTO_DONE(bytes) packed = { 0 };
	AUTO_DONE(bytes) at = { 0 };
	AUTO_DONE(bytes) hex = { 0 };

	MUST(status_list_new(2, COUNT(values), &l));
	for (size_t i = 0; i < COUNT(values); i++)
		MUST(status_list_set(l, i, values[i]));
	unpack(l, &at);
	assert_int_equal(at.len, 3);
	assert_memory_equal(at.at, "\xc9\x44\xf9", 3);
	MUST(status_list_pack(l, &packed));
	hex_put(&hex, bytes_view(&packed));
	assert_string_equal(bytes_text(&hex), "78da3be9f2130003df0207");
}

/*
 * The test vectors of a million entries: SHA-256 of what their lst unpacks
 * to, and the entries that are not 0.
 */
static void
the_long_test_vectors_come_out(void **)
{
	static const struct set one[] = { { 0, 1 }, { 1993, 1 },
	    { 25460, 1 }, { 159495, 1 }, { 495669, 1 }, { 554353, 1 },
	    { 645645, 1 }, { 723232, 1 }, { 854545, 1 }, { 934534, 1 },
	    { 1000345, 1 } };
	static const struct set two[] = { { 0, 1 }, { 1993, 2 },
	    { 25460, 1 }, { 159495, 3 }, { 495669, 1 }, { 554353, 1 },
	    { 645645, 2 }, { 723232, 1 }, { 854545, 1 }, { 934534, 2 },
	    { 1000345, 3 } };
	static const struct set four[] = { { 0, 1 }, { 1993, 2 },
	    { 35460, 3 }, { 459495, 4 }, { 595669, 5 }, { 754353, 6 },
	    { 845645, 7 }, { 923232, 8 }, { 924445, 9 }, { 934534, 10 },
	    { 1004534, 11 }, { 1000345, 12 }, { 1030203, 13 },
	    { 1030204, 14 }, { 1030205, 15 } };
	static const struct {
		unsigned int	 bits;
		const struct set *set;
		size_t		 count;
		const char	*sha256;
	} vectors[] = {
		{ 1, one, COUNT(one), "f2529d5d7b48665f8be86037b271b92a"
		    "9cc7690a42688193d3c97baf2a1e4794" },
		{ 2, two, COUNT(two), "89014d93753a4996780da9354a6ac298"
		    "c4e4c571b9d7ef344c2aefdd494d898c" },
		{ 4, four, COUNT(four), "7624b511c7462ca2e77514c416b5528b"
		    "043d4333b5e0741494a4e21009241edb" },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		AUTO(status_list) l = list_of(vectors[i].bits, 1 << 20,
		    vectors[i].set, vectors[i].count);
		AUTO_DONE(bytes) at = { 0 };
		AUTO_DONE(bytes) hex = { 0 };
		struct hash h;

		unpack(l, &at);
		h = sha256(bytes_view(&at));
		hex_put(&hex, VIEW_OF(h.at));
		assert_string_equal(bytes_text(&hex), vectors[i].sha256);
	}
}

static void
an_entry_is_set_and_its_neighbours_are_not(void **)
{
	static const unsigned int bits[] = { 1, 2, 4, 8 };

	for (size_t b = 0; b < COUNT(bits); b++) {
		unsigned int most = (1u << bits[b]) - 1, v;
		AUTO(status_list) l = list_of(bits[b], 64, NULL, 0);

		for (uint64_t i = 1; i < 64; i += 3)
			MUST(status_list_set(l, i, most));
		MUST(status_list_set(l, 4, 0));
		for (uint64_t i = 0; i < 64; i++) {
			MUST(status_list_get(l, i, &v));
			assert_int_equal(v, i % 3 == 1 && i != 4 ? most : 0);
		}
		assert_int_equal(status_list_count(l, most), 20);
	}
}

static void
what_is_not_there_is_refused(void **)
{
	AUTO(status_list) l = list_of(2, 8, NULL, 0);
	unsigned int v;

	MUST(status_list_set(l, 7, 3));
	assert_int_equal(status_list_set(l, 7, 4), ERR_RANGE);
	assert_int_equal(status_list_set(l, 8, 0), ERR_RANGE);
	assert_int_equal(status_list_get(l, 8, &v), ERR_RANGE);
	assert_int_equal(status_list_get(l, UINT64_MAX, &v), ERR_RANGE);
	MUST(status_list_get(l, 7, &v));
	assert_int_equal(v, 3);
}

static void
sizes_are_bounded(void **)
{
	static const unsigned int none[] = { 0, 3, 5, 7, 9, 16 };
	struct status_list *l = NULL;

	for (size_t i = 0; i < COUNT(none); i++)
		assert_int_equal(status_list_new(none[i], 8, &l), ERR_RANGE);
	assert_int_equal(status_list_new(2, 0, &l), ERR_RANGE);
	assert_int_equal(status_list_new(2, 3, &l), ERR_RANGE);
	assert_int_equal(status_list_new(2, STATUS_LIST_ENTRIES + 4, &l),
	    ERR_RANGE);
	MUST(status_list_new(2, 4, &l));
	status_list_free(l);
	MUST(status_list_new(8, STATUS_LIST_ENTRIES, &l));
	status_list_free(l);
}

static void
packing_in_steps_is_packing(void **)
{
	static const struct set set[] =
	    { { 3, 1 }, { 77, 2 }, { 4095, 1 } };
	AUTO(status_list) l = list_of(2, 4096, set, COUNT(set));
	AUTO_DONE(bytes) at_once = { 0 };

	MUST(status_list_pack(l, &at_once));
	for (size_t some = 1; some < 1100; some += 61) {
		AUTO(status_packer) p = NULL;
		bool whole = false;

		MUST(status_packer_new(l, &p));
		while (!whole)
			MUST(status_packer_step(p, some, &whole));
		assert_true(view_equal(status_packer_view(p),
		    bytes_view(&at_once)));
	}
}

static void
what_is_being_packed_does_not_change(void **)
{
	AUTO(status_list) l = list_of(2, 4096, NULL, 0);
	AUTO_DONE(bytes) before = { 0 };
	AUTO(status_packer) p = NULL;
	bool whole;

	MUST(status_list_pack(l, &before));
	MUST(status_packer_new(l, &p));
	MUST(status_packer_step(p, 1, &whole));
	assert_false(whole);
	MUST(status_list_set(l, 4095, STATUS_INVALID));
	MUST(status_packer_step(p, SIZE_MAX, &whole));
	assert_true(whole);
	assert_true(view_equal(status_packer_view(p), bytes_view(&before)));
}

/* ---- unpacking */

static void
what_was_packed_is_unpacked(void **)
{
	static const struct set set[] = { { 0, 2 }, { 1048575, 1 } };
	AUTO(status_list) l = list_of(2, 1 << 20, set, COUNT(set));
	AUTO(status_list) again = NULL;
	AUTO_DONE(bytes) packed = { 0 };
	unsigned int v;

	MUST(status_list_pack(l, &packed));
	MUST(status_list_unpack(2, bytes_view(&packed), &again));
	assert_int_equal(status_list_entries(again), 1 << 20);
	assert_int_equal(status_list_bits(again), 2);
	MUST(status_list_get(again, 0, &v));
	assert_int_equal(v, STATUS_SUSPENDED);
	MUST(status_list_get(again, 1048575, &v));
	assert_int_equal(v, STATUS_INVALID);
	assert_int_equal(status_list_count(again, STATUS_VALID),
	    (1 << 20) - 2);
}

static void
packed_zeros(size_t count, struct bytes *out)
{
	uLongf len = compressBound(count);
	AUTO_DONE(bytes) zeros = { 0 };

	memset(bytes_grow(&zeros, count), 0, count);
	assert_int_equal(compress(bytes_grow(out, len), &len, zeros.at,
	    count), Z_OK);
	out->len = len;
}

/* 32 MiB of zeros are 32 KiB; of them no more than the limit is made. */
static void
what_inflates_beyond_the_limit_is_refused(void **)
{
	static const size_t bombs[] = { STATUS_LIST_BYTES + 1,
	    2 * STATUS_LIST_BYTES, 32 * STATUS_LIST_BYTES };
	struct status_list *l = NULL;
	AUTO_DONE(bytes) most = { 0 };

	for (size_t i = 0; i < COUNT(bombs); i++) {
		AUTO_DONE(bytes) packed = { 0 };

		packed_zeros(bombs[i], &packed);
		assert_int_equal(status_list_unpack(8, bytes_view(&packed),
		    &l), ERR_TOO_LARGE);
	}
	packed_zeros(STATUS_LIST_BYTES, &most);
	/* as many bytes, but with a bit each that are eight million entries */
	assert_int_equal(status_list_unpack(1, bytes_view(&most), &l),
	    ERR_TOO_LARGE);
	MUST(status_list_unpack(8, bytes_view(&most), &l));
	status_list_free(l);
}

static void
what_is_no_zlib_stream_is_refused(void **)
{
	AUTO(status_list) l = list_of(2, 4096, NULL, 0);
	AUTO_DONE(bytes) packed = { 0 };
	struct status_list *out = NULL;

	MUST(status_list_pack(l, &packed));
	for (size_t n = 0; n < packed.len; n++)
		assert_int_equal(status_list_unpack(2, VIEW(packed.at, n),
		    &out), ERR_SYNTAX);
	assert_int_equal(status_list_unpack(3, bytes_view(&packed), &out),
	    ERR_RANGE);
	bytes_put_u8(&packed, 0);
	assert_int_equal(status_list_unpack(2, bytes_view(&packed), &out),
	    ERR_SYNTAX);
	packed.len--;
	packed.at[packed.len - 1] ^= 1;		/* Adler-32 */
	assert_int_equal(status_list_unpack(2, bytes_view(&packed), &out),
	    ERR_SYNTAX);
}

static void
an_empty_list_is_refused(void **)
{
	AUTO_DONE(bytes) packed = { 0 };
	struct status_list *l = NULL;

	packed_zeros(0, &packed);
	assert_int_equal(status_list_unpack(2, bytes_view(&packed), &l),
	    ERR_TOO_LARGE);
}

static void
values_have_names(void **)
{
	assert_string_equal(status_name(STATUS_VALID), "valid");
	assert_string_equal(status_name(STATUS_INVALID), "invalid");
	assert_string_equal(status_name(STATUS_SUSPENDED), "suspended");
	assert_string_equal(status_name(3), "of another meaning");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_with_one_bit_is_b9a3),
		cmocka_unit_test(the_example_with_two_bits_is_c944f9),
		cmocka_unit_test(the_long_test_vectors_come_out),
		cmocka_unit_test(an_entry_is_set_and_its_neighbours_are_not),
		cmocka_unit_test(what_is_not_there_is_refused),
		cmocka_unit_test(sizes_are_bounded),
		cmocka_unit_test(packing_in_steps_is_packing),
		cmocka_unit_test(what_is_being_packed_does_not_change),
		cmocka_unit_test(what_was_packed_is_unpacked),
		cmocka_unit_test(what_inflates_beyond_the_limit_is_refused),
		cmocka_unit_test(what_is_no_zlib_stream_is_refused),
		cmocka_unit_test(an_empty_list_is_refused),
		cmocka_unit_test(values_have_names),
	};

	if (crypto_init() != ERR_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
