/*
 * What others are told of a policy and its decisions: callers by their
 * entitlement, everybody the fees, people the whole of what is in force.
 */
#include "policy/effective.h"
#include "policy/explain.h"

#include "sample.h"

#define HEAD "kind: policy\nserial: 1\nleap-birthday: march-1\n"
#define MAY "programmes: [card], operations: [credential], purposes: "        \
    "[first-issue, reissue, refresh], evidence: [none, qr-token]"
#define CALLERS "kind: callers\ncallers:\n"                                   \
    "  full: [ { " MAY ", detail: full } ]\n"                                 \
    "  some: [ { " MAY ", detail: outcome } ]\n"                              \
    "  upstream: [ { " MAY " } ]\n"
#define CARD "kind: programme\nprogramme: card\nvct: v\n"                     \
    "operations: [credential]\nformats: [dc+sd-jwt]\nage-over: []\n"          \
    "claims: { name: { type: text, required: true } }\n"                      \
    "validity: { administrative: P3Y, ends: exact, technical: P30D,"          \
    " qr-token: PT180S }\nrules:\n"                                           \
    "  caller: { kind: entitlement }\n"                                       \
    "  age: { kind: age, at-least: 17, basis: Act 24 }\n"                     \
    "  one: { kind: devices, at-most: 1 }\n"                                  \
    "  reason: { kind: reason, reasons: { lost: { new-visit: true } } }\n"    \
    "  years: { kind: administrative-validity }\n"                            \
    "  seen: { kind: evidence, mode: monitor, purposes: [first-issue] }\n"    \
    "  often: { kind: quota, at-most: 20, window: PT36H }\n"

static struct policy *
policy(const char *fees)
{
	AUTO_DONE(bytes) card = { 0 };
	struct policy *p = NULL;
	struct policy_file files[] = {
		{ "a.yaml", view_text(HEAD) },
		{ "b.yaml", view_text(CALLERS) },
		{ "c.yaml", { 0 } },
	};

	bytes_put_text(&card, CARD);
	bytes_put_text(&card, fees);
	files[2].content = bytes_view(&card);
	if (policy_parse(files, COUNT(files), &p) != ERR_OK)
		fail_msg("%s", err_why());
	return p;
}

static struct sample
asked(const char *caller)
{
	struct sample s = sample("2025-07-01T00:00:00Z");

	s.a.programme = view_text("card");
	s.a.caller = view_text(caller);
	s.a.purpose = PURPOSE_REISSUE;
	s.a.reason = view_text("lost");
	s.f.active_devices = 1;
	s.f.last_issued_at = s.f.now - 7777;
	s.f.quota_used = 13;
	return s;
}

/* The answer a caller gets. */
static void
answer(const struct policy *p, struct sample *s, struct bytes *out)
{
	AUTO(decision) d = decide_by(p, s);
	struct json j = json_start(out);

	decision_json(d, &j, NULL);
	assert_int_equal(json_end(&j), ERR_OK);
}

static void
the_answer(const struct policy *p, const char *caller, bool tells)
{
	AUTO_DONE(bytes) out = { 0 };
	struct sample s = asked(caller);
	static const char *const state[] = { "there are 1", "last issue",
	    "used 13", "valid until" };
	const char *text;

	answer(p, &s, &out);
	text = bytes_text(&out);
	for (size_t i = 0; i < COUNT(state); i++)
		assert_true((strstr(text, state[i]) != NULL) == tells);
	assert_true((strstr(text, "not told to this client") == NULL) ==
	    tells);
	/* what the request itself says is told to whoever sent it */
	assert_non_null(strstr(text, "at least 17 full years, reached on "
	    "2018-02-03"));
	assert_non_null(strstr(text, "{\"id\":\"one\",\"outcome\":\"pass\""));
}

static void
only_who_is_entitled_is_told_what_the_service_knows(void **state)
{
	AUTO(policy) p = policy("");

	(void)state;
	the_answer(p, "full", true);
	the_answer(p, "some", false);
	/* nothing said is nothing told, and so for strangers */
	the_answer(p, "upstream", false);
	the_answer(p, "stranger", false);
}

