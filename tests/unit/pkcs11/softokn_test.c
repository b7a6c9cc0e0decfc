/*
 * A second module, NSS softokn: another vendor's reading of PKCS#11, with
 * arguments to C_Initialize, attributes it does not know, and one it has
 * wrong. P-256 only; it has no Ed25519.
 */
#include "tests/unit/pkcs11/softtoken.h"

#include <spawn.h>
#include <sys/wait.h>

#include "pkcs11/probe.h"

static const char *const unreadable[] = {
	"CKA_ALWAYS_AUTHENTICATE", "CKA_COPYABLE", "CKA_WRAP_WITH_TRUSTED",
	"CKA_ALLOWED_MECHANISMS", NULL,
};
static struct token *token;

static const char *
softokn(void)
{
	static const char *const places[] = {
		"/usr/lib/x86_64-linux-gnu/libsoftokn3.so",
		"/usr/lib/x86_64-linux-gnu/nss/libsoftokn3.so",
		"/usr/lib/aarch64-linux-gnu/libsoftokn3.so",
		"/usr/lib/aarch64-linux-gnu/nss/libsoftokn3.so",
	};

	for (size_t i = 0; i < COUNT(places); i++) {
		if (file_exists(places[i]))
			return places[i];
	}
	return NULL;
}

/* certutil -N: a database with a user PIN */
static void
make_database(void)
{
	char database[PATH_MAX + 8], file[PATH_MAX];
	char *argv[] = { unconst("certutil"), unconst("-N"), unconst("-d"),
	    database, unconst("-f"), file, NULL };
	int status;
	pid_t pid;

	soft_write("pin", USER_PIN "\n");
	soft_path("pin", file);
	snprintf(database, sizeof(database), "sql:%s", soft_dir);
	assert_int_equal(posix_spawnp(&pid, argv[0], NULL, NULL, argv,
	    environ), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static enum err
open_token(bool with_args, bool with_quirks)
{
	AUTO(token_uri) uri = NULL;
	char text[PATH_MAX + 100], args[PATH_MAX + 100];
	struct token_options options = {
		.init_args = with_args ? args : NULL,
		.unreadable = with_quirks ? unreadable : NULL,
	};

	snprintf(text, sizeof(text), "pkcs11:token=NSS%%20Certificate%%20DB"
	    "?module-path=%s", softokn());
	snprintf(args, sizeof(args), "configdir='sql:%s' certPrefix='' "
	    "keyPrefix='' secmod='secmod.db' flags=", soft_dir);
	TRY(token_uri_parse(text, &uri));
	return token_open(uri, &options, &token);
}

static int
begin(void **state)
{
	(void)state;
	soft_make();
	if (softokn() != NULL)
		make_database();
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

static void
softokn_or_skip(void)
{
	if (softokn() == NULL) {
		print_message("# libsoftokn3.so is not on this machine\n");
		skip();
	}
}

static void
without_its_arguments_the_module_does_not_start(void **state)
{
	(void)state;
	softokn_or_skip();
	assert_err(open_token(false, true), ERR_TOKEN);
	assert_why("C_Initialize: CKR_ARGUMENTS_BAD");
}

static void
a_token_that_denies_having_made_a_key_is_recorded_so(void **state)
{
	AUTO(secret) pin = soft_secret(USER_PIN);
	AUTO_DONE(key_record) r = { 0 };

	(void)state;
	softokn_or_skip();
	assert_ok(open_token(true, true));
	assert_ok(token_login(token, pin));
	assert_err(token_generate(token, KEY_P256, "k", view_text("k"), &r),
	    ERR_MISMATCH);
	assert_why("CKA_LOCAL");
}

/* Its keys say that they are not extractable; then it wraps them. */
static void
its_key_is_found_out_by_trying(void **state)
{
	struct probe tried[PROBES];

	(void)state;
	softokn_or_skip();
	assert_err(token_probe(token, KEY_P256, "k", view_text("k"), tried),
	    ERR_MISMATCH);
	assert_why("must refuse: copy, wrap, wrap-cbc");
}

static void
its_key_is_found_and_signs(void **state)
{
	AUTO(EVP_PKEY) public_key = NULL;
	AUTO(key) k = NULL;
	struct hash digest = sha256(view_text("draft"));
	uint8_t signature[P256_SIGNATURE_SIZE];

	(void)state;
	softokn_or_skip();
	assert_ok(token_read_public(token, KEY_P256, "k", view_text("k"),
	    &public_key));
	assert_ok(soft_find(token, "k", public_key, &k));
	assert_ok(key_canary(k));
	for (int i = 0; i < 16; i++) {
		assert_ok(key_sign_digest(k, &digest, false, signature));
		assert_ok(p256_verify(public_key, &digest,
		    VIEW_OF(signature)));
	}
}

static void
a_session_closed_under_it_is_replaced(void **state)
{
	AUTO(EVP_PKEY) public_key = NULL;
	AUTO(key) k = NULL;
	struct hash digest = sha256(view_text("draft"));
	uint8_t signature[P256_SIGNATURE_SIZE];

	(void)state;
	softokn_or_skip();
	assert_ok(token_read_public(token, KEY_P256, "k", view_text("k"),
	    &public_key));
	assert_ok(soft_find(token, "k", public_key, &k));
	assert_int_equal(token->p11->C_CloseSession(token->session), CKR_OK);
	assert_ok(key_sign_digest(k, &digest, true, signature));
}

static void
without_the_quirk_its_key_is_refused(void **state)
{
	AUTO(secret) pin = soft_secret(USER_PIN);
	AUTO(EVP_PKEY) public_key = NULL;
	AUTO(key) k = NULL;

	(void)state;
	softokn_or_skip();
	token_close(token);
	token = NULL;
	assert_ok(open_token(true, false));
	assert_ok(token_login(token, pin));
	assert_ok(token_read_public(token, KEY_P256, "k", view_text("k"),
	    &public_key));
	assert_err(soft_find(token, "k", public_key, &k), ERR_MISMATCH);
	assert_why("tells no one value of its CKA_ALWAYS_AUTHENTICATE");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    without_its_arguments_the_module_does_not_start),
		cmocka_unit_test(
		    a_token_that_denies_having_made_a_key_is_recorded_so),
		cmocka_unit_test(its_key_is_found_out_by_trying),
		cmocka_unit_test(its_key_is_found_and_signs),
		cmocka_unit_test(a_session_closed_under_it_is_replaced),
		cmocka_unit_test(without_the_quirk_its_key_is_refused),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
