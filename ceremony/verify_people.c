/*
 * What people did in a ceremony: who they were, that they were there, that a
 * quorum agreed to every critical step, and what they said of it at the end.
 * Names and words are taken from records whose chain has been checked;
 * signatures are verified over the hash of the record before them.
 * Next: verify_files.c.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/time.h"
#include "ceremony/steps.h"
#include "ceremony/verify.h"

#define SIGNATURES_MAX 65536
#define CLOCK_TOLERANCE 360	/* seconds: attend_open.c allows five minutes */

/* ---- who */

static enum err
read_participant(const struct record *r, struct participant *p)
{
	AUTO_DONE(bytes) key = { 0 };
	AUTO(EVP_PKEY) planned = STEAL(p->who.key);

	if (!view_is(r->actor, p->as))
		return err_because(ERR_MISMATCH, "record %ju: wanted %s",
		    (uintmax_t)r->number, p->as);
	TRY(record_says(r, "name", view_text(p->who.name)));
	TRY(record_says(r, "role", view_text(script_role_name(p->role))));
	TRY(record_get(r, "key", &key));
	TRY(officer_key_get(bytes_view(&key), &p->who));
	return planned == NULL || EVP_PKEY_eq(planned, p->who.key) == 1 ?
	    ERR_OK : err_because(ERR_MISMATCH, "record %ju: %s has another "
	    "key than in the script", (uintmax_t)r->number, p->as);
}

enum err
evidence_people(struct evidence *v)
{
	struct participants *p = &v->participants;
	size_t found = 0;

	participants_of(v->script, p);
	if (v->mode == MODE_PRODUCTION)
		TRY(participants_keys(v->script, p));
	for (size_t i = 0; i < v->records.count; i++) {
		const struct record *r = &v->records.at[i];

		if (r->type != RECORD_PARTICIPANT)
			continue;
		if (found == p->count)
			return err_because(ERR_MISMATCH, "record %ju: one "
			    "participant more than in the script",
			    (uintmax_t)r->number);
		TRY(read_participant(r, &p->at[found++]));
	}
	if (found != p->count)
		return err_because(ERR_NOT_FOUND, "%zu of the script's %zu "
		    "participants are recorded", found, p->count);
	return participants_check(p);
}

/* ---- what they signed */

static enum err
check_signature(const struct evidence *v, size_t at, const char *what,
    const char *says, const struct participant *p)
{
	const struct record *r = &v->records.at[at];
	AUTO_DONE(bytes) hex = { 0 }, signature = { 0 }, text = { 0 };
	char step[65];
	struct statement s = {
		.what = what, .mode = script_mode_name(v->mode),
		.after = v->records.at[at - 1].hash, .step = step,
		.as = p->as, .says = says,
	};
	enum err e;

	snprintf(step, sizeof(step), "%.*s", (int)r->step.len,
	    (const char *)r->step.at);
	memcpy(s.id, v->id, sizeof(s.id));
	statement_put(&s, &text);
	TRY(record_get(r, "signature", &hex));
	TRY(hex_get(bytes_view(&hex), &signature));
	TRY(bytes_check(&text));
	e = officer_verify(&p->who, bytes_view(&text),
	    bytes_view(&signature));
	return e == ERR_OK ? ERR_OK : err_because(e, "record %ju, %s: %s",
	    (uintmax_t)r->number, p->as, err_why());
}

static void
nobody_present(struct participants *p)
{
	for (size_t i = 0; i < p->count; i++)
		p->at[i].present = false;
}

static enum err
follow_confirm(struct evidence *v, size_t at, struct participant *p)
{
	AUTO_DONE(bytes) what = { 0 };

	if (!p->present)
		return err_because(ERR_MISMATCH, "record %ju: %s agrees and is "
		    "not present", (uintmax_t)v->records.at[at].number, p->as);
	TRY(record_get(&v->records.at[at], "what", &what));
	return check_signature(v, at, bytes_text(&what), "agree", p);
}

static enum err
follow(struct evidence *v, size_t at)
{
	const struct record *r = &v->records.at[at];
	struct participant *p;

	if (r->type == RECORD_RESUME || r->type == RECORD_BREAK)
		nobody_present(&v->participants);
	if (r->type != RECORD_ROLLCALL && r->type != RECORD_CONFIRM)
		return ERR_OK;
	p = participant_find(&v->participants, r->actor);
	if (p == NULL)
		return err_because(ERR_MISMATCH,
		    "record %ju: by nobody of the script",
		    (uintmax_t)r->number);
	if (r->type == RECORD_CONFIRM)
		return follow_confirm(v, at, p);
	TRY(check_signature(v, at, "roll-call", "present", p));
	p->present = true;
	return ERR_OK;
}

