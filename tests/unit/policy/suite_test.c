/* Cases beside a policy: what passes, what fails, what cannot be read. */
#include "policy/suite.h"

#include "sample.h"

#define HEAD "kind: policy\nserial: 1\nleap-birthday: march-1\n"
#define CARD "kind: programme\nprogramme: card\nvct: v\n"                     \
    "operations: [credential, qr-token]\nformats: [dc+sd-jwt]\n"              \
    "age-over: []\nclaims: { name: { type: text, required: true } }\n"        \
    "validity: { administrative: P3Y, ends: exact, technical: P30D,"          \
    " qr-token: PT180S }\n"                                                   \
    "fees: { card-fee: { won: 5000, waived: ["                                \
    " { born: 2001, year: 2025, card: [none, lost] } ] } }\n"                 \
    "rules:\n"                                                                \
    "  age: { kind: age, at-least: 17 }\n"                                    \
    "  one: { kind: devices, at-most: 1 }\n"                                  \
    "  proof: { kind: device-proof }\n"                                       \
    "  full: { kind: claims }\n"                                              \
    "  seen: { kind: evidence, mode: monitor }\n"
#define GIVEN "given:\n  now: 2025-07-01T09:00:00+09:00\n"                    \
    "  request:\n    operation: credential\n    programme: card\n"            \
    "    purpose: first-issue\n    holder: { birth_date: 2001-02-03 }\n"      \
    "    evidence: { kind: qr-token }\n"                                      \
    "cases:\n"

static enum err
parse(const char *cases, struct policy **out)
{
	struct policy_file files[] = {
		{ "a.yaml", view_text(HEAD) },
		{ "card.yaml", view_text(CARD) },
		{ "card_test.yaml", view_text(cases) },
	};

	return policy_parse(files, COUNT(files), out);
}

static void
passing(const char *cases)
{
	AUTO(policy) p = NULL;

	if (parse(cases, &p) != ERR_OK)
		fail_msg("%s", err_why());
}

static void
refused(const char *cases, enum err e, const char *words)
{
	AUTO(policy) p = NULL;

	assert_int_equal(parse(cases, &p), e);
	assert_null(p);
	if (strstr(err_why(), words) == NULL)
		fail_msg("wanted \"%s\", got \"%s\"", words, err_why());
}

static void
a_policy_whose_cases_pass_is_loaded(void **state)
{
	(void)state;
	passing(GIVEN "  an adult: { outcome: allow }\n");
	passing(GIVEN "  a child:\n    request: { holder: { birth_date: "
	    "2010-01-01 } }\n    outcome: deny\n    fails: [age]\n");
}

static void
a_policy_that_fails_its_own_case_is_not(void **state)
{
	(void)state;
	refused(GIVEN "  an adult: { outcome: allow }\n"
	    "  a child:\n    request: { holder: { birth_date: 2010-01-01 } }\n"
	    "    outcome: allow\n  another: { outcome: deny, fails: [age] }\n",
	    ERR_MISMATCH, "card_test.yaml:12:5: case \"a child\": expected "
	    "allow; got deny by age");
	refused(GIVEN "  an adult: { outcome: deny, fails: [age] }\n",
	    ERR_MISMATCH, "expected deny by age; got allow");
}

static void
the_rules_that_fail_are_these_and_no_others(void **state)
{
	static const char two[] = GIVEN "  two rules:\n"
	    "    request: { holder: { birth_date: 2010-01-01 } }\n"
	    "    facts: { active_devices: 1 }\n    outcome: deny\n"
	    "    fails: [one%s]\n";
	char text[1024];

	(void)state;
	snprintf(text, sizeof(text), two, "");
	refused(text, ERR_MISMATCH, "expected deny by one; got deny by age, "
	    "one");
	snprintf(text, sizeof(text), two, ", age");
	passing(text);
	snprintf(text, sizeof(text), two, ", age, full");
	refused(text, ERR_MISMATCH, "expected deny by age, full, one; "
	    "got deny by age, one");
}

static void
a_rule_that_monitors_fails_without_refusing(void **state)
{
	(void)state;
	passing(GIVEN "  used before:\n    facts: { evidence: redeemed }\n"
	    "    outcome: allow\n    monitored: [seen]\n");
	refused(GIVEN "  used before:\n    facts: { evidence: redeemed }\n"
	    "    outcome: allow\n", ERR_MISMATCH,
	    "expected allow; got allow, monitored seen");
	/* that it monitors is part of what is tested */
	refused(GIVEN "  used before:\n    facts: { evidence: redeemed }\n"
	    "    outcome: deny\n    fails: [seen]\n", ERR_MISMATCH,
	    "expected deny by seen; got allow, monitored seen");
	refused(GIVEN "  x: { outcome: allow, monitored: [sene] }\n",
	    ERR_SCHEMA, "got \"sene\"; did you mean \"seen\"?");
}

