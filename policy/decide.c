/*
 * policy_decide(): every rule judged, none skipped, nothing remembered.
 * Allowed is only what the policy offers and no enforced rule fails; what
 * cannot be judged fails. The request was decoded strictly, its meaning is
 * judged here for the first time. Next: grant.c, then credential/.
 */
#include "policy/decide.h"

#include "policy/grant.h"
#include "policy/rule.h"

/*
 * One block: results[0] is the offer, which no policy can leave out, and
 * then one for each rule of the programme in the order it was written.
 */
struct decision {
	const struct policy	*policy;
	struct grant		 grant;
	bool			 allows;
	size_t			 count;
	struct rule_result	*results;
	struct note		*notes;
	max_align_t		 room[];
};

static struct decision *
decision_new(const struct policy *p, size_t count)
{
	size_t each = sizeof(struct rule_result) + sizeof(struct note);
	struct decision *d = mem_new(1, sizeof(*d) + count * each);

	if (d == NULL)
		return NULL;
	d->policy = p;
	d->count = count;
	d->results = (struct rule_result *)(void *)d->room;
	d->notes = (struct note *)(void *)(d->results + count);
	return d;
}

void
decision_free(struct decision *d)
{
	mem_free(d);
}

static void
set_result(struct decision *d, size_t i, const char *id, enum outcome outcome,
    const char *basis)
{
	d->results[i] = (struct rule_result){
		.id = id,
		.outcome = outcome,
		.message = d->notes[i].at,
		.basis = basis != NULL ? basis : "",
	};
}

static bool
in_set(uint32_t set, unsigned int value)
{
	return set == 0 || value == 0 || (set & UINT32_C(1) << value) != 0;
}

static enum outcome
judge(const struct rule *rule, const struct scene *s, struct note *n)
{
	enum outcome o;

	if (!in_set(rule->operations, s->asked->operation)) {
		note_text(n, "not for ");
		note_text(n, operation_name(s->asked->operation));
		return OUTCOME_NOT_APPLICABLE;
	}
	if (!in_set(rule->purposes, s->asked->purpose)) {
		note_text(n, "not for ");
		note_text(n, purpose_name(s->asked->purpose));
		return OUTCOME_NOT_APPLICABLE;
	}
	o = rule_kind(rule)->judge(rule, s, n);
	if (rule->mode == MODE_MONITOR)
		note_text(n, " (monitor: reported, never refuses)");
	return o;
}

static bool
judge_rules(struct decision *d, const struct scene *s)
{
	bool allows = true;

	for (size_t i = 0; i < s->programme->rules.count; i++) {
		const struct rule_entry *e = &s->programme->rules.at[i];
		enum outcome o = judge(e->rule, s, &d->notes[i + 1]);

		set_result(d, i + 1, e->id, o, e->rule->basis);
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

static enum err
refuse(const struct policy *p, const char *why, struct decision **out)
{
	struct decision *d = decision_new(p, 1);

	if (d == NULL)
		return err_because(ERR_MEMORY, "no memory for a decision");
	note_text(&d->notes[0], why);
	set_result(d, 0, "offered", OUTCOME_FAIL, NULL);
	*out = d;
	return ERR_OK;
}

enum err
policy_decide(const struct policy *p, const struct request *r,
    const struct facts *f, struct decision **out_decision)
{
	const struct asked *a = request_asked(r);
	struct scene s = {
		.policy = p,
		.programme = policy_find(p, a->programme),
		.asked = a,
		.facts = f,
		.residence = region_code(a->holder.residence),
	};
	struct decision *d;
	bool offered, passed;

	if (s.programme == NULL)
		return refuse(p, "the policy has no such programme",
		    out_decision);
	if (!calendar_sound(f->now))
		return refuse(p, "the time is unknown", out_decision);
	s.today = date_at(f->now, SEOUL);
	s.terms = grant_terms_of(s.programme, a, f);
	if ((d = decision_new(p, s.programme->rules.count + 1)) == NULL)
		return err_because(ERR_MEMORY, "no memory for a decision");
	passed = judge_rules(d, &s);
	offered = judge_offer(&s, passed, &d->notes[0]);
	set_result(d, 0, "offered", outcome_of(offered), NULL);
	d->allows = passed && offered;
	d->grant = (struct grant){ &s.programme->public, s.terms,
	    policy_age(p, a->holder.birth_date, f->now) };
	*out_decision = d;
	return ERR_OK;
}

bool
decision_allows(const struct decision *d)
{
	return d->allows;
}

size_t
decision_count(const struct decision *d)
{
	return d->count;
}

const struct rule_result *
decision_rule(const struct decision *d, size_t i)
{
	return i < d->count ? &d->results[i] : NULL;
}

const struct grant *
decision_grant(const struct decision *d)
{
	return d->allows ? &d->grant : NULL;
}

void
decision_put(const struct decision *d, struct json *j)
{
	json_string(j, "outcome", d->allows ? "allow" : "deny");
	json_hex(j, "policy", VIEW_OF(d->policy->hash.at));
	json_int(j, "serial", d->policy->head->serial);
	json_array(j, "rules");
	for (size_t i = 0; i < d->count; i++) {
		const struct rule_result *r = &d->results[i];

		json_object(j, NULL);
		json_string(j, "id", r->id);
		json_string(j, "outcome", outcome_name(r->outcome));
		json_string(j, "message", r->message);
		json_string(j, "basis", r->basis);
		json_close(j);
	}
	json_close(j);
}

void
decision_json(const struct decision *d, struct json *j, const char *name)
{
	json_object(j, name);
	decision_put(d, j);
	json_close(j);
}
