/*
 * A liar who has stolen every practice key: writes a transcript anew, numbered,
 * signed and chained as it should be. A rehearsal of liar_script to lie about.
 */
#ifndef OKSE_TESTS_UNIT_CEREMONY_LIAR_H
#define OKSE_TESTS_UNIT_CEREMONY_LIAR_H

#include "tests/unit/pkcs11/softtoken.h"

#include "ceremony/participant.h"
#include "ceremony/payload.h"
#include "quorum/approve.h"

static const char *liar_script = "configs/ceremony/rehearsal.yaml";
static char dir[PATH_MAX + 16];
static char log_path[PATH_MAX + 64];
static struct bytes good;
static struct ceremony_result result;

/* Signs a statement again, and appends the signature. */
static void
sign_again(const struct statement *s, struct bytes *out)
{
	AUTO_DONE(bytes) text = { 0 };
	AUTO(EVP_PKEY) key = NULL;
	char path[PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s/officers/%s.key", dir,
	    strncmp(s->as, "seat-", 5) == 0 ? s->as + 5 : s->as);
	assert_ok(officer_key_read(path, &key));
	statement_put(s, &text);
	assert_ok(officer_sign(key, bytes_view(&text), out));
}

/* The i-th field of a line, from 0. */
static void
field(const char *line, int i, char out[80])
{
	while (i-- > 0)
		line = strchr(line, '|') + 1;
	snprintf(out, 80, "%.*s", (int)strcspn(line, "|"), line);
}

static const char *
statement_of(const char *line, struct statement *s, char step[80],
    char as[80])
{
	static char type[80], what[16];
	const char *at = strstr(line, "signature="), *w;

	field(line, 3, type);
	if (at == NULL || at > strchr(line, '\n') ||
	    (strcmp(type, "ROLLCALL") != 0 && strcmp(type, "CONFIRM") != 0))
		return NULL;
	field(line, 4, step);
	field(line, 5, as);
	w = strstr(at, "what=");
	assert_true(w != NULL && w < strchr(line, '\n'));
	snprintf(what, sizeof(what), "%.*s", (int)strcspn(w + 5, "|\n "),
	    w + 5);
	s->what = what;
	s->says = strcmp(type, "CONFIRM") == 0 ? "agree" : "present";
	s->step = step;
	s->as = as;
	return at;
}

/* The id that record 1 names now, wrong or not. */
static void
take_id(const char *text, struct statement *s)
{
	const char *at = strstr(text, "ceremony=");
	AUTO_DONE(bytes) id = { 0 };

	if (at != NULL && hex_get(VIEW(at + 9, 16), &id) == ERR_OK)
		memcpy(s->id, id.at, sizeof(s->id));
}

/* A line's fields without number and hashes, signed again where it is. */
static void
put_fields(const char *fields, size_t len, struct statement *s,
    struct bytes *line)
{
	AUTO_DONE(bytes) whole = { 0 }, signature = { 0 };
	char step[80], as[80];
	const char *at;

	bytes_put_text(&whole, "0");
	bytes_put(&whole, VIEW(fields, len));
	bytes_put_text(&whole, "\n");
	at = statement_of(bytes_text(&whole), s, step, as);
	if (at == NULL) {
		bytes_put(line, VIEW(fields, len));
		return;
	}
	at += strlen("signature=");
	sign_again(s, &signature);
	bytes_put(line, VIEW(whole.at + 1,
	    (size_t)(at - bytes_text(&whole)) - 1));
	hex_put(line, bytes_view(&signature));
	at += strspn(at, "0123456789abcdef");
	bytes_put(line, VIEW(at, strcspn(at, "\n")));
}

/* What seat 3 says at the end. */
static const char *last_word = "agree";

