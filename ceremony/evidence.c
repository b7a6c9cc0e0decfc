/*
 * A ceremony's directory as evidence: its transcript, its script, and files as
 * its records vouch for them. All files are hostile: each is bound to the
 * transcript before its content is used, and the transcript to its own chain.
 * Next: verify.c judges a whole ceremony, resume.c goes on with half of one.
 */
#include "ceremony/verify.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/time.h"
#include "ceremony/payload.h"
#include "ceremony/steps.h"

void
evidence_done(struct evidence *v)
{
	participants_done(&v->participants);
	records_done(&v->records);
	bytes_done(&v->transcript);
	script_free(v->script);
	for (size_t i = 0; i < COUNT(v->keys); i++)
		EVP_PKEY_free(v->keys[i]);
	for (size_t i = 0; i < COUNT(v->certificates); i++)
		X509_free(v->certificates[i]);
	*v = (struct evidence){ 0 };
}

/* ---- records */

enum err
record_says(const struct record *r, const char *key, struct view value)
{
	AUTO_DONE(bytes) came = { 0 };

	TRY(record_get(r, key, &came));
	if (!view_equal(bytes_view(&came), value))
		return err_because(ERR_MISMATCH, "record %ju: its %s is not "
		    "what it must be", (uintmax_t)r->number, key);
	return ERR_OK;
}

enum err
record_says_hex(const struct record *r, const char *key, struct view value)
{
	AUTO_DONE(bytes) text = { 0 };

	hex_put(&text, value);
	TRY(bytes_check(&text));
	return record_says(r, key, bytes_view(&text));
}

enum err
record_says_int(const struct record *r, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%ju", (uintmax_t)value);
	return record_says(r, key, view_text(text));
}

enum err
record_take(const struct record *r, const char *key, char *out, size_t size)
{
	AUTO_DONE(bytes) value = { 0 };

	TRY(record_get(r, key, &value));
	if (value.len >= size)
		return err_because(ERR_CORRUPT, "record %ju: %s is too long",
		    (uintmax_t)r->number, key);
	snprintf(out, size, "%s", bytes_text(&value));
	return ERR_OK;
}

enum err
record_take_hex(const struct record *r, const char *key, uint8_t *out,
    size_t size)
{
	AUTO_DONE(bytes) hex = { 0 }, raw = { 0 };

	TRY(record_get(r, key, &hex));
	TRY(hex_get(bytes_view(&hex), &raw));
	if (raw.len != size)
		return err_because(ERR_CORRUPT, "record %ju: %s has another "
		    "length", (uintmax_t)r->number, key);
	memcpy(out, raw.at, size);
	return ERR_OK;
}

enum err
evidence_find(const struct evidence *v, enum record_type type,
    const char *key, const char *value, const struct record **out)
{
	const struct record *found = NULL;

	for (size_t i = 0; i < v->records.count; i++) {
		const struct record *r = &v->records.at[i];

		if (r->superseded || r->type != type || (key != NULL &&
		    record_says(r, key, view_text(value)) != ERR_OK))
			continue;
		if (found != NULL)
			return err_because(ERR_EXISTS, "records %ju and %ju "
			    "say the same", (uintmax_t)found->number,
			    (uintmax_t)r->number);
		found = r;
	}
	if (found == NULL)
		return err_because(ERR_NOT_FOUND, "no record is %s%s%s %s",
		    record_type_name(type), key != NULL ? " with " : "",
		    key != NULL ? key : "", value != NULL ? value : "");
	*out = found;
	return ERR_OK;
}

static enum err
read_recorded(const struct evidence *v, const char *path, struct bytes *out)
{
	const struct record *r;
	char full[PATH_MAX];
	struct hash h;
	enum err e;

	TRY(evidence_find(v, RECORD_FILE, "path", path, &r));
	TRY(path_join(v->dir, path, full, sizeof(full)));
	e = file_read(full, YAML_FILE_SIZE, out);
	if (e != ERR_OK)
		return err_because(e, "record %ju: %s", (uintmax_t)r->number,
		    err_why());
	h = sha256(bytes_view(out));
	if (record_says_int(r, "length", out->len) != ERR_OK ||
	    record_says_hex(r, "sha256", VIEW_OF(h.at)) != ERR_OK)
		return err_because(ERR_MISMATCH, "%s: not the file that "
		    "record %ju is about", path, (uintmax_t)r->number);
	return ERR_OK;
}

