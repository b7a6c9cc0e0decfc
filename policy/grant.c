/*
 * How long what is granted may live (rules of time: calendar.h). Two
 * validities: the administrative one belongs to the device and is at most
 * what the law gives; the technical one belongs to one credential and is
 * capped by the signer's certificate too.
 */
#include "policy/grant.h"

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* By Civil Act 157 the first day does not count: the last ends at 24:00. */
static int64_t
administrative_expiry(const struct validity *v, int64_t now)
{
	struct date today = date_at(now, SEOUL);
	struct date last = calendar_add(today, v->administrative);

	if (v->ends == VALIDITY_EXACT)
		return date_begins(last, SEOUL) + now -
		    date_begins(today, SEOUL);
	return date_begins(last, SEOUL) + DAY;
}

struct grant_terms
grant_terms_of(const struct programme_file *p, const struct asked *a,
    const struct facts *f)
{
	struct grant_terms t = {
		.issued_at = f->now,
		.valid_from = f->now,
		.administrative_expiry = TIME_NONE,
	};

	if (a->operation == OPERATION_QR_TOKEN) {
		t.technical_expiry = least(f->now + p->validity.qr_token,
		    f->signer_not_after);
		return t;
	}
	if (a->operation == OPERATION_STATUS_CHANGE) {
		t.technical_expiry = f->now + p->validity.technical;
		return t;
	}
	t.administrative_expiry = a->purpose == PURPOSE_REFRESH ?
	    f->administrative_expiry :
	    administrative_expiry(&p->validity, f->now);
	t.technical_expiry = least(f->now + p->validity.technical,
	    f->signer_not_after);
	if (t.administrative_expiry != TIME_NONE)
		t.technical_expiry = least(t.technical_expiry,
		    t.administrative_expiry);
	return t;
}

const struct grant_terms *
grant_terms(const struct grant *g)
{
	return &g->terms;
}

const struct programme *
grant_programme(const struct grant *g)
{
	return g->programme;
}

int64_t
grant_age(const struct grant *g)
{
	return g->age;
}

enum err
grant_restore(const struct policy *p, const struct request *r,
    const struct grant_terms *terms, struct grant **out_grant)
{
	const struct programme *programme = policy_programme(p,
	    request_asked(r)->programme);
	struct grant *g;

	if (programme == NULL)
		return err_because(ERR_NOT_FOUND,
		    "the policy no longer has the programme of this grant");
	if (!calendar_sound(terms->issued_at) ||
	    terms->valid_from > terms->technical_expiry ||
	    (terms->administrative_expiry != TIME_NONE &&
	    terms->technical_expiry > terms->administrative_expiry))
		return err_because(ERR_CORRUPT,
		    "the recorded terms of a grant contradict each other");
	if ((g = mem_new(1, sizeof(*g))) == NULL)
		return err_because(ERR_MEMORY, "no memory for a grant");
	*g = (struct grant){ programme, *terms, policy_age(p,
	    request_asked(r)->holder.birth_date, terms->issued_at) };
	*out_grant = g;
	return ERR_OK;
}

void
grant_free(struct grant *g)
{
	mem_free(g);
}
