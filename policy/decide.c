/*
 * policy_decide(): a scene set, judged, and what came of it kept. The request
 * was decoded strictly, its meaning is judged here for the first time;
 * nothing is remembered. Next: grant.c, then credential/.
 */
#include "policy/decide.h"

#include "policy/grant.h"

/* One block, with the arrays of judged behind it. */
struct decision {
	const struct policy	*policy;
	const struct programme_file *programme;	/* NULL: none such */
	struct grant		 grant;
	bool			 allows;
	enum detail		 detail;	/* what its caller is told */
	size_t			 fee_count;
	struct fee_result	 fees[POLICY_FEES];
	size_t			 count;
	struct judged		 judged;
	max_align_t		 room[];
};

static struct decision *
decision_new(const struct policy *p, size_t count)
{
	size_t each = sizeof(struct rule_result) + sizeof(struct sight) +
	    sizeof(struct note);
	struct decision *d = mem_new(1, sizeof(*d) + count * each);
	struct judged *j;

	if (d == NULL)
		return NULL;
	d->policy = p;
	d->count = count;
	j = &d->judged;
	j->results = (struct rule_result *)(void *)d->room;
	j->sights = (struct sight *)(void *)(j->results + count);
	j->notes = (struct note *)(void *)(j->sights + count);
	return d;
}

void
decision_free(struct decision *d)
{
	mem_free(d);
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
	judge_nothing(&d->judged, why);
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
	d->programme = s.programme;
	d->allows = judge_scene(&s, &d->judged);
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
	return i < d->count ? &d->judged.results[i] : NULL;
}

const struct programme_file *
decision_programme(const struct decision *d)
{
	return d->programme;
}

const struct judged *
decision_judged(const struct decision *d)
{
	return &d->judged;
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
		put_rule(&d->judged.results[i], detail, j);
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
