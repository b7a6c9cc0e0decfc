/*
 * Lies that are chained rightly: whoever writes a transcript anew can make
 * its hashes fit, but not what script, files and keys say.
 */
#include "tests/unit/ceremony/liar.h"

static void
the_truth_chained_anew_verifies(void **state)
{
	AUTO_DONE(bytes) chained = { 0 };

	(void)state;
	chain(bytes_text(&good), &chained);
	assert_string_equal(bytes_text(&chained), bytes_text(&good));
	assert_ok(verify_text(bytes_text(&good), &result.root));
}

/* the verdicts, short enough for a table */
#define BYTES VERDICT_BYTES
#define PART VERDICT_INCOMPLETE
#define PEOPLE VERDICT_PEOPLE
#define CONTENT VERDICT_CONTENT

static const struct {
	const char	*after, *from, *to;
	enum err	 wanted;
	enum verdict	 verdict;
} lies[] = {
	/* what the ceremony was */
	{ "", "mode=rehearsal", "mode=production", ERR_CORRUPT, BYTES },
	{ "", "name=Birth", "name=Death", ERR_MISMATCH, CONTENT },
	{ "", "ceremony=", "ceremony=00", ERR_CORRUPT, CONTENT },
	{ "script.yaml", "sha256=", "sha256=0", ERR_MISMATCH, BYTES },
	{ "FILE", "length=", "length=1", ERR_MISMATCH, BYTES },
	{ "FILE", "path=ceremony/script.yaml", NULL, ERR_NOT_FOUND, BYTES },
	{ "FILE", "path=ceremony/roster.txt", NULL, ERR_NOT_FOUND, BYTES },
	{ "FILE", "path=ceremony/roster.txt",
	    "path=ceremony/script.yaml", ERR_EXISTS, BYTES },
	/* steps */
	{ "INTENT", "3.prove-quorums", "4.prove-quorums",
	    ERR_CORRUPT, BYTES },
	{ "INTENT", "key=document", "key=qr", ERR_MISMATCH, PART },
	{ "INTENT", "certificate=iaca", "certificate=qr-signer",
	    ERR_MISMATCH, PART },
	{ "", "|CLOSE|", NULL, ERR_CORRUPT, PART },
	/* people */
	{ "PARTICIPANT", "seat-3", NULL, ERR_NOT_FOUND, PEOPLE },
	{ "PARTICIPANT", "name=Practice%20Officer%20One", "name=Nobody",
	    ERR_MISMATCH, PEOPLE },
	{ "ROLLCALL", "seat-2", NULL, ERR_MISMATCH, PEOPLE },
	{ "CONFIRM", "what=confirm", NULL, ERR_FORBIDDEN, PEOPLE },
	{ "HASHREAD", "answer=right", "answer=wrong", ERR_NOT_FOUND,
	    PEOPLE },
	{ "CLOCK", "said=", NULL, ERR_NOT_FOUND, PEOPLE },
	/* quorum */
	{ "RESULT", "chance=host%20and%20token", "chance=host", ERR_MISMATCH,
	    CONTENT },
	{ "SHARE", "commitment=", NULL, ERR_NOT_FOUND, CONTENT },
	{ "SHARE", "officer=Practice%20Officer%20One",
	    "officer=Practice%20Officer%20Two", ERR_MISMATCH, CONTENT },
	{ "SHARE", "seat=1", "seat=2", ERR_NOT_FOUND, CONTENT },
	{ "SHARE", "seat=3", "seat=2", ERR_EXISTS, CONTENT },
	{ "NEGCTRL", "sets=3", "sets=2", ERR_MISMATCH, CONTENT },
	{ "NEGCTRL", "sets=3", NULL, ERR_NOT_FOUND, CONTENT },
	{ "RESULT|2.", "opened=3", "opened=2", ERR_MISMATCH, CONTENT },
	/* keys */
	{ "KEYGEN", "CKA_EXTRACTABLE:0", "CKA_EXTRACTABLE:1",
	    ERR_MISMATCH, CONTENT },
	{ "KEYGEN", "CKA_LOCAL:1", "CKA_LOCAL:0", ERR_MISMATCH, CONTENT },
	{ "KEYGEN", "CKA_SENSITIVE:1,", "", ERR_MISMATCH, CONTENT },
	{ "KEYGEN", "CKA_NEVER_EXTRACTABLE:1",
	    "CKA_NEVER_EXTRACTABLE:unreadable", ERR_MISMATCH, CONTENT },
	{ "KEYGEN", "id=", "id=0", ERR_MISMATCH, CONTENT },
	{ "KEYGEN", "spki-sha256=", "spki-sha256=0", ERR_MISMATCH, CONTENT },
	{ "KEYGEN", "label=qr", "label=log", ERR_NOT_FOUND, CONTENT },
	{ "KEYGEN", "label=log", NULL, ERR_NOT_FOUND, CONTENT },
	/* certificates */
	{ "CERT", "name=qr-signer", "name=iaca", ERR_EXISTS, CONTENT },
	{ "CERT", "name=iaca", NULL, ERR_NOT_FOUND, CONTENT },
	{ "CERT", "sha256=", "sha256=0", ERR_MISMATCH, CONTENT },
	{ "FILE|10.", "path=ca/qr-signer.pem",
	    "path=ca/another.pem", ERR_NOT_FOUND, BYTES },
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
		if (e != lies[i].wanted || judged.verdict != lies[i].verdict)
			fail_msg("lie %zu (%s): %s %d %s", i, lies[i].from,
			    err_code(e), (int)judged.verdict, err_why());
		e = verify_text(bytes_text(&text), &result.root);
		assert_true(e == ERR_MISMATCH || e == ERR_CORRUPT);
	}
}

