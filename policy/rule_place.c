/*
 * Rules about where the holder lives, which centre was visited and by what
 * channel. Codes of requests are hostile text. Next: rule_evidence.c.
 */
#include "policy/rule.h"

/* "Goyang-si: open from …, now …"; open or not. */
static bool
phase_open(const struct phases *phases, const struct scene *s, struct note *n)
{
	const struct place *place = NULL;
	const struct phase *phase;

	if (s->residence == REGION_NONE) {
		note_text(n, "a residence has five or ten digits");
		return false;
	}
	phase = phases_find(phases, s->policy->regions, s->residence, &place);
	note_text(n, "residence ");
	note_view(n, s->asked->holder.residence);
	if (phase == NULL) {
		note_text(n, " is in no known region");
		return false;
	}
	note_text(n, " (");
	note_text(n, place->name);
	note_text(n, ") open from ");
	note_time(n, phase->from);
	note_text(n, "; now ");
	note_time(n, s->facts->now);
	return s->facts->now >= phase->from;
}

/* ---- region: the residence is open by now */

struct region {
	struct rule	rule;
	struct phases	phases;
};

static const struct yaml_field region_fields[] = {
	YAML_FIELD("phases", struct region, phases, &phases_type),
	{ 0 },
};

static enum outcome
judge_region(const struct rule *rule, const struct scene *s, struct note *n)
{
	const struct region *r = (const struct region *)rule;

	return outcome_of(phase_open(&r->phases, s, n));
}

static enum err
link_region(struct rule *rule, const struct policy *p,
    const struct programme_file *f)
{
	(void)f;
	return phases_link(&((struct region *)rule)->phases, p->regions);
}

const struct rule_kind rule_region = {
	{ "region", sizeof(struct region), region_fields },
	.judge = judge_region,
	.link = link_region,
};

/* ---- centre: the visit was in the municipality of residence */

struct centre {
	struct rule	rule;
	int64_t		until;		/* any centre from then on */
	uint32_t	evidence;	/* kinds that are visits */
};

static const struct yaml_field centre_fields[] = {
	YAML_FIELD("until", struct centre, until,
	    &YAML_TYPE(.shape = YAML_INSTANT)),
	YAML_FIELD("evidence", struct centre, evidence,
	    &YAML_SOME_OF(evidence_choices)),
	{ 0 },
};

static enum outcome
judge_centre(const struct rule *rule, const struct scene *s, struct note *n)
{
	const struct centre *r = (const struct centre *)rule;
	int centre = region_code(s->asked->evidence.centre);

	if ((r->evidence & UINT32_C(1) << s->asked->evidence.kind) == 0) {
		note_text(n, "not a visit");
		return OUTCOME_NOT_APPLICABLE;
	}
	if (s->facts->now >= r->until) {
		note_text(n, "any centre from ");
		note_time(n, r->until);
		return OUTCOME_NOT_APPLICABLE;
	}
	note_text(n, "until ");
	note_time(n, r->until);
	note_text(n, " the centre must be in the municipality of residence ");
	note_view(n, s->asked->holder.residence);
	note_text(n, "; it is ");
	note_view(n, s->asked->evidence.centre);
	return outcome_of(centre != REGION_NONE &&
	    s->residence != REGION_NONE && region_same_municipality(
	    s->policy->regions, centre, s->residence));
}

const struct rule_kind rule_centre = {
	{ "centre", sizeof(struct centre), centre_fields },
	.judge = judge_centre,
};

/* ---- channel: the kind of evidence is open by now */

struct way {
	int		evidence;
	uint32_t	operations;	/* 0: all */
	bool		needs_chip;
	bool		needs_centre;
	struct phases	phases;		/* empty: always open */
};

struct channel {
	struct rule	rule;
	YAML_ARRAY(struct way) ways;	/* the first that fits decides */
	uint32_t	without_evidence;	/* purposes that need none */
};

static const struct yaml_field way_fields[] = {
	YAML_FIELD("evidence", struct way, evidence,
	    &YAML_ONE_OF(evidence_choices)),
	YAML_FIELD("operations", struct way, operations,
	    &YAML_SOME_OF(operation_choices), .optional = true),
	YAML_FIELD("needs-chip", struct way, needs_chip,
	    &YAML_TYPE(.shape = YAML_BOOLEAN), .otherwise = "false"),
	YAML_FIELD("needs-centre", struct way, needs_centre,
	    &YAML_TYPE(.shape = YAML_BOOLEAN), .otherwise = "false"),
	YAML_FIELD("phases", struct way, phases, &phases_type,
	    .optional = true),
	{ 0 },
};

static const struct yaml_field channel_fields[] = {
	YAML_FIELD("channels", struct channel, ways,
	    &YAML_LIST_OF(1, 16, &YAML_STRUCT(struct way, way_fields))),
	YAML_FIELD("without-evidence", struct channel, without_evidence,
	    &YAML_SOME_OF(purpose_choices), .optional = true),
	{ 0 },
};

static const struct way *
find_way(const struct channel *r, const struct asked *a)
{
	for (size_t i = 0; i < r->ways.count; i++) {
		const struct way *w = &r->ways.at[i];

		if (w->evidence == (int)a->evidence.kind &&
		    (w->operations == 0 ||
		    (w->operations & UINT32_C(1) << a->operation) != 0))
			return w;
	}
	return NULL;
}

static enum outcome
judge_channel(const struct rule *rule, const struct scene *s, struct note *n)
{
	const struct channel *r = (const struct channel *)rule;
	const struct asked *a = s->asked;
	const struct way *w = find_way(r, a);

	note_text(n, "evidence ");
	note_text(n, evidence_name(a->evidence.kind));
	if (a->evidence.kind == EVIDENCE_NONE &&
	    (r->without_evidence & UINT32_C(1) << a->purpose) != 0)
		return OUTCOME_NOT_APPLICABLE;
	if (w == NULL) {
		note_text(n, " is not a channel for this operation");
		return OUTCOME_FAIL;
	}
	if (w->needs_chip && !a->holder.ic_chip) {
		note_text(n, " needs a card with a chip; this one has none");
		return OUTCOME_FAIL;
	}
	if (w->needs_centre &&
	    region_code(a->evidence.centre) == REGION_NONE) {
		note_text(n, " must name the centre by five or ten digits");
		return OUTCOME_FAIL;
	}
	if (w->phases.list.count == 0)
		return OUTCOME_PASS;
	note_text(n, ": ");
	return outcome_of(phase_open(&w->phases, s, n));
}

static enum err
link_channel(struct rule *rule, const struct policy *p,
    const struct programme_file *f)
{
	struct channel *r = (struct channel *)rule;

	(void)f;
	for (size_t i = 0; i < r->ways.count; i++)
		TRY(phases_link(&r->ways.at[i].phases, p->regions));
	return ERR_OK;
}

const struct rule_kind rule_channel = {
	{ "channel", sizeof(struct channel), channel_fields },
	.judge = judge_channel,
	.link = link_channel,
};
