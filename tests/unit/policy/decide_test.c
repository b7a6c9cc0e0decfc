/*
 * Decisions as a whole, over many random policies and requests: the same
 * twice, never more with a rule more, never other for a rule that monitors or
 * for the order in which rules are written, every rule reported.
 */
#include <stdlib.h>

#include "policy/explain.h"

#include "sample.h"

#define ROUNDS 20000

/* A generator of its own: the tests must fail the same way twice. */
static uint64_t seed = 20241127;

static unsigned int
random_below(unsigned int n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned int)(seed >> 33) % n;
}

#define ONE_OF(table) (table)[random_below(COUNT(table))]

/* A request in which each part is right or one of the known wrongs. */
static struct sample
random_sample(void)
{
	static const char *const times[] = { "2024-12-26T23:59:59+09:00",
	    "2024-12-27T00:00:00+09:00", "2025-02-20T12:00:00+09:00",
	    "2025-03-10T12:00:00+09:00", "2025-07-01T00:00:00Z" };
	static const char *const residences[] = { "36110", "4128100000",
	    "11110", "42720", "2711000000", "x" };
	static const char *const numbers[] = { "0102033234560",
	    "0102037234560", "010203", "0102043234560" };
	static const char *const centres[] = { "3611025000", "4128500000",
	    "" };
	static const char *const reasons[] = { "", "device-lost", "why" };
	static const char *const status[] = { "issued", "lost" };
	static const char *const callers[] = { "upstream", "stranger" };
	struct sample s = random_below(2) == 0 ? sample(ONE_OF(times)) :
	    visit(ONE_OF(times));

	s.a.dry_run = random_below(2) == 0;
	s.a.caller = view_text(ONE_OF(callers));
	s.a.purpose = (enum purpose)(1 + random_below(3));
	s.a.reason = view_text(ONE_OF(reasons));
	s.a.holder.number = view_text(ONE_OF(numbers));
	s.a.holder.residence = view_text(ONE_OF(residences));
	s.a.holder.card_status = view_text(ONE_OF(status));
	s.a.holder.ic_chip = random_below(2) == 0;
	s.a.holder.birth_date.year += random_below(2) == 0 ? 0 : 7;
	s.a.evidence.kind = (enum evidence_kind)random_below(3);
	s.a.evidence.centre = view_text(ONE_OF(centres));
	s.f.evidence = (enum evidence_state)random_below(3);
	s.f.device_proof = (enum proof_state)random_below(2);
	s.a.attestation.how = ATTESTED_PROOFS;
	s.a.attestation.key_storage = (enum resistance)random_below(5);
	s.f.active_devices = random_below(3);
	s.f.this_device_active = random_below(2) == 0;
	if (random_below(2) == 0)
		s.f.administrative_expiry = s.f.now + random_below(2);
	s.f.signer_not_after = s.f.now + random_below(2) * DAY;
	s.f.quota_used = 19 + random_below(2);
	return s;
}

static const char *const rules[] = {
	"r0: { kind: period, from: 2024-12-27T00:00:00+09:00%s }",
	"r1: { kind: entitlement%s }",
	"r2: { kind: number-digit, position: 7, refused: \"5678\"%s }",
	"r3: { kind: number-birth-date, centuries: { \"3\": 2000 }%s }",
	"r4: { kind: age, at-least: 17%s }",
	"r5: { kind: card, status: [issued], month-after-age: 17%s }",
	"r6: { kind: region, phases: [ { regions: a, "
	    "from: 2025-02-14T00:00:00+09:00 } ]%s }",
	"r7: { kind: centre, until: 2025-03-28T00:00:00+09:00, "
	    "evidence: [qr-token]%s }",
	"r8: { kind: channel, channels: [ { evidence: qr-token }, "
	    "{ evidence: ic-card, needs-chip: true } ]%s }",
	"r9: { kind: evidence, without-evidence: [refresh]%s }",
	"r10: { kind: device-proof, operations: [credential]%s }",
	"r11: { kind: devices, at-most: 1%s }",
	"r12: { kind: reason, reasons: { device-lost: {} }%s }",
	"r13: { kind: administrative-validity%s }",
	"r14: { kind: technical-validity%s }",
	"r15: { kind: claims, operations: [credential]%s }",
	"r16: { kind: formats, operations: [credential]%s }",
	"r17: { kind: quota, at-most: 20, window: P1D%s }",
	/* the same kinds with other figures */
	"r18: { kind: period, from: 2024-12-01T00:00:00+09:00, "
	    "until: 2025-03-01T00:00:00+09:00%s }",
	"r19: { kind: age, at-least: 25, purposes: [reissue]%s }",
	"r20: { kind: number-digit, position: 1, refused: \"0\"%s }",
	"r21: { kind: devices, at-most: 2%s }",
	"r22: { kind: channel, without-evidence: [refresh], channels: [ "
	    "{ evidence: qr-token, needs-centre: true } ]%s }",
	"r23: { kind: reason, reasons: { device-lost: { new-visit: true }, "
	    "why: {} }%s }",
	"r24: { kind: device-attestation, key-storage: iso_18045_moderate, "
	    "operations: [credential]%s }",
};

