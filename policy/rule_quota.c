/*
 * Quotas: how many in a window of time, for each holder, client or centre.
 * The service counts, since it alone has a registry to count in; it asks here
 * what is to be counted. Next: rule_validity.c.
 */
#include "policy/rule.h"

struct quota {
	struct rule	rule;
	int64_t		at_most;
	int64_t		window;		/* seconds */
	int		per;
	size_t		place;		/* among the programme's quotas */
};

static const struct yaml_choice per_choices[] = {
	{ "holder", PER_HOLDER },
	{ "client", PER_CLIENT },
	{ "centre", PER_CENTRE },
	{ 0 },
};

static const struct yaml_field quota_fields[] = {
	YAML_FIELD("at-most", struct quota, at_most, &YAML_INT(1, 1000000000)),
	YAML_FIELD("window", struct quota, window,
	    &YAML_TYPE(.shape = YAML_SECONDS, .min = 1, .max = 366 * DAY)),
	YAML_FIELD("per", struct quota, per, &YAML_ONE_OF(per_choices),
	    .otherwise = "holder"),
	{ 0 },
};

/* A case tells one figure for all of them; the service counts each. */
static int64_t
observe_quota(const struct rule *rule, const struct scene *s, struct note *n)
{
	const struct quota *r = (const struct quota *)rule;
	int64_t used = s->facts->quotas_used[r->place];

	if (used < s->facts->quota_used || s->facts->quota_used < 0)
		used = s->facts->quota_used;
	note_text(n, "at most ");
	note_int(n, r->at_most);
	note_text(n, " in ");
	note_int(n, r->window);
	note_text(n, " seconds for each ");
	note_text(n, per_choices[r->per].name);
	note_text(n, "; used ");
	note_int(n, used);
	return used;
}

static enum outcome
judge_quota(const struct rule *rule, const struct scene *s, struct note *n)
{
	(void)n;
	return outcome_of(s->seen >= 0 &&
	    s->seen < ((const struct quota *)rule)->at_most);
}

static enum err
link_quota(struct rule *rule, const struct policy *p,
    const struct programme_file *f)
{
	struct quota *r = (struct quota *)rule;

	(void)p;
	r->place = 0;
	for (size_t i = 0; f->rules.at[i].rule != rule; i++)
		r->place += rule_kind(f->rules.at[i].rule) == &rule_quota;
	if (r->place >= POLICY_QUOTAS)
		return err_because(ERR_RANGE, "%s: more than %d quotas",
		    f->id, POLICY_QUOTAS);
	return ERR_OK;
}

const struct rule_kind rule_quota = {
	{ "quota", sizeof(struct quota), quota_fields },
	.tells_state = true,
	.observe = observe_quota,
	.judge = judge_quota,
	.link = link_quota,
};

size_t
policy_quotas(const struct policy *p, const struct asked *a,
    struct policy_quota out[POLICY_QUOTAS])
{
	const struct programme_file *f = policy_find(p, a->programme);
	size_t count = 0;

	for (size_t i = 0; f != NULL && i < f->rules.count; i++) {
		const struct rule *rule = f->rules.at[i].rule;
		const struct quota *r = (const struct quota *)rule;

		if (rule_kind(rule) == &rule_quota &&
		    rule_concerns(rule, a))
			out[count++] = (struct policy_quota){
				.place = r->place,
				.id = f->rules.at[i].id,
				.per = (enum quota_per)r->per,
				.window = r->window,
				.at_most = rule->mode == MODE_MONITOR ?
				    INT64_MAX : r->at_most,
			};
	}
	return count;
}
