/*
 * What the daemon says of itself, in words and against what the officer
 * brings: a file of lines written down at the ceremony and from a build of
 * their own, or the ceremony's directory on their own medium. The statement
 * itself proves nothing. Next: act.c.
 */
#include "cli/act.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/time.h"
#include "ceremony/verify.h"
#include "cli/command.h"
#include "cli/say.h"

#define EXPECT_FILE 4096

static void
show_hash(const char *what, const struct hash *h)
{
	AUTO_DONE(bytes) hex = { 0 };

	hex_put(&hex, VIEW_OF(h->at));
	fprintf(stderr, "  %-14s %s\n", what, bytes_text(&hex));
}

void
said_show(const struct said *s)
{
	AUTO_DONE(bytes) set = { 0 };
	const struct activation *a = &s->about;
	char expires[INSTANT_TEXT];

	hex_put(&set, VIEW_OF(a->set_id));
	fprintf(stderr, "The daemon says of itself:\n");
	show_hash("program", &a->program);
	show_hash("configuration", &a->config);
	show_hash("roster", &a->roster);
	show_hash("register", &a->key_register);
	show_hash("ceremony", &a->ceremony);
	fprintf(stderr, "  %-14s %s\n  %-14s \"%s\", serial %s\n"
	    "  %-14s until %s\n", "set of shares", bytes_text(&set), "token",
	    a->token, a->serial[0] != '\0' ? a->serial : "not said",
	    "valid", instant_text(a->expires, expires));
}

/* ---- lines that were written down */

static const char *const names[] = { "program ", "config ", "roster ",
    "register ", "ceremony ", "set ", "token ", "serial " };

static bool
is_fact(struct view line)
{
	for (size_t i = 0; i < COUNT(names); i++)
		if (view_starts(line, names[i]))
			return true;
	return false;
}

static bool
has_line(struct view text, struct view line)
{
	struct reader r = reader_of(text);

	while (r.rest.len != 0 && !r.failed)
		if (view_equal(reader_until(&r, '\n'), line))
			return true;
	return false;
}

static enum err
compare_line(const struct said *s, struct view line, size_t *count)
{
	if (line.len == 0 || line.at[0] == '#')
		return ERR_OK;
	if (!is_fact(line))
		return err_because(ERR_SYNTAX, "wanted lines of the statement "
		    "from \"program\" to \"serial\"");
	if (!has_line(bytes_view(&s->text), line))
		return err_because(ERR_MISMATCH, "the daemon does not say "
		    "\"%.*s\"", (int)line.len, (const char *)line.at);
	++*count;
	return ERR_OK;
}

static enum err
compare_file(const struct said *s, const char *path)
{
	AUTO_DONE(bytes) text = { 0 };
	struct reader r;
	size_t count = 0;

	TRY(file_read(path, EXPECT_FILE, &text));
	r = reader_of(bytes_view(&text));
	while (r.rest.len != 0) {
		struct view line = reader_until(&r, '\n');

		if (r.failed)
			return err_because(ERR_SYNTAX,
			    "%s: the last line has no end", path);
		TRY(compare_line(s, line, &count));
	}
	if (count == 0)
		return err_because(ERR_SYNTAX,
		    "%s: has nothing to compare", path);
	fprintf(stderr, "%zu lines of %s agree.\n", count, path);
	return ERR_OK;
}

/* ---- a ceremony */

static enum err
same(struct view said, struct view have, const char *what)
{
	return view_equal(said, have) ? ERR_OK : err_because(ERR_MISMATCH,
	    "the daemon's %s is not that of the ceremony", what);
}

/* What a ceremony that continues another did not do again is not there. */
static enum err
compare_token(const struct activation *a, const struct evidence *v)
{
	const struct record *r;
	AUTO_DONE(bytes) label = { 0 }, serial = { 0 };
	enum err e = evidence_find(v, RECORD_TOKEN, NULL, NULL, &r);

	if (e == ERR_NOT_FOUND) {
		fprintf(stderr, "That ceremony initialised no token: "
		    "not compared.\n");
		return ERR_OK;
	}
	TRY(e);
	TRY(record_get(r, "label", &label));
	TRY(record_get(r, "serial", &serial));
	TRY(same(view_text(a->token), bytes_view(&label), "token"));
	return same(view_text(a->serial), bytes_view(&serial),
	    "token's serial");
}

static enum err
compare_roster(const struct activation *a, struct evidence *v)
{
	AUTO_DONE(bytes) roster = { 0 };
	enum err e = evidence_read(v, "ceremony/roster.txt", &roster);
	struct hash h;

	if (e == ERR_NOT_FOUND) {
		fprintf(stderr, "That ceremony made no roster: not "
		    "compared.\n");
		return ERR_OK;
	}
	TRY(e);
	h = sha256(bytes_view(&roster));
	return same(VIEW_OF(a->roster.at), VIEW_OF(h.at), "roster");
}

static enum err
compare_register(const struct activation *a, struct evidence *v)
{
	AUTO_DONE(bytes) text = { 0 };
	struct hash h;

	TRY(evidence_read(v, "ceremony/register.txt", &text));
	h = sha256(bytes_view(&text));
	return same(VIEW_OF(a->key_register.at), VIEW_OF(h.at), "register");
}

static enum err
compare_evidence(const struct activation *a, struct evidence *v)
{
	TRY(evidence_load(v, NULL));
	TRY(same(VIEW_OF(a->ceremony.at), VIEW_OF(v->records.root.at),
	    "ceremony"));
	TRY(compare_roster(a, v));
	TRY(compare_register(a, v));
	return compare_token(a, v);
}

static enum err
compare_ceremony(const struct said *s, const char *dir)
{
	struct evidence v = { .dir = dir };
	enum err e = compare_evidence(&s->about, &v);

	if (e == ERR_OK)
		fprintf(stderr, "Ceremony, roster, register and token "
		    "are those of %s.\n", dir);
	evidence_done(&v);
	return e;
}

enum err
said_compare(const struct said *s, const struct arguments *a)
{
	const char *file = option_value(a, "expect", NULL);
	const char *dir = option_value(a, "ceremony", NULL);

	if (file != NULL)
		TRY(compare_file(s, file));
	if (dir != NULL)
		TRY(compare_ceremony(s, dir));
	if (file == NULL && dir == NULL)
		fprintf(stderr, "%sNOTHING OF THIS WAS COMPARED%s with what "
		    "you know: --expect FILE, --ceremony DIR.\n",
		    paint(stderr, RED), paint(stderr, PLAIN));
	return ERR_OK;
}
