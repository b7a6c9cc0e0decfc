/*
 * What a ceremony does to a token, with a real one: initialise, generate,
 * read back; and what it refuses to do.
 */
#include "tests/unit/pkcs11/softtoken.h"

#include <dlfcn.h>
#include <spawn.h>
#include <sys/wait.h>

static struct token *token;
static struct token_identity identity;

static int
begin(void **state)
{
	(void)state;
	soft_make();
	identity = soft_initialise(SOFTHSM);
	token = soft_login(SOFTHSM);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	token_close(token);
	soft_remove();
	return 0;
}

static const struct key_attribute *
attribute(const struct key_record *r, const char *name)
{
	for (size_t i = 0; i < KEY_ATTRIBUTES; i++) {
		if (strcmp(r->attributes[i].name, name) == 0)
			return &r->attributes[i];
	}
	fail_msg("%s is not in the record", name);
	return NULL;
}

static void
check_record(const struct key_record *r, enum key_type type)
{
	static const struct {
		const char	*name;
		unsigned long	 value;
	} wanted[] = {
		{ "CKA_TOKEN", 1 }, { "CKA_PRIVATE", 1 },
		{ "CKA_SENSITIVE", 1 }, { "CKA_EXTRACTABLE", 0 },
		{ "CKA_SIGN", 1 }, { "CKA_SIGN_RECOVER", 0 },
		{ "CKA_DECRYPT", 0 }, { "CKA_UNWRAP", 0 },
		{ "CKA_DERIVE", 0 }, { "CKA_ALWAYS_AUTHENTICATE", 0 },
		{ "CKA_MODIFIABLE", 0 }, { "CKA_COPYABLE", 0 },
		{ "CKA_WRAP_WITH_TRUSTED", 1 }, { "CKA_LOCAL", 1 },
		{ "CKA_ALWAYS_SENSITIVE", 1 }, { "CKA_NEVER_EXTRACTABLE", 1 },
	};

	for (size_t i = 0; i < COUNT(wanted); i++) {
		assert_true(attribute(r, wanted[i].name)->readable);
		assert_int_equal(attribute(r, wanted[i].name)->value,
		    wanted[i].value);
	}
	assert_int_equal(attribute(r, "CKA_ALLOWED_MECHANISMS")->value,
	    type == KEY_P256 ? 0x1041 : 0x1057);
	assert_int_equal(attribute(r, "CKA_KEY_GEN_MECHANISM")->value,
	    type == KEY_P256 ? 0x1040 : 0x1055);
}

static void
a_new_key_has_the_attributes_of_an_issuing_key(void **state)
{
	AUTO_DONE(key_record) p256 = { 0 };
	AUTO_DONE(key_record) ed25519 = { 0 };

	(void)state;
	assert_ok(token_generate(token, KEY_P256, "p256", view_text("id-1"),
	    &p256));
	check_record(&p256, KEY_P256);
	assert_ok(token_generate(token, KEY_ED25519, "ed25519",
	    view_text("id-2"), &ed25519));
	check_record(&ed25519, KEY_ED25519);
}

static void
a_recorded_public_key_can_be_read_again(void **state)
{
	AUTO(EVP_PKEY) made = soft_generate(token, KEY_P256, "again");
	AUTO(EVP_PKEY) read = NULL;

	(void)state;
	assert_ok(token_read_public(token, KEY_P256, "again",
	    view_text("again"), &read));
	assert_int_equal(EVP_PKEY_eq(made, read), 1);
	assert_err(token_read_public(token, KEY_ED25519, "again",
	    view_text("again"), &read), ERR_NOT_FOUND);
}

static size_t
object_count(void)
{
	AUTO_DONE(token_inventory) list = { 0 };

	assert_ok(token_list(token, &list));
	return list.count;
}

static void
a_label_or_id_in_use_is_refused_and_nothing_made(void **state)
{
	AUTO(EVP_PKEY) first = soft_generate(token, KEY_P256, "taken");
	AUTO_DONE(key_record) r = { 0 };
	size_t before = object_count();

	(void)state;
	assert_non_null(first);
	assert_err(token_generate(token, KEY_P256, "taken", view_text("new"),
	    &r), ERR_EXISTS);
	assert_err(token_generate(token, KEY_ED25519, "new",
	    view_text("taken"), &r), ERR_EXISTS);
	assert_int_equal(object_count(), before);
	assert_null(r.public_key);
}

