/*
 * The published seed of the public 15-leaf log, imported into a software
 * token, signs its 16 checkpoints byte for byte as published: body, key id,
 * mechanism and note together. (transparency-dev/tessera, testdata.)
 */
#include "tests/unit/pkcs11/softtoken.h"

#include "audit/checkpoint.h"
#include "audit/merkle.h"
#include "audit/note.h"

#define ORIGIN "example.com/log/testdata"
#define VKEY ORIGIN "+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"

static const char *const words[] = { "one", "two", "three", "four", "five",
	"six", "seven", "eit", "nain", "ten", "ileven", "twelf", "threeten",
	"fourten", "fivten" };

/* The last line of checkpoints 0, 1, 7 and 15, without name and dash. */
static const struct {
	size_t		 size;
	const char	*signature;
} published[] = {
	{ 0, "M9e0lhxJACzE1KoUdqKuPa+9p6R7dSW8BlEvrg/noo8FkGg6PbJo"
	    "RNOcdjqjOq89wVvTA60eubCc4oufo5BvIVEgtQc=" },
	{ 1, "M9e0lhr9kuLxGdAtaUrhm84TQffVsLdcy808sN0a3WyniNlfcr9+"
	    "bywoiIke1YYciCNjJGkCgIlQ8b16jhsmg/SChAM=" },
	{ 7, "M9e0luA5JhTRUki/BBQD0QNiH6AEJ2pdtsA5CQjqJErViuuKrN65"
	    "13RCTL2640wXJv0dCed3neRGI6dMzBq9uANf2Qc=" },
	{ 15, "M9e0luh4jTG+UMBqOUo9/q+yAEvx1ilBEniMvjf1zfcBOhg+CKub"
	    "Mt53MvIt/uEWP6zdkdIQzd/fmwlM/dlPWF74ewI=" },
};

static struct token *token;
static CK_OBJECT_HANDLE handle;		/* of the imported private key */
static EVP_PKEY *public_key;
static struct vkey *vkey;

static void
import(void)
{
	AUTO_DONE(bytes) seed = { 0 }, der = { 0 }, pem = { 0 };
	char path[PATH_MAX], command[2 * PATH_MAX];

	assert_ok(base64_get(view_text("AeymY/SZAX0jZcJ8enZ5FY1Dz+wTML2yWSkK"
	    "+9DSF3eg"), &seed));
	assert_ok(hex_get(view_text("302e020100300506032b657004220420"),
	    &der));
	bytes_put(&der, VIEW(seed.at + 1, 32));
	bytes_put_text(&pem, "-----BEGIN PRIVATE KEY-----\n");
	base64_put(&pem, bytes_view(&der));
	bytes_put_text(&pem, "\n-----END PRIVATE KEY-----\n");
	soft_write("seed.pem", bytes_text(&pem));
	snprintf(command, sizeof(command), "softhsm2-util --import %s --token "
	    "'%s' --label log --id 6c6f67 --pin %s >/dev/null",
	    soft_path("seed.pem", path), LABEL, USER_PIN);
	assert_int_equal(system(command), 0);
}

static void
find_imported(void)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE wanted = { CKA_CLASS, &class, sizeof(class) };
	CK_ULONG found = 0;

	assert_int_equal(token->p11->C_FindObjectsInit(token->session,
	    &wanted, 1), CKR_OK);
	assert_int_equal(token->p11->C_FindObjects(token->session, &handle,
	    1, &found), CKR_OK);
	assert_int_equal(token->p11->C_FindObjectsFinal(token->session),
	    CKR_OK);
	assert_true(found == 1);
}

/* Past our own search, which takes no key that was ever outside. */
static void
sign(struct bytes *body, uint8_t out[ED25519_SIGNATURE_SIZE])
{
	CK_MECHANISM mechanism = { .mechanism = CKM_EDDSA };
	CK_ULONG len = ED25519_SIGNATURE_SIZE;

	assert_int_equal(token->p11->C_SignInit(token->session, &mechanism,
	    handle), CKR_OK);
	assert_int_equal(token->p11->C_Sign(token->session, body->at,
	    body->len, out, &len), CKR_OK);
	assert_true(len == ED25519_SIGNATURE_SIZE);
}

static struct hash
root_of(size_t size)
{
	struct hash leaves[COUNT(words)];

	for (size_t i = 0; i < size; i++)
		leaves[i] = merkle_leaf(view_text(words[i]));
	return merkle_root(leaves, size);
}

static void
note_of(size_t size, struct bytes *out)
{
	struct hash root = root_of(size);
	uint8_t signature[ED25519_SIGNATURE_SIZE];
	AUTO_DONE(bytes) body = { 0 };

	assert_ok(checkpoint_body(ORIGIN, size, &root, &body));
	sign(&body, signature);
	note_put_text(out, bytes_view(&body));
	note_put_signature(out, vkey, VIEW_OF(signature));
}

static void
an_imported_key_is_no_key_for_the_daemon(void **state)
{
	AUTO(key) k = NULL;

	(void)state;
	assert_err(soft_find(token, "log", public_key, &k), ERR_MISMATCH);
	assert_null(k);
}

static void
the_token_signs_what_was_published(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(published); i++) {
		AUTO_DONE(bytes) note = { 0 }, line = { 0 };

		note_of(published[i].size, &note);
		bytes_printf(&line, "\n" NOTE_DASH ORIGIN " %s\n",
		    published[i].signature);
		assert_non_null(memmem(note.at, note.len, line.at, line.len));
	}
}

static void
all_sixteen_checkpoints_are_the_published_files(void **state)
{
	(void)state;
	for (size_t size = 0; size <= COUNT(words); size++) {
		AUTO_DONE(bytes) note = { 0 }, theirs = { 0 };
		char path[64];

		snprintf(path, sizeof(path),
		    "../shared/vectors/tlog/log/checkpoint.%zu", size);
		if (!file_exists(path)) {
			print_message("no %s: skipped\n", path);
			skip();
		}
		assert_ok(file_read(path, NOTE_MAX, &theirs));
		note_of(size, &note);
		assert_true(view_equal(bytes_view(&note),
		    bytes_view(&theirs)));
	}
}

static int
setup(void **state)
{
	AUTO_DONE(bytes) raw = { 0 };

	(void)state;
	soft_make();
	(void)soft_initialise(SOFTHSM);
	import();
	token = soft_login(SOFTHSM);
	assert_ok(vkey_get(view_text(VKEY), &vkey));
	assert_ok(base64_get(view_text("AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO"
	    "5xCFkkSx"), &raw));
	assert_ok(ed25519_public(VIEW(raw.at + 1, 32), &public_key));
	find_imported();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	EVP_PKEY_free(public_key);
	token_close(token);
	vkey_free(vkey);
	soft_remove();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_imported_key_is_no_key_for_the_daemon),
		cmocka_unit_test(the_token_signs_what_was_published),
		cmocka_unit_test(
		    all_sixteen_checkpoints_are_the_published_files),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
