/*
 * Verifying a ceremony offline, from its directory: the order of the checks.
 * Next: verify_people.c, verify_files.c.
 */
#include "ceremony/verify.h"

#include <string.h>

#include "base/time.h"
#include "ceremony/steps.h"
#include "quorum/words.h"

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

/* ---- the day */

#define LATER 3600		/* what may pass between a check and OPEN */

/* Production, in its window, after a rehearsal that was fresh that day. */
static enum err
verify_day(const struct evidence *v)
{
	int64_t open = v->records.at[0].time, held;
	AUTO_DONE(bytes) text = { 0 };
	const struct record *r;

	if (v->script->mode != MODE_PRODUCTION)
		return err_because(ERR_FORBIDDEN, "record 1: production, by a "
		    "script for rehearsals only");
	if (open < v->script->window.from ||
	    open >= v->script->window.to + LATER)
		return err_because(ERR_FORBIDDEN, "record 1: outside of the "
		    "script's window");
	TRY(evidence_find(v, RECORD_REHEARSAL, NULL, NULL, &r));
	TRY(record_get(r, "held", &text));
	TRY(instant_get(bytes_view(&text), &held));
	if (held > open ||
	    held + v->script->rehearsed_within * DAY < open - LATER)
		return err_because(ERR_FORBIDDEN, "record %ju: the rehearsal "
		    "was not held within the %jd days before",
		    (uintmax_t)r->number,
		    (intmax_t)v->script->rehearsed_within);
	return ERR_OK;
}

static enum err
verify_mode(const struct evidence *v, bool production)
{
	if (v->mode == MODE_PRODUCTION)
		return verify_day(v);
	return !production ? ERR_OK : err_because(ERR_FORBIDDEN,
	    "record 1: a rehearsal, and production was asked for");
}

/* ---- the whole */

static enum err
verify_record(struct evidence *v, const struct ceremony_question *q,
    const struct ceremony_listener *l)
{
	TRY(evidence_load(v, q->root));
	v->otherwise = VERDICT_REHEARSAL;
	TRY(verify_mode(v, q->production));
	v->otherwise = VERDICT_INCOMPLETE;
	TRY(verify_end(v));
	ceremony_tell(l, "transcript: %zu records, chain and order",
	    v->records.count);
	TRY(verify_steps(v));
	ceremony_tell(l, "script: %zu steps, each once, in order",
	    v->script->steps.count);
	v->otherwise = VERDICT_PEOPLE;
	TRY(verify_people(v));
	ceremony_tell(l, "people: %zu took part, every signature verified",
	    v->participants.count);
	return verify_verdicts(v, l);
}

static void
tell_keys(const struct evidence *v, const struct ceremony_listener *l)
{
	const struct script *s = v->script;
	size_t made = 0, wrapped = 0;

	for (size_t i = 0; i < s->keys.count; i++) {
		made += !s->keys.at[i].inherited && !s->keys.at[i].brought;
		wrapped += script_key_wraps(&s->keys.at[i]);
	}
	ceremony_tell(l, "keys: %zu, made in the token, not extractable",
	    made);
	if (wrapped != 0)
		ceremony_tell(l, "backups: of %zu keys, proven on %s before "
		    "they were sealed", wrapped, s->backup.token);
	if (s->lost.count != 0)
		ceremony_tell(l, "restored: %zu keys, each signed a challenge",
		    s->keys.count - made);
}

static void
tell_register(const struct evidence *v, const struct ceremony_listener *l)
{
	struct key_register reg, before;

	if (evidence_register(v, v->script->steps.count, &reg) != ERR_OK ||
	    evidence_register(v, 0, &before) != ERR_OK)
		return;
	ceremony_tell(l, "register: %zu keys; %zu copies: %zu before, %zu "
	    "made; %zu live, %zu destroyed, %zu lost: adds up",
	    reg.key_count, reg.copy_count, before.copy_count,
	    reg.copy_count - before.copy_count,
	    register_copies(&reg, NULL, REGISTER_LIVE),
	    register_copies(&reg, NULL, REGISTER_DESTROYED),
	    register_copies(&reg, NULL, REGISTER_LOST));
}

