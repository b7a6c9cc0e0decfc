/*
 * Every class of failure while signing, made by tests/module/faulty.c: what
 * is reported, what is tried again and how often, what never is.
 */
#include "tests/unit/pkcs11/faulty.h"

#include <sys/wait.h>

static const struct hash digest = { { 1, 2, 3 } };
static uint8_t signature[P256_SIGNATURE_SIZE];

static enum err
sign(void)
{
	memset(signature, 0, sizeof(signature));
	return key_sign_digest(key, &digest, true, signature);
}

static bool
nothing_given_out(void)
{
	static const uint8_t zero[sizeof(signature)];

	return memcmp(signature, zero, sizeof(zero)) == 0;
}

/* ---- ok */

static void
a_signature_takes_two_calls(void **state)
{
	(void)state;
	script("");
	for (int i = 0; i < 10; i++)
		assert_ok(key_sign_digest(key, &digest, false, signature));
	assert_int_equal(calls("C_SignInit"), 10);
	assert_int_equal(calls("C_Sign"), 10);
	assert_int_equal(calls("C_"), 20);
}

static void
being_logged_in_already_is_success(void **state)
{
	AUTO(secret) pin = soft_secret(USER_PIN);

	(void)state;
	script("");
	assert_ok(token_login(token, pin));
	assert_int_equal(calls("C_Login"), 1);
}

/* ---- session */

static const CK_RV session_codes[] = {
	CKR_SESSION_HANDLE_INVALID, CKR_SESSION_CLOSED, CKR_OPERATION_ACTIVE,
	CKR_OPERATION_NOT_INITIALIZED,
};

static void
a_lost_session_is_replaced_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(session_codes); i++) {
		script_rv(i % 2 == 0 ? "C_SignInit 1" : "C_Sign 1",
		    session_codes[i]);
		assert_ok(sign());
		assert_class(TOKEN_OK);
		assert_int_equal(calls("C_OpenSession"), 1);
		assert_int_equal(calls("C_SignInit"), 2);
		assert_int_equal(calls("C_Login"), 0);
		script("");
		assert_ok(sign());
		assert_int_equal(calls("C_"), 2);
	}
}

static void
a_session_lost_twice_is_reported(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(session_codes); i++) {
		script_rv("C_Sign 1+", session_codes[i]);
		assert_err(sign(), ERR_TOKEN);
		assert_class(TOKEN_SESSION);
		assert_int_equal(calls("C_Sign"), 2);
	}
}

static void
a_session_really_closed_is_replaced(void **state)
{
	(void)state;
	script("");
	assert_int_equal(token->p11->C_CloseSession(token->session), CKR_OK);
	assert_ok(sign());
	assert_int_equal(token->p11->C_CloseAllSessions(token->slot), CKR_OK);
	assert_err(sign(), ERR_TOKEN);	/* the login went with the anchor */
	assert_int_equal(calls("C_Login"), 0);
}

/* ---- handle */

static const CK_RV handle_codes[] = {
	CKR_OBJECT_HANDLE_INVALID, CKR_KEY_HANDLE_INVALID, CKR_KEY_CHANGED,
};

static void
a_stale_handle_is_found_again_and_proven_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(handle_codes); i++) {
		script_rv("C_SignInit 1", handle_codes[i]);
		assert_ok(sign());
		assert_int_equal(calls("C_FindObjectsInit"), 1);
		assert_int_equal(calls("C_SignInit"), 3);  /* canary, again */
		assert_int_equal(calls("C_Sign"), 2);
	}
}

static void
a_handle_stale_twice_is_reported(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(handle_codes); i++) {
		script_rv("C_SignInit 1+", handle_codes[i]);
		assert_err(sign(), ERR_TOKEN);
		assert_class(TOKEN_HANDLE);
		assert_int_equal(calls("C_SignInit"), 2);
	}
}

static void
a_key_that_is_gone_is_a_failing_token(void **state)
{
	(void)state;
	script("C_SignInit 1 rv 0x82\nC_FindObjects 1+ lie\n");
	assert_err(sign(), ERR_TOKEN);
	assert_class(TOKEN_HANDLE);
	assert_why("is not in the token");
}

