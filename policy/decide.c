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
	enum detail		 detail;	/* what its caller is told */
	size_t			 fee_count;
	struct fee_result	 fees[POLICY_FEES];
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
set_offer(struct decision *d, bool offered)
{
	d->results[0] = (struct rule_result){
		.id = "offered",
		.outcome = outcome_of(offered),
		.message = d->notes[0].at,
		.basis = "",
	};
}

static void
set_result(struct decision *d, size_t i, const struct rule_entry *e,
    enum outcome outcome)
{
	d->results[i] = (struct rule_result){
		.id = e->id,
		.outcome = outcome,
		.monitored = e->rule->mode == MODE_MONITOR,
		.tells_state = rule_kind(e->rule)->tells_state,
		.message = d->notes[i].at,
		.basis = e->rule->basis != NULL ? e->rule->basis : "",
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
	/* first, so that no length of what follows can cut it off */
	if (rule->mode == MODE_MONITOR)
		note_text(n, "(monitor: never refuses) ");
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
	return rule_kind(rule)->judge(rule, s, n);
}

static bool
judge_rules(struct decision *d, const struct scene *s)
{
	bool allows = true;

	for (size_t i = 0; i < s->programme->rules.count; i++) {
		const struct rule_entry *e = &s->programme->rules.at[i];
		enum outcome o = judge(e->rule, s, &d->notes[i + 1]);

		set_result(d, i + 1, e, o);
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

static void
state_fees(struct decision *d, const struct scene *s)
{
	d->fee_count = s->programme->fees.count;
	for (size_t i = 0; i < d->fee_count; i++) {
		const struct fee *fee = &s->programme->fees.at[i];

		d->fees[i] = (struct fee_result){ fee->id, fee_of(fee, s) };
	}
}

static enum err
refuse(const struct policy *p, const char *why, struct decision **out)
{
	struct decision *d = decision_new(p, 1);

	if (d == NULL)
		return err_because(ERR_MEMORY, "no memory for a decision");
	note_text(&d->notes[0], why);
	set_offer(d, false);
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
	s.entitlement = entitlement_find(&s);
	if ((d = decision_new(p, s.programme->rules.count + 1)) == NULL)
		return err_because(ERR_MEMORY, "no memory for a decision");
	passed = judge_rules(d, &s);
	offered = judge_offer(&s, passed, &d->notes[0]);
	set_offer(d, offered);
	d->allows = passed && offered;
	d->detail = s.entitlement != NULL ?
	    (enum detail)s.entitlement->detail : DETAIL_OUTCOME;
	state_fees(d, &s);
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

const struct fee_result *
decision_fee(const struct decision *d, size_t i)
{
	return i < d->fee_count ? &d->fees[i] : NULL;
}

static void
put_rule(const struct rule_result *r, enum detail detail, struct json *j)
{
	bool withheld = r->tells_state && detail == DETAIL_OUTCOME;

	json_record(j, NULL);
	json_c_text(j, "id", r->id);
	json_c_text(j, "outcome", outcome_name(r->outcome));
	if (!withheld)
		json_c_text(j, "message", r->message);
	else
		json_c_text(j, "message", r->monitored ?
		    "(monitor: never refuses) not told to this client" :
		    "not told to this client");
	json_c_text(j, "basis", r->basis);
	json_close(j);
}

static void
put_members(const struct decision *d, enum detail detail, struct json *j)
{
	json_c_text(j, "outcome", d->allows ? "allow" : "deny");
	json_hex(j, "policy", VIEW_OF(d->policy->hash.at));
	json_int(j, "serial", d->policy->head->serial);
	json_items(j, "rules");
	for (size_t i = 0; i < d->count; i++)
		put_rule(&d->results[i], detail, j);
	json_close(j);
	if (d->fee_count == 0)
		return;
	json_record(j, "fees");
	for (size_t i = 0; i < d->fee_count; i++)
		json_int(j, d->fees[i].id, d->fees[i].won);
	json_close(j);
}

void
decision_put(const struct decision *d, struct json *j)
{
	put_members(d, DETAIL_FULL, j);
}

void
decision_json(const struct decision *d, struct json *j, const char *name)
{
	json_record(j, name);
	put_members(d, d->detail, j);
	json_close(j);
}
