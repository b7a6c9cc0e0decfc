/*
 * A key goes out of one token under a wrapping key and into another, and
 * nothing else does: every way in which it could go wrong is refused, and what
 * the tokens say of their keys is the truth. OpenSSL opens what was wrapped.
 */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#include "tests/unit/pkcs11/faulty.h"
#pragma GCC diagnostic pop

#include "pkcs11/backup.h"
#include "pkcs11/probe.h"

#define FIRST "okse first"
#define SECOND "okse second"

static struct secret *kek;
static struct token *t;

static void
open_token(const char *label)
{
	AUTO(secret) pin = soft_secret(USER_PIN);
	struct token_uri uri = { .module_path = module };

	token_close(t);
	t = NULL;
	snprintf(uri.wanted.label, sizeof(uri.wanted.label), "%s", label);
	assert_ok(token_open(&uri, NULL, &t));
	assert_ok(token_login(t, pin));
}

static void
make_token(const char *label)
{
	AUTO(secret) so_pin = soft_secret(SO_PIN);
	AUTO(secret) pin = soft_secret(USER_PIN);
	struct token_uri uri = { .module_path = module };
	struct token_identity identity;

	snprintf(uri.wanted.label, sizeof(uri.wanted.label), "%s", label);
	assert_ok(token_initialise(&uri, NULL, so_pin, pin, &identity));
}

static struct key_spec
spec_of(const char *label, EVP_PKEY *public)
{
	return (struct key_spec){ label, view_text(label), public };
}

/* In the first token, which is open afterwards. */
static EVP_PKEY *
make_wrappable(enum key_type type, const char *label,
    struct key_record *record)
{
	open_token(FIRST);
	assert_ok(token_generate_wrappable(t, type, label, view_text(label),
	    record));
	return record->public_key;
}

static void
wrap(enum key_type type, const char *label, struct key_record *record,
    struct bytes *out)
{
	struct key_spec spec = spec_of(label, make_wrappable(type, label,
	    record));

	assert_ok(token_wrap(t, kek, &spec, out));
}

static size_t
objects(void)
{
	AUTO_DONE(token_inventory) found = { 0 };

	assert_ok(token_list(t, &found));
	return found.count;
}

static unsigned long
attribute(const struct key_record *r, const char *name)
{
	for (size_t i = 0; i < KEY_ATTRIBUTES; i++)
		if (strcmp(r->attributes[i].name, name) == 0)
			return r->attributes[i].value;
	fail_msg("%s is not in the record", name);
	return 0;
}

static void
assert_attributes(const struct key_record *r, const char *names,
    unsigned long wanted)
{
	char list[200], *rest = list, *name;

	snprintf(list, sizeof(list), "%s", names);
	while ((name = strsep(&rest, " ")) != NULL)
		if (attribute(r, name) != wanted)
			fail_msg("%s: wanted %lu", name, wanted);
}

static void
assert_refuses_misuse(enum key_type type, const char *label)
{
	struct probe tried[PROBES];

	assert_ok(token_probe(t, type, label, view_text(label), tried));
}

/* ---- what must go well */

static void
a_key_goes_from_token_to_token_and_signs_there(void **state)
{
	AUTO_DONE(key_record) made = { 0 }, copy = { 0 };
	AUTO_DONE(bytes) wrapped = { 0 };
	AUTO(key) found = NULL;
	struct key_spec spec;

	(void)state;
	wrap(KEY_P256, "goes", &made, &wrapped);
	spec = spec_of("goes", made.public_key);
	open_token(SECOND);
	assert_ok(token_unwrap(t, kek, &spec, bytes_view(&wrapped), &copy));
	assert_int_equal(objects(), 2);
	/* also as any key that is looked for */
	assert_ok(token_key_find(t, &spec, &found));
	assert_ok(key_canary(found));
	assert_refuses_misuse(KEY_P256, "goes");
	assert_ok(token_unwrap_clear(t, &spec));
	assert_int_equal(objects(), 0);
}

/* SoftHSM wraps no Ed25519 key: whoever plans to is told so. */
static void
what_a_token_cannot_wrap_it_says(void **state)
{
	AUTO_DONE(key_record) made = { 0 };
	AUTO_DONE(bytes) wrapped = { 0 };
	struct key_spec spec;

	(void)state;
	make_wrappable(KEY_ED25519, "log", &made);
	spec = spec_of("log", made.public_key);
	assert_err(token_wrap(t, kek, &spec, &wrapped), ERR_TOKEN);
	assert_why("CKR_KEY_NOT_WRAPPABLE");
	assert_int_equal(wrapped.len, 0);
}

