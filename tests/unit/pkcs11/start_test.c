/*
 * Failures before the first signature, made by tests/module/faulty.c: while a
 * token is opened, logged in to, a key looked for or made.
 */
#include "tests/unit/pkcs11/faulty.h"

/* ---- pin and start race */

static void
a_refused_pin_is_never_tried_again(void **state)
{
	static const CK_RV codes[] = {
		CKR_PIN_INCORRECT, CKR_PIN_INVALID, CKR_PIN_LEN_RANGE,
		CKR_PIN_EXPIRED, CKR_PIN_LOCKED,
	};
	AUTO(secret) pin = soft_secret(USER_PIN);

	(void)state;
	for (size_t i = 0; i < COUNT(codes); i++) {
		AUTO(token) t = soft_open(module);

		script_rv("C_Login 1", codes[i]);
		assert_err(token_login(t, pin), ERR_PIN);
		assert_class(TOKEN_PIN);
		assert_why(token_rv_name(codes[i]));
		assert_err(token_login(t, pin), ERR_PIN);
		assert_class(TOKEN_PIN);
		assert_int_equal(calls("C_Login"), 1);
	}
}

static void
a_wrong_pin_is_one_login(void **state)
{
	AUTO(secret) pin = soft_secret("wrong-pin");
	AUTO(token) t = soft_open(module);

	(void)state;
	script("");
	assert_err(token_login(t, pin), ERR_PIN);
	assert_why("C_Login: CKR_PIN_INCORRECT (0xa0)");
	assert_err(token_login(t, pin), ERR_PIN);
	assert_int_equal(calls("C_Login"), 1);
}

static void
a_start_race_is_no_failure_of_the_pin(void **state)
{
	static const CK_RV codes[] = {
		CKR_GENERAL_ERROR, CKR_TOKEN_NOT_RECOGNIZED,
		CKR_USER_PIN_NOT_INITIALIZED,
	};
	AUTO(secret) pin = soft_secret(USER_PIN);

	(void)state;
	for (size_t i = 0; i < COUNT(codes); i++) {
		AUTO(token_uri) uri = soft_uri(module);
		AUTO(token) t = NULL;

		script_rv("C_OpenSession 1", codes[i]);
		assert_err(token_open(uri, NULL, &t), ERR_UNAVAILABLE);
		assert_class(TOKEN_START);
		script_rv("C_Login 1", codes[i]);
		t = soft_open(module);
		assert_err(token_login(t, pin), ERR_UNAVAILABLE);
		assert_class(TOKEN_START);
		assert_int_equal(calls("C_Login"), 1);
		assert_ok(token_login(t, pin));
	}
}

static void
a_key_not_found_at_first_is_found_later(void **state)
{
	AUTO(token) t = soft_login(module);
	AUTO(key) k = NULL;

	(void)state;
	script("C_FindObjects 1 lie\n");
	assert_err(soft_find(t, "p256", public_key, &k), ERR_NOT_FOUND);
	assert_class(TOKEN_OK);
	assert_ok(soft_find(t, "p256", public_key, &k));
}

/* ---- attributes */

static void
each_attribute_is_checked_when_a_key_is_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < KEY_ATTRIBUTES && !key_rules[i].born; i++) {
		AUTO(key) k = NULL;
		char text[100];

		snprintf(text, sizeof(text), "C_GetAttributeValue %zu lie\n",
		    i + 1);
		script(text);
		assert_err(soft_find(token, "p256", public_key, &k),
		    ERR_MISMATCH);
		assert_why(key_rules[i].name);
	}
}

static void
an_attribute_the_token_does_not_tell_is_refused(void **state)
{
	AUTO(key) k = NULL;

	(void)state;
	script_rv("C_GetAttributeValue 12", CKR_ATTRIBUTE_TYPE_INVALID);
	assert_err(soft_find(token, "p256", public_key, &k), ERR_MISMATCH);
	assert_why("tells no one value of its CKA_COPYABLE");
}

static void
a_quirk_excuses_silence_but_not_a_wrong_value(void **state)
{
	static const char *const names[] = { "CKA_COPYABLE", NULL };
	struct token_options options = { .unreadable = names };
	AUTO(token_uri) uri = soft_uri(module);
	AUTO(secret) pin = soft_secret(USER_PIN);
	AUTO(token) t = NULL;
	AUTO(key) k = NULL;

	(void)state;
	assert_ok(token_open(uri, &options, &t));
	assert_ok(token_login(t, pin));
	script("C_GetAttributeValue 12 lie\n");
	assert_err(soft_find(t, "p256", public_key, &k), ERR_MISMATCH);
	script_rv("C_GetAttributeValue 12", CKR_ATTRIBUTE_TYPE_INVALID);
	assert_ok(soft_find(t, "p256", public_key, &k));
}

static void
an_unknown_quirk_is_refused(void **state)
{
	static const char *const names[] = { "CKA_COPYABEL", NULL };
	struct token_options options = { .unreadable = names };
	AUTO(token_uri) uri = soft_uri(module);
	AUTO(token) t = NULL;

	(void)state;
	assert_err(token_open(uri, &options, &t), ERR_SCHEMA);
	assert_why("CKA_COPYABEL");
}

/* ---- opening and making */

