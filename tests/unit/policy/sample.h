/*
 * What tests of the policy share: the reference policy, a request that it
 * allows, and the outcome of one rule. Change one thing in a sample and ask.
 */
#ifndef OKSE_TESTS_POLICY_SAMPLE_H
#define OKSE_TESTS_POLICY_SAMPLE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "policy/policy.h"

#define SAMPLE_CLAIMS 16

struct sample {
	struct asked	a;
	struct facts	f;
	struct member	claims[SAMPLE_CLAIMS];
};

static struct policy *reference;
static char message[256];	/* of the rule asked about last */

static inline int
load_reference(void **state)
{
	(void)state;
	if (crypto_init() != ERR_OK ||
	    policy_load("configs/policy", &reference) != ERR_OK) {
		print_error("%s\n", err_why());
		return -1;
	}
	return 0;
}

static inline int
free_reference(void **state)
{
	(void)state;
	policy_free(reference);
	return 0;
}

static inline int64_t
at(const char *text)
{
	int64_t instant = 0;

	assert_int_equal(instant_get(view_text(text), &instant), ERR_OK);
	return instant;
}

static inline struct value
text_value(const char *text)
{
	return (struct value){ .kind = VALUE_STRING, .text = view_text(text) };
}

static inline struct value
boolean_value(bool v)
{
	return (struct value){ .kind = VALUE_BOOLEAN, .integer = v };
}

static inline struct value
integer_value(int64_t v)
{
	return (struct value){ .kind = VALUE_INTEGER, .integer = v };
}

/* Sets or adds a claim. */
static inline void
claim(struct sample *s, const char *name, struct value value)
{
	size_t i = 0;

	while (i < s->a.claims.count && !view_is(s->claims[i].name, name))
		i++;
	assert_true(i < SAMPLE_CLAIMS);
	s->claims[i] = (struct member){ view_text(name), value };
	s->a.claims.kind = VALUE_MAP;
	if (i == s->a.claims.count)
		s->a.claims.count++;
}

/* A holder of a card, born 2001-02-03, in Goyang, at a time; credential. */
static inline struct sample
sample(const char *now)
{
	struct sample s = {
		.a = {
			.operation = OPERATION_CREDENTIAL,
			.caller = view_text("upstream"),
			.idempotency_key = view_text("key"),
			.programme = view_text("resident-id"),
			.purpose = PURPOSE_FIRST_ISSUE,
			.holder = {
				.number = view_text("0102033234560"),
				.birth_date = { 2001, 2, 3 },
				.residence = view_text("41281"),
				.has_card = true,
				.card_status = view_text("issued"),
				.has_card_date = true,
				.card_issued_on = { 2020, 1, 2 },
			},
			.evidence = {
				.kind = EVIDENCE_QR_TOKEN,
				.qr_token = view_text("OKSE1:X"),
				.centre = view_text("4128500000"),
			},
			.has_device = true,
			.device_id = view_text("device"),
			.format_count = 1,
			.formats = { view_text("dc+sd-jwt") },
		},
		.f = facts_neutral(at(now)),
	};

	claim(&s, "family_name", text_value("홍"));
	claim(&s, "given_name", text_value("길동"));
	claim(&s, "birth_date", text_value("2001-02-03"));
	return s;
}

/* The same person's visit: a QR token is asked for. */
static inline struct sample
visit(const char *now)
{
	struct sample s = sample(now);

	s.a.operation = OPERATION_QR_TOKEN;
	s.a.evidence.qr_token = view_text("");
	s.a.has_device = false;
	s.a.device_id = view_text("");
	s.a.format_count = 0;
	s.a.claims = (struct value){ 0 };
	return s;
}

/* Another birth date, in number, member and claim. number: YYMMDDC… */
static inline void
born(struct sample *s, int year, int month, int day, const char *number)
{
	static char text[16];

	s->a.holder.birth_date = (struct date){ year, month, day };
	s->a.holder.number = view_text(number);
	snprintf(text, sizeof(text), "%04d-%02d-%02d", year % 10000,
	    month % 100, day % 100);
	if (s->a.claims.kind != VALUE_NONE)
		claim(s, "birth_date", text_value(text));
}

static inline struct decision *
decide_by(const struct policy *p, struct sample *s)
{
	AUTO_DONE(bytes) frame = { 0 };
	AUTO(request) r = NULL;
	struct decision *d = NULL;

	if (s->a.claims.kind == VALUE_MAP)
		s->a.claims.members = s->claims;
	request_encode(&s->a, &frame);
	if (request_decode(bytes_view(&frame), &r) != ERR_OK)
		fail_msg("%s", err_why());
	assert_int_equal(policy_decide(p, r, &s->f, &d), ERR_OK);
	return d;
}

static inline enum outcome
rule_by(const struct policy *p, struct sample *s, const char *id)
{
	AUTO(decision) d = decide_by(p, s);

	for (size_t i = 0; i < decision_count(d); i++) {
		const struct rule_result *r = decision_rule(d, i);

		if (strcmp(r->id, id) != 0)
			continue;
		snprintf(message, sizeof(message), "%s", r->message);
		assert_true(message[0] != '\0');
		return r->outcome;
	}
	fail_msg("there is no rule %s", id);
	return OUTCOME_FAIL;
}

static inline enum outcome
rule(struct sample *s, const char *id)
{
	return rule_by(reference, s, id);
}

static inline bool
allowed_by(const struct policy *p, struct sample *s)
{
	AUTO(decision) d = decide_by(p, s);

	for (size_t i = 0; !decision_allows(d) && i < decision_count(d); i++) {
		if (decision_rule(d, i)->outcome == OUTCOME_FAIL)
			snprintf(message, sizeof(message), "%s: %s",
			    decision_rule(d, i)->id,
			    decision_rule(d, i)->message);
	}
	return decision_allows(d);
}

static inline bool
allowed(struct sample *s)
{
	return allowed_by(reference, s);
}

#define passes(s, id) assert_int_equal(rule((s), (id)), OUTCOME_PASS)
#define fails(s, id) assert_int_equal(rule((s), (id)), OUTCOME_FAIL)
#define does_not_apply(s, id)                                                 \
	assert_int_equal(rule((s), (id)), OUTCOME_NOT_APPLICABLE)
#define says(words) assert_non_null(strstr(message, (words)))

#endif