static void
attributes_tell_the_truth(void **state)
{
	AUTO_DONE(key_record) made = { 0 }, sealed = { 0 }, copy = { 0 };
	AUTO_DONE(bytes) wrapped = { 0 };
	struct key_spec spec;

	(void)state;
	wrap(KEY_P256, "truth", &made, &wrapped);
	assert_attributes(&made, "CKA_EXTRACTABLE CKA_LOCAL CKA_SENSITIVE "
	    "CKA_ALWAYS_SENSITIVE", 1);
	assert_attributes(&made, "CKA_NEVER_EXTRACTABLE", 0);
	spec = spec_of("truth", made.public_key);
	assert_ok(token_seal(t, &spec, &sealed));
	assert_attributes(&sealed, "CKA_LOCAL CKA_SENSITIVE "
	    "CKA_ALWAYS_SENSITIVE", 1);
	assert_attributes(&sealed, "CKA_NEVER_EXTRACTABLE CKA_EXTRACTABLE "
	    "CKA_MODIFIABLE", 0);
	open_token(SECOND);
	assert_ok(token_unwrap(t, kek, &spec, bytes_view(&wrapped), &copy));
	assert_attributes(&copy, "CKA_SENSITIVE CKA_SIGN "
	    "CKA_WRAP_WITH_TRUSTED", 1);
	assert_attributes(&copy, "CKA_LOCAL CKA_ALWAYS_SENSITIVE "
	    "CKA_NEVER_EXTRACTABLE CKA_EXTRACTABLE CKA_MODIFIABLE "
	    "CKA_UNWRAP CKA_DECRYPT CKA_DERIVE", 0);
}

static void
a_sealed_key_is_one_object_that_nothing_takes_out(void **state)
{
	AUTO_DONE(key_record) made = { 0 }, sealed = { 0 };
	AUTO_DONE(bytes) wrapped = { 0 };
	struct key_spec spec;
	size_t before;

	(void)state;
	wrap(KEY_P256, "sealed", &made, &wrapped);
	before = objects();
	spec = spec_of("sealed", made.public_key);
	assert_ok(token_seal(t, &spec, &sealed));
	assert_int_equal(objects(), before);
	assert_refuses_misuse(KEY_P256, "sealed");
	bytes_reset(&wrapped);
	assert_err(token_wrap(t, kek, &spec, &wrapped), ERR_MISMATCH);
	assert_why("CKA_EXTRACTABLE");
	assert_int_equal(wrapped.len, 0);
	/* and again, as after a crash */
	key_record_done(&sealed);
	assert_ok(token_seal(t, &spec, &sealed));
	assert_int_equal(objects(), before);
}

static void
wrapping_is_the_same_each_time_and_leaves_no_wrapping_key(void **state)
{
	AUTO_DONE(key_record) made = { 0 };
	AUTO_DONE(bytes) once = { 0 }, again = { 0 };
	struct key_spec spec;
	size_t before;

	(void)state;
	make_wrappable(KEY_P256, "same", &made);
	spec = spec_of("same", made.public_key);
	before = objects();
	assert_ok(token_wrap(t, kek, &spec, &once));
	assert_ok(token_wrap(t, kek, &spec, &again));
	assert_true(view_equal(bytes_view(&once), bytes_view(&again)));
	assert_int_equal(objects(), before);
}