static void
each_call_of_opening_may_fail(void **state)
{
	static const struct {
		const char	*call;
		CK_RV		 rv;
		enum err	 e;
		enum token_class class;
	} cases[] = {
		{ "C_Initialize 1", CKR_GENERAL_ERROR, ERR_TOKEN,
		    TOKEN_DEVICE },
		{ "C_Initialize 1", CKR_CANT_LOCK, ERR_TOKEN, TOKEN_CONFIG },
		{ "C_Initialize 1", CKR_CRYPTOKI_ALREADY_INITIALIZED,
		    ERR_INTERNAL, TOKEN_OK },
		{ "C_GetSlotList 1", CKR_HOST_MEMORY, ERR_TOKEN,
		    TOKEN_DEVICE },
		{ "C_GetSlotList 2", CKR_BUFFER_TOO_SMALL, ERR_TOKEN,
		    TOKEN_CONFIG },
		{ "C_GetTokenInfo 1+", CKR_TOKEN_NOT_PRESENT, ERR_NOT_FOUND,
		    TOKEN_OK },
		{ "C_GetTokenInfo 1", CKR_GENERAL_ERROR, ERR_UNAVAILABLE,
		    TOKEN_START },
		{ "C_OpenSession 2", CKR_SESSION_COUNT, ERR_FULL,
		    TOKEN_CAPACITY },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO(token_uri) uri = soft_uri(module);
		AUTO(token) t = NULL;

		script_rv(cases[i].call, cases[i].rv);
		assert_err(token_open(uri, NULL, &t), cases[i].e);
		assert_class(cases[i].class);
		assert_null(t);
	}
}

static void
a_key_that_came_out_otherwise_is_refused(void **state)
{
	static const struct {
		const char	*script;
		enum err	 e;
	} cases[] = {
		{ "C_GenerateKeyPair 1 rv 0x31", ERR_TOKEN },
		{ "C_GenerateKeyPair 1 after 0x31", ERR_TOKEN },
		{ "C_Sign 1 lie", ERR_SIGNATURE },
		{ "C_GetAttributeValue 1 lie", ERR_SYNTAX },	/* EC_POINT */
		{ "C_GetAttributeValue 5 lie", ERR_MISMATCH },
		{ "C_GetAttributeValue 34 lie", ERR_MISMATCH },	/* LOCAL */
		{ "C_GetAttributeValue 34 rv 0x12", ERR_MISMATCH },
		{ "C_FindObjects 3 lie", ERR_MISMATCH },	/* after */
	};
	AUTO(token) t = soft_login(module);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_DONE(key_record) r = { 0 };
		char name[] = "made-0";

		name[5] = (char)('0' + i);
		script(cases[i].script);
		assert_err(token_generate(t, KEY_P256, name, view_text(name),
		    &r), cases[i].e);
		assert_null(r.public_key);
	}
}

/* As a keyholder finds them, whose environment has been cleared. */
static void
settings_may_lie_in_a_file_beside_the_module(void **state)
{
	AUTO_DONE(bytes) library = { 0 };
	AUTO_DONE(bytes) trace = { 0 };
	AUTO(token) t = NULL;
	char copy[PATH_MAX], path[PATH_MAX], settings[PATH_MAX + 16];

	(void)state;
	assert_ok(file_read(module, 1 << 24, &library));
	assert_ok(file_create(soft_path("faulty.so", copy),
	    bytes_view(&library), 0600));
	snprintf(settings, sizeof(settings), "trace %s\n",
	    soft_path("other-trace", path));
	soft_write("faulty.conf", settings);
	unsetenv("FAULTY_TRACE");
	t = soft_open(copy);
	setenv("FAULTY_TRACE", soft_path("trace", copy), 1);
	assert_ok(file_read(path, 1 << 20, &trace));
	assert_non_null(strstr(bytes_text(&trace), " C_Initialize\n"));
}

static void
types_of_keys_are_told_by_their_curves(void **state)
{
	static const uint8_t oid[] = { 6, 3, 0x2b, 0x65, 0x70 };

	(void)state;
	assert_int_equal(key_type_of(CKK_EC, key_curve(KEY_P256)), KEY_P256);
	assert_int_equal(key_type_of(CKK_EC_EDWARDS, key_curve(KEY_ED25519)),
	    KEY_ED25519);
	assert_int_equal(key_type_of(CKK_EC_EDWARDS, VIEW_OF(oid)),
	    KEY_ED25519);
	assert_int_equal(key_type_of(CKK_EC, VIEW_OF(oid)), KEY_OTHER);
	assert_int_equal(key_type_of(CKK_RSA, VIEW(NULL, 0)), KEY_OTHER);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ALONE(a_refused_pin_is_never_tried_again),
		ALONE(a_wrong_pin_is_one_login),
		ALONE(a_start_race_is_no_failure_of_the_pin),
		ALONE(a_key_not_found_at_first_is_found_later),
		WITH_KEY(each_attribute_is_checked_when_a_key_is_found),
		WITH_KEY(an_attribute_the_token_does_not_tell_is_refused),
		ALONE(a_quirk_excuses_silence_but_not_a_wrong_value),
		ALONE(an_unknown_quirk_is_refused),
		ALONE(each_call_of_opening_may_fail),
		ALONE(a_key_that_came_out_otherwise_is_refused),
		ALONE(settings_may_lie_in_a_file_beside_the_module),
		ALONE(types_of_keys_are_told_by_their_curves),
	};

	return cmocka_run_group_tests(tests, faulty_begin, faulty_end);
}
