/*
 * Attempts that must fail: a key that refuses all of them is told so, each one
 * that passes is named, and a token that is failing proves nothing.
 */
#include "tests/unit/pkcs11/faulty.h"

#include "pkcs11/probe.h"

static struct probe tried[PROBES];

static enum err
try(const char *faults)
{
	memset(tried, 0, sizeof(tried));
	script(faults);
	return token_probe(token, KEY_P256, "p256", view_text("p256"), tried);
}

static const char *
said_to(const char *what)
{
	for (size_t i = 0; i < PROBES; i++)
		if (strcmp(tried[i].tried, what) == 0)
			return tried[i].refused;
	fail_msg("not tried: %s", what);
	return NULL;
}

static void
a_key_of_a_ceremony_refuses_everything(void **state)
{
	(void)state;
	assert_ok(try(""));
	assert_string_equal(said_to("read"), "CKR_ATTRIBUTE_SENSITIVE");
	assert_string_equal(said_to("extractable"), "CKR_ACTION_PROHIBITED");
	assert_string_equal(said_to("insensitive"), "CKR_ACTION_PROHIBITED");
	assert_string_equal(said_to("decrypting"), "CKR_ACTION_PROHIBITED");
	assert_string_equal(said_to("unwrapping"), "CKR_ACTION_PROHIBITED");
	assert_string_equal(said_to("deriving"), "CKR_ACTION_PROHIBITED");
	assert_string_equal(said_to("copy"), "CKR_ACTION_PROHIBITED");
	assert_string_equal(said_to("wrap"), "CKR_KEY_UNEXTRACTABLE");
	assert_string_equal(said_to("wrap-cbc"), "");
}

static void
each_attempt_that_passes_is_named(void **state)
{
	static const struct {
		const char	*faults, *named;
	} cases[] = {
		{ "C_GetAttributeValue 1 rv 0\n", "must refuse: read" },
		{ "C_SetAttributeValue 1 rv 0\n", "must refuse: extractable" },
		{ "C_SetAttributeValue 2 rv 0\n", "must refuse: insensitive" },
		{ "C_SetAttributeValue 3 rv 0\n", "must refuse: decrypting" },
		{ "C_SetAttributeValue 4 rv 0\n", "must refuse: unwrapping" },
		{ "C_SetAttributeValue 5 rv 0\n", "must refuse: deriving" },
		{ "C_CopyObject 1 rv 0\n", "must refuse: copy" },
		{ "C_WrapKey 1 rv 0\n", "must refuse: wrap" },
		{ "C_WrapKey 2 rv 0\n", "must refuse: wrap-cbc" },
		{ "C_CopyObject 1 rv 0\nC_WrapKey 1+ rv 0\n",
		    "must refuse: copy, wrap, wrap-cbc" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *named;

		assert_err(try(cases[i].faults), ERR_MISMATCH);
		named = strstr(err_why(), "must refuse");
		assert_non_null(named);
		assert_string_equal(named, cases[i].named);
		assert_why("key 'p256'");
	}
}

static void
a_token_that_fails_has_refused_nothing(void **state)
{
	static const char *const faults[] = {
		"C_GetAttributeValue 1 rv 0x30\n",
		"C_SetAttributeValue 3 rv 0x5\n",
		"C_CopyObject 1 rv 0x31\n",
		"C_WrapKey 1 rv 0x6\n",
		/* no key to wrap with: nothing was tried */
		"C_GenerateKey 1 rv 0xd0\n",
		"C_OpenSession 1 rv 0x30\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(faults); i++)
		if (try(faults[i]) != ERR_TOKEN)
			fail_msg("%s: %s", faults[i], err_why());
}

static void
what_a_token_cannot_do_is_told_apart(void **state)
{
	(void)state;
	assert_ok(try("C_GenerateKey 1+ rv 0x70\nC_CopyObject 1 rv 0x54\n"));
	assert_string_equal(said_to("wrap"), "");
	assert_string_equal(said_to("copy"), "");
	assert_string_equal(said_to("read"), "CKR_ATTRIBUTE_SENSITIVE");
}

/* It makes a key to wrap with, and leaves nothing. */
static void
nothing_is_left_in_the_token(void **state)
{
	AUTO_DONE(token_inventory) all = { 0 };

	(void)state;
	assert_ok(try(""));
	assert_int_equal(calls("C_OpenSession"), calls("C_CloseSession"));
	assert_int_equal(calls("C_GenerateKey"), calls("C_DestroyObject"));
	assert_ok(token_list(token, &all));
	assert_int_equal(all.count, 2);
}

static void
a_key_that_is_not_there_is_not_tried(void **state)
{
	(void)state;
	script("");
	assert_err(token_probe(token, KEY_P256, "other", view_text("p256"),
	    tried), ERR_NOT_FOUND);
	assert_err(token_probe(token, KEY_ED25519, "p256", view_text("p256"),
	    tried), ERR_NOT_FOUND);
	assert_err(token_probe(token, KEY_P256, "", view_text("p256"),
	    tried), ERR_RANGE);
	assert_int_equal(calls("C_SetAttributeValue"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_KEY(a_key_of_a_ceremony_refuses_everything),
		WITH_KEY(each_attempt_that_passes_is_named),
		WITH_KEY(a_token_that_fails_has_refused_nothing),
		WITH_KEY(what_a_token_cannot_do_is_told_apart),
		WITH_KEY(nothing_is_left_in_the_token),
		WITH_KEY(a_key_that_is_not_there_is_not_tried),
	};

	return cmocka_run_group_tests(tests, faulty_begin, faulty_end);
}
