/* Names of QR tokens that need no second verification. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "signer/notary/vouched.h"

static struct vouched v;

static struct hash
name_of(uint64_t n)
{
	return sha256(VIEW(&n, sizeof(n)));
}

static void
nothing_is_known_at_first(void **)
{
	for (uint64_t n = 0; n < 1000; n++) {
		struct hash name = name_of(n);

		assert_false(vouched_knows(&v, &name));
	}
}

static void
what_was_added_is_known_until_another_takes_its_place(void **)
{
	unsigned int known = 0;

	for (uint64_t n = 0; n < VOUCHED_PLACES; n++) {
		struct hash name = name_of(n);

		vouched_add(&v, &name);
		assert_true(vouched_knows(&v, &name));
		name.at[n % VOUCHED_SIZE] ^= 1;
		assert_false(vouched_knows(&v, &name));
	}
	for (uint64_t n = 0; n < VOUCHED_PLACES; n++) {
		struct hash name = name_of(n);

		known += vouched_knows(&v, &name);
	}
	/* of as many names as places, 1 - 1/e find one of their own */
	assert_in_range(known, VOUCHED_PLACES * 6 / 10,
	    VOUCHED_PLACES * 7 / 10);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_known_at_first),
		cmocka_unit_test(
		    what_was_added_is_known_until_another_takes_its_place),
	};

	if (crypto_init() != ERR_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
