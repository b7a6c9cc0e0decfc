/*
 * The program's and the ceremony's hashes. The files are those of the
 * installation; a transcript's chain is followed here, what it says is for
 * ceremony/verify.c to judge and its root for officers to confirm. Next:
 * unseal_act.c, which puts them into a statement, and notary/start.c, which
 * logs them.
 */
#include "signer/about.h"

#include <string.h>

#include "base/file.h"

#define PROGRAM_MAX ((size_t)64 << 20)
#define TRANSCRIPT_MAX ((size_t)16 << 20)
#define PEOPLE_MAX 65536		/* roster.txt, quorum.txt */
#define DIGITS (2 * SHA256_SIZE)
#define FIELDS 9			/* ceremony/transcript.txt */
enum { NUMBER, TIME, ELAPSED, TYPE, STEP, ACTOR, PAYLOAD, PREVIOUS, HASH };

enum err
about_program(struct hash *out)
{
	AUTO_DONE(bytes) binary = { 0 };

	TRY(file_read("/proc/self/exe", PROGRAM_MAX, &binary));
	*out = sha256(bytes_view(&binary));
	return ERR_OK;
}

/* ---- a transcript */

/* All zero is none; text is what records are read from. */
struct chain {
	struct bytes	text;
	struct reader	rest;
	struct view	mode;
	size_t		count;		/* records read */
	struct view	fields[FIELDS];	/* of the last one */
};

static void
chain_done(struct chain *c)
{
	bytes_done(&c->text);
}

static enum err
broken(const struct chain *c, const char *what)
{
	return err_because(ERR_CORRUPT, "the ceremony's transcript, record "
	    "%zu: %s", c->count, what);
}

/* The mode that record 1 names is in every record's hash. */
static void
take_mode(struct chain *c)
{
	struct reader r = reader_of(c->fields[PAYLOAD]);

	while (!view_starts(r.rest, "mode=") && !r.failed)
		(void)reader_until(&r, ' ');
	reader_text(&r, "mode=");
	c->mode = r.rest.len != 0 && memchr(r.rest.at, ' ', r.rest.len) !=
	    NULL ? reader_until(&r, ' ') : r.rest;
}

static bool
is_hash(struct view line, struct view mode, struct view hash)
{
	AUTO_DONE(bytes) text = { 0 }, hex = { 0 };
	struct hash h;

	bytes_put_text(&text, "kc/rec/v1/");
	bytes_put(&text, mode);
	bytes_put_u8(&text, '\n');
	bytes_put(&text, VIEW(line.at, line.len - hash.len - 1));
	if (bytes_check(&text) != ERR_OK)
		return false;
	h = sha256(bytes_view(&text));
	hex_put(&hex, VIEW_OF(h.at));
	return view_equal(bytes_view(&hex), hash);
}

/* The next record, which follows the one before. */
static enum err
chain_next(struct chain *c)
{
	static const char none[DIGITS + 1] = "00000000000000000000000000000000"
	    "00000000000000000000000000000000";
	struct view line = reader_until(&c->rest, '\n');
	struct view before = c->count > 0 ? c->fields[HASH] : view_text(none);
	struct reader r = reader_of(line);

	c->count++;
	for (size_t i = 0; i < HASH; i++)
		c->fields[i] = reader_until(&r, '|');
	c->fields[HASH] = r.rest;
	if (c->rest.failed || r.failed)
		return broken(c, "not a line of nine fields");
	if (c->count == 1)
		take_mode(c);
	if (!is_hash(line, c->mode, c->fields[HASH]))
		return broken(c, "its hash does not fit it");
	return view_equal(c->fields[PREVIOUS], before) ? ERR_OK :
	    broken(c, "it does not follow the one before");
}

static enum err
chain_open(const char *path, struct chain *c)
{
	TRY(file_read(path, TRANSCRIPT_MAX, &c->text));
	c->rest = reader_of(bytes_view(&c->text));
	return c->text.len != 0 ? ERR_OK : err_because(ERR_SYNTAX,
	    "%s: is empty", path);
}

enum err
about_ceremony(const char *transcript, struct hash *out)
{
	AUTO_DONE(chain) c = { 0 };
	AUTO_DONE(bytes) root = { 0 };

	TRY(chain_open(transcript, &c));
	while (c.rest.rest.len != 0)
		TRY(chain_next(&c));
	TRY(hex_get(c.fields[HASH], &root));
	memcpy(out->at, root.at, sizeof(out->at));
	return ERR_OK;
}

/* ---- who the officers are */

/* Of several records about a path the last one counts. */
static enum err
check_recorded(const char *transcript, const char *path, struct view content)
{
	AUTO_DONE(chain) c = { 0 };
	AUTO_DONE(bytes) about = { 0 }, right = { 0 };
	struct hash h = sha256(content);
	bool found = false, same = false;

	bytes_printf(&about, " path=ceremony/%s ", path);
	bytes_printf(&right, "length=%zu path=ceremony/%s sha256=",
	    content.len, path);
	hex_put(&right, VIEW_OF(h.at));
	TRY(bytes_check(&about));
	TRY(bytes_check(&right));
	TRY(chain_open(transcript, &c));
	while (c.rest.rest.len != 0) {
		TRY(chain_next(&c));
		if (!view_is(c.fields[TYPE], "FILE") || memmem(
		    c.fields[PAYLOAD].at, c.fields[PAYLOAD].len, about.at,
		    about.len) == NULL)
			continue;
		found = true;
		same = view_equal(c.fields[PAYLOAD], bytes_view(&right));
	}
	return same ? ERR_OK : err_because(ERR_MISMATCH, "%s: not the file "
	    "that the ceremony's transcript %s: officers change by a "
	    "ceremony, and transcript, roster and quorum are those of one",
	    path, found ? "records" : "tells of");
}

static enum err
read_people(const char *path, const char *transcript, const char *name,
    struct bytes *out)
{
	TRY(file_read(path, PEOPLE_MAX, out));
	return transcript == NULL ? ERR_OK :
	    check_recorded(transcript, name, bytes_view(out));
}

enum err
about_roster(const struct config *c, struct roster *out,
    struct hash *out_hash)
{
	AUTO_DONE(bytes) text = { 0 };
	enum err e;

	TRY(read_people(c->roster, c->transcript, "roster.txt", &text));
	if ((e = roster_get(bytes_view(&text), out)) != ERR_OK)
		return err_because(e, "%s: %s", c->roster, err_why());
	*out_hash = sha256(bytes_view(&text));
	return ERR_OK;
}

enum err
about_quorum(const struct config *c, struct quorum *out)
{
	AUTO_DONE(bytes) text = { 0 };
	enum err e;

	TRY(read_people(c->quorum, c->transcript, "quorum.txt", &text));
	if ((e = quorum_get(bytes_view(&text), out)) != ERR_OK)
		return err_because(e, "%s: %s", c->quorum, err_why());
	return ERR_OK;
}