/* A stranger with the wrapping key needs no token, and none of our code. */
static void
openssl_opens_what_was_wrapped(void **state)
{
	AUTO_DONE(key_record) made = { 0 };
	AUTO_DONE(bytes) wrapped = { 0 };
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	uint8_t pkcs8[WRAPPED_MAX];
	const uint8_t *at = pkcs8;
	EVP_PKEY *opened;
	int n = 0;

	(void)state;
	wrap(KEY_P256, "openssl", &made, &wrapped);
	EVP_CIPHER_CTX_set_flags(c, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	assert_int_equal(EVP_DecryptInit_ex(c, EVP_aes_256_wrap_pad(), NULL,
	    secret_peek(kek), NULL), 1);
	assert_int_equal(EVP_DecryptUpdate(c, pkcs8, &n, wrapped.at,
	    (int)wrapped.len), 1);
	opened = d2i_AutoPrivateKey(NULL, &at, n);
	assert_non_null(opened);
	assert_int_equal(EVP_PKEY_eq(opened, made.public_key), 1);
	EVP_PKEY_free(opened);
	EVP_CIPHER_CTX_free(c);
}

/* ---- what must not */

static void
spoilt_bytes_are_refused_and_leave_nothing(void **state)
{
	AUTO_DONE(key_record) made = { 0 };
	AUTO_DONE(bytes) wrapped = { 0 };
	struct key_spec spec;
	size_t before;

	(void)state;
	wrap(KEY_P256, "spoilt", &made, &wrapped);
	spec = spec_of("spoilt", made.public_key);
	open_token(SECOND);
	before = objects();
	for (size_t bit = 0; bit < 8 * wrapped.len; bit += 37) {
		AUTO_DONE(key_record) copy = { 0 };

		wrapped.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_err(token_unwrap(t, kek, &spec, bytes_view(&wrapped),
		    &copy), ERR_TOKEN);
		wrapped.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t n = 1; n < wrapped.len; n += 9) {
		AUTO_DONE(key_record) copy = { 0 };

		assert_err(token_unwrap(t, kek, &spec, VIEW(wrapped.at, n),
		    &copy), ERR_TOKEN);
	}
	assert_int_equal(objects(), before);
}

static void
another_wrapping_key_opens_nothing(void **state)
{
	AUTO_DONE(key_record) made = { 0 }, copy = { 0 };
	AUTO_DONE(bytes) wrapped = { 0 };
	AUTO(secret) other = NULL;
	uint8_t right[KEK_CHECK_SIZE], wrong[KEK_CHECK_SIZE];
	struct key_spec spec;

	(void)state;
	wrap(KEY_P256, "other", &made, &wrapped);
	spec = spec_of("other", made.public_key);
	assert_ok(secret_new(KEK_SIZE, &other));
	assert_ok(kek_check(kek, right));
	assert_ok(kek_check(other, wrong));
	assert_memory_not_equal(right, wrong, sizeof(right));
	open_token(SECOND);
	assert_err(token_unwrap(t, other, &spec, bytes_view(&wrapped), &copy),
	    ERR_TOKEN);
}

static void
a_wrapping_key_has_its_length(void **state)
{
	AUTO_DONE(key_record) made = { 0 };
	AUTO_DONE(bytes) wrapped = { 0 };
	uint8_t check[KEK_CHECK_SIZE];
	struct key_spec spec;

	(void)state;
	make_wrappable(KEY_P256, "length", &made);
	spec = spec_of("length", made.public_key);
	for (size_t n = KEK_SIZE - 1; n <= KEK_SIZE + 1; n += 2) {
		AUTO(secret) other = NULL;

		assert_ok(secret_new(n, &other));
		assert_err(kek_check(other, check), ERR_RANGE);
		assert_err(token_wrap(t, other, &spec, &wrapped), ERR_RANGE);
	}
}

/* The bytes are whole, and of a key that is not this one. */
static void
a_copy_that_signs_for_another_key_does_not_stay(void **state)
{
	AUTO_DONE(key_record) one = { 0 }, two = { 0 }, copy = { 0 };
	AUTO_DONE(bytes) first = { 0 }, second = { 0 };
	struct key_spec spec;
	size_t before;

	(void)state;
	wrap(KEY_P256, "one", &one, &first);
	wrap(KEY_P256, "two", &two, &second);
	spec = spec_of("one", one.public_key);
	open_token(SECOND);
	before = objects();
	assert_err(token_unwrap(t, kek, &spec, bytes_view(&second), &copy),
	    ERR_SIGNATURE);
	assert_int_equal(objects(), before);
	assert_ok(token_unwrap(t, kek, &spec, bytes_view(&first), &copy));
	assert_err(token_unwrap(t, kek, &spec, bytes_view(&first), &copy),
	    ERR_EXISTS);
}

static void
a_key_that_never_leaves_is_not_wrapped_or_sealed(void **state)
{
	AUTO_DONE(key_record) made = { 0 }, sealed = { 0 };
	AUTO_DONE(bytes) wrapped = { 0 };
	struct key_spec spec;

	(void)state;
	open_token(FIRST);
	assert_ok(token_generate(t, KEY_P256, "never", view_text("never"),
	    &made));
	spec = spec_of("never", made.public_key);
	assert_err(token_wrap(t, kek, &spec, &wrapped), ERR_MISMATCH);
	assert_err(token_seal(t, &spec, &sealed), ERR_MISMATCH);
	assert_why("CKA_NEVER_EXTRACTABLE");
}

/* Until it is sealed it signs nothing but what proves it. */
static void
a_wrappable_key_is_not_one_to_sign_with(void **state)
{
	AUTO_DONE(key_record) made = { 0 };
	AUTO(key) found = NULL;
	struct key_spec spec;

	(void)state;
	make_wrappable(KEY_P256, "soft", &made);
	spec = spec_of("soft", made.public_key);
	assert_err(token_key_find(t, &spec, &found), ERR_MISMATCH);
}

/* ---- tokens that lie */

/*
 * The token says of the wrapping key what it should not: of each attribute in
 * turn, and then of its check value.
 */
static void
a_wrapping_key_that_may_do_more_is_not_used(void **state)
{
	AUTO_DONE(key_record) made = { 0 };
	AUTO_DONE(bytes) wrapped = { 0 };
	struct key_spec spec;
	char lie[60];

	(void)state;
	make_wrappable(KEY_P256, "lied", &made);
	spec = spec_of("lied", made.public_key);
	for (int i = 1; i <= 12; i++) {
		snprintf(lie, sizeof(lie), "C_GetAttributeValue %d lie\n", i);
		script(lie);
		assert_err(token_wrap(t, kek, &spec, &wrapped), ERR_MISMATCH);
		assert_why("wrapping key: wanted CKA_");
		assert_int_equal(calls("C_WrapKey"), 0);
	}
	script("C_GetAttributeValue 13 lie\n");
	assert_err(token_wrap(t, kek, &spec, &wrapped), ERR_MISMATCH);
	assert_why("check value");
	assert_int_equal(calls("C_WrapKey"), 0);
	script("");
}

static void
a_token_that_fails_leaves_no_half(void **state)
{
	static const char *const faults[] = {
		"C_CreateObject 1 rv 0x30\n", "C_UnwrapKey 1 rv 0x30\n",
		"C_CreateObject 2 rv 0x31\n", "C_Sign 1+ rv 0x30\n",
		"C_Sign 1+ lie\n",
	};
	AUTO_DONE(key_record) made = { 0 };
	AUTO_DONE(bytes) wrapped = { 0 };
	struct key_spec spec;
	size_t before;

	(void)state;
	wrap(KEY_P256, "half", &made, &wrapped);
	spec = spec_of("half", made.public_key);
	open_token(SECOND);
	before = objects();
	for (size_t i = 0; i < COUNT(faults); i++) {
		AUTO_DONE(key_record) copy = { 0 };
		enum err e;

		script(faults[i]);
		e = token_unwrap(t, kek, &spec, bytes_view(&wrapped), &copy);
		script("");
		if (e != ERR_TOKEN && e != ERR_SIGNATURE)
			fail_msg("%s: %s", faults[i], err_code(e));
		assert_int_equal(objects(), before);
	}
}

static void
a_key_that_stays_extractable_is_not_sealed(void **state)
{
	static const char *const faults[] = {
		"C_SetAttributeValue 1 rv 0x0\n",
		"C_CopyObject 1 rv 0x0\n",
		"C_DestroyObject 1 rv 0x0\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(faults); i++) {
		AUTO_DONE(key_record) made = { 0 }, sealed = { 0 };
		struct key_spec spec;
		char label[12];

		snprintf(label, sizeof(label), "stays-%zu", i);
		make_wrappable(KEY_P256, label, &made);
		spec = spec_of(label, made.public_key);
		script(faults[i]);
		if (token_seal(t, &spec, &sealed) == ERR_OK)
			fail_msg("%s was sealed", faults[i]);
		script("");
	}
}

/* ---- preparation */

static int
begin(void **state)
{
	char path[PATH_MAX];

	(void)state;
	find_module();
	soft_make();
	setenv("FAULTY_SCRIPT", soft_path("script", path), 1);
	setenv("FAULTY_TRACE", soft_path("trace", path), 1);
	script("");
	make_token(FIRST);
	make_token(SECOND);
	assert_ok(secret_new(KEK_SIZE, &kek));
	return random_bytes(secret_at(kek), KEK_SIZE) == ERR_OK ? 0 : -1;
}

static int
end(void **state)
{
	(void)state;
	token_close(t);
	secret_free(kek);
	soft_remove();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_key_goes_from_token_to_token_and_signs_there),
		cmocka_unit_test(what_a_token_cannot_wrap_it_says),
		cmocka_unit_test(attributes_tell_the_truth),
		cmocka_unit_test(
		    a_sealed_key_is_one_object_that_nothing_takes_out),
		cmocka_unit_test(
		    wrapping_is_the_same_each_time_and_leaves_no_wrapping_key),
		cmocka_unit_test(openssl_opens_what_was_wrapped),
		cmocka_unit_test(spoilt_bytes_are_refused_and_leave_nothing),
		cmocka_unit_test(another_wrapping_key_opens_nothing),
		cmocka_unit_test(a_wrapping_key_has_its_length),
		cmocka_unit_test(
		    a_copy_that_signs_for_another_key_does_not_stay),
		cmocka_unit_test(
		    a_key_that_never_leaves_is_not_wrapped_or_sealed),
		cmocka_unit_test(a_wrappable_key_is_not_one_to_sign_with),
		cmocka_unit_test(a_wrapping_key_that_may_do_more_is_not_used),
		cmocka_unit_test(a_token_that_fails_leaves_no_half),
		cmocka_unit_test(a_key_that_stays_extractable_is_not_sealed),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