/* The chosen rules (bits), those in monitored with mode monitor. */
enum order { WRITTEN, BACKWARDS };
static struct policy *
policy_in(enum order order, uint32_t chosen, uint32_t monitored)
{
	AUTO_DONE(bytes) text = { 0 };
	struct policy *p = NULL;
	struct policy_file files[] = {
		{ "a.yaml", view_text("kind: policy\nserial: 1\n"
		    "leap-birthday: march-1\n") },
		{ "b.yaml", view_text("kind: regions\nregions: { a: { "
		    "x: [\"36\", \"41\", \"11110\"] } }\n") },
		{ "c.yaml", view_text("kind: callers\ncallers: { upstream: [ "
		    "{ programmes: [resident-id], operations: [qr-token, "
		    "credential], purposes: [first-issue, reissue, refresh], "
		    "evidence: [none, qr-token] } ] }\n") },
		{ "d.yaml", { 0 } },
	};

	bytes_put_text(&text, "kind: programme\nprogramme: resident-id\n"
	    "vct: v\noperations: [qr-token, credential]\n"
	    "formats: [dc+sd-jwt]\nage-over: []\nclaims:\n"
	    "  family_name: { type: text, required: true }\n"
	    "  given_name: { type: text, required: true }\n"
	    "  birth_date: { type: date, required: false }\n"
	    "validity: { administrative: P3Y, ends: exact, technical: P30D,"
	    " qr-token: PT180S }\nrules:\n");
	for (size_t n = 0; n < COUNT(rules); n++) {
		size_t i = order == WRITTEN ? n : COUNT(rules) - 1 - n;
		const char *mark = strstr(rules[i], "%s");

		if ((chosen >> i & 1) == 0)
			continue;
		bytes_put_text(&text, "  ");
		bytes_put(&text, VIEW(rules[i],
		    (size_t)(mark - rules[i])));
		bytes_put_text(&text, (monitored >> i & 1) != 0 ?
		    ", mode: monitor" : "");
		bytes_put_text(&text, mark + 2);
		bytes_put_text(&text, "\n");
	}
	files[3].content = bytes_view(&text);
	if (policy_parse(files, COUNT(files), &p) != ERR_OK)
		fail_msg("%s", err_why());
	return p;
}

static struct policy *
policy_of(uint32_t chosen, uint32_t monitored)
{
	return policy_in(WRITTEN, chosen, monitored);
}

static uint32_t
random_rules(void)
{
	uint32_t bits = 0;

	while (bits == 0)
		bits = random_below(1 << COUNT(rules)) &
		    (random_below(2) == 0 ? UINT32_MAX :
		    random_below(1 << COUNT(rules)));
	return bits;
}

static void
a_rule_more_never_allows_more(void **state)
{
	unsigned int narrower = 0, allowed_count = 0;

	(void)state;
	for (int i = 0; i < ROUNDS / 20; i++) {
		uint32_t few = random_rules();
		uint32_t more = few | UINT32_C(1) <<
		    random_below(COUNT(rules));
		AUTO(policy) p = policy_of(few, 0);
		AUTO(policy) q = policy_of(more, 0);

		for (int j = 0; j < 20; j++) {
			struct sample s = random_sample();
			bool before = allowed_by(p, &s);
			bool after = allowed_by(q, &s);

			assert_true(before || !after);
			allowed_count += before;
			narrower += before && !after;
		}
	}
	/* both happen, or this says nothing */
	assert_true(allowed_count > 100 && narrower > 10);
}