enum err
evidence_read(struct evidence *v, const char *path, struct bytes *out)
{
	enum err e = read_recorded(v, path, out);

	if (e != ERR_OK)
		v->otherwise = VERDICT_BYTES;
	v->files += e == ERR_OK;
	return e;
}

/* ---- transcript and script */

/* What record 1 claims to be; its hash, made with it, must then fit. */
static enum err
read_mode(struct view text, enum script_mode *out)
{
	static const enum script_mode modes[] = {
		MODE_REHEARSAL, MODE_PRODUCTION,
	};
	struct reader r = reader_of(text);
	struct view line = reader_until(&r, '\n');

	for (size_t i = 0; i < COUNT(modes); i++) {
		char pair[32];

		snprintf(pair, sizeof(pair), " mode=%s ",
		    script_mode_name(modes[i]));
		if (line.len != 0 && memmem(line.at, line.len, pair,
		    strlen(pair)) != NULL) {
			*out = modes[i];
			return ERR_OK;
		}
	}
	return err_because(ERR_CORRUPT,
	    "transcript record 1: of no known mode");
}

/*
 * What a step did before the process ended that was doing it has been done
 * again since: only what stands behind the last RESUME of a step counts.
 */
static void
supersede(struct records *r)
{
	size_t intent = 0;

	for (size_t i = 0; i < r->count; i++) {
		if (r->at[i].type == RECORD_INTENT)
			intent = i;
		if (r->at[i].type != RECORD_RESUME || intent == 0 ||
		    !view_equal(r->at[i].step, r->at[intent].step))
			continue;
		for (size_t k = intent + 1; k < i; k++)
			r->at[k].superseded = true;
	}
}

/* The parts of OPEN that others depend on. */
static enum err
read_opening(struct evidence *v)
{
	const struct record *open = &v->records.at[0];
	AUTO_DONE(bytes) hex = { 0 };
	AUTO_DONE(bytes) id = { 0 };

	TRY(record_get(open, "ceremony", &hex));
	TRY(hex_get(bytes_view(&hex), &id));
	if (id.len != sizeof(v->id))
		return err_because(ERR_CORRUPT,
		    "record 1: a ceremony id has %zu bytes", sizeof(v->id));
	memcpy(v->id, id.at, sizeof(v->id));
	v->day = open->time / DAY * DAY;
	return record_says(open, "name", view_text(v->script->name));
}

enum err
evidence_load(struct evidence *v, const struct hash *root)
{
	AUTO_DONE(bytes) text = { 0 };
	char path[PATH_MAX];

	v->otherwise = VERDICT_UNREAD;
	TRY(path_join(v->dir, "ceremony/transcript.log", path, sizeof(path)));
	TRY(file_read(path, TRANSCRIPT_SIZE, &v->transcript));
	v->otherwise = VERDICT_BYTES;
	TRY(read_mode(bytes_view(&v->transcript), &v->mode));
	TRY(transcript_read(bytes_view(&v->transcript),
	    script_mode_name(v->mode), &v->records));
	if (root != NULL && !view_equal(VIEW_OF(root->at),
	    VIEW_OF(v->records.root.at)))
		return err_because(ERR_MISMATCH,
		    "the transcript's root is not the one given");
	supersede(&v->records);
	TRY(evidence_read(v, "ceremony/script.yaml", &text));
	v->script_hash = sha256(bytes_view(&text));
	v->otherwise = VERDICT_CONTENT;
	TRY(script_parse("ceremony/script.yaml", bytes_view(&text),
	    &v->script));
	TRY(steps_check(v->script));
	return read_opening(v);
}