static void
only_issuing_keys_are_made(void **state)
{
	AUTO_DONE(key_record) r = { 0 };
	char text[KEY_LABEL_MAX + 2] = "";

	(void)state;
	memset(text, 'x', KEY_LABEL_MAX + 1);
	assert_err(token_generate(token, KEY_OTHER, "rsa", view_text("rsa"),
	    &r), ERR_UNSUPPORTED);
	assert_err(token_generate(token, KEY_P256, "", view_text("i"), &r),
	    ERR_RANGE);
	assert_err(token_generate(token, KEY_P256, "l", view_text(""), &r),
	    ERR_RANGE);
	assert_err(token_generate(token, KEY_P256, text, view_text("i"), &r),
	    ERR_RANGE);
	assert_err(token_generate(token, KEY_P256, "l",
	    VIEW(text, KEY_ID_MAX + 1), &r), ERR_RANGE);
	text[KEY_LABEL_MAX] = '\0';
	assert_ok(token_generate(token, KEY_P256, text,
	    VIEW(text, KEY_ID_MAX), &r));
}

static void
the_key_cannot_be_weakened_or_copied_afterwards(void **state)
{
	AUTO(EVP_PKEY) public_key = soft_generate(token, KEY_P256, "firm");
	AUTO(key) k = NULL;
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ATTRIBUTE weaker[] = {
		{ CKA_SENSITIVE, &no, 1 }, { CKA_EXTRACTABLE, &yes, 1 },
		{ CKA_UNWRAP, &yes, 1 }, { CKA_DECRYPT, &yes, 1 },
		{ CKA_DERIVE, &yes, 1 }, { CKA_MODIFIABLE, &yes, 1 },
	};
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE copy;

	(void)state;
	assert_ok(soft_find(token, "firm", public_key, &k));
	assert_ok(session_open(token, CKF_RW_SESSION, &session));
	for (size_t i = 0; i < COUNT(weaker); i++)
		assert_int_not_equal(token->p11->C_SetAttributeValue(session,
		    k->handle, &weaker[i], 1), CKR_OK);
	assert_int_not_equal(token->p11->C_CopyObject(session, k->handle,
	    &weaker[1], 1, &copy), CKR_OK);
	assert_int_equal(token->p11->C_CloseSession(session), CKR_OK);
}

static void
random_numbers_differ(void **state)
{
	uint8_t a[32] = { 0 }, b[32] = { 0 };

	(void)state;
	assert_ok(token_random(token, a, sizeof(a)));
	assert_ok(token_random(token, b, sizeof(b)));
	assert_memory_not_equal(a, b, sizeof(a));
}

static void
without_a_login_no_key_is_made(void **state)
{
	AUTO_DONE(key_record) r = { 0 };

	(void)state;
	token_close(token);
	token = soft_open(SOFTHSM);
	assert_err(token_generate(token, KEY_P256, "none", view_text("none"),
	    &r), ERR_TOKEN);
	assert_int_equal(token_last_class(), TOKEN_LOGIN);
	assert_why("C_GenerateKeyPair: CKR_USER_NOT_LOGGED_IN (0x101)");
	token_close(token);
	token = soft_login(SOFTHSM);
}

static enum err
initialise(const char *uri_text, struct token_identity *out)
{
	AUTO(token_uri) uri = NULL;
	AUTO(secret) so_pin = soft_secret(SO_PIN);
	AUTO(secret) user_pin = soft_secret(USER_PIN);

	assert_ok(token_uri_parse(uri_text, &uri));
	return token_initialise(uri, NULL, so_pin, user_pin, out);
}

static void
a_second_token_is_made_and_no_label_is_used_twice(void **state)
{
	struct token_identity second = { 0 };

	(void)state;
	token_close(token);
	token = NULL;
	assert_err(initialise("pkcs11:token=okse-test?module-path=" SOFTHSM,
	    &second), ERR_EXISTS);
	assert_err(initialise("pkcs11:token=two;serial=1?module-path=" SOFTHSM,
	    &second), ERR_NOT_FOUND);
	assert_ok(initialise("pkcs11:token=two?module-path=" SOFTHSM,
	    &second));
	assert_string_equal(second.label, "two");
	token = soft_login(SOFTHSM);
	assert_string_not_equal(token_identity(token)->serial, second.serial);
}

