/*
 * Rules about what goes into a credential: the claims by the programme's
 * schema, and its formats. Claims are whatever JSON the upstream system sent,
 * decoded and bounded. Next: decide.c.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "policy/rule.h"

/* ---- claims: every required one, each of its type, no other, none false */

struct claims {
	struct rule	rule;
	/* claims that must agree with the holder; NULL: not named */
	struct yaml_reference birth_date, number;
	const char	*age_over;	/* prefix: "age_over_" */
};

static const struct yaml_field claims_fields[] = {
	YAML_FIELD("birth-date", struct claims, birth_date,
	    &YAML_TYPE(.shape = YAML_REFERENCE), .optional = true),
	YAML_FIELD("number", struct claims, number,
	    &YAML_TYPE(.shape = YAML_REFERENCE), .optional = true),
	YAML_FIELD("age-over", struct claims, age_over, &YAML_STRING(32),
	    .optional = true),
	{ 0 },
};

static bool
names(const struct yaml_reference *claim, const char *name)
{
	return claim->name != NULL && strcmp(claim->name, name) == 0;
}

/* What the claim says of the holder is what the request says elsewhere. */
static bool
agrees(const struct claims *r, const struct scene *s, const char *name,
    const struct value *v)
{
	struct date d;

	if (names(&r->birth_date, name))
		return v->kind == VALUE_STRING &&
		    date_get(v->text, &d) == ERR_OK &&
		    date_compare(d, s->asked->holder.birth_date) == 0;
	if (names(&r->number, name))
		return v->kind == VALUE_STRING &&
		    view_equal(v->text, s->asked->holder.number);
	return true;
}

/* The years of "age_over_18" when the programme states that age, or -1. */
static int64_t
age_over_years(const struct claims *r, const struct scene *s,
    struct view name)
{
	if (r->age_over == NULL || !view_starts(name, r->age_over))
		return -1;
	for (size_t i = 0; i < s->programme->age_over.count; i++) {
		int64_t years = s->programme->age_over.at[i];
		char full[64];

		snprintf(full, sizeof(full), "%s%" PRId64, r->age_over, years);
		if (view_is(name, full))
			return years;
	}
	return -1;
}

static bool
judge_age_over(const struct scene *s, int64_t years, const struct value *v,
    struct note *n)
{
	int64_t age = calendar_age(s->asked->holder.birth_date, s->today,
	    (enum leap_birthday)s->policy->head->leap_birthday);

	if (v->kind == VALUE_BOOLEAN && (v->integer == 1) == (age >= years))
		return true;
	note_text(n, "the claim of being over ");
	note_int(n, years);
	note_text(n, " disagrees with the age, ");
	note_int(n, age);
	return false;
}

/* Claims mostly come in the schema's order, so the search starts there. */
static size_t
find_spec(const struct programme_file *p, struct view name, size_t start)
{
	for (size_t i = 0; i < p->claims.count; i++) {
		size_t at = (start + i) % p->claims.count;

		if (view_is(name, p->claims.at[at].name))
			return at;
	}
	return p->claims.count;
}

/* A JSON pointer to the claim, and what is wrong with it (RFC 6901). */
static bool
wrong(struct note *n, struct view name, const char *what)
{
	note_text(n, "/claims/");
	note_view(n, name);
	note_text(n, ": ");
	note_text(n, what);
	return false;
}

static bool
judge_claim(const struct claims *r, const struct scene *s,
    const struct member *m, size_t at, struct note *n)
{
	const struct claim_spec *spec = &s->programme->claims.at[at];
	const char *why;
	int64_t years;

	if (at == s->programme->claims.count) {
		years = age_over_years(r, s, m->name);
		if (years >= 0)
			return judge_age_over(s, years, &m->value, n);
		return wrong(n, m->name, "the schema has no such claim");
	}
	if ((why = claim_wrong(spec, &m->value)) != NULL)
		return wrong(n, m->name, why);
	if (!agrees(r, s, spec->name, &m->value))
		return wrong(n, m->name, "disagrees with the holder's data");
	return true;
}

