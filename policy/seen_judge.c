/*
 * Judging again from what the log tells. The entry may say anything: numbers
 * are bounded, names are looked up, and what is missing is never guessed.
 * Next: audit/replay.c.
 */
#include <string.h>

#include "policy/grant.h"
#include "policy/judge.h"
#include "policy/seen.h"

void
seen_start(struct seen *s)
{
	struct asked *a = &s->asked;

	/* all but the proofs and formats, which are counted */
	*a = (struct asked){ .format_count = 0 };
	s->facts = facts_neutral(0);
	s->taken = 0;
	s->sight_count = 0;
	s->fee_count = 0;
}

#define YEARS_1000 (INT64_C(366) * 1000)	/* in days: no sum overflows */

/* An integer within a thousand years of days, so that no sum overflows. */
static bool
take_int(struct view value, int64_t max, int64_t *out)
{
	bool minus = value.len != 0 && value.at[0] == '-';
	int64_t v = 0;

	for (size_t i = minus; i < value.len; i++) {
		if (value.at[i] < '0' || value.at[i] > '9' || v > max)
			return false;
		v = v * 10 + (value.at[i] - '0');
	}
	*out = minus ? -v : v;
	return value.len > minus && v <= max;
}

/* What stands between the quotes. */
static bool
take_text(struct view value, struct view *out)
{
	if (value.len < 2 || value.at[0] != '"')
		return false;
	*out = VIEW(value.at + 1, value.len - 2);
	return true;
}

static bool
take_days(const struct seen *s, struct view value, int64_t *out)
{
	int64_t days;

	if (!take_int(value, YEARS_1000, &days))
		return false;
	*out = s->facts.now + days * DAY;
	return true;
}

/* ---- each member */

static bool
take_active(struct seen *s, struct view v)
{
	return take_int(v, INT32_MAX, &s->facts.active_devices);
}

static bool
take_centre(struct seen *s, struct view v)
{
	return take_text(v, &s->asked.evidence.centre);
}

static bool
take_chip(struct seen *s, struct view v)
{
	s->asked.holder.ic_chip = true;
	return view_is(v, "1");
}

static bool
take_evidence(struct seen *s, struct view v)
{
	struct view name;

	return take_text(v, &name) &&
	    evidence_state_of(name, &s->facts.evidence) == ERR_OK;
}

static bool
take_formats(struct seen *s, struct view v)
{
	struct asked *a = &s->asked;
	struct view rest;
	const uint8_t *comma;

	if (!take_text(v, &rest))
		return false;
	for (;;) {
		if (a->format_count == ASKED_FORMATS)
			return false;
		comma = memchr(rest.at, ',', rest.len);
		a->formats[a->format_count++] = VIEW(rest.at, comma != NULL ?
		    (size_t)(comma - rest.at) : rest.len);
		if (comma == NULL)
			return true;
		rest = VIEW(comma + 1, rest.len -
		    (size_t)(comma - rest.at) - 1);
	}
}

static bool
take_left(struct seen *s, struct view v)
{
	return take_days(s, v, &s->facts.administrative_expiry);
}

/* "since" comes later and moves both. */
static bool
take_newer(struct seen *s, struct view v)
{
	s->facts.evidence_issued_at = view_is(v, "1");
	return view_is(v, "1") || view_is(v, "0");
}

static bool
take_now(struct seen *s, struct view v)
{
	int64_t now;

	if (!take_int(v, INT64_C(1) << 40, &now))
		return false;
	s->facts = facts_neutral(now);
	s->facts.evidence_issued_at = 0;
	return calendar_sound(now);
}

static bool
take_other(struct seen *s, struct view v)
{
	s->facts.other_device = true;
	return view_is(v, "1");
}

static bool
take_proof(struct seen *s, struct view v)
{
	struct view name;

	s->asked.has_device = true;
	return take_text(v, &name) &&
	    proof_state_of(name, &s->facts.device_proof) == ERR_OK;
}

static bool
take_signer(struct seen *s, struct view v)
{
	s->facts.signer_not_before = s->facts.now;
	return take_days(s, v, &s->facts.signer_not_after);
}

static bool
take_since(struct seen *s, struct view v)
{
	int64_t days;

	if (!take_int(v, YEARS_1000, &days))
		return false;
	s->facts.last_issued_at = s->facts.now - days * DAY;
	s->facts.evidence_issued_at += s->facts.last_issued_at;
	return true;
}

static bool
take_starts(struct seen *s, struct view v)
{
	return take_days(s, v, &s->facts.signer_not_before);
}

static bool
take_state(struct seen *s, struct view v)
{
	struct view name;

	return take_text(v, &name) &&
	    device_state_of(name, &s->facts.device_state) == ERR_OK;
}

static bool
take_this(struct seen *s, struct view v)
{
	s->facts.this_device_active = true;
	return view_is(v, "1");
}

enum {
	ACTIVE, CENTRE, CHIP, EVIDENCE, FORMATS, LEFT, NEWER, NOW, OTHER,
	PROOF, SIGNER, SINCE, STARTS, STATE, THIS,
};
#define TAKEN(member) (UINT32_C(1) << (member))

