/*
 * A real token from opening to signing: what is found, what is refused, what
 * a signature is. Faults are in fault_test.c.
 */
#include "tests/unit/pkcs11/softtoken.h"

static struct token *token;
static struct token_identity identity;
static EVP_PKEY *p256, *ed25519;

static int
begin(void **state)
{
	(void)state;
	soft_make();
	identity = soft_initialise(SOFTHSM);
	token = soft_login(SOFTHSM);
	p256 = soft_generate(token, KEY_P256, "p256");
	ed25519 = soft_generate(token, KEY_ED25519, "ed25519");
	return 0;
}

static int
end(void **state)
{
	(void)state;
	token_close(token);
	EVP_PKEY_free(p256);
	EVP_PKEY_free(ed25519);
	soft_remove();
	return 0;
}

static struct key *
find(const char *label, EVP_PKEY *public_key)
{
	struct key *k = NULL;

	assert_ok(soft_find(token, label, public_key, &k));
	return k;
}

static void
a_token_says_who_it_is(void **state)
{
	const struct token_identity *seen = token_identity(token);

	(void)state;
	assert_string_equal(seen->label, LABEL);
	assert_string_equal(seen->serial, identity.serial);
	assert_int_equal(strlen(seen->serial), 16);
	assert_string_equal(seen->manufacturer, "SoftHSM project");
	assert_string_equal(seen->model, "SoftHSM v2");
	assert_string_equal(seen->firmware, "2.6");
}

static void
a_p256_signature_verifies_and_has_a_low_s(void **state)
{
	AUTO(key) k = find("p256", p256);
	struct hash digest = sha256(view_text("draft"));
	uint8_t signature[P256_SIGNATURE_SIZE], low[P256_SIGNATURE_SIZE];

	(void)state;
	assert_int_equal(key_type(k), KEY_P256);
	for (int i = 0; i < 64; i++) {
		assert_ok(key_sign_digest(k, &digest, i % 2, signature));
		assert_ok(p256_verify(p256, &digest, VIEW_OF(signature)));
		memcpy(low, signature, sizeof(low));
		assert_ok(p256_low_s(low));
		assert_memory_equal(low, signature, sizeof(low));
	}
}

static void
an_ed25519_signature_verifies(void **state)
{
	AUTO(key) k = find("ed25519", ed25519);
	struct view message = view_text("origin\n1\nhash\n");
	uint8_t signature[ED25519_SIGNATURE_SIZE];

	(void)state;
	assert_int_equal(key_type(k), KEY_ED25519);
	assert_ok(key_sign_message(k, message, true, signature));
	assert_ok(ed25519_verify(ed25519, message, VIEW_OF(signature)));
}

static void
an_ed25519_message_ends_at_the_cap(void **state)
{
	static const uint8_t message[KEY_MESSAGE_MAX + 1];
	AUTO(key) k = find("ed25519", ed25519);
	uint8_t signature[ED25519_SIGNATURE_SIZE];

	(void)state;
	assert_ok(key_sign_message(k, VIEW(message, KEY_MESSAGE_MAX - 1),
	    true, signature));
	assert_ok(key_sign_message(k, VIEW(message, KEY_MESSAGE_MAX), true,
	    signature));
	assert_err(key_sign_message(k, VIEW_OF(message), true, signature),
	    ERR_TOO_LARGE);
	assert_int_equal(token_last_class(), TOKEN_OK);
}

static void
a_key_signs_only_what_its_type_is_for(void **state)
{
	AUTO(key) ec = find("p256", p256);
	AUTO(key) ed = find("ed25519", ed25519);
	struct hash digest = sha256(view_text("draft"));
	uint8_t signature[64];

	(void)state;
	ec->refused = CKR_MECHANISM_INVALID;
	assert_err(key_sign_digest(ec, &digest, true, signature), ERR_TOKEN);
	assert_int_equal(token_last_class(), TOKEN_CONFIG);
	assert_err(key_sign_message(ec, view_text("m"), true, signature),
	    ERR_UNSUPPORTED);
	assert_int_equal(token_last_class(), TOKEN_OK);
	assert_err(key_sign_digest(ed, &digest, true, signature),
	    ERR_UNSUPPORTED);
}