static void
what_a_client_may_not_ask_tells_it_nothing(void **state)
{
	AUTO(policy) p = policy("");
	AUTO_DONE(bytes) out = { 0 };
	struct sample s = asked("full");

	(void)state;
	s.a.evidence.kind = EVIDENCE_IC_CARD;
	answer(p, &s, &out);
	assert_null(strstr(bytes_text(&out), "there are 1"));
}

static void
the_mode_is_told_to_everybody(void **state)
{
	AUTO(policy) p = policy("");
	AUTO_DONE(bytes) out = { 0 };
	struct sample s = asked("some");

	(void)state;
	s.a.purpose = PURPOSE_FIRST_ISSUE;
	answer(p, &s, &out);
	assert_non_null(strstr(bytes_text(&out), "{\"id\":\"seen\","
	    "\"outcome\":\"pass\",\"message\":\"(monitor: never refuses) "
	    "not told to this client\""));
	bytes_reset(&out);
	s.a.caller = view_text("full");
	answer(p, &s, &out);
	assert_non_null(strstr(bytes_text(&out), "(monitor: never refuses) "
	    "evidence qr-token must be valid"));
}

static enum err
explain(const struct policy *p, struct sample *s, struct bytes *out)
{
	AUTO_DONE(bytes) frame = { 0 };
	AUTO(request) r = NULL;

	s->a.claims.members = s->claims;
	request_encode(&s->a, &frame);
	assert_int_equal(request_decode(bytes_view(&frame), &r), ERR_OK);
	return policy_explain(p, r, &s->f, out);
}

static void
an_explanation_tells_everything_to_the_author(void **state)
{
	AUTO(policy) p = policy("");
	AUTO_DONE(bytes) out = { 0 };
	struct sample s = asked("some");

	(void)state;
	assert_int_equal(explain(p, &s, &out), ERR_OK);
	assert_non_null(strstr(bytes_text(&out), "there are 1"));
	assert_null(strstr(bytes_text(&out), "not told"));
}

/* ---- fees */

#define FEES "fees:\n  card-fee:\n    won: 5000\n    waived:\n"               \
    "      - { born: 2001, year: 2025, card: [none, ordered] }\n"             \
    "  other: { won: 1 }\n"

static void
a_programme_without_fees_states_none(void **state)
{
	AUTO(policy) p = policy("");
	AUTO_DONE(bytes) out = { 0 };
	struct sample s = asked("full");

	(void)state;
	answer(p, &s, &out);
	assert_null(strstr(bytes_text(&out), "fees"));
}

static int64_t
fee(const struct policy *p, struct sample *s)
{
	AUTO(decision) d = decide_by(p, s);

	assert_string_equal(decision_fee(d, 0)->id, "card-fee");
	assert_string_equal(decision_fee(d, 1)->id, "other");
	assert_int_equal(decision_fee(d, 1)->won, 1);
	assert_null(decision_fee(d, 2));
	return decision_fee(d, 0)->won;
}

static void
a_fee_is_waived_for_a_birth_year_in_a_year_by_card(void **state)
{
	AUTO(policy) p = policy(FEES);
	struct sample s = asked("full");

	(void)state;
	assert_int_equal(fee(p, &s), 5000);
	s.a.holder.has_card = false;
	assert_int_equal(fee(p, &s), 0);
	s.a.holder.has_card = true;
	s.a.holder.card_status = view_text("ordered");
	assert_int_equal(fee(p, &s), 0);
	s.a.holder.card_status = view_text("none");
	assert_int_equal(fee(p, &s), 0);
	s.a.holder.birth_date.year = 2000;
	assert_int_equal(fee(p, &s), 5000);
	s.a.holder.birth_date.year = 2001;
	/* the year begins and ends in Korea */
	s.f.now = at("2024-12-31T14:59:59Z");
	assert_int_equal(fee(p, &s), 5000);
	s.f.now = at("2024-12-31T15:00:00Z");
	assert_int_equal(fee(p, &s), 0);
	s.f.now = at("2025-12-31T14:59:59Z");
	assert_int_equal(fee(p, &s), 0);
	s.f.now = at("2025-12-31T15:00:00Z");
	assert_int_equal(fee(p, &s), 5000);
}