static void
a_token_is_chosen_by_all_that_the_uri_says(void **state)
{
	static const char *const wrong[] = {
		"pkcs11:token=okse?module-path=" SOFTHSM,
		"pkcs11:token=okse-test;serial=00?module-path=" SOFTHSM,
		"pkcs11:token=okse-test;model=v1?module-path=" SOFTHSM,
		"pkcs11:token=okse-test;manufacturer=M?module-path=" SOFTHSM,
	};
	AUTO(token) other = NULL;

	(void)state;
	token_close(token);
	token = NULL;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		AUTO(token_uri) uri = NULL;

		assert_ok(token_uri_parse(wrong[i], &uri));
		assert_err(token_open(uri, NULL, &other), ERR_NOT_FOUND);
	}
	token = soft_login(SOFTHSM);
}

static void
of_two_tokens_that_match_none_is_chosen(void **state)
{
	char *argv[] = { unconst("softhsm2-util"), unconst("--init-token"),
	    unconst("--free"), unconst("--label"), unconst(LABEL),
	    unconst("--pin"), unconst(USER_PIN), unconst("--so-pin"),
	    unconst(SO_PIN), NULL };
	AUTO(token_uri) uri = soft_uri(SOFTHSM);
	AUTO(token) other = NULL;
	int status;
	pid_t pid;

	(void)state;
	token_close(token);
	token = NULL;
	assert_int_equal(posix_spawnp(&pid, argv[0], NULL, NULL, argv,
	    environ), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_err(token_open(uri, NULL, &other), ERR_MISMATCH);
	memcpy(uri->wanted.serial, identity.serial, sizeof(identity.serial));
	assert_ok(token_open(uri, NULL, &token));
	assert_string_equal(token_identity(token)->serial, identity.serial);
}

static void
a_module_in_use_is_not_opened_again(void **state)
{
	AUTO(token_uri) uri = soft_uri(SOFTHSM);
	AUTO(token) other = NULL;

	(void)state;
	assert_err(token_open(uri, NULL, &other), ERR_INTERNAL);
	assert_why("C_Initialize: CKR_CRYPTOKI_ALREADY_INITIALIZED");
}

/* Opens a copy of nothing at that path. */
static enum err
open_module(const char *path)
{
	AUTO(token_uri) uri = soft_uri(path);
	AUTO(token) t = NULL;

	return token_open(uri, NULL, &t);
}

static void
a_module_file_that_others_could_change_is_refused(void **state)
{
	char path[PATH_MAX];

	(void)state;
	assert_err(open_module(soft_path("none.so", path)), ERR_NOT_FOUND);
	assert_err(open_module(soft_path("tokens", path)), ERR_FORBIDDEN);
	soft_write("module.so", "not a library");
	assert_int_equal(chmod(soft_path("module.so", path), 0620), 0);
	assert_err(open_module(path), ERR_FORBIDDEN);
	assert_why("has mode 620");
	assert_int_equal(chmod(path, 0602), 0);
	assert_err(open_module(path), ERR_FORBIDDEN);
	assert_int_equal(chmod(path, 0600), 0);
	assert_err(open_module(path), ERR_UNSUPPORTED);
	if (geteuid() == 0) {
		assert_int_equal(chown(path, 12345, 0), 0);
		assert_err(open_module(path), ERR_FORBIDDEN);
		assert_why("belongs to 12345");
	}
}

static void
a_library_that_is_no_module_is_refused(void **state)
{
	Dl_info libcrypto;

	(void)state;
	assert_int_not_equal(dladdr(unconst(EVP_sha256()), &libcrypto), 0);
	assert_err(open_module(libcrypto.dli_fname), ERR_UNSUPPORTED);
	assert_why("no C_GetFunctionList");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_new_key_has_the_attributes_of_an_issuing_key),
		cmocka_unit_test(a_recorded_public_key_can_be_read_again),
		cmocka_unit_test(
		    a_label_or_id_in_use_is_refused_and_nothing_made),
		cmocka_unit_test(only_issuing_keys_are_made),
		cmocka_unit_test(
		    the_key_cannot_be_weakened_or_copied_afterwards),
		cmocka_unit_test(random_numbers_differ),
		cmocka_unit_test(without_a_login_no_key_is_made),
		cmocka_unit_test(
		    a_second_token_is_made_and_no_label_is_used_twice),
		cmocka_unit_test(a_token_is_chosen_by_all_that_the_uri_says),
		cmocka_unit_test(a_module_in_use_is_not_opened_again),
		cmocka_unit_test(
		    a_module_file_that_others_could_change_is_refused),
		cmocka_unit_test(a_library_that_is_no_module_is_refused),
		cmocka_unit_test(of_two_tokens_that_match_none_is_chosen),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
