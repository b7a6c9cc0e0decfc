/*
 * Comparing decisions. Both are of the same request, facts and time; their
 * messages are not looked at. Previous: serve.c.
 */
#include "signer/notary/shadow.h"

#include <inttypes.h>
#include <string.h>

#include "signer/log.h"

static bool
refuses(const struct rule_result *r)
{
	return r->outcome == OUTCOME_FAIL && !r->monitored;
}

/* Does the rule of this id refuse in d? They mostly stand at the same place. */
static bool
refuses_in(const struct decision *d, const char *id, size_t place,
    bool *out_there)
{
	const struct rule_result *r = decision_rule(d, place);

	if (r == NULL || strcmp(r->id, id) != 0)
		for (size_t i = 0; (r = decision_rule(d, i)) != NULL &&
		    strcmp(r->id, id) != 0;)
			i++;
	*out_there = r != NULL;
	return r != NULL && refuses(r);
}

static void
count_rules(struct shadow *s, const struct decision *was,
    const struct decision *would)
{
	bool there;

	for (size_t i = 0; i < decision_count(was); i++) {
		const struct rule_result *r = decision_rule(was, i);

		if (refuses(r) != refuses_in(would, r->id, i, &there))
			tally_rule(&s->rules, r->id);
	}
	for (size_t i = 0; i < decision_count(would); i++) {
		const struct rule_result *r = decision_rule(would, i);

		(void)refuses_in(was, r->id, i, &there);
		if (!there && refuses(r))
			tally_rule(&s->rules, r->id);
	}
}

void
shadow_compare(struct shadow *s, const struct policy *candidate,
    const struct request *r, const struct facts *f, const struct decision *d)
{
	AUTO(decision) would = NULL;

	/* without memory there is one comparison fewer, no decision fewer */
	if (policy_decide(candidate, r, f, &would) != ERR_OK)
		return;
	s->decisions++;
	s->newly_refused += decision_allows(d) && !decision_allows(would);
	s->newly_allowed += !decision_allows(d) && decision_allows(would);
	count_rules(s, d, would);
}

void
shadow_tell(struct shadow *s, int64_t serial)
{
	AUTO_DONE(bytes) rules = { 0 };

	if (s->decisions == s->told)
		return;
	s->told = s->decisions;
	for (size_t i = 0; i < s->rules.count; i++)
		bytes_printf(&rules, " %s %" PRIu64, s->rules.at[i].id,
		    s->rules.at[i].count);
	log_info("shadow policy %" PRId64 ": %" PRIu64 " decisions, %" PRIu64
	    " newly refused, %" PRIu64 " newly allowed; rules that differ:%s",
	    serial, s->decisions, s->newly_refused, s->newly_allowed,
	    s->rules.count != 0 ? bytes_text(&rules) : " none");
}

void
shadow_put(const struct shadow *s, struct json *j)
{
	json_int(j, "decisions", (int64_t)s->decisions);
	json_int(j, "newly_refused", (int64_t)s->newly_refused);
	json_int(j, "newly_allowed", (int64_t)s->newly_allowed);
	json_record(j, "rules");
	for (size_t i = 0; i < s->rules.count; i++)
		json_int(j, s->rules.at[i].id,
		    (int64_t)s->rules.at[i].count);
	json_close(j);
}

void
shadow_metrics(const struct shadow *s, struct bytes *out)
{
	tally_head(out, "policy_shadow_decisions_total", "counter",
	    "Decisions made by the shadow policy, too.");
	bytes_printf(out, "okse_policy_shadow_decisions_total %" PRIu64 "\n",
	    s->decisions);
	tally_head(out, "policy_shadow_outcomes_total", "counter",
	    "Decisions that the shadow policy would turn round.");
	bytes_printf(out, "okse_policy_shadow_outcomes_total{change="
	    "\"newly-refused\"} %" PRIu64 "\n"
	    "okse_policy_shadow_outcomes_total{change=\"newly-allowed\"} %"
	    PRIu64 "\n", s->newly_refused, s->newly_allowed);
	tally_head(out, "policy_shadow_disagreements_total", "counter",
	    "Decisions in which a rule refuses in one policy alone.");
	for (size_t i = 0; i < s->rules.count; i++)
		bytes_printf(out, "okse_policy_shadow_disagreements_total"
		    "{rule=\"%s\"} %" PRIu64 "\n", s->rules.at[i].id,
		    s->rules.at[i].count);
}
