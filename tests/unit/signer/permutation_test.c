/*
 * A place of every counter, and each place once: counted over whole lists of
 * every size that could be special.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "signer/notary/permutation.h"

#define OK(expr) assert_int_equal(expr, ERR_OK)

static const uint8_t key[32] = { 1, 2, 3 }, other_key[32] = { 1, 2, 4 };

static void
count_places(int64_t size)
{
	AUTO(permutation) p = NULL;
	uint8_t *seen = mem_new((size_t)size, 1);

	assert_non_null(seen);
	OK(permutation_new(VIEW_OF(key), size, &p));
	for (int64_t i = 0; i < size; i++) {
		int64_t at = permutation_at(p, i);

		assert_true(at >= 0 && at < size);
		assert_int_equal(seen[at]++, 0);
	}
	mem_free(seen);
}

static void
every_counter_has_a_place_of_its_own(void **state)
{
	(void)state;
	for (int64_t size = 1; size <= 300; size++)
		count_places(size);
	for (int64_t size = 1023; size <= 1025; size++)
		count_places(size);
	count_places(100000);
	count_places((1 << 18) + 1);
	count_places(1 << 20);
}

static void
only_sizes_within_the_limits_are_taken(void **state)
{
	AUTO(permutation) p = NULL;

	(void)state;
	assert_int_equal(permutation_new(VIEW_OF(key), 0, &p), ERR_RANGE);
	assert_int_equal(permutation_new(VIEW_OF(key), PERMUTATION_MAX + 1,
	    &p), ERR_RANGE);
	OK(permutation_new(VIEW_OF(key), PERMUTATION_MAX, &p));
	assert_in_range(permutation_at(p, PERMUTATION_MAX - 1), 0,
	    PERMUTATION_MAX - 1);
}

static void
the_key_alone_decides(void **state)
{
	AUTO(permutation) a = NULL;
	AUTO(permutation) b = NULL;
	AUTO(permutation) c = NULL;
	int differ = 0;

	(void)state;
	OK(permutation_new(VIEW_OF(key), 1 << 20, &a));
	OK(permutation_new(VIEW_OF(key), 1 << 20, &b));
	OK(permutation_new(VIEW_OF(other_key), 1 << 20, &c));
	for (int64_t i = 0; i < 1000; i++) {
		assert_int_equal(permutation_at(a, i), permutation_at(b, i));
		differ += permutation_at(a, i) != permutation_at(c, i);
	}
	assert_true(differ > 990);
}

/* Places keep their order half of the time, as chance would have it. */
static void
neighbours_are_not_neighbours(void **state)
{
	AUTO(permutation) p = NULL;
	int up = 0, near = 0;

	(void)state;
	OK(permutation_new(VIEW_OF(key), 1 << 20, &p));
	for (int64_t i = 0; i < 10000; i++) {
		int64_t step = permutation_at(p, i + 1) - permutation_at(p, i);

		up += step > 0;
		near += step > -1024 && step < 1024;
	}
	assert_in_range(up, 4700, 5300);
	assert_in_range(near, 0, 80);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_counter_has_a_place_of_its_own),
		cmocka_unit_test(only_sizes_within_the_limits_are_taken),
		cmocka_unit_test(the_key_alone_decides),
		cmocka_unit_test(neighbours_are_not_neighbours),
	};

	return crypto_init() != ERR_OK ||
	    cmocka_run_group_tests(tests, NULL, NULL);
}