static void
a_key_found_again_is_checked_like_at_first(void **state)
{
	(void)state;
	script("C_SignInit 1 rv 0x82\nC_GetAttributeValue 4 lie\n");
	assert_err(sign(), ERR_TOKEN);
	assert_class(TOKEN_HANDLE);
	assert_why("CKA_EXTRACTABLE");
	script("C_SignInit 1 rv 0x82\nC_Sign 1 lie\n");
	assert_err(sign(), ERR_SIGNATURE);
	assert_class(TOKEN_DEVICE);
}

/* ---- login */

static void
being_logged_out_is_reported_without_a_login(void **state)
{
	(void)state;
	script_rv("C_SignInit 1+", CKR_USER_NOT_LOGGED_IN);
	assert_err(sign(), ERR_TOKEN);
	assert_class(TOKEN_LOGIN);
	assert_why("C_SignInit: CKR_USER_NOT_LOGGED_IN (0x101)");
	assert_int_equal(calls("C_Login"), 0);
	assert_int_equal(calls("C_SignInit"), 1);
}

/* ---- device */

static void
a_failing_device_is_reported_and_its_canary_decides(void **state)
{
	static const CK_RV codes[] = {
		CKR_GENERAL_ERROR, CKR_FUNCTION_FAILED, CKR_DEVICE_ERROR,
		CKR_DEVICE_MEMORY, CKR_DEVICE_REMOVED, CKR_TOKEN_NOT_PRESENT,
		CKR_TOKEN_NOT_RECOGNIZED, CKR_CRYPTOKI_NOT_INITIALIZED,
		CKR_HOST_MEMORY, CKR_VENDOR_DEFINED | 7,
	};

	(void)state;
	for (size_t i = 0; i < COUNT(codes); i++) {
		script_rv("C_Sign 1", codes[i]);
		assert_err(sign(), ERR_TOKEN);
		assert_class(TOKEN_DEVICE);
		assert_why(token_rv_name(codes[i]));
		assert_int_equal(calls("C_Sign"), 1);
		assert_true(nothing_given_out());
		assert_ok(key_canary(key));
		assert_int_equal(calls("C_OpenSession"), 1);
		script_rv("C_Sign 1", codes[i]);
		assert_err(key_canary(key), ERR_TOKEN);
		assert_class(TOKEN_DEVICE);
		assert_ok(sign());
	}
}

static void
a_canary_uses_a_new_session_and_verifies(void **state)
{
	(void)state;
	script("C_Sign 2 lie\n");
	assert_ok(key_canary(key));
	assert_int_equal(calls("C_CloseSession"), 1);
	assert_int_equal(calls("C_OpenSession"), 1);
	assert_int_equal(calls("C_Sign"), 1);
	assert_err(key_canary(key), ERR_SIGNATURE);
	assert_class(TOKEN_DEVICE);
}

/* ---- config */

static void
a_key_the_token_refuses_is_quarantined(void **state)
{
	static const CK_RV codes[] = {
		CKR_MECHANISM_INVALID, CKR_MECHANISM_PARAM_INVALID,
		CKR_KEY_TYPE_INCONSISTENT, CKR_KEY_FUNCTION_NOT_PERMITTED,
		CKR_DATA_LEN_RANGE,
	};

	(void)state;
	for (size_t i = 0; i < COUNT(codes); i++) {
		script_rv("C_SignInit 1", codes[i]);
		assert_err(sign(), ERR_TOKEN);
		assert_class(TOKEN_CONFIG);
		assert_int_equal(calls("C_SignInit"), 1);
		script("");
		assert_err(sign(), ERR_TOKEN);
		assert_class(TOKEN_CONFIG);
		assert_why("quarantined");
		assert_why(token_rv_name(codes[i]));
		assert_int_equal(calls("C_"), 0);
		key_free(key);
		key = NULL;
		assert_ok(soft_find(token, "p256", public_key, &key));
	}
}

/* ---- capacity */

static void
no_session_left_is_capacity(void **state)
{
	(void)state;
	script("C_Sign 1 rv 0xb3\nC_OpenSession 1 rv 0xb1\n");
	assert_err(sign(), ERR_FULL);
	assert_class(TOKEN_CAPACITY);
	assert_why("C_OpenSession: CKR_SESSION_COUNT (0xb1)");
	assert_ok(sign());
}

