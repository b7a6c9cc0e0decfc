/*
 * Rules about the service: when a programme is open, who may ask for what,
 * and how often. Next: rule_validity.c.
 */
#include "policy/rule.h"

/* ---- period: from an instant, until another */

struct period {
	struct rule	rule;
	int64_t		from;
	int64_t		until;	/* exclusive; 0: open-ended */
};

static const struct yaml_field period_fields[] = {
	YAML_FIELD("from", struct period, from,
	    &YAML_TYPE(.shape = YAML_INSTANT)),
	YAML_FIELD("until", struct period, until,
	    &YAML_TYPE(.shape = YAML_INSTANT), .optional = true),
	{ 0 },
};

static enum outcome
judge_period(const struct rule *rule, const struct scene *s, struct note *n)
{
	const struct period *r = (const struct period *)rule;
	int64_t now = s->facts->now;

	note_text(n, "open from ");
	note_time(n, r->from);
	if (r->until != 0) {
		note_text(n, " until ");
		note_time(n, r->until);
	}
	note_text(n, "; now ");
	note_time(n, now);
	return outcome_of(now >= r->from &&
	    (r->until == 0 || now < r->until));
}

static enum err
check_period(struct yaml_mark at, const struct rule *rule)
{
	const struct period *r = (const struct period *)rule;

	if (r->until != 0 && r->until <= r->from)
		return yaml_error(at, "expected a period whose \"until\" is "
		    "after its \"from\", got one that is never open");
	return ERR_OK;
}

const struct rule_kind rule_period = {
	{ "period", sizeof(struct period), period_fields },
	.check = check_period,
	.judge = judge_period,
};

/* ---- entitlement: what the file of callers lets this one ask for */

static const struct caller *
find_caller(const struct callers *callers, struct view name)
{
	for (size_t i = 0; callers != NULL && i < callers->list.count; i++) {
		if (view_is(name, callers->list.at[i].name))
			return &callers->list.at[i];
	}
	return NULL;
}

static bool
has(uint32_t set, unsigned int value)
{
	return (set & UINT32_C(1) << value) != 0;
}

const struct entitlement *
entitlement_find(const struct scene *s)
{
	const struct asked *a = s->asked;
	const struct caller *c = find_caller(s->policy->callers, a->caller);

	for (size_t i = 0; c != NULL && i < c->may.count; i++) {
		const struct entitlement *e = &c->may.at[i];

		if (has(e->programme_bits, s->programme->index) &&
		    has(e->operations, a->operation) &&
		    (a->purpose == 0 || has(e->purposes, a->purpose)) &&
		    (a->action == 0 || e->actions == 0 ||
		    has(e->actions, a->action)) &&
		    has(e->evidence, a->evidence.kind))
			return e;
	}
	return NULL;
}

static enum outcome
judge_entitlement(const struct rule *rule, const struct scene *s,
    struct note *n)
{
	const struct asked *a = s->asked;

	(void)rule;
	note_text(n, "client ");
	note_view(n, a->caller);
	if (s->entitlement != NULL) {
		note_text(n, " is entitled");
		return OUTCOME_PASS;
	}
	note_text(n, find_caller(s->policy->callers, a->caller) == NULL ?
	    " is unknown" : " is not entitled");
	note_text(n, ": ");
	note_text(n, s->programme->id);
	note_text(n, ", ");
	note_text(n, operation_name(a->operation));
	note_text(n, ", ");
	note_text(n, a->action != 0 ? action_name(a->action) :
	    purpose_name(a->purpose));
	note_text(n, ", evidence ");
	note_text(n, evidence_name(a->evidence.kind));
	return OUTCOME_FAIL;
}

const struct rule_kind rule_entitlement = {
	{ "entitlement", sizeof(struct rule), NULL },
	.judge = judge_entitlement,
};
