/*
 * The root that stays when officers change.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "quorum/quorum.h"

static struct secret *
drawn(void)
{
	struct secret *s = NULL;

	assert_int_equal(secret_new(SHARE_VALUE_SIZE, &s), ERR_OK);
	assert_int_equal(random_bytes(secret_at(s), SHARE_VALUE_SIZE),
	    ERR_OK);
	return s;
}

static void
same(const struct secret *a, const struct secret *b, bool wanted)
{
	assert_int_equal(memcmp(secret_peek(a), secret_peek(b),
	    SHARE_VALUE_SIZE) == 0, wanted);
}

static void
the_first_secret_is_its_own_root(void **state)
{
	struct quorum q = { 0 };
	AUTO(secret) s = drawn();
	AUTO(secret) root = NULL;

	(void)state;
	assert_int_equal(quorum_root(&q, s, &root), ERR_OK);
	same(root, s, true);
}

static void
a_carried_root_comes_back_from_the_new_secret_alone(void **state)
{
	struct quorum q = { .set_id = { 1, 2, 3 } };
	AUTO(secret) root = drawn();
	AUTO(secret) fresh = drawn();
	AUTO(secret) back = NULL;
	AUTO(secret) other = NULL;

	(void)state;
	assert_int_equal(quorum_carry(&q, fresh, root), ERR_OK);
	assert_true(q.carries);
	assert_int_equal(quorum_root(&q, fresh, &back), ERR_OK);
	same(back, root, true);
	assert_int_equal(quorum_root(&q, root, &other), ERR_CORRUPT);
}

static void
every_flipped_bit_of_what_is_carried_is_found(void **state)
{
	struct quorum q = { 0 };
	AUTO(secret) root = drawn();
	AUTO(secret) fresh = drawn();

	(void)state;
	assert_int_equal(quorum_carry(&q, fresh, root), ERR_OK);
	for (size_t i = 0; i < 8 * sizeof(q.carried); i++) {
		AUTO(secret) back = NULL;

		q.carried[i / 8] ^= (uint8_t)(1u << i % 8);
		assert_int_equal(quorum_root(&q, fresh, &back), ERR_CORRUPT);
		q.carried[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	q.set_id[0] ^= 1;
	assert_int_equal(quorum_root(&q, fresh, &(struct secret *){ NULL }),
	    ERR_CORRUPT);
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
		cmocka_unit_test(the_first_secret_is_its_own_root),
		cmocka_unit_test(
		    a_carried_root_comes_back_from_the_new_secret_alone),
		cmocka_unit_test(
		    every_flipped_bit_of_what_is_carried_is_found),
	};

	return cmocka_run_group_tests(tests, prepare, NULL);
}