static void
a_case_begins_with_what_is_given_and_changes_it(void **state)
{
	(void)state;
	/* one member of holder is changed, the others stay */
	passing(GIVEN "  another purpose and card:\n"
	    "    now: 2026-07-01T09:00:00+09:00\n"
	    "    request:\n      purpose: reissue\n      reason: lost\n"
	    "      holder: { card: { held: true, status: lost, "
	    "issued_on: 2020-01-01, ic_chip: true } }\n"
	    "    outcome: allow\n"
	    "    grant: { valid_from: 2026-07-01T00:00:00Z }\n"
	    "  the given is as it was:\n    outcome: allow\n"
	    "    grant: { valid_from: 2025-07-01T00:00:00Z }\n");
	/* nothing at all is given */
	passing("cases:\n  alone:\n    now: 2025-07-01T00:00:00Z\n"
	    "    request: { operation: credential, programme: card, purpose: "
	    "first-issue, holder: { birth_date: 2001-02-03 }, "
	    "evidence: { kind: ic-card } }\n"
	    "    outcome: allow\n");
	/* given facts, too, and those of the case over them */
	passing("given:\n  now: 2025-07-01T00:00:00Z\n"
	    "  request: { operation: credential, programme: card, purpose: "
	    "first-issue, holder: { birth_date: 2001-02-03 }, "
	    "evidence: { kind: qr-token } }\n"
	    "  facts: { active_devices: 1, evidence: expired }\n"
	    "cases:\n  as given: { outcome: deny, fails: [one], monitored: "
	    "[seen] }\n  one thing changed:\n    facts: { active_devices: 0 "
	    "}\n    outcome: allow\n    monitored: [seen]\n");
}

static void
grants_are_compared_as_far_as_they_are_named(void **state)
{
	(void)state;
	passing(GIVEN "  times:\n    outcome: allow\n    grant:\n"
	    "      valid_from: 2025-07-01T00:00:00Z\n"
	    "      administrative_expiry: 2028-07-01T09:00:00+09:00\n"
	    "      technical_expiry: 2025-07-31T00:00:00Z\n");
	refused(GIVEN "  times:\n    outcome: allow\n    grant:\n"
	    "      technical_expiry: 2025-07-31T00:00:01Z\n", ERR_MISMATCH,
	    "expected allow, technical_expiry 2025-07-31T00:00:01Z; got "
	    "allow, technical_expiry 2025-07-31T00:00:00Z");
	refused(GIVEN "  a token has none:\n    request: { operation: "
	    "qr-token }\n    outcome: allow\n    grant:\n"
	    "      administrative_expiry: 2028-07-01T00:00:00Z\n",
	    ERR_MISMATCH, "got allow, administrative_expiry none");
	refused(GIVEN "  nothing granted:\n    facts: { active_devices: 1 }\n"
	    "    outcome: deny\n    fails: [one]\n"
	    "    grant: { valid_from: 2025-07-01T00:00:00Z }\n",
	    ERR_MISMATCH, "got deny by one");
}

static void
fees_are_compared(void **state)
{
	(void)state;
	passing(GIVEN "  a first card:\n    outcome: allow\n"
	    "    fees: { card-fee: 0 }\n");
	passing(GIVEN "  a year later:\n    now: 2026-01-01T00:00:00+09:00\n"
	    "    outcome: allow\n    fees: { card-fee: 5000 }\n");
	refused(GIVEN "  a first card:\n    outcome: allow\n"
	    "    fees: { card-fee: 5000 }\n", ERR_MISMATCH,
	    "expected allow, card-fee 5000; got allow, card-fee 0");
	refused(GIVEN "  no such fee:\n    outcome: allow\n"
	    "    fees: { lunch: 5000 }\n", ERR_MISMATCH,
	    "expected allow, lunch 5000; got allow");
}

static void
claims_are_what_they_are_written_as(void **state)
{
	(void)state;
	passing(GIVEN "  a text: { request: { claims: { name: x } }, "
	    "outcome: allow }\n");
	passing(GIVEN "  a quoted text: { request: { claims: { name: \"1\" } "
	    "}, outcome: allow }\n");
	passing(GIVEN "  an integer: { request: { claims: { name: 1 } }, "
	    "outcome: deny, fails: [full] }\n");
	passing(GIVEN "  a boolean: { request: { claims: { name: true } }, "
	    "outcome: deny, fails: [full] }\n");
	passing(GIVEN "  a map: { request: { claims: { name: { a: [b] } } }, "
	    "outcome: deny, fails: [full] }\n");
	passing(GIVEN "  an unknown one: { request: { claims: { name: x, "
	    "other: z } }, outcome: deny, fails: [full] }\n");
	refused(GIVEN "  a date: { request: { claims: { name: 2001-02-03 } },"
	    " outcome: allow }\n", ERR_SCHEMA, "quoted");
	refused(GIVEN "  none: { request: { claims: x }, outcome: allow }\n",
	    ERR_SCHEMA, "expected a map, got x");
}

