/*
 * Derived PINs and keys: as an independent HKDF says, and all different.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/crypto.h"
#include "quorum/derive.h"
#include "vector.h"

static struct secret *master;

static void
pins_and_keys_are_those_of_the_other_implementation(void **state)
{
	AUTO(secret) pin = NULL;
	AUTO(secret) so_pin = NULL;
	AUTO(secret) pseudonym = NULL;
	AUTO(secret) status = NULL;

	(void)state;
	assert_int_equal(derive_pin(master, "okse-rehearsal", &pin), ERR_OK);
	assert_int_equal(secret_len(pin), DERIVE_PIN_SIZE);
	assert_memory_equal(secret_peek(pin), vector_pin, DERIVE_PIN_SIZE);
	assert_int_equal(derive_so_pin(master, "okse-rehearsal", &so_pin),
	    ERR_OK);
	assert_memory_equal(secret_peek(so_pin), vector_so_pin,
	    DERIVE_PIN_SIZE);
	assert_int_equal(derive_pseudonym_key(master, &pseudonym), ERR_OK);
	assert_memory_equal(secret_peek(pseudonym), vector_pseudonym, 32);
	assert_int_equal(derive_key(master, "status-2", &status), ERR_OK);
	assert_memory_equal(secret_peek(status), vector_status, 32);
}

static void
another_token_has_another_pin(void **state)
{
	AUTO(secret) a = NULL;
	AUTO(secret) b = NULL;

	(void)state;
	assert_int_equal(derive_pin(master, "okse-rehearsal", &a), ERR_OK);
	assert_int_equal(derive_pin(master, "okse-rehearsal-2", &b), ERR_OK);
	assert_memory_not_equal(secret_peek(a), secret_peek(b),
	    DERIVE_PIN_SIZE);
}

static enum err
pin_for(const char *label)
{
	AUTO(secret) pin = NULL;

	return derive_pin(master, label, &pin);
}

static void
a_label_outside_its_limits_is_refused(void **state)
{
	(void)state;
	assert_int_equal(pin_for(""), ERR_RANGE);
	assert_int_equal(pin_for("1"), ERR_OK);
	assert_int_equal(pin_for("1234567890123456789012345678901"), ERR_OK);
	assert_int_equal(pin_for("12345678901234567890123456789012"), ERR_OK);
	assert_int_equal(pin_for("123456789012345678901234567890123"),
	    ERR_RANGE);
	assert_int_equal(pin_for("1234 "), ERR_RANGE);
	assert_int_equal(pin_for("12\n34"), ERR_RANGE);
	assert_int_equal(pin_for("12\x80"), ERR_RANGE);
}

static enum err
key_for(const char *purpose)
{
	AUTO(secret) key = NULL;

	return derive_key(master, purpose, &key);
}

static void
a_purpose_outside_its_limits_is_refused(void **state)
{
	(void)state;
	assert_int_equal(key_for(""), ERR_RANGE);
	assert_int_equal(key_for("a"), ERR_OK);
	assert_int_equal(key_for("a234567890123456789012345678901"), ERR_OK);
	assert_int_equal(key_for("a2345678901234567890123456789012"), ERR_OK);
	assert_int_equal(key_for("a23456789012345678901234567890123"),
	    ERR_RANGE);
	assert_int_equal(key_for("a/b"), ERR_RANGE);
	assert_int_equal(key_for("A"), ERR_RANGE);
}

static int
prepare(void **state)
{
	(void)state;
	if (crypto_init() != ERR_OK || secret_new(32, &master) != ERR_OK)
		return -1;
	memcpy(secret_at(master), vector_secret, 32);
	return 0;
}

static int
finish(void **state)
{
	(void)state;
	secret_free(master);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    pins_and_keys_are_those_of_the_other_implementation),
		cmocka_unit_test(another_token_has_another_pin),
		cmocka_unit_test(a_label_outside_its_limits_is_refused),
		cmocka_unit_test(a_purpose_outside_its_limits_is_refused),
	};

	return cmocka_run_group_tests(tests, prepare, finish);
}