static const struct {
	const char	*name;
	bool		(*take)(struct seen *s, struct view value);
} members[] = {
	[ACTIVE] = { "active", take_active },
	[CENTRE] = { "centre", take_centre },
	[CHIP] = { "chip", take_chip },
	[EVIDENCE] = { "evidence", take_evidence },
	[FORMATS] = { "formats", take_formats },
	[LEFT] = { "left", take_left },
	[NEWER] = { "newer", take_newer },
	[NOW] = { "now", take_now },
	[OTHER] = { "other", take_other },
	[PROOF] = { "proof", take_proof },
	[SIGNER] = { "signer", take_signer },
	[SINCE] = { "since", take_since },
	[STARTS] = { "starts", take_starts },
	[STATE] = { "state", take_state },
	[THIS] = { "this", take_this },
};

bool
seen_take(struct seen *s, struct view name, struct view value)
{
	for (size_t i = 0; i < COUNT(members); i++) {
		if (!view_is(name, members[i].name))
			continue;
		s->taken |= TAKEN(i);
		return members[i].take(s, value);
	}
	return false;
}

bool
seen_knows(struct view name)
{
	for (size_t i = 0; i < COUNT(members); i++)
		if (view_is(name, members[i].name))
			return true;
	return view_is(name, "fees") || view_is(name, "saw");
}

/* What is always told is: nothing is judged by a neutral value instead. */
static bool
is_whole(const struct seen *s)
{
	uint32_t needed = TAKEN(ACTIVE) | TAKEN(NOW) | TAKEN(SIGNER);

	if (s->asked.evidence.kind != EVIDENCE_NONE)
		needed |= TAKEN(EVIDENCE);
	return (s->taken & needed) == needed;
}

bool
seen_keep(struct seen *s, bool fee, struct seen_pair pair)
{
	if (fee && s->fee_count < SEEN_FEES)
		s->fees[s->fee_count++] = pair;
	else if (!fee && s->sight_count < SEEN_RULES)
		s->sights[s->sight_count++] = pair;
	else
		return false;
	return true;
}

/* ---- judging */

static const struct seen_pair *
find(const struct seen_pair *pairs, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (view_is(pairs[i].name, name))
			return &pairs[i];
	return NULL;
}

/* made stays false for what cannot be one of the kind's. */
static struct sight
sight_of(const struct rule_kind *kind, struct view value)
{
	struct sight sight = { 0 };
	struct view word;

	if (kind->sights == NULL) {
		sight.made = take_int(value, INT64_C(1) << 53, &sight.value);
		return sight;
	}
	if (!take_text(value, &word))
		return sight;
	for (; kind->sights[sight.value] != NULL; sight.value++)
		if (view_is(word, kind->sights[sight.value])) {
			sight.made = true;
			break;
		}
	return sight;
}

static void
recall(const struct seen *s, const struct programme_file *p,
    struct sight *sights)
{
	for (size_t i = 0; i < p->rules.count; i++) {
		const struct rule_kind *kind = rule_kind(p->rules.at[i].rule);
		const struct seen_pair *pair = kind->observe == NULL ? NULL :
		    find(s->sights, s->sight_count, p->rules.at[i].id);

		sights[i + 1] = pair != NULL ? sight_of(kind, pair->value) :
		    (struct sight){ 0 };
	}
}

/* Who is free of it stays with the request; when one can be, does not. */
static bool
fee_explained(const struct fee *fee, const struct seen *s, int year)
{
	const struct seen_pair *pair = find(s->fees, s->fee_count, fee->id);
	int64_t won;

	if (pair == NULL || !take_int(pair->value, INT64_C(1) << 53, &won))
		return false;
	for (size_t i = 0; won == 0 && i < fee->waived.count; i++)
		if (fee->waived.at[i].year == year)
			return true;
	return won == fee->won;
}

static void
check_fees(const struct programme_file *p, const struct seen *s, int year,
    struct seen_judged *out)
{
	for (size_t i = 0; i < p->fees.count; i++)
		if (!fee_explained(&p->fees.at[i], s, year))
			out->unexplained_fee = p->fees.at[i].id;
}

void
seen_judge(const struct policy *p, const struct seen *s,
    struct seen_judged *out)
{
	struct scene scene = {
		.policy = p,
		.programme = policy_find(p, s->asked.programme),
		.asked = &s->asked,
		.facts = &s->facts,
		.residence = region_code(s->asked.holder.residence),
	};
	struct sight sights[SEEN_RULES + 1];
	struct judged j = { .results = out->results, .sights = sights,
		.given = true };

	out->allows = out->blind = false;
	out->count = 1;
	out->unexplained_fee = NULL;
	out->administrative_expiry = TIME_NONE;
	if (scene.programme == NULL || !calendar_sound(s->facts.now)) {
		judge_nothing(&j, "");
		return;
	}
	scene.today = date_at(s->facts.now, SEOUL);
	scene.terms = grant_terms_of(scene.programme, &s->asked, &s->facts);
	scene.entitlement = entitlement_find(&scene);
	recall(s, scene.programme, sights);
	out->allows = judge_scene(&scene, &j);
	out->blind = j.blind || !is_whole(s);
	out->count = scene.programme->rules.count + 1;
	out->administrative_expiry = scene.terms.administrative_expiry;
	check_fees(scene.programme, s, scene.today.year, out);
}
