/*
 * Every rule judged, none skipped. Allowed is only what the policy offers and
 * no enforced rule fails; what cannot be judged fails. Next: decide.c.
 */
#include "policy/judge.h"

static const char *
message_of(const struct judged *j, size_t i)
{
	return j->notes != NULL ? j->notes[i].at : "";
}

static struct note *
note_of(struct judged *j, size_t i)
{
	return j->notes != NULL ? &j->notes[i] : NULL;
}

static void
set_offer(struct judged *j, bool offered)
{
	j->results[0] = (struct rule_result){
		.id = "offered",
		.outcome = outcome_of(offered),
		.message = message_of(j, 0),
		.basis = "",
	};
}

static void
set_result(struct judged *j, size_t i, const struct rule_entry *e,
    enum outcome outcome)
{
	j->results[i] = (struct rule_result){
		.id = e->id,
		.outcome = outcome,
		.monitored = e->rule->mode == MODE_MONITOR,
		.tells_state = rule_kind(e->rule)->tells_state,
		.message = message_of(j, i),
		.basis = e->rule->basis != NULL ? e->rule->basis : "",
	};
}

/* Is there what judge() needs? Looks, unless it was seen before. */
static bool
see(struct scene *s, const struct rule *rule, struct judged *j, size_t i)
{
	const struct rule_kind *kind = rule_kind(rule);
	struct sight *sight = &j->sights[i];

	if (kind->observe == NULL)
		return true;
	if (!j->given)
		*sight = (struct sight){ true,
		    kind->observe(rule, s, note_of(j, i)) };
	j->blind |= !sight->made;
	s->seen = sight->value;
	return sight->made;
}

static enum outcome
judge(struct scene *s, const struct rule *rule, struct judged *j, size_t i)
{
	struct note *n = note_of(j, i);

	/* first, so that no length of what follows can cut it off */
	if (rule->mode == MODE_MONITOR)
		note_text(n, "(monitor: never refuses) ");
	if (!rule_has(rule->operations, s->asked->operation)) {
		note_text(n, "not for ");
		note_text(n, operation_name(s->asked->operation));
		return OUTCOME_NOT_APPLICABLE;
	}
	if (!rule_has(rule->purposes, s->asked->purpose)) {
		note_text(n, "not for ");
		note_text(n, purpose_name(s->asked->purpose));
		return OUTCOME_NOT_APPLICABLE;
	}
	if (!see(s, rule, j, i))
		return OUTCOME_FAIL;
	return rule_kind(rule)->judge(rule, s, n);
}

static bool
judge_rules(struct scene *s, struct judged *j)
{
	bool allows = true;

	for (size_t i = 0; i < s->programme->rules.count; i++) {
		const struct rule_entry *e = &s->programme->rules.at[i];
		enum outcome o = judge(s, e->rule, j, i + 1);

		set_result(j, i + 1, e, o);
		if (o == OUTCOME_FAIL && e->rule->mode == MODE_ENFORCE)
			allows = false;
	}
	return allows;
}

/* Default deny: nothing that the policy does not name, and no empty life. */
static bool
judge_offer(const struct scene *s, bool passed, struct note *n)
{
	note_text(n, s->programme->id);
	note_text(n, ", ");
	note_text(n, operation_name(s->asked->operation));
	if ((s->programme->operations &
	    UINT32_C(1) << s->asked->operation) == 0) {
		note_text(n, ": the policy does not offer this");
		return false;
	}
	if (passed && s->terms.technical_expiry <= s->facts->now) {
		note_text(n, ": it would expire at once");
		return false;
	}
	note_text(n, ": offered");
	return true;
}

bool
judge_scene(struct scene *s, struct judged *j)
{
	bool passed = judge_rules(s, j);
	bool offered = judge_offer(s, passed, note_of(j, 0));

	set_offer(j, offered);
	return passed && offered;
}

void
judge_nothing(struct judged *j, const char *why)
{
	note_text(note_of(j, 0), why);
	set_offer(j, false);
}