static void
a_case_is_read_as_strictly_as_a_rule(void **state)
{
	(void)state;
	refused("cases: {}\n", ERR_SCHEMA, "1 to 2000 entries, got 0");
	refused("kind: suite\ncases: {}\n", ERR_SCHEMA, "a known key");
	refused("given: {}\n", ERR_SCHEMA, "expected the key \"cases\"");
	refused(GIVEN "  x: { outcome: alow }\n", ERR_SCHEMA,
	    "did you mean \"allow\"?");
	refused(GIVEN "  x: { outcme: allow }\n", ERR_SCHEMA,
	    "card_test.yaml:10:8: expected a known key, got \"outcme\"; "
	    "did you mean \"outcome\"?");
	refused(GIVEN "  x: { now: 2025-07-01T00:00:00Z }\n", ERR_SCHEMA,
	    "expected the key \"outcome\"");
	refused(GIVEN "  x: { outcome: deny, fails: [aeg] }\n", ERR_SCHEMA,
	    "expected the id of a rule, got \"aeg\"");
	refused(GIVEN "  x: { outcome: deny, fails: [] }\n", ERR_SCHEMA,
	    "1 to 65 items");
	refused(GIVEN "  x: { facts: { evidence: fine }, outcome: allow }\n",
	    ERR_SCHEMA, "expected one of valid, missing");
	refused(GIVEN "  x: { facts: { quota_used: -1 }, outcome: allow }\n",
	    ERR_SCHEMA, "an integer from 0");
	refused(GIVEN "  x: { request: { holder: { residence: 36110 } }, "
	    "outcome: allow }\n", ERR_SCHEMA, "quoted");
	refused(GIVEN "  x: { outcome: allow }\n  x: { outcome: allow }\n",
	    ERR_SCHEMA, "each key once");
	refused("cases:\n  x: { outcome: allow }\n", ERR_SCHEMA,
	    "expected the key \"now\"");
	refused("cases:\n  x: { now: 2025-07-01T00:00:00Z, "
	    "outcome: allow }\n", ERR_SCHEMA, "case \"x\": request, member "
	    "operation: expected a known one");
}

static void
a_suite_is_no_part_and_a_part_no_suite(void **state)
{
	struct policy_file files[] = {
		{ "a.yaml", view_text(HEAD) },
		{ "card_tests.yaml", view_text(GIVEN "  x: { outcome: "
		    "allow }\n") },
		{ "card.yaml", view_text(CARD) },
	};
	AUTO(policy) p = NULL;

	(void)state;
	assert_int_equal(policy_parse(files, 3, &p), ERR_SCHEMA);
	assert_non_null(strstr(err_why(), "expected the key \"kind\""));
	files[1].name = "_test.yaml";
	assert_int_equal(policy_parse(files, 3, &p), ERR_SCHEMA);
	files[1].name = "x_test.yaml";
	assert_int_equal(policy_parse(files, 3, &p), ERR_OK);
}

static void
the_hash_covers_the_cases(void **state)
{
	AUTO(policy) p = NULL;
	AUTO(policy) q = NULL;

	(void)state;
	assert_int_equal(parse(GIVEN "  x: { outcome: allow }\n", &p),
	    ERR_OK);
	assert_int_equal(parse(GIVEN "  z: { outcome: allow }\n", &q),
	    ERR_OK);
	assert_memory_not_equal(policy_hash(p), policy_hash(q),
	    sizeof(struct hash));
}

struct heard {
	size_t	all, passed;
};

static void
hear(void *context, const struct suite_result *r)
{
	struct heard *h = context;

	h->all++;
	h->passed += r->passed;
	assert_non_null(strstr(r->file, "_test.yaml"));
	assert_true(r->line > 1 && r->name[0] != '\0');
}

static void
the_reference_policy_is_told_case_by_case(void **state)
{
	AUTO(policy) p = NULL;
	struct heard h = { 0 };

	(void)state;
	assert_int_equal(policy_load_untested("configs/policy", &p), ERR_OK);
	assert_int_equal(policy_test(p, &(struct suite_listener){ hear, &h }),
	    ERR_OK);
	assert_true(h.all > 200);
	assert_int_equal(h.passed, h.all);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_policy_whose_cases_pass_is_loaded),
		cmocka_unit_test(a_policy_that_fails_its_own_case_is_not),
		cmocka_unit_test(the_rules_that_fail_are_these_and_no_others),
		cmocka_unit_test(a_rule_that_monitors_fails_without_refusing),
		cmocka_unit_test(
		    a_case_begins_with_what_is_given_and_changes_it),
		cmocka_unit_test(grants_are_compared_as_far_as_they_are_named),
		cmocka_unit_test(fees_are_compared),
		cmocka_unit_test(claims_are_what_they_are_written_as),
		cmocka_unit_test(a_case_is_read_as_strictly_as_a_rule),
		cmocka_unit_test(a_suite_is_no_part_and_a_part_no_suite),
		cmocka_unit_test(the_hash_covers_the_cases),
		cmocka_unit_test(the_reference_policy_is_told_case_by_case),
	};

	return cmocka_run_group_tests(tests, load_reference, free_reference);
}