static enum err
verify_content(struct evidence *v, const struct ceremony_listener *l)
{
	TRY(verify_quorum(v));
	ceremony_tell(l, "quorum: %jd of %zu, %s",
	    (intmax_t)v->script->threshold, v->script->officers.count,
	    v->script->continues ? "of the ceremony before" :
	    "every set tried");
	TRY(verify_keys(v));
	TRY(verify_backups(v));
	tell_keys(v, l);
	TRY(verify_certificates(v));
	ceremony_tell(l, "certificates: %zu, as planned, linted, chained",
	    v->script->certificates.count);
	TRY(verify_log_key(v));
	TRY(verify_crls(v));
	TRY(verify_policies(v));
	TRY(verify_possession(v));
	TRY(verify_register(v));
	tell_register(v, l);
	return ERR_OK;
}

static enum err
examine(struct evidence *v, const struct ceremony_question *q,
    const struct ceremony_listener *l)
{
	TRY(verify_record(v, q, l));
	v->otherwise = VERDICT_CONTENT;
	TRY(verify_content(v, l));
	v->otherwise = VERDICT_BYTES;
	TRY(verify_count(v));
	ceremony_tell(l, "files: %zu, as recorded", v->files);
	v->otherwise = VERDICT_DISAGREED;
	return v->disagree == 0 ? ERR_OK : err_because(ERR_REFUSED,
	    "%zu of the participants disagree", v->disagree);
}

/* A verdict is about what it was given, and no more. */
static void
tell_verdict(const struct evidence *v, const struct ceremony_question *q,
    const struct ceremony_listener *l)
{
	AUTO_DONE(bytes) hex = { 0 }, words = { 0 };

	hex_put(&hex, VIEW_OF(v->records.root.at));
	words_put(&v->records.root, HASH_WORDS, &words);
	ceremony_tell(l, "root %s%s", bytes_text(&hex), q->root != NULL ? "" :
	    " (compare it with what the officers wrote down)");
	ceremony_tell(l, "     %s", bytes_text(&words));
	ceremony_tell(l, "not known: whether the machine told the room the "
	    "truth; who held the cards;");
	ceremony_tell(l, "           what the token does beyond what was "
	    "tried%s", q->root != NULL ? "." : "; whether all of it");
	if (q->root == NULL)
		ceremony_tell(l, "           was exchanged together: that is "
		    "what --root is for.");
	ceremony_tell(l, "verified: %s", script_mode_name(v->mode));
}

const char *
verdict_text(enum verdict v)
{
	switch (v) {
#define X(name, status, text) case VERDICT_##name: return text;
	VERDICT_TABLE(X)
#undef X
	}
	return "";
}

enum err
ceremony_examine(const struct ceremony_question *q,
    const struct ceremony_listener *l, struct ceremony_judgement *out)
{
	AUTO_DONE(evidence) v = { .dir = q->dir };
	enum err e = examine(&v, q, l);

	if (e == ERR_OK)
		tell_verdict(&v, q, l);
	*out = (struct ceremony_judgement){
		.verdict = e == ERR_OK ? VERDICT_VERIFIED :
		    e == ERR_MEMORY || e == ERR_SYSTEM ? VERDICT_UNREAD :
		    v.otherwise,
		.root = v.records.root,
	};
	return e;
}

enum err
ceremony_verify(const char *dir, const struct hash *root,
    const struct ceremony_listener *l, struct hash *out_root)
{
	struct ceremony_question q = { .dir = dir, .root = root };
	struct ceremony_judgement j;

	TRY(ceremony_examine(&q, l, &j));
	*out_root = j.root;
	return ERR_OK;
}
