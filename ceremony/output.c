/*
 * What a ceremony leaves behind: files and their records, and words for those
 * who listen. Paths are our own constants and names the script's checker let
 * through.
 */
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/file.h"
#include "ceremony/steps.h"
#include "quorum/words.h"

void
ceremony_done(struct ceremony *c)
{
	transcript_free(c->transcript);
	secret_free(c->secret);
	secret_free(c->before);
	secret_free(c->root);
	secret_free(c->backup);
	token_close(c->token);
	for (size_t i = 0; i < COUNT(c->keys); i++)
		EVP_PKEY_free(c->keys[i]);
	for (size_t i = 0; i < COUNT(c->certificates); i++)
		X509_free(c->certificates[i]);
	participants_done(&c->participants);
	*c = (struct ceremony){ 0 };
}

void
ceremony_tell(const struct ceremony_listener *l, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (l == NULL || l->line == NULL)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	l->line(l->context, text);
}

void
ceremony_say(const struct ceremony *c, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), phrase(c->console->language, fmt), ap);
	va_end(ap);
	c->console->say(c->console->context, text);
}

void
ceremony_say_hash(const struct ceremony *c, const char *what,
    const struct hash *h)
{
	ceremony_say(c, "  %s", what);
	for (size_t i = 0; i < HASH_LINES; i++) {
		AUTO_DONE(bytes) line = { 0 };

		hash_line(h, i, &line);
		ceremony_say(c, "    %s", bytes_text(&line));
	}
}

enum err
ceremony_record(struct ceremony *c, enum record_type type,
    const struct payload *p)
{
	return ceremony_record_by(c, type, "operator", p);
}

enum err
ceremony_record_by(struct ceremony *c, enum record_type type, const char *as,
    const struct payload *p)
{
	return transcript_put(c->transcript, type, c->step, as, p);
}

enum err
ceremony_record_file(struct ceremony *c, const char *path,
    struct view content)
{
	AUTO_DONE(payload) p = { 0 };
	struct hash h = sha256(content);

	payload_put(&p, "path", path);
	payload_put_int(&p, "length", (int64_t)content.len);
	payload_put_hex(&p, "sha256", VIEW_OF(h.at));
	return ceremony_record(c, RECORD_FILE, &p);
}

enum err
ceremony_write(struct ceremony *c, const char *path, struct view content)
{
	char full[PATH_MAX];

	TRY(path_join(c->dir, path, full, sizeof(full)));
	/* a step that is done again may find what the crash left */
	TRY(c->begun ? file_replace(full, content, 0644) :
	    file_create(full, content, 0644));
	return ceremony_record_file(c, path, content);
}