static void
fees_are_stated_whatever_is_decided(void **state)
{
	AUTO(policy) p = policy(FEES);
	AUTO_DONE(bytes) out = { 0 };
	struct sample s = asked("full");

	(void)state;
	s.f.active_devices = 2;
	answer(p, &s, &out);
	assert_non_null(strstr(bytes_text(&out), "{\"outcome\":\"deny\""));
	assert_non_null(strstr(bytes_text(&out),
	    "],\"fees\":{\"card-fee\":5000,\"other\":1}}"));
}

/* ---- what is in force */

static const char *
effective(const struct policy *p, struct bytes *out)
{
	struct json j = json_start(out);

	json_record(&j, NULL);
	policy_effective(p, &j);
	json_close(&j);
	assert_int_equal(json_end(&j), ERR_OK);
	return bytes_text(out);
}

static void
what_is_in_force_is_told_with_its_defaults(void **state)
{
	AUTO(policy) p = policy(FEES);
	AUTO_DONE(bytes) out = { 0 };
	const char *text = effective(p, &out);

	(void)state;
	assert_non_null(strstr(text, "\"operations\":[{\"operation\":"
	    "\"credential\",\"rules\":[{\"id\":\"caller\",\"kind\":"
	    "\"entitlement\",\"mode\":\"enforce\",\"purposes\":"
	    "[\"first-issue\",\"reissue\",\"refresh\"],\"parameters\":{},"
	    "\"basis\":\"\"}"));
	assert_non_null(strstr(text, "{\"id\":\"age\",\"kind\":\"age\","
	    "\"mode\":\"enforce\",\"purposes\":[\"first-issue\",\"reissue\","
	    "\"refresh\"],\"parameters\":{\"at-least\":17},"
	    "\"basis\":\"Act 24\"}"));
	assert_non_null(strstr(text, "\"mode\":\"monitor\",\"purposes\":"
	    "[\"first-issue\"]"));
	assert_non_null(strstr(text, "{\"lost\":{\"new-visit\":true}}"));
	assert_non_null(strstr(text, "\"window\":\"P1DT12H\""));
	assert_non_null(strstr(text, "\"validity\":{\"administrative\":"
	    "\"P3Y\",\"ends\":\"exact\",\"technical\":\"P30D\","
	    "\"qr-token\":\"PT3M\"}"));
	assert_non_null(strstr(text, "\"fees\":{\"card-fee\":{\"won\":5000,"
	    "\"waived\":[{\"born\":2001,\"year\":2025,"
	    "\"card\":[\"none\",\"ordered\"]}]},\"other\":{\"won\":1}}"));
	assert_non_null(strstr(text, "\"upstream\":[{\"programmes\":"
	    "[\"card\"],\"operations\":[\"credential\"],"));
	assert_non_null(strstr(text, "\"detail\":\"outcome\""));
}

static void
times_are_told_in_korea_and_regions_by_code(void **state)
{
	AUTO_DONE(bytes) out = { 0 };
	const char *text = effective(reference, &out);

	(void)state;
	assert_non_null(strstr(text, "\"id\":\"programme-open\",\"kind\":"
	    "\"period\",\"mode\":\"enforce\","));
	assert_non_null(strstr(text,
	    "\"parameters\":{\"from\":\"2024-12-27T00:00:00+09:00\"}"));
	assert_non_null(strstr(text, "{\"regions\":\"pilot\","
	    "\"from\":\"2024-12-27T00:00:00+09:00\"}"));
	assert_non_null(strstr(text,
	    "\"Goyang-si\":[\"41280\",\"41281\",\"41285\",\"41287\"]"));
	assert_non_null(strstr(text, "\"leap-birthday\":\"march-1\""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    only_who_is_entitled_is_told_what_the_service_knows),
		cmocka_unit_test(what_a_client_may_not_ask_tells_it_nothing),
		cmocka_unit_test(the_mode_is_told_to_everybody),
		cmocka_unit_test(an_explanation_tells_everything_to_the_author),
		cmocka_unit_test(a_programme_without_fees_states_none),
		cmocka_unit_test(
		    a_fee_is_waived_for_a_birth_year_in_a_year_by_card),
		cmocka_unit_test(fees_are_stated_whatever_is_decided),
		cmocka_unit_test(what_is_in_force_is_told_with_its_defaults),
		cmocka_unit_test(times_are_told_in_korea_and_regions_by_code),
	};

	return cmocka_run_group_tests(tests, load_reference, free_reference);
}
