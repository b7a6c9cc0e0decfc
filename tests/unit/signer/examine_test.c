/*
 * The keyholder's first login of an opening, in its sandbox: the token is put
 * to the test before anything is signed.
 */
#include "tests/unit/signer/keyholder_role.h"

static void
the_first_puts_the_token_to_the_test(void **)
{
	AUTO_DONE(bytes) words = { 0 };
	uint32_t examined[4];

	start();
	assert_int_equal(login(true, &words, examined), ERR_OK);
	assert_int_equal(examined[0], KEYS);
	assert_int_equal(examined[1], 2 * KEYS);
	assert_int_equal(examined[2] + examined[3], 9 * KEYS);
	assert_true(examined[2] >= 8 * KEYS);
	stop();
	start();
	assert_int_equal(login(false, &words, examined), ERR_OK);
	assert_int_equal(examined[0] + examined[1] + examined[2], 0);
	stop();
}

static void
a_token_with_a_key_too_many_is_not_used(void **)
{
	AUTO_DONE(bytes) words = { 0 };
	EVP_PKEY *rogue;
	uint32_t examined[4];
	struct token *t = soft_login(SOFTHSM);

	rogue = soft_generate(t, KEY_P256, "rogue");
	token_close(t);
	start();
	assert_int_equal(login(true, &words, examined), ERR_MISMATCH);
	assert_non_null(strstr(bytes_text(&words), "'rogue' (id 726f677565)"));
	assert_int_equal(examined[0] + examined[1] + examined[2], 0);
	stop();
	t = soft_login(SOFTHSM);
	for (int i = 0; i < 2; i++)
		assert_ok(token_destroy_one(t, KEY_P256, "rogue",
		    view_text("rogue")));
	token_close(t);
	EVP_PKEY_free(rogue);
}

/* It came into the file after officers had answered; no PIN is spent on it. */
static void
a_register_that_officers_were_not_told_of_is_not_believed(void **)
{
	const struct hash another = { { 1 } };
	AUTO_DONE(bytes) words = { 0 };
	uint32_t examined[4];

	start();
	assert_int_equal(login_told(true, &another, &words, examined),
	    ERR_MISMATCH);
	assert_non_null(strstr(bytes_text(&words), "not the one of the "
	    "statement"));
	stop();
	start();
	assert_int_equal(login_told(false, &another, &words, examined),
	    ERR_OK);
	stop();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_puts_the_token_to_the_test),
		cmocka_unit_test(a_token_with_a_key_too_many_is_not_used),
		cmocka_unit_test(
		    a_register_that_officers_were_not_told_of_is_not_believed),
	};

	return cmocka_run_group_tests(tests, role_setup, role_teardown);
}
