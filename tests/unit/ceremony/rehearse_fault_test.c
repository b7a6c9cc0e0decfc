/*
 * Rehearsals on a token that fails, lies or dies: none is ever taken for a
 * complete ceremony, and no PIN is tried again.
 */
#include "tests/unit/ceremony/faults.h"

static enum err
rehearse(const char *faults)
{
	begin();
	return birth(ceremony_hold, faults);
}

static void
without_faults_the_module_does_as_the_real_one(void **state)
{
	(void)state;
	assert_int_equal(rehearse(""), ERR_OK);
	assert_ok(verify());
	/* user and security officer, before and after the PINs change */
	assert_int_equal(calls("C_Login"), 5);
	assert_int_equal(calls("C_GenerateKeyPair"), 7);
	soft_remove();
}

static void
a_failing_call_ends_the_ceremony(void **state)
{
	static const struct {
		const char	*faults;
		enum err	 wanted;
	} cases[] = {
		{ "C_Initialize 1 rv 0x5\n", ERR_TOKEN },
		{ "C_InitToken 1 rv 0x30\n", ERR_TOKEN },
		{ "C_InitPIN 1 rv 0x30\n", ERR_TOKEN },
		{ "C_Login 2 rv 0xa0\n", ERR_PIN },
		{ "C_Login 2 rv 0xa4\n", ERR_PIN },	/* locked */
		/* chance that is none, or is had twice */
		{ "C_GenerateRandom 1 rv 0x30\n", ERR_TOKEN },
		{ "C_GenerateRandom 1+ lie\n", ERR_TOKEN },
		{ "C_GenerateRandom 2 lie\n", ERR_TOKEN },
		{ "C_GenerateRandom 1+ short\n", ERR_TOKEN },
		{ "C_SetPIN 1 rv 0x30\n", ERR_TOKEN },
		{ "C_GenerateKeyPair 1 rv 0x30\n", ERR_TOKEN },
		{ "C_GenerateKeyPair 4 rv 0x31\n", ERR_TOKEN },
		{ "C_Sign 1+ rv 0x30\n", ERR_TOKEN },
		{ "C_Sign 1+ lie\n", ERR_SIGNATURE },
		{ "C_Sign 1+ zero\n", ERR_SIGNATURE },
		{ "C_Sign 1+ short\n", ERR_TOKEN },
		/* the public key it tells is not that of its private key */
		{ "C_GetAttributeValue 1+ point\n", ERR_SIGNATURE },
		/* another token, once it was initialised */
		{ "C_GetTokenInfo 7+ lie\n", ERR_NOT_FOUND },
		/* keys that it has made and does not find again */
		{ "C_FindObjects 1+ lie\n", ERR_MISMATCH },
		{ "C_GetAttributeValue 1+ lie\n", ERR_MISMATCH },
		/* what a key must refuse, and this token does not */
		{ "C_SetAttributeValue 1 rv 0x0\n", ERR_MISMATCH },
		{ "C_CopyObject 1 rv 0x0\n", ERR_MISMATCH },
		{ "C_WrapKey 1 rv 0x0\n", ERR_MISMATCH },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		enum err e = rehearse(cases[i].faults);

		if (e == ERR_OK || e == DIED)
			fail_msg("%s: %d", cases[i].faults, e);
		if (cases[i].wanted != ERR_MISMATCH)
			assert_int_equal(e, cases[i].wanted);
		assert_err(verify(), ERR_MISMATCH);
		assert_why("ABORT");
		soft_remove();
	}
}

static void
a_refused_pin_is_tried_once(void **state)
{
	(void)state;
	assert_int_equal(rehearse("C_Login 2 rv 0xa0\n"), ERR_PIN);
	assert_int_equal(calls("C_Login"), 2);
	soft_remove();
}

/* Another ceremony's, of the same label: nothing in it is touched. */
static void
a_token_of_that_label_is_left_alone(void **state)
{
	char first[PATH_MAX + 16];

	(void)state;
	assert_int_equal(rehearse(""), ERR_OK);
	snprintf(first, sizeof(first), "%s", dir);
	snprintf(dir, sizeof(dir), "%s/second", soft_dir);
	assert_int_equal(birth(ceremony_hold, ""), ERR_EXISTS);
	assert_int_equal(calls("C_InitToken"), 0);
	assert_int_equal(calls("C_Login"), 0);
	assert_err(verify(), ERR_MISMATCH);
	assert_why("ABORT");
	snprintf(dir, sizeof(dir), "%s", first);
	assert_ok(verify());
	soft_remove();
}

static void
a_module_that_dies_leaves_no_ceremony(void **state)
{
	static const char *const deaths[] = {
		"C_InitToken 1 crash\n", "C_GenerateKeyPair 1 crash\n",
		"C_GenerateKeyPair 4 crash\n", "C_Sign 1 crash\n",
		"C_Finalize 1 crash\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(deaths); i++) {
		assert_int_equal(rehearse(deaths[i]), DIED);
		assert_err(verify(), ERR_CORRUPT);
		soft_remove();
	}
}

/* What the officers hold is good before the token takes their PINs. */
static void
after_a_failure_the_shares_still_open_the_secret(void **state)
{
	struct secret *s;

	(void)state;
	assert_int_equal(rehearse("C_SetPIN 1 crash\n"), DIED);
	s = open_secret(2, 3);
	assert_non_null(s);
	secret_free(s);
	soft_remove();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    without_faults_the_module_does_as_the_real_one),
		cmocka_unit_test(a_failing_call_ends_the_ceremony),
		cmocka_unit_test(a_refused_pin_is_tried_once),
		cmocka_unit_test(a_token_of_that_label_is_left_alone),
		cmocka_unit_test(a_module_that_dies_leaves_no_ceremony),
		cmocka_unit_test(
		    after_a_failure_the_shares_still_open_the_secret),
	};

	return cmocka_run_group_tests(tests, prepare, NULL);
}