static void
a_canary_of_either_type_sings(void **state)
{
	AUTO(key) ec = find("p256", p256);
	AUTO(key) ed = find("ed25519", ed25519);

	(void)state;
	assert_ok(key_canary(ec));
	assert_ok(key_canary(ed));
}

static void
a_key_that_is_not_there_is_not_found(void **state)
{
	AUTO(key) k = NULL;
	struct key_spec other_id = { "p256", view_text("p257"), p256 };
	struct key_spec other_label = { "p257", view_text("p256"), p256 };

	(void)state;
	assert_err(token_key_find(token, &other_id, &k), ERR_NOT_FOUND);
	assert_err(token_key_find(token, &other_label, &k), ERR_NOT_FOUND);
	assert_err(soft_find(token, "p256", ed25519, &k), ERR_NOT_FOUND);
	assert_int_equal(token_last_class(), TOKEN_OK);
	assert_null(k);
}

static void
a_key_other_than_the_recorded_one_is_refused(void **state)
{
	AUTO(EVP_PKEY) other = soft_generate(token, KEY_P256, "other");
	AUTO(key) k = NULL;

	(void)state;
	assert_err(soft_find(token, "p256", other, &k), ERR_SIGNATURE);
	assert_null(k);
}

static void
labels_and_ids_have_limits(void **state)
{
	char text[KEY_LABEL_MAX + 2] = "";
	struct key_spec spec = { text, VIEW(text, 1), p256 };
	AUTO(key) k = NULL;

	(void)state;
	assert_err(token_key_find(token, &spec, &k), ERR_RANGE);
	memset(text, 'a', KEY_LABEL_MAX);
	assert_err(token_key_find(token, &spec, &k), ERR_NOT_FOUND);
	text[KEY_LABEL_MAX] = 'a';
	assert_err(token_key_find(token, &spec, &k), ERR_RANGE);
	text[1] = '\0';
	spec.id = VIEW(text, KEY_ID_MAX);
	assert_err(token_key_find(token, &spec, &k), ERR_NOT_FOUND);
	spec.id = VIEW(text, KEY_ID_MAX + 1);
	assert_err(token_key_find(token, &spec, &k), ERR_RANGE);
	spec.id = VIEW(text, 0);
	assert_err(token_key_find(token, &spec, &k), ERR_RANGE);
}

static void
a_public_key_of_another_kind_is_refused(void **state)
{
	AUTO(EVP_PKEY) rsa = EVP_RSA_gen(1024);
	AUTO(EVP_PKEY) p384 = EVP_EC_gen("P-384");
	AUTO(key) k = NULL;

	(void)state;
	assert_err(soft_find(token, "p256", rsa, &k), ERR_UNSUPPORTED);
	assert_err(soft_find(token, "p256", p384, &k), ERR_UNSUPPORTED);
}

static void
the_inventory_shows_every_object(void **state)
{
	AUTO_DONE(token_inventory) list = { 0 };
	size_t privates = 0, publics = 0;

	(void)state;
	assert_ok(token_list(token, &list));
	for (size_t i = 0; i < list.count; i++) {
		const struct token_object *o = &list.at[i];
		bool private = o->class == OBJECT_PRIVATE_KEY;

		privates += private;
		publics += o->class == OBJECT_PUBLIC_KEY;
		assert_int_not_equal(o->type, KEY_OTHER);
		assert_true(view_equal(VIEW(o->label, o->label_len),
		    VIEW(o->id, o->id_len)));
		assert_int_equal(o->sensitive, private);
		assert_int_equal(o->extractable, !private);
		assert_int_equal(o->sign, private);
		assert_false(o->encrypt || o->decrypt || o->wrap ||
		    o->unwrap || o->derive);
	}
	assert_int_equal(privates, 3);
	assert_int_equal(publics, 3);
}

