/*
 * One decision judged again. The entry's facts go to the same code that
 * decided; what it says is compared with what the entry says, rule by rule.
 * Next: replay_life.c.
 */
#include "audit/replay_run.h"

#include <string.h>

/* ---- the entry, as the policy sees it */

static enum err
take_words(const struct schema_entry *e, struct seen *s)
{
	struct asked *a = &s->asked;

	TRY(operation_of(e->member[SCHEMA_OP], &a->operation));
	if (e->member[SCHEMA_PURPOSE].at != NULL)
		TRY(purpose_of(e->member[SCHEMA_PURPOSE], &a->purpose));
	if (e->member[SCHEMA_ACTION].at != NULL)
		TRY(action_of(e->member[SCHEMA_ACTION], &a->action));
	if (e->member[SCHEMA_EVIDENCE].at != NULL)
		TRY(evidence_of(e->member[SCHEMA_EVIDENCE],
		    &a->evidence.kind));
	a->dry_run = e->member[SCHEMA_DRY].at != NULL;
	a->caller = e->member[SCHEMA_CALLER];
	a->programme = e->member[SCHEMA_PROGRAMME];
	a->reason = e->member[SCHEMA_REASON];
	a->holder.residence = e->member[SCHEMA_REGION];
	return ERR_OK;
}

/* The members between the braces of "saw" or "fees". */
static bool
take_pairs(struct seen *s, bool fees, struct view record)
{
	struct seen_pair pair;
	struct view rest;

	if (record.at[0] != '{')
		return false;
	rest = VIEW(record.at + 1, record.len - 2);
	while (schema_next_pair(&rest, &pair.name, &pair.value))
		if (!seen_keep(s, fees, pair))
			return false;
	return true;
}

static enum err
take_facts(const struct schema_entry *e, struct seen *s)
{
	struct view rest = e->member[SCHEMA_FACTS], name, value;

	/* all days are counted from it */
	while (schema_next_pair(&rest, &name, &value))
		if (view_is(name, "now") && !seen_take(s, name, value))
			return err_because(ERR_RANGE, "facts: no such time");
	rest = e->member[SCHEMA_FACTS];
	while (schema_next_pair(&rest, &name, &value)) {
		bool fees = view_is(name, "fees");
		bool good = fees || view_is(name, "saw") ?
		    take_pairs(s, fees, value) :
		    view_is(name, "now") || seen_take(s, name, value);

		if (!good)
			return err_because(ERR_SCHEMA, "facts: \"%.*s\" is "
			    "not one, or not of its form", (int)name.len,
			    (const char *)name.at);
	}
	return ERR_OK;
}

/* ---- compared */

static const struct rule_result *
find_rule(const struct seen_judged *j, struct view id)
{
	for (size_t i = 0; i < j->count; i++)
		if (view_is(id, j->results[i].id))
			return &j->results[i];
	return NULL;
}

/* As ticket.c writes it: in an allowance what failed only monitors. */
static const char *
word_of(const struct rule_result *r, bool allows)
{
	if (r->outcome == OUTCOME_PASS)
		return "\"pass\"";
	if (r->outcome == OUTCOME_NOT_APPLICABLE)
		return "\"na\"";
	return allows ? "\"mon\"" : "\"fail\"";
}

static enum err
compare_rules(struct replay *r, const struct schema_entry *e)
{
	const struct seen_judged *j = &r->judged;
	struct view rest = e->member[SCHEMA_RULES], id, outcome;
	size_t count = 0;

	for (; schema_next_pair(&rest, &id, &outcome); count++) {
		const struct rule_result *rule = find_rule(j, id);

		r->result.rules++;
		if (rule == NULL)
			return err_because(ERR_MISMATCH, "the policy has no "
			    "rule %.*s", (int)id.len, (const char *)id.at);
		if (!view_is(outcome, word_of(rule, j->allows)))
			return err_because(ERR_MISMATCH, "%s: the log says "
			    "%.*s, the policy %s", rule->id, (int)outcome.len,
			    (const char *)outcome.at,
			    word_of(rule, j->allows));
	}
	if (count != j->count && count != 64)
		return err_because(ERR_MISMATCH, "%zu rules in the log, %zu "
		    "in the policy", count, j->count);
	return ERR_OK;
}

static enum err
compare(struct replay *r, const struct schema_entry *e)
{
	bool allowed = view_is(e->member[SCHEMA_OUT], "allow");

	if (r->judged.blind)
		return err_because(ERR_SCHEMA, "facts: not all that the "
		    "rules look at is told");
	if (allowed != r->judged.allows)
		return err_because(ERR_MISMATCH, "%s, but the policy %s",
		    allowed ? "allowed" : "refused",
		    allowed ? "refuses" : "allows");
	return compare_rules(r, e);
}

/* Of a refresh the device tells it, see replay_life.c. */
static enum err
compare_grant(const struct replay *r, const struct schema_entry *e)
{
	int64_t expiry = (int64_t)schema_count(e, SCHEMA_EXPIRY);
	int64_t granted = r->judged.administrative_expiry;
	bool refresh = r->seen.asked.purpose == PURPOSE_REFRESH;

	if (r->judged.unexplained_fee != NULL)
		return err_because(ERR_MISMATCH, "the fee \"%s\" is not what "
		    "the policy states", r->judged.unexplained_fee);
	if (r->seen.asked.operation != OPERATION_CREDENTIAL || refresh ||
	    r->seen.asked.dry_run)
		return ERR_OK;
	if (granted == TIME_NONE || granted * 1000 != expiry)
		return err_because(ERR_MISMATCH, "granted until another time "
		    "than the policy gives");
	return ERR_OK;
}

void
replay_decision(struct replay *r, uint64_t index,
    const struct schema_entry *e, const struct policy *p)
{
	enum err e1;

	if (e->member[SCHEMA_FACTS].at == NULL) {
		r->result.untold++;
		return;
	}
	seen_start(&r->seen);
	e1 = take_facts(e, &r->seen);
	if (e1 == ERR_OK)
		e1 = take_words(e, &r->seen);
	if (e1 == ERR_OK) {
		seen_judge(p, &r->seen, &r->judged);
		e1 = compare(r, e);
	}
	replay_tally(r, REPLAY_DECISIONS, e1, index);
	if (e1 == ERR_OK && r->judged.allows)
		replay_tally(r, REPLAY_GRANTS, compare_grant(r, e), index);
}