enum err
evidence_signatures(struct evidence *v)
{
	nobody_present(&v->participants);
	for (size_t i = 1; i < v->records.count; i++)
		TRY(follow(v, i));
	return ERR_OK;
}

/* Somebody who holds no share was there to the end, if anybody was asked. */
static enum err
verify_watched(const struct evidence *v)
{
	for (size_t i = 0; i < v->participants.count; i++)
		if (v->participants.at[i].role != ROLE_OFFICER &&
		    v->participants.at[i].role != ROLE_FORMER &&
		    v->participants.at[i].present)
			return ERR_OK;
	return v->script->witnesses.count == 0 ? ERR_OK :
	    err_because(ERR_FORBIDDEN, "nobody who watches was present");
}

/* ---- a quorum for every critical step */

/* Different officers who agreed to the step whose INTENT is at `from`. */
static size_t
agreed(const struct evidence *v, size_t from)
{
	uint32_t seats = 0;

	for (size_t i = from + 1; i < v->records.count &&
	    v->records.at[i].type != RECORD_RESULT; i++) {
		const struct record *r = &v->records.at[i];

		for (size_t k = 0; k < v->script->officers.count; k++)
			if (r->type == RECORD_CONFIRM && !r->superseded &&
			    view_is(r->actor, v->participants.at[k].as) &&
			    record_says(r, "what", view_text("confirm")) ==
			    ERR_OK)
				seats |= UINT32_C(1) << k;
	}
	return (size_t)__builtin_popcount(seats);
}

enum err
verify_agreement(const struct evidence *v)
{
	size_t step = 0;

	for (size_t i = 0; i < v->records.count; i++) {
		if (v->records.at[i].type != RECORD_INTENT)
			continue;
		if (step_is_critical(&v->script->steps.at[step]) &&
		    agreed(v, i) < (size_t)v->script->threshold)
			return err_because(ERR_FORBIDDEN, "record %ju: %zu "
			    "officers agreed to this step, %jd are needed",
			    (uintmax_t)v->records.at[i].number, agreed(v, i),
			    (intmax_t)v->script->threshold);
		step++;
	}
	return ERR_OK;
}

/* ---- the opening */

static enum err
verify_hash_read(const struct evidence *v, const char *what)
{
	for (size_t i = 0; i < v->records.count; i++) {
		const struct record *r = &v->records.at[i];

		if (r->type == RECORD_HASHREAD &&
		    record_says(r, "what", view_text(what)) == ERR_OK &&
		    record_says(r, "answer", view_text("right")) == ERR_OK)
			return ERR_OK;
	}
	return err_because(ERR_NOT_FOUND, "nobody read the hash of the %s "
	    "back from their own paper", what);
}

static enum err
verify_clock(const struct record *r)
{
	AUTO_DONE(bytes) said = { 0 };
	char host[INSTANT_TEXT], text[INSTANT_TEXT];
	int64_t watch, d;

	TRY(record_get(r, "said", &said));
	instant_text(r->time, host);
	snprintf(text, sizeof(text), "%.11s%.5s:00Z", host,
	    bytes_text(&said));
	TRY(instant_get(view_text(text), &watch));
	d = watch > r->time ? watch - r->time : r->time - watch;
	d = d > DAY / 2 ? DAY - d : d;
	return d <= CLOCK_TOLERANCE ? ERR_OK : err_because(ERR_MISMATCH,
	    "record %ju: a watch and the host's clock disagree",
	    (uintmax_t)r->number);
}

static enum err
verify_opening(const struct evidence *v)
{
	static const char *const read[] = {
		"script", "program", "module", "roster",
	};
	size_t clocks = 0;

	for (size_t i = 0; i < COUNT(read); i++)
		TRY(verify_hash_read(v, read[i]));
	if (v->script->continues)
		TRY(verify_hash_read(v, "register"));
	if (script_brings(v->script))
		TRY(verify_hash_read(v, "node"));
	for (size_t i = 0; i < v->records.count; i++)
		if (v->records.at[i].type == RECORD_CLOCK) {
			TRY(verify_clock(&v->records.at[i]));
			clocks++;
		}
	if (clocks < 2)
		return err_because(ERR_NOT_FOUND,
		    "two watches were to be compared, %zu were", clocks);
	return ERR_OK;
}