/* A key somebody brought, with the defaults of the module. */
static void
a_key_that_may_do_more_is_refused(void **state)
{
	AUTO(key) k = NULL;
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_KEY_TYPE type = CKK_EC;
	CK_BBOOL yes = CK_TRUE;
	uint8_t scalar[32] = { 1 };
	struct view curve = key_curve(KEY_P256);
	CK_ATTRIBUTE template[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_KEY_TYPE, &type, sizeof(type) },
		{ CKA_TOKEN, &yes, 1 },
		{ CKA_PRIVATE, &yes, 1 },
		{ CKA_SENSITIVE, &yes, 1 },
		{ CKA_SIGN, &yes, 1 },
		{ CKA_LABEL, unconst("raw"), 3 },
		{ CKA_ID, unconst("raw"), 3 },
		{ CKA_EC_PARAMS, unconst(curve.at), curve.len },
		{ CKA_VALUE, scalar, sizeof(scalar) },
	};
	CK_OBJECT_HANDLE object;
	CK_SESSION_HANDLE session;

	(void)state;
	assert_ok(session_open(token, CKF_RW_SESSION, &session));
	assert_int_equal(token->p11->C_CreateObject(session, template,
	    COUNT(template), &object), CKR_OK);
	assert_err(soft_find(token, "raw", p256, &k), ERR_MISMATCH);
	assert_why("CKA_SIGN_RECOVER");
	assert_int_equal(token->p11->C_DestroyObject(session, object), CKR_OK);
	assert_int_equal(token->p11->C_CloseSession(session), CKR_OK);
}

static void
after_a_logout_nothing_is_signed_until_the_next_login(void **state)
{
	AUTO(secret) pin = soft_secret(USER_PIN);
	AUTO(key) k = find("p256", p256);
	struct hash digest = sha256(view_text("draft"));
	uint8_t signature[P256_SIGNATURE_SIZE];

	(void)state;
	assert_int_equal(token->p11->C_Logout(token->anchor), CKR_OK);
	assert_err(key_sign_digest(k, &digest, true, signature), ERR_TOKEN);
	/* SoftHSM hides the key instead of asking for a login */
	assert_int_equal(token_last_class(), TOKEN_HANDLE);
	assert_ok(token_login(token, pin));
	assert_ok(key_sign_digest(k, &digest, true, signature));
}

/* SoftHSM never heals from this; the class says to replace the process. */
static void
a_token_that_is_taken_away_fails_and_so_does_its_canary(void **state)
{
	AUTO(key) k = find("p256", p256);
	struct hash digest = sha256(view_text("draft"));
	uint8_t signature[P256_SIGNATURE_SIZE];
	char here[PATH_MAX], away[PATH_MAX];

	(void)state;
	soft_path("tokens", here);
	soft_path("away", away);
	assert_int_equal(rename(here, away), 0);
	assert_err(key_sign_digest(k, &digest, true, signature), ERR_TOKEN);
	assert_int_not_equal(token_last_class(), TOKEN_OK);
	assert_int_not_equal(key_canary(k), ERR_OK);
	assert_int_equal(rename(away, here), 0);
	token_close(token);
	token = soft_login(SOFTHSM);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_says_who_it_is),
		cmocka_unit_test(a_p256_signature_verifies_and_has_a_low_s),
		cmocka_unit_test(an_ed25519_signature_verifies),
		cmocka_unit_test(an_ed25519_message_ends_at_the_cap),
		cmocka_unit_test(a_key_signs_only_what_its_type_is_for),
		cmocka_unit_test(a_canary_of_either_type_sings),
		cmocka_unit_test(a_key_that_is_not_there_is_not_found),
		cmocka_unit_test(a_key_other_than_the_recorded_one_is_refused),
		cmocka_unit_test(labels_and_ids_have_limits),
		cmocka_unit_test(a_public_key_of_another_kind_is_refused),
		cmocka_unit_test(the_inventory_shows_every_object),
		cmocka_unit_test(a_key_that_may_do_more_is_refused),
		cmocka_unit_test(
		    after_a_logout_nothing_is_signed_until_the_next_login),
		cmocka_unit_test(
		    a_token_that_is_taken_away_fails_and_so_does_its_canary),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
