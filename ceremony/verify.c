/*
 * Verifying a ceremony offline, from its directory: the order of the checks.
 * Next: verify_people.c, verify_files.c.
 */
#include "ceremony/verify.h"

#include <string.h>

#include "ceremony/steps.h"

/* ---- transcript */

static enum err
verify_end(const struct evidence *v)
{
	const struct records *r = &v->records;

	if (r->torn.len != 0 || !r->ended)
		return err_because(ERR_CORRUPT, "transcript record %zu: "
		    "missing: a transcript ends with CLOSE or ABORT",
		    r->count + 1);
	if (r->at[r->count - 1].type != RECORD_CLOSE)
		return err_because(ERR_MISMATCH, "the ceremony was not "
		    "completed: record %zu is ABORT", r->count);
	return ERR_OK;
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
	if (s->crl.name != NULL)
		TRY(record_says(r, "crl", view_text(s->crl.name)));
	if (s->policy.name != NULL)
		TRY(record_says(r, "policy", view_text(s->policy.name)));
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
		recorded += v->records.at[i].type == RECORD_FILE &&
		    !v->records.at[i].superseded;
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
	ceremony_tell(l, "verified: %s", script_mode_name(v->mode));
}

enum err
ceremony_verify(const char *dir, const struct hash *root,
    const struct ceremony_listener *l, struct hash *out_root)
{
	AUTO_DONE(evidence) v = { .dir = dir };

	TRY(evidence_load(&v, root));
	TRY(verify_end(&v));
	ceremony_tell(l, "transcript: %zu records, chain and order",
	    v.records.count);
	TRY(verify_people(&v, l));
	TRY(verify_steps(&v));
	ceremony_tell(l, "script: %zu steps, each once, in order",
	    v.script->steps.count);
	TRY(verify_agreement(&v));
	TRY(verify_quorum(&v));
	ceremony_tell(l, "quorum: %jd of %zu, %s",
	    (intmax_t)v.script->threshold, v.script->officers.count,
	    v.script->continues ? "of the ceremony before" :
	    "every set tried");
	TRY(verify_keys(&v));
	ceremony_tell(l, "keys: %zu, made in the token, not extractable",
	    v.script->keys.count);
	TRY(verify_certificates(&v));
	ceremony_tell(l, "certificates: %zu, as planned, linted, chained",
	    v.script->certificates.count);
	TRY(verify_log_key(&v));
	TRY(verify_crls(&v));
	TRY(verify_policies(&v));
	TRY(verify_possession(&v));
	TRY(verify_register(&v));
	ceremony_tell(l, "register: what was before, made and destroyed "
	    "adds up");
	TRY(verify_count(&v));
	ceremony_tell(l, "files: %zu, as recorded", v.files);
	tell_verdict(&v, root, l);
	*out_root = v.records.root;
	return ERR_OK;
}