/* ---- the verdict */

struct verdicts {
	size_t	agree, disagree;
};

static enum err
bad_line(enum err e, size_t number, const char *what)
{
	return err_because(e, "signatures.txt, line %zu: %s", number, what);
}

/* One meaning has one text: in the script's order. */
static bool
is_next(const struct evidence *v, const struct participant *p)
{
	const struct participant *at = v->participants.at;

	while (at != p && !at->present)
		at++;
	return at == p && p->present;
}

static enum err
read_verdict(struct evidence *v, size_t number, struct view line,
    struct verdicts *out)
{
	struct reader r = reader_of(line);
	struct participant *p = participant_find(&v->participants,
	    reader_until(&r, ' '));
	struct view algorithm = reader_until(&r, ' ');
	struct view base64 = reader_until(&r, ' ');
	AUTO_DONE(bytes) says = { 0 }, signature = { 0 }, text = { 0 };
	struct statement s = {
		.what = "verdict", .mode = script_mode_name(v->mode),
		.after = v->records.root, .step = "close",
	};
	enum err e;

	if (r.failed || p == NULL || !is_next(v, p) || !view_is(algorithm,
	    officer_algorithm_name(p->who.algorithm)))
		return bad_line(ERR_SYNTAX, number, "not of the next who is "
		    "present, or not in its form");
	p->present = false;		/* has signed */
	bytes_put(&says, r.rest);
	TRY(bytes_check(&says));
	memcpy(s.id, v->id, sizeof(s.id));
	s.as = p->as;
	s.says = bytes_text(&says);
	statement_put(&s, &text);
	if ((e = base64_get(base64, &signature)) != ERR_OK ||
	    (e = officer_verify(&p->who, bytes_view(&text),
	    bytes_view(&signature))) != ERR_OK)
		return err_because(e, "signatures.txt, line %zu, %s: %s",
		    number, p->as, err_why());
	if (view_is(r.rest, "agree"))
		out->agree++;
	else
		out->disagree++;
	return ERR_OK;
}

/* Two lines of heading, then everybody who was present at the end. */
static enum err
read_signature_line(struct evidence *v, size_t number, struct view line,
    struct verdicts *out)
{
	AUTO_DONE(bytes) root = { 0 };

	if (number > 2)
		return read_verdict(v, number, line, out);
	bytes_put_text(&root, "root ");
	hex_put(&root, VIEW_OF(v->records.root.at));
	TRY(bytes_check(&root));
	return view_equal(line, number == 1 ?
	    view_text("okse-ceremony-signatures 1") : bytes_view(&root)) ?
	    ERR_OK : bad_line(ERR_MISMATCH, number, "not the heading, or not "
	    "of this transcript's root");
}

static enum err
read_signatures(struct evidence *v, struct view text, struct verdicts *out)
{
	struct reader r = reader_of(text);
	size_t number = 0;

	while (r.rest.len != 0) {
		struct view line = reader_until(&r, '\n');

		number++;
		if (r.failed)
			return bad_line(ERR_MISMATCH, number, "it has no end");
		TRY(read_signature_line(v, number, line, out));
	}
	for (size_t i = 0; i < v->participants.count; i++)
		if (v->participants.at[i].present)
			return err_because(ERR_NOT_FOUND, "signatures.txt, "
			    "line %zu: missing: %s was present and did not "
			    "sign", number + 1, v->participants.at[i].as);
	return ERR_OK;
}

enum err
verify_verdicts(struct evidence *v, const struct ceremony_listener *l)
{
	AUTO_DONE(bytes) text = { 0 };
	struct verdicts said = { 0 };
	char path[PATH_MAX];

	TRY(path_join(v->dir, "ceremony/signatures.txt", path, sizeof(path)));
	TRY(file_read(path, SIGNATURES_MAX, &text));
	TRY(read_signatures(v, bytes_view(&text), &said));
	ceremony_tell(l, "verdicts: %zu agree, %zu disagree", said.agree,
	    said.disagree);
	v->disagree = said.disagree;
	return ERR_OK;
}

enum err
verify_people(struct evidence *v)
{
	TRY(evidence_people(v));
	TRY(verify_roster(v));
	TRY(evidence_signatures(v));
	TRY(verify_watched(v));
	TRY(verify_opening(v));
	return verify_agreement(v);
}