/* What everybody said at the end, over the new root. */
static void
sign_verdicts(const struct statement *before)
{
	static const char *const who[] = { "seat-1", "seat-2", "seat-3" };
	AUTO_DONE(bytes) text = { 0 };
	struct statement s = *before;
	char path[PATH_MAX + 64];

	s.what = "verdict";
	s.step = "close";
	bytes_put_text(&text, "okse-ceremony-signatures 1\nroot ");
	hex_put(&text, VIEW_OF(s.after.at));
	bytes_put_u8(&text, '\n');
	for (size_t i = 0; i < COUNT(who); i++) {
		AUTO_DONE(bytes) signature = { 0 };

		s.as = who[i];
		s.says = i == 2 ? last_word : "agree";
		sign_again(&s, &signature);
		bytes_printf(&text, "%s ed25519 ", who[i]);
		base64_put(&text, bytes_view(&signature));
		bytes_printf(&text, " %s\n", s.says);
	}
	snprintf(path, sizeof(path), "%s/ceremony/signatures.txt", dir);
	assert_ok(file_replace(path, bytes_view(&text), 0644));
}

/* Everybody agrees to the truth again. */
__attribute__((unused)) static void
sign_root(const struct hash *root)
{
	struct statement s = { .mode = "rehearsal", .after = *root };

	take_id(bytes_text(&good), &s);
	sign_verdicts(&s);
}

/*
 * Numbers the lines anew, signs and chains them; the other fields between the
 * number and the two hashes stay as they are.
 */
static void
chain(const char *text, struct bytes *out)
{
	struct statement s = { .mode = "rehearsal" };
	unsigned int number = 1;

	take_id(text, &s);
	while (*text != '\0') {
		const char *end = strchr(text, '\n');
		const char *fields = strchr(text, '|');
		AUTO_DONE(bytes) line = { 0 };

		bytes_printf(&line, "%u", number++);
		put_fields(fields, (size_t)(end - fields) - 2 * 65, &s, &line);
		bytes_put_u8(&line, '|');
		hex_put(&line, VIEW_OF(s.after.at));
		s.after = record_hash("rehearsal", bytes_view(&line));
		bytes_put_u8(&line, '|');
		hex_put(&line, VIEW_OF(s.after.at));
		bytes_put_u8(&line, '\n');
		bytes_put(out, bytes_view(&line));
		text = end + 1;
	}
	sign_verdicts(&s);
}

static struct ceremony_judgement judged;

static enum err
verify_text(const char *text, const struct hash *root)
{
	struct ceremony_question q = { .dir = dir, .root = root };
	AUTO_DONE(bytes) chained = { 0 };

	chain(text, &chained);
	assert_ok(file_replace(log_path, bytes_view(&chained), 0644));
	return ceremony_examine(&q, NULL, &judged);
}

/* The transcript with the first `from` after `after` replaced, or, when to
 * is NULL, without the line that holds it. */
static void
change(const char *after, const char *from, const char *to,
    struct bytes *out)
{
	const char *text = bytes_text(&good);
	const char *at = strstr(text, after), *rest;

	if (at == NULL || (at = strstr(at, from)) == NULL)
		fail_msg("not in the transcript: %s … %s", after, from);
	rest = at + strlen(from);
	if (to == NULL) {
		while (at > text && at[-1] != '\n')
			at--;
		rest = strchr(rest, '\n') + 1;
	}
	bytes_put(out, VIEW(text, (size_t)(at - text)));
	bytes_put_text(out, to != NULL ? to : "");
	bytes_put_text(out, rest);
}

static int
rehearse(void **state)
{
	struct ceremony_options o = {
		.script = liar_script, .dir = dir, .module = SOFTHSM,
	};

	(void)state;
	soft_make();
	snprintf(dir, sizeof(dir), "%s/instance", soft_dir);
	snprintf(log_path, sizeof(log_path), "%s/ceremony/transcript.log",
	    dir);
	assert_ok(ceremony_hold(&o, &result));
	assert_ok(file_read(log_path, 1 << 20, &good));
	return 0;
}

static int
clean_up(void **state)
{
	(void)state;
	bytes_done(&good);
	soft_remove();
	return 0;
}

#endif
