/*
 * Rules about how long what is issued may live. The terms themselves are
 * computed in grant.c from the programme's validity, whether or not a rule
 * judges them. Next: rule_claims.c.
 */
#include "policy/rule.h"

/* ---- administrative-validity: a refresh keeps it, a reissue renews it */

static enum outcome
judge_administrative(const struct rule *rule, const struct scene *s,
    struct note *n)
{
	int64_t expiry = s->terms.administrative_expiry;

	(void)rule;
	if (s->asked->operation != OPERATION_CREDENTIAL) {
		note_text(n, "no credential is issued");
		return OUTCOME_NOT_APPLICABLE;
	}
	if (s->asked->purpose == PURPOSE_REFRESH &&
	    (!s->facts->this_device_active || expiry == TIME_NONE)) {
		note_text(n, "a refresh needs an active device; this is none");
		return OUTCOME_FAIL;
	}
	note_text(n, "valid until ");
	note_time(n, expiry);
	note_text(n, "; now ");
	note_time(n, s->facts->now);
	if (s->facts->now >= expiry) {
		note_text(n, ": expired, a reissue is needed");
		return OUTCOME_FAIL;
	}
	return OUTCOME_PASS;
}

const struct rule_kind rule_administrative_validity = {
	{ "administrative-validity", sizeof(struct rule), NULL },
	.tells_state = true,
	.judge = judge_administrative,
};

/* ---- technical-validity: within the life of the signer's certificate */

static enum outcome
judge_technical(const struct rule *rule, const struct scene *s,
    struct note *n)
{
	const struct facts *f = s->facts;

	(void)rule;
	note_text(n, "the signer is valid from ");
	note_time(n, f->signer_not_before);
	note_text(n, " until ");
	note_time(n, f->signer_not_after);
	note_text(n, "; now ");
	note_time(n, f->now);
	return outcome_of(f->now >= f->signer_not_before &&
	    f->now < f->signer_not_after);
}

const struct rule_kind rule_technical_validity = {
	{ "technical-validity", sizeof(struct rule), NULL },
	.judge = judge_technical,
};