/* ---- lies */

static void
a_wrong_signature_is_never_given_out(void **state)
{
	(void)state;
	script("C_Sign 1 lie\n");
	assert_err(sign(), ERR_SIGNATURE);
	assert_class(TOKEN_DEVICE);
	assert_true(nothing_given_out());
}

static void
nor_is_one_of_a_key_that_signs_often(void **state)
{
	(void)state;
	script("C_Sign 2 lie\n");
	key_signs_often(key);
	assert_ok(sign());
	memset(signature, 0, sizeof(signature));
	assert_err(sign(), ERR_SIGNATURE);
	assert_class(TOKEN_DEVICE);
	assert_true(nothing_given_out());
	assert_ok(sign());
}

static void
r_or_s_of_zero_is_refused_even_unverified(void **state)
{
	(void)state;
	script("C_Sign 1 zero\n");
	memset(signature, 0, sizeof(signature));
	assert_err(key_sign_digest(key, &digest, false, signature),
	    ERR_SIGNATURE);
	assert_class(TOKEN_DEVICE);
	assert_true(nothing_given_out());
}

static void
a_short_signature_is_refused(void **state)
{
	(void)state;
	script("C_Sign 1 short\n");
	assert_err(sign(), ERR_TOKEN);
	assert_class(TOKEN_DEVICE);
	assert_why("wanted 64 bytes of signature, got 63");
	assert_true(nothing_given_out());
}

static void
a_high_s_is_brought_down(void **state)
{
	uint8_t low[P256_SIGNATURE_SIZE];

	(void)state;
	script("C_Sign 1+ high-s\n");
	for (int i = 0; i < 8; i++) {
		assert_ok(sign());
		memcpy(low, signature, sizeof(low));
		assert_ok(p256_low_s(low));
		assert_memory_equal(low, signature, sizeof(low));
	}
}

static void
an_answer_lost_after_the_signature_is_a_failing_device(void **state)
{
	(void)state;
	script("C_Sign 1 after 0x30\n");
	assert_err(sign(), ERR_TOKEN);
	assert_class(TOKEN_DEVICE);
	assert_true(nothing_given_out());
	assert_int_equal(calls("C_Sign"), 1);
}

static void
a_crash_is_a_crash_and_a_stall_ends(void **state)
{
	int status = 0;
	pid_t pid;

	(void)state;
	script("C_Sign 1 stall 1\nC_Sign 2 crash\n");
	assert_ok(sign());
	if ((pid = fork()) == 0)
		_exit(sign() != ERR_OK);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_KEY(a_signature_takes_two_calls),
		WITH_KEY(being_logged_in_already_is_success),
		WITH_KEY(a_lost_session_is_replaced_once),
		WITH_KEY(a_session_lost_twice_is_reported),
		WITH_KEY(a_session_really_closed_is_replaced),
		WITH_KEY(a_stale_handle_is_found_again_and_proven_once),
		WITH_KEY(a_handle_stale_twice_is_reported),
		WITH_KEY(a_key_that_is_gone_is_a_failing_token),
		WITH_KEY(a_key_found_again_is_checked_like_at_first),
		WITH_KEY(being_logged_out_is_reported_without_a_login),
		WITH_KEY(a_failing_device_is_reported_and_its_canary_decides),
		WITH_KEY(a_canary_uses_a_new_session_and_verifies),
		WITH_KEY(a_key_the_token_refuses_is_quarantined),
		WITH_KEY(no_session_left_is_capacity),
		WITH_KEY(a_wrong_signature_is_never_given_out),
		WITH_KEY(nor_is_one_of_a_key_that_signs_often),
		WITH_KEY(r_or_s_of_zero_is_refused_even_unverified),
		WITH_KEY(a_short_signature_is_refused),
		WITH_KEY(a_high_s_is_brought_down),
		WITH_KEY(
		    an_answer_lost_after_the_signature_is_a_failing_device),
		WITH_KEY(a_crash_is_a_crash_and_a_stall_ends),
	};

	return cmocka_run_group_tests(tests, faulty_begin, faulty_end);
}