static void
a_monitor_never_changes_the_outcome(void **state)
{
	unsigned int monitored_failures = 0;

	(void)state;
	for (int i = 0; i < ROUNDS / 20; i++) {
		uint32_t rest = random_rules();
		uint32_t bit = UINT32_C(1) << random_below(COUNT(rules));
		AUTO(policy) without = NULL;
		AUTO(policy) with = policy_of(rest | bit, bit);

		if ((rest & ~bit) == 0)
			continue;
		without = policy_of(rest & ~bit, 0);
		for (int j = 0; j < 20; j++) {
			struct sample s = random_sample();
			AUTO(decision) d = decide_by(with, &s);

			assert_int_equal(decision_allows(d),
			    allowed_by(without, &s));
			for (size_t k = 0; k < decision_count(d); k++) {
				const struct rule_result *r =
				    decision_rule(d, k);

				monitored_failures +=
				    r->outcome == OUTCOME_FAIL &&
				    r->monitored &&
				    strstr(r->message, "(monitor: ") ==
				    r->message;
			}
		}
	}
	assert_true(monitored_failures > 100);
}

static enum outcome
outcome_by(const struct decision *d, const char *id)
{
	for (size_t i = 0; i < decision_count(d); i++) {
		if (strcmp(decision_rule(d, i)->id, id) == 0)
			return decision_rule(d, i)->outcome;
	}
	fail_msg("there is no rule %s", id);
	return OUTCOME_FAIL;
}

static void
the_order_of_rules_changes_no_outcome(void **state)
{
	(void)state;
	for (int i = 0; i < ROUNDS / 20; i++) {
		uint32_t chosen = random_rules();
		uint32_t monitored = random_rules();
		AUTO(policy) p = policy_in(WRITTEN, chosen, monitored);
		AUTO(policy) q = policy_in(BACKWARDS, chosen, monitored);

		for (int j = 0; j < 20; j++) {
			struct sample s = random_sample();
			AUTO(decision) d = decide_by(p, &s);
			AUTO(decision) e = decide_by(q, &s);

			assert_int_equal(decision_allows(d),
			    decision_allows(e));
			assert_int_equal(decision_count(d),
			    decision_count(e));
			for (size_t k = 0; k < decision_count(d); k++) {
				const struct rule_result *r =
				    decision_rule(d, k);

				assert_int_equal(r->outcome,
				    outcome_by(e, r->id));
			}
		}
	}
}

static enum err
explain(const struct policy *p, struct sample *s, struct bytes *out)
{
	AUTO_DONE(bytes) frame = { 0 };
	AUTO(request) r = NULL;

	if (s->a.claims.kind == VALUE_MAP)
		s->a.claims.members = s->claims;
	request_encode(&s->a, &frame);
	assert_int_equal(request_decode(bytes_view(&frame), &r), ERR_OK);
	return policy_explain(p, r, &s->f, out);
}

static void
the_same_is_decided_twice_and_in_any_zone(void **state)
{
	(void)state;
	for (int i = 0; i < ROUNDS / 10; i++) {
		struct sample s = random_sample();
		AUTO_DONE(bytes) one = { 0 };
		AUTO_DONE(bytes) two = { 0 };

		setenv("TZ", "America/New_York", 1);
		assert_int_equal(explain(reference, &s, &one), ERR_OK);
		setenv("TZ", "Asia/Seoul", 1);
		assert_int_equal(explain(reference, &s, &two), ERR_OK);
		assert_true(view_equal(bytes_view(&one), bytes_view(&two)));
	}
}

static void
every_rule_is_reported_whatever_fails(void **state)
{
	static const char *const ids[] = { "offered", "programme-open",
	    "caller-entitled", "not-foreigner", "number-consistent",
	    "holder-age", "card-held", "region-open", "centre-in-region",
	    "channel-open", "evidence-valid", "device-proof", "one-device",
	    "reissue-reason", "status-change", "administrative-validity",
	    "technical-validity",
	    "claims-complete", "format-offered", "quota" };

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct sample s = random_sample();
		AUTO(decision) d = decide_by(reference, &s);
		bool failed = false;

		assert_int_equal(decision_count(d), COUNT(ids));
		for (size_t k = 0; k < COUNT(ids); k++) {
			const struct rule_result *r = decision_rule(d, k);

			assert_string_equal(r->id, ids[k]);
			assert_true(r->message[0] != '\0');
			assert_true(k == 0 || r->basis[0] != '\0');
			failed = failed || r->outcome == OUTCOME_FAIL;
		}
		assert_int_equal(decision_allows(d), !failed);
		assert_int_equal(decision_grant(d) != NULL, !failed);
	}
}