/* All else is verified before anybody is heard. */
static void
who_disagrees_is_heard_last(void **state)
{
	AUTO_DONE(bytes) text = { 0 };

	(void)state;
	last_word = "disagree it was too warm";
	assert_err(verify_text(bytes_text(&good), NULL), ERR_REFUSED);
	assert_int_equal(judged.verdict, VERDICT_DISAGREED);
	assert_memory_equal(&judged.root, &result.root, sizeof(judged.root));
	change("KEYGEN", "CKA_LOCAL:1", "CKA_LOCAL:0", &text);
	assert_err(verify_text(bytes_text(&text), NULL), ERR_MISMATCH);
	assert_int_equal(judged.verdict, VERDICT_CONTENT);
	last_word = "agree";
}

static void
a_rehearsal_is_no_production(void **state)
{
	struct ceremony_question q = { .dir = dir, .production = true };

	(void)state;
	assert_ok(verify_text(bytes_text(&good), NULL));
	assert_err(ceremony_examine(&q, NULL, &judged), ERR_FORBIDDEN);
	assert_int_equal(judged.verdict, VERDICT_REHEARSAL);
	assert_why("record 1");
}

static void
what_cannot_be_read_is_not_judged(void **state)
{
	struct ceremony_question q = { .dir = "/nonexistent" };

	(void)state;
	assert_err(ceremony_examine(&q, NULL, &judged), ERR_NOT_FOUND);
	assert_int_equal(judged.verdict, VERDICT_UNREAD);
}

/* A step's records, left out or put at another place. */
static void
a_step_left_out_is_found(void **state)
{
	AUTO_DONE(bytes) text = { 0 };
	const char *all = bytes_text(&good);
	const char *from = strstr(all, "|INTENT|2."), *to;

	(void)state;
	to = strstr(all, "|INTENT|3.");
	while (from[-1] != '\n')
		from--;
	while (to[-1] != '\n')
		to--;
	bytes_put(&text, VIEW(all, (size_t)(from - all)));
	bytes_put_text(&text, to);
	assert_err(verify_text(bytes_text(&text), NULL), ERR_MISMATCH);
	assert_why("wanted step 2.split-secret");
}

/* A record about one file more than the ceremony has. */
static void
a_file_without_a_place_is_found(void **state)
{
	AUTO_DONE(bytes) text = { 0 };
	const char *all = bytes_text(&good);
	const char *path = strstr(all, "ceremony/roster.txt");
	const char *line = path, *end = strchr(path, '\n') + 1;

	(void)state;
	while (line[-1] != '\n')
		line--;
	bytes_put(&text, VIEW(all, (size_t)(end - all)));
	bytes_put(&text, VIEW(line, (size_t)(path - line)));
	bytes_put_text(&text, "ceremony/forged.txt");
	bytes_put_text(&text, path + strlen("ceremony/roster.txt"));
	assert_err(verify_text(bytes_text(&text), NULL), ERR_MISMATCH);
	assert_why("22 files, wanted 21");
}

/* ---- every file, bit by bit (a few of each; all of the transcript's are
   in transcript_test.c) */

#define FLIPS 8

static void
flip_and_verify(const char *name)
{
	AUTO_DONE(bytes) text = { 0 };
	char path[PATH_MAX + 64];
	struct hash root;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_ok(file_read(path, 1 << 20, &text));
	for (size_t i = 0; i < FLIPS; i++) {
		size_t at = text.len * i / FLIPS + i % 3;
		uint8_t bit = (uint8_t)(1u << (i * 5 + 1) % 8);

		if (at >= text.len)
			continue;
		text.at[at] ^= bit;
		assert_ok(file_replace(path, bytes_view(&text), 0644));
		if (ceremony_verify(dir, &result.root, NULL, &root) ==
		    ERR_OK)
			fail_msg("%s: bit %u of byte %zu", name, bit, at);
		text.at[at] ^= bit;
	}
	assert_ok(file_replace(path, bytes_view(&text), 0644));
}

static void
a_flipped_bit_of_any_file_is_found(void **state)
{
	const char *at = bytes_text(&good);
	struct hash root;

	(void)state;
	assert_ok(file_replace(log_path, bytes_view(&good), 0644));
	sign_root(&result.root);
	assert_ok(ceremony_verify(dir, &result.root, NULL, &root));
	while ((at = strstr(at, " path=")) != NULL) {
		char name[128];

		at += strlen(" path=");
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(at, " |"),
		    at);
		flip_and_verify(name);
	}
	flip_and_verify("ceremony/signatures.txt");
	flip_and_verify("ceremony/transcript.log");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_truth_chained_anew_verifies),
		cmocka_unit_test(each_lie_is_found),
		cmocka_unit_test(who_disagrees_is_heard_last),
		cmocka_unit_test(a_rehearsal_is_no_production),
		cmocka_unit_test(what_cannot_be_read_is_not_judged),
		cmocka_unit_test(a_step_left_out_is_found),
		cmocka_unit_test(a_file_without_a_place_is_found),
		cmocka_unit_test(a_flipped_bit_of_any_file_is_found),
	};

	return cmocka_run_group_tests(tests, rehearse, clean_up);
}
