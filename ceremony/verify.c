/*
 * Verifying a ceremony offline, from its directory. All files are hostile:
 * each is bound to the transcript before its content is used, and the
 * transcript to its own chain and, when the caller knows it, to its root.
 * Next: verify_files.c.
 */
#include "ceremony/verify.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/time.h"
#include "ceremony/steps.h"

void
evidence_done(struct evidence *v)
{
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
evidence_find(const struct evidence *v, enum record_type type,
    const char *key, const char *value, const struct record **out)
{
	const struct record *found = NULL;

	for (size_t i = 0; i < v->records.count; i++) {
		const struct record *r = &v->records.at[i];

		if (r->type != type || (key != NULL &&
		    record_says(r, key, view_text(value)) != ERR_OK))
			continue;
		if (found != NULL)
			return err_because(ERR_EXISTS, "records %ju and %ju "
			    "say the same", (uintmax_t)found->number,
			    (uintmax_t)r->number);
		found = r;
	}
	if (found == NULL)
		return err_because(ERR_NOT_FOUND, "no record has %s %s",
		    key != NULL ? key : "the type",
		    value != NULL ? value : "wanted");
	*out = found;
	return ERR_OK;
}

enum err
evidence_read(struct evidence *v, const char *path, struct bytes *out)
{
	const struct record *r;
	char full[PATH_MAX];
	struct hash h;

	TRY(evidence_find(v, RECORD_FILE, "path", path, &r));
	TRY(path_join(v->dir, path, full, sizeof(full)));
	TRY(file_read(full, YAML_FILE_SIZE, out));
	h = sha256(bytes_view(out));
	if (record_says_int(r, "length", out->len) != ERR_OK ||
	    record_says_hex(r, "sha256", VIEW_OF(h.at)) != ERR_OK)
		return err_because(ERR_MISMATCH, "%s: not the file that "
		    "record %ju is about", path, (uintmax_t)r->number);
	v->files++;
	return ERR_OK;
}

/* ---- transcript and script */

static enum err
verify_transcript(struct evidence *v, const struct hash *root)
{
	char path[PATH_MAX];

	TRY(path_join(v->dir, "ceremony/transcript.log", path, sizeof(path)));
	TRY(file_read(path, TRANSCRIPT_SIZE, &v->transcript));
	TRY(transcript_verify(bytes_view(&v->transcript),
	    script_mode_name(MODE_REHEARSAL), &v->records));
	if (root != NULL && !view_equal(VIEW_OF(root->at),
	    VIEW_OF(v->records.root.at)))
		return err_because(ERR_MISMATCH,
		    "the transcript's root is not the one given");
	return ERR_OK;
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

static enum err
verify_script(struct evidence *v)
{
	AUTO_DONE(bytes) text = { 0 };

	TRY(evidence_read(v, "ceremony/script.yaml", &text));
	TRY(script_parse("ceremony/script.yaml", bytes_view(&text),
	    &v->script));
	TRY(steps_check(v->script));
	TRY(verify_roster(v));
	return read_opening(v);
}

/* ---- steps */

static enum err
verify_step(const struct evidence *v, size_t index, const struct record *r)
{
	const struct script_step *s;
	char word[64];

	if (index >= v->script->steps.count)
		return err_because(ERR_MISMATCH, "record %ju: a step that is "
		    "not in the script", (uintmax_t)r->number);
	s = &v->script->steps.at[index];
	step_word(v->script, index, word);
	if (!view_is(r->step, word))
		return err_because(ERR_MISMATCH, "record %ju: wanted step %s",
		    (uintmax_t)r->number, word);
	if (s->key.name != NULL)
		TRY(record_says(r, "key", view_text(s->key.name)));
	if (s->certificate.name != NULL)
		TRY(record_says(r, "certificate",
		    view_text(s->certificate.name)));
	return ERR_OK;
}

static enum err
verify_steps(const struct evidence *v)
{
	size_t done = 0;

	for (size_t i = 0; i < v->records.count; i++)
		if (v->records.at[i].type == RECORD_INTENT)
			TRY(verify_step(v, done++, &v->records.at[i]));
	if (done != v->script->steps.count)
		return err_because(ERR_MISMATCH, "%zu of the script's %zu "
		    "steps were done", done, v->script->steps.count);
	return ERR_OK;
}

/* Every FILE record has been borne out by a file that has its place. */
static enum err
verify_count(const struct evidence *v)
{
	size_t recorded = 0;

	for (size_t i = 0; i < v->records.count; i++)
		recorded += v->records.at[i].type == RECORD_FILE;
	if (recorded != v->files)
		return err_because(ERR_MISMATCH, "the transcript is about %zu "
		    "files, wanted %zu", recorded, v->files);
	return ERR_OK;
}

static void
tell_verdict(const struct evidence *v, const struct hash *root,
    const struct ceremony_listener *l)
{
	AUTO_DONE(bytes) hex = { 0 };

	hex_put(&hex, VIEW_OF(v->records.root.at));
	ceremony_tell(l, "root %s%s", bytes_text(&hex), root != NULL ? "" :
	    " (compare it with what the officers wrote down)");
	ceremony_tell(l, "verified: %s",
	    script_mode_name((enum script_mode)v->script->mode));
}

enum err
ceremony_verify(const char *dir, const struct hash *root,
    const struct ceremony_listener *l, struct hash *out_root)
{
	AUTO_DONE(evidence) v = { .dir = dir };

	TRY(verify_transcript(&v, root));
	ceremony_tell(l, "transcript: %zu records, chain and order",
	    v.records.count);
	TRY(verify_script(&v));
	TRY(verify_steps(&v));
	ceremony_tell(l, "script: %zu steps, each once, in order",
	    v.script->steps.count);
	TRY(verify_quorum(&v));
	ceremony_tell(l, "quorum: %jd of %zu, every set tried",
	    (intmax_t)v.script->threshold, v.script->officers.count);
	TRY(verify_keys(&v));
	ceremony_tell(l, "keys: %zu, made in the token, not extractable",
	    v.script->keys.count);
	TRY(verify_certificates(&v));
	ceremony_tell(l, "certificates: %zu, as planned, linted, chained",
	    v.script->certificates.count);
	TRY(verify_log_key(&v));
	TRY(verify_count(&v));
	ceremony_tell(l, "files: %zu, as recorded", v.files);
	tell_verdict(&v, root, l);
	*out_root = v.records.root;
	return ERR_OK;
}