static void
an_explanation_is_one_line_of_json(void **state)
{
	struct sample s = sample("2025-07-01T00:00:00Z");
	AUTO_DONE(bytes) out = { 0 };
	const char *text;

	(void)state;
	assert_int_equal(explain(reference, &s, &out), ERR_OK);
	text = bytes_text(&out);
	assert_int_equal(strncmp(text, "{\"outcome\":\"allow\",\"policy\":\"",
	    29), 0);
	assert_non_null(strstr(text, "\"serial\":1,\"rules\":[{\"id\":"));
	assert_non_null(strstr(text, "{\"id\":\"holder-age\",\"outcome\":"
	    "\"pass\",\"message\":\"at least 17 full years, reached on "
	    "2018-02-03; today is 2025-07-01\",\"basis\":\"Act 24(1)\"}"));
	assert_non_null(strstr(text, ",\"grant\":{"
	    "\"valid_from\":\"2025-07-01T00:00:00Z\","
	    "\"administrative_expiry\":\"2028-07-01T15:00:00Z\","
	    "\"technical_expiry\":\"2025-09-29T00:00:00Z\","
	    "\"formats\":[\"dc+sd-jwt\"]}}\n"));
	assert_ptr_equal(strchr(text, '\n'), text + out.len - 1);
	s.f.active_devices = 1;
	bytes_reset(&out);
	assert_int_equal(explain(reference, &s, &out), ERR_OK);
	text = bytes_text(&out);
	assert_int_equal(strncmp(text, "{\"outcome\":\"deny\"", 17), 0);
	assert_null(strstr(text, "grant"));
}

static void
a_token_is_granted_without_administrative_expiry(void **state)
{
	struct sample v = visit("2025-07-01T00:00:00Z");
	AUTO_DONE(bytes) out = { 0 };

	(void)state;
	assert_int_equal(explain(reference, &v, &out), ERR_OK);
	assert_non_null(strstr(bytes_text(&out), "\"grant\":{"
	    "\"valid_from\":\"2025-07-01T00:00:00Z\","
	    "\"administrative_expiry\":null,"
	    "\"technical_expiry\":\"2025-07-01T00:03:00Z\",\"formats\":[]}"));
}

static void
long_and_foreign_text_is_cut_between_characters(void **state)
{
	struct sample s = sample("2025-07-01T00:00:00Z");
	char text[ASKED_TEXT + 1] = "x";
	AUTO_DONE(bytes) out = { 0 };

	(void)state;
	for (size_t i = 1; i + 3 <= ASKED_TEXT; i += 3)
		memcpy(text + i, "한", 4);
	s.a.caller = view_text(text);
	s.a.holder.card_status = view_text(text);
	s.a.holder.residence = view_text(text);
	s.a.evidence.centre = view_text(text);
	s.a.formats[0] = view_text(text);
	s.a.purpose = PURPOSE_REISSUE;
	s.a.reason = view_text(text);
	claim(&s, text, text_value(text));
	/* json_end() would find what is not UTF-8 */
	assert_int_equal(explain(reference, &s, &out), ERR_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rule_more_never_allows_more),
		cmocka_unit_test(a_monitor_never_changes_the_outcome),
		cmocka_unit_test(the_order_of_rules_changes_no_outcome),
		cmocka_unit_test(the_same_is_decided_twice_and_in_any_zone),
		cmocka_unit_test(every_rule_is_reported_whatever_fails),
		cmocka_unit_test(an_explanation_is_one_line_of_json),
		cmocka_unit_test(
		    a_token_is_granted_without_administrative_expiry),
		cmocka_unit_test(
		    long_and_foreign_text_is_cut_between_characters),
	};

	return cmocka_run_group_tests(tests, load_reference, free_reference);
}