/* By the programme always, or for one of the formats that are asked for. */
static bool
is_required(const struct claim_spec *spec, const struct asked *a)
{
	enum credential_format f;

	for (size_t i = 0; spec->required_for != 0 && i < a->format_count;
	    i++)
		if (format_of(a->formats[i], &f) == ERR_OK &&
		    (spec->required_for & FORMAT_BIT(f)) != 0)
			return true;
	return spec->required;
}

static bool
judge_required(const struct scene *s, uint64_t seen, struct note *n)
{
	for (size_t i = 0; i < s->programme->claims.count; i++) {
		const struct claim_spec *spec = &s->programme->claims.at[i];

		if ((seen & UINT64_C(1) << i) == 0 &&
		    is_required(spec, s->asked))
			return wrong(n, view_text(spec->name),
			    "required and absent");
	}
	return true;
}

enum { CLAIMS_COMPLETE, CLAIMS_WRONG, CLAIMS_NONE };
static const char *const claims_sights[] = { "complete", "wrong", "none",
	NULL };

static int64_t
observe_claims(const struct rule *rule, const struct scene *s,
    struct note *n)
{
	const struct claims *r = (const struct claims *)rule;
	const struct value *claims = &s->asked->claims;
	uint64_t seen = 0;

	if (claims->kind == VALUE_NONE) {
		note_text(n, "no claims were sent");
		return CLAIMS_NONE;
	}
	for (size_t i = 0; i < claims->count; i++) {
		const struct member *m = &claims->members[i];
		size_t at = find_spec(s->programme, m->name, i);

		if (!judge_claim(r, s, m, at, n))
			return CLAIMS_WRONG;
		if (at < s->programme->claims.count)
			seen |= UINT64_C(1) << at;
	}
	if (!judge_required(s, seen, n))
		return CLAIMS_WRONG;
	note_int(n, (int64_t)claims->count);
	note_text(n, " claims, all required ones among them");
	return CLAIMS_COMPLETE;
}

static enum outcome
judge_claims(const struct rule *rule, const struct scene *s, struct note *n)
{
	/* a dry run may ask about the rest; an issue may not */
	if (s->seen == CLAIMS_NONE && s->asked->dry_run)
		return OUTCOME_NOT_APPLICABLE;
	return judge_sight(rule, s, n);
}

static enum err
link_claims(struct rule *rule, const struct policy *p,
    const struct programme_file *f)
{
	const struct claims *r = (const struct claims *)rule;

	(void)p;
	TRY(rule_link_claim(f, &r->birth_date));
	return rule_link_claim(f, &r->number);
}

const struct rule_kind rule_claims = {
	{ "claims", sizeof(struct claims), claims_fields },
	.observe = observe_claims,
	.sights = claims_sights,
	.judge = judge_claims,
	.link = link_claims,
};

/* ---- formats: only those the programme offers */

static bool
offers(const struct programme_file *p, struct view format)
{
	for (size_t i = 0; i < p->formats.count; i++) {
		if (view_is(format, p->formats.at[i].name))
			return true;
	}
	return false;
}

static enum outcome
judge_formats(const struct rule *rule, const struct scene *s, struct note *n)
{
	const struct asked *a = s->asked;

	(void)rule;
	if (a->format_count == 0) {
		note_text(n, "no format was named");
		return a->dry_run ? OUTCOME_NOT_APPLICABLE : OUTCOME_FAIL;
	}
	for (size_t i = 0; i < a->format_count; i++) {
		if (offers(s->programme, a->formats[i]))
			continue;
		note_text(n, "the programme does not offer ");
		note_view(n, a->formats[i]);
		return OUTCOME_FAIL;
	}
	note_text(n, "all formats are offered");
	return OUTCOME_PASS;
}

const struct rule_kind rule_formats = {
	{ "formats", sizeof(struct rule), NULL },
	.judge = judge_formats,
};
