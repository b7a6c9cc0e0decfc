/*
 * Lies about backups, chained and signed rightly: a copy that nobody proved, a
 * key that was not sealed, a medium that is not in the sum.
 */
#include "tests/unit/ceremony/liar.h"

#define CONTENT VERDICT_CONTENT

static const struct {
	const char	*after, *from, *to;
	enum err	 wanted;
} lies[] = {
	/* what was wrapped, and where it is */
	{ "|WRAP|", "sha256=", "sha256=0", ERR_SYNTAX },
	{ "|WRAP|", "copy=issuing-ca%20on%20medium%202", NULL,
	    ERR_NOT_FOUND },
	{ "|WRAP|", "copy=document%20on%20medium%201",
	    "copy=document%20on%20medium%202", ERR_NOT_FOUND },
	{ "KEYGEN", "CKA_EXTRACTABLE:1", "CKA_EXTRACTABLE:0", ERR_MISMATCH },
	{ "KEYGEN", "CKA_NEVER_EXTRACTABLE:0", "CKA_NEVER_EXTRACTABLE:1",
	    ERR_MISMATCH },
	/* the copy that was proven */
	{ "|RESTORE|", "label=document", NULL, ERR_NOT_FOUND },
	{ "|RESTORE|", "label=document", "label=issuing-ca", ERR_EXISTS },
	{ "|RESTORE|", "token=okse-standby", "token=okse-rehearsal",
	    ERR_MISMATCH },
	{ "|RESTORE|", "CKA_EXTRACTABLE:0", "CKA_EXTRACTABLE:1",
	    ERR_MISMATCH },
	{ "|RESTORE|", "CKA_LOCAL:0", "CKA_LOCAL:1", ERR_MISMATCH },
	{ "|RESTORE|", "CKA_ALWAYS_SENSITIVE:0", "CKA_ALWAYS_SENSITIVE:1",
	    ERR_MISMATCH },
	{ "|TOKEN|", "backup=okse-standby", "backup=another", ERR_NOT_FOUND },
	{ "|NEGCTRL|", "copy-of=log-ecdsa", NULL, ERR_NOT_FOUND },
	/* the key that stayed */
	{ "|SEAL|", "label=log-ecdsa", NULL, ERR_NOT_FOUND },
	{ "|SEAL|", "CKA_EXTRACTABLE:0", "CKA_EXTRACTABLE:1", ERR_MISMATCH },
	{ "|SEAL|", "CKA_MODIFIABLE:0", "CKA_MODIFIABLE:1", ERR_MISMATCH },
	{ "|SEAL|", "CKA_NEVER_EXTRACTABLE:0", "CKA_NEVER_EXTRACTABLE:1",
	    ERR_MISMATCH },
	{ "|SEAL|", "label=document", "label=qr", ERR_NOT_FOUND },
	/* who can open them */
	{ "|SHARE|", "backup-seat=2", "backup-seat=3", ERR_NOT_FOUND },
	{ "split-backup-secret|operator|chance=", "host%20and%20token",
	    "host", ERR_MISMATCH },
	{ "split-backup-secret|operator|chance=", "check=", "check=00",
	    ERR_CORRUPT },
};

static void
each_lie_is_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(lies); i++) {
		AUTO_DONE(bytes) text = { 0 };
		enum err e;

		change(lies[i].after, lies[i].from, lies[i].to, &text);
		e = verify_text(bytes_text(&text), NULL);
		if (e != lies[i].wanted || judged.verdict != CONTENT)
			fail_msg("lie %zu (%s): %s %d %s", i, lies[i].from,
			    err_code(e), (int)judged.verdict, err_why());
	}
}

static void
the_truth_chained_anew_verifies(void **state)
{
	(void)state;
	assert_ok(verify_text(bytes_text(&good), &result.root));
}

/* Of what was signed, and of the signature. */
static void
another_challenge_is_not_what_was_signed(void **state)
{
	static const char *const parts[] = { " challenge=", " signature=" };

	(void)state;
	for (size_t i = 0; i < COUNT(parts); i++) {
		AUTO_DONE(bytes) text = { 0 };
		char *at;

		bytes_put(&text, bytes_view(&good));
		at = strstr(bytes_text(&text), "|RESTORE|");
		at = strstr(at, parts[i]) + strlen(parts[i]) + 9;
		text.at[at - bytes_text(&text)] = *at == '0' ? '1' : '0';
		assert_err(verify_text(bytes_text(&text), NULL),
		    ERR_SIGNATURE);
		assert_int_equal(judged.verdict, CONTENT);
		assert_why("not signed by the key issuing-ca");
	}
}

/* The first two records of sealed keys, with each other's name. */
static void
a_key_tried_before_it_was_sealed_was_not_tried(void **state)
{
	static const char *const swap[][2] = {
		{ "label=issuing-ca", "label=document" },
		{ "label=document", "label=issuing-ca" },
	};
	const char *at = bytes_text(&good);
	AUTO_DONE(bytes) text = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(swap); i++) {
		const char *to = strstr(strstr(at, "|SEAL|"), swap[i][0]);

		bytes_put(&text, VIEW(at, (size_t)(to - at)));
		bytes_put_text(&text, swap[i][1]);
		at = to + strlen(swap[i][0]);
	}
	bytes_put_text(&text, at);
	assert_err(verify_text(bytes_text(&text), NULL), ERR_MISMATCH);
	assert_why("tried before it was sealed");
}

static int
rehearse_backup(void **state)
{
	liar_script = "configs/ceremony/backup.yaml";
	return rehearse(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_truth_chained_anew_verifies),
		cmocka_unit_test(each_lie_is_found),
		cmocka_unit_test(another_challenge_is_not_what_was_signed),
		cmocka_unit_test(
		    a_key_tried_before_it_was_sealed_was_not_tried),
	};

	return cmocka_run_group_tests(tests, rehearse_backup, clean_up);
}
