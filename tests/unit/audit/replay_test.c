/*
 * Deciding again: whatever the policy decided, a replay decides from the
 * entry alone; whatever else the entry says is found.
 */
#include "tests/unit/policy/sample.h"

#include <stdlib.h>

#include "audit/entry.h"
#include "audit/replay_run.h"
#include "policy/region.h"

/* ---- entries as the notary writes them */

struct story {
	struct replay	*replay;
	uint64_t	 index;
};

static void
put_rules(struct entry_decision_facts *f, const struct decision *d,
    struct entry_rule rules[ENTRY_RULES_MAX])
{
	for (size_t i = 0; i < decision_count(d); i++) {
		const struct rule_result *r = decision_rule(d, i);
		enum entry_rule_outcome failed = decision_allows(d) ?
		    ENTRY_RULE_MONITOR : ENTRY_RULE_FAIL;

		rules[i] = (struct entry_rule){ r->id,
		    r->outcome == OUTCOME_PASS ? ENTRY_RULE_PASS :
		    r->outcome == OUTCOME_FAIL ? failed : ENTRY_RULE_NA };
	}
	f->rules = rules;
	f->rule_count = decision_count(d);
}

static const char *
text_of(struct view v, char out[130])
{
	memcpy(out, v.at, v.len);
	out[v.len] = '\0';
	return out;
}

static bool
is_code(struct view v)
{
	return region_code(v) != REGION_NONE;
}

static void
write_entry(struct story *y, struct sample *s, struct bytes *out,
    const uint8_t *holder, const uint8_t *used)
{
	static const uint8_t device[16] = { 0xde };
	AUTO(decision) d = NULL;
	AUTO(request) r = NULL;
	AUTO_DONE(bytes) frame = { 0 };
	AUTO_DONE(bytes) seen = { 0 };
	struct json j = json_start(&seen);
	struct entry_rule rules[ENTRY_RULES_MAX + 1];
	struct entry_common c = { .seq = y->index, .t = s->f.now * 1000 };
	char caller[130], programme[130], reason[130], region[6] = { 0 };
	struct entry_decision_facts f = {
		.operation = operation_name(s->a.operation),
		.purpose = purpose_name(s->a.purpose),
		.programme = text_of(s->a.programme, programme),
		.caller = text_of(s->a.caller, caller),
		.policy = *policy_hash(reference),
		.serial = (uint64_t)policy_serial(reference),
		.dry_run = s->a.dry_run,
	};

	if (s->a.claims.kind == VALUE_MAP)
		s->a.claims.members = s->claims;
	request_encode(&s->a, &frame);
	if (request_decode(bytes_view(&frame), &r) != ERR_OK)
		fail_msg("%s", err_why());
	assert_int_equal(policy_decide(reference, r, &s->f, &d), ERR_OK);
	f.allow = decision_allows(d);
	if (s->a.evidence.kind != EVIDENCE_NONE)
		f.evidence = evidence_name(s->a.evidence.kind);
	if (seen_reason(d, r).len != 0)
		f.reason = text_of(seen_reason(d, r), reason);
	if (is_code(s->a.holder.residence)) {
		memcpy(region, s->a.holder.residence.at, 5);
		f.region = region;
	}
	if (!s->a.dry_run) {
		f.holder = holder;
		f.device = s->a.has_device ? device : NULL;
	}
	if (f.allow && !s->a.dry_run) {
		int64_t expiry = grant_terms(decision_grant(d))->
		    administrative_expiry;

		f.expiry = expiry != TIME_NONE ? expiry * 1000 : 0;
		f.used = s->a.operation == OPERATION_CREDENTIAL ? used : NULL;
		f.cti = s->a.operation == OPERATION_QR_TOKEN ? used : NULL;
		f.keys = holder;
		f.key_count = s->a.operation == OPERATION_CREDENTIAL;
	}
	put_rules(&f, d, rules);
	json_record(&j, NULL);
	seen_put(d, r, &s->f, &j);
	json_close(&j);
	assert_int_equal(json_end(&j), ERR_OK);
	f.facts = bytes_view(&seen);
	bytes_reset(out);
	if (entry_decision(&c, &f, out) != ERR_OK)
		fail_msg("%s: %s", err_why(), bytes_text(&seen));
}

static void
show_again(struct story *y, struct view entry)
{
	struct schema_entry e;

	if (schema_get(entry, &e) != ERR_OK)
		fail_msg("%s: %.*s", err_why(), (int)entry.len,
		    (const char *)entry.at);
	replay_decision(y->replay, y->index, &e, reference);
	assert_int_equal(replay_life(y->replay, y->index, &e), ERR_OK);
	y->index++;
}

static void
explained(const struct story *y, struct view entry)
{
	const struct replay_result *r = replay_result(y->replay);

	if (r->finding_count != 0)
		fail_msg("%s: %.*s", r->findings[0].why, (int)entry.len,
		    (const char *)entry.at);
}

/* ---- any request at all */

static uint64_t random_state = 88172645463325252u;

static unsigned int
pick(unsigned int below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned int)(random_state >> 33) % below;
}

#define ONE_OF(...) \
	((const char *const[]){ __VA_ARGS__ })[pick( \
	    COUNT(((const char *const[]){ __VA_ARGS__ })))]

static int64_t
near(int64_t now)
{
	static const int64_t steps[] = { 1, 60, 3600, DAY, 30 * DAY,
		400 * DAY };
	int64_t step = steps[pick(COUNT(steps))];

	return now + ((int64_t)pick(3) - 1) * step + (int64_t)pick(3) - 1;
}

static void
any_holder(struct sample *s)
{
	static char number[40];		/* as long as its parts might be */
	int year = 1995 + (int)pick(20), month = 1 + (int)pick(12);
	int day = 1 + (int)pick(28);

	snprintf(number, sizeof(number), "%02d%02d%02d%u234560", year % 100,
	    month, day, pick(10));
	born(s, year, month, day, pick(20) == 0 ? "x" : number);
	s->a.holder.residence = view_text(ONE_OF("41281", "36110", "11110",
	    "4128100000", "42720", "1111", "", "Seoul", "99999"));
	s->a.holder.has_card = pick(5) != 0;
	s->a.holder.card_status = view_text(s->a.holder.has_card ?
	    ONE_OF("issued", "issued", "lost", "hong gildong") : "");
	s->a.holder.has_card_date = s->a.holder.has_card && pick(4) != 0;
	s->a.holder.card_issued_on = (struct date){ 2012 + (int)pick(15),
	    1 + (int)pick(12), 1 + (int)pick(28) };
	if (!s->a.holder.has_card_date)
		s->a.holder.card_issued_on = (struct date){ 0 };
	s->a.holder.ic_chip = s->a.holder.has_card && pick(2) == 0;
	if (pick(6) == 0)
		claim(s, ONE_OF("hobby", "age_over_19", "nationality"),
		    pick(2) == 0 ? text_value("x") : boolean_value(true));
}

static void
any_request(struct sample *s)
{
	s->a.operation = pick(4) == 0 ? OPERATION_QR_TOKEN :
	    OPERATION_CREDENTIAL;
	s->a.purpose = (enum purpose)(1 + pick(3));
	s->a.reason = view_text(ONE_OF("", "device-lost", "expired",
	    "Hong Gildong asks", "device-replaced", "nosuch"));
	s->a.caller = view_text(ONE_OF("upstream", "upstream", "kiosk",
	    "nobody at all"));
	s->a.programme = view_text(ONE_OF("resident-id", "resident-id",
	    "driver-licence", "veteran-id", "public-official-id", "nosuch"));
	s->a.evidence.kind = (enum evidence_kind)pick(3);
	s->a.evidence.centre = view_text(ONE_OF("4128500000", "36110", "",
	    "1111000000", "x"));
	if (pick(8) == 0) {
		s->a.has_device = false;
		s->a.device_id = (struct view){ 0 };
	}
	s->a.dry_run = pick(5) == 0;
	if (s->a.dry_run && pick(3) == 0)
		s->a.claims = (struct value){ 0 };
	s->a.format_count = pick(3);
	s->a.formats[0] = view_text(ONE_OF("dc+sd-jwt", "vc+jwt", "nosuch"));
	s->a.formats[1] = view_text(ONE_OF("mso_mdoc", "homework"));
}

static void
any_facts(struct sample *s)
{
	int64_t now = s->f.now;

	s->f.active_devices = pick(3);
	s->f.this_device_active = pick(2) == 0;
	if (pick(2) == 0)
		s->f.last_issued_at = near(now);
	if (pick(2) == 0)
		s->f.administrative_expiry = near(now);
	s->f.evidence = pick(2) == 0 ? EVIDENCE_VALID :
	    (enum evidence_state)pick(EVIDENCE_BAD_SIGNATURE + 1);
	s->f.evidence_issued_at = s->f.last_issued_at != TIME_NONE ?
	    s->f.last_issued_at + (int64_t)pick(3) - 1 : now;
	s->f.device_proof = pick(2) == 0 ? PROOF_VALID :
	    (enum proof_state)pick(PROOF_OTHER_HOLDER + 1);
	if (pick(3) == 0) {
		s->f.signer_not_before = near(now);
		s->f.signer_not_after = near(now);
	}
}

static void
whatever_was_decided_is_decided_again(void **state)
{
	struct story y = { 0 };
	AUTO_DONE(bytes) entry = { 0 };
	uint64_t allowed = 0;
	uint8_t holder[16];

	(void)state;
	assert_int_equal(replay_new(&y.replay), ERR_OK);
	for (unsigned int i = 0; i < 30000; i++) {
		struct sample s = sample("2024-12-27T00:00:00+09:00");

		s.f = facts_neutral(s.f.now + (int64_t)pick(1000) * DAY +
		    pick(DAY));
		if (pick(3) != 0)
			any_holder(&s);
		if (pick(3) != 0)
			any_request(&s);
		if (pick(3) != 0)
			any_facts(&s);
		memset(holder, 0, sizeof(holder));
		memcpy(holder, &i, sizeof(i));
		write_entry(&y, &s, &entry, holder, holder);
		allowed += strstr(bytes_text(&entry), "\"out\":\"allow\"") !=
		    NULL;
		show_again(&y, bytes_view(&entry));
		if (replay_result(y.replay)->count[REPLAY_DECISIONS].good !=
		    y.index)
			explained(&y, bytes_view(&entry));
	}
	/* it is no test of refusals alone */
	assert_true(allowed > 1000 && allowed < 29000);
	assert_true(replay_result(y.replay)->rules > 400000);
	replay_free(y.replay);
}

/* ---- what an entry must not get away with */

/* The sample's entry with one text in it replaced. */
static const char *
forged(struct sample s, const char *was, const char *is)
{
	static char why[320];
	static const uint8_t holder[16] = { 1 };
	struct story y = { 0 };
	AUTO_DONE(bytes) entry = { 0 };
	AUTO_DONE(bytes) changed = { 0 };
	const char *at;
	const struct replay_result *r;

	assert_int_equal(replay_new(&y.replay), ERR_OK);
	write_entry(&y, &s, &entry, holder, holder);
	at = strstr(bytes_text(&entry), was);
	if (at == NULL)
		fail_msg("no %s in %s", was, bytes_text(&entry));
	bytes_put(&changed, VIEW(entry.at, (size_t)(at -
	    (const char *)entry.at)));
	bytes_put_text(&changed, is);
	bytes_put_text(&changed, at + strlen(was));
	show_again(&y, bytes_view(&changed));
	r = replay_result(y.replay);
	snprintf(why, sizeof(why), "%s", r->finding_count != 0 ?
	    r->findings[0].why : "");
	replay_free(y.replay);
	return why;
}

static void
a_forged_decision_is_found(void **state)
{
	static const struct { const char *was, *is, *why; } lies[] = {
		{ "\"offered\":\"pass\"", "\"offered\":\"na\"", "offered" },
		{ "\"holder-age\":\"pass\"", "\"holder-age\":\"na\"",
		    "holder-age" },
		{ "\"holder-age\":24", "\"holder-age\":16", "refuses" },
		{ "\"active\":0", "\"active\":1", "refuses" },
		{ "\"proof\":\"valid\"", "\"proof\":\"used-nonce\"",
		    "refuses" },
		{ "\"evidence\":\"valid\"", "\"evidence\":\"redeemed\"",
		    "refuses" },
		{ "\"card-held\":\"fits\"", "\"card-held\":\"early\"",
		    "refuses" },
		{ "\"card-held\":\"fits\"", "\"card-held\":\"likely\"",
		    "not all" },
		{ "\"card-held\":\"fits\",", "", "not all" },
		{ "\"active\":0,", "", "not all" },
		{ "\"evidence\":\"valid\",", "", "not all" },
		{ "\"region\":\"41281\"", "\"region\":\"99999\"",
		    "refuses" },
		{ "\"formats\":\"dc+sd-jwt\"", "\"formats\":\"pdf\"",
		    "refuses" },
		{ "\"caller\":\"upstream\"", "\"caller\":\"downstream\"",
		    "refuses" },
		{ "\"expiry\":1", "\"expiry\":2", "another time" },
		{ "\"fees\":{\"ic-card-fee\":5000}",
		    "\"fees\":{\"ic-card-fee\":4000}", "ic-card-fee" },
		{ "\"fees\":{\"ic-card-fee\":5000}",
		    "\"fees\":{\"ic-card-fee\":0}", "" },
		{ "\"signer\":365", "\"signer\":\"long\"", "signer" },
		{ "\"offered\":\"pass\"", "\"offeree\":\"pass\"",
		    "no rule offeree" },
		{ "\"offered\":\"pass\",", "", "rules in the log" },
		{ "\"purpose\":\"first-issue\"", "\"purpose\":\"gift\"",
		    "urpose" },
		{ "\"qr-token\"", "\"rumour\"", "vidence" },
		{ "\"fees\":{\"ic-card-fee\":5000}", "\"fees\":5000",
		    "\"fees\" is not one" },
		{ "\"fees\":{\"ic-card-fee\":5000}", "\"fees\":{"
		    "\"f0\":1,\"f1\":1,\"f2\":1,\"f3\":1,\"f4\":1,"
		    "\"f5\":1,\"f6\":1,\"f7\":1,\"f8\":1}",
		    "\"fees\" is not one" },
		{ "\"now\":", "\"now\":\"noon\",\"other\":",
		    "no such time" },
		{ "\"now\":", "\"now\":9", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lies); i++) {
		const char *why = forged(sample("2025-12-27T00:00:00+09:00"),
		    lies[i].was, lies[i].is);

		if (i + 1 == COUNT(lies) ? *why == '\0' :
		    strstr(why, lies[i].why) == NULL)
			fail_msg("%s: %s", lies[i].is, why);
	}
}

static void
nobody_is_free_of_a_fee_in_a_year_in_which_nobody_can_be(void **state)
{
	(void)state;
	assert_string_equal(forged(sample("2026-12-27T00:00:00+09:00"),
	    "\"fees\":{\"ic-card-fee\":5000}",
	    "\"fees\":{\"ic-card-fee\":0}"), "the fee \"ic-card-fee\" is "
	    "not what the policy states");
}

static void
a_forged_allowance_of_somebody_too_young_is_found(void **state)
{
	struct sample s = sample("2025-12-27T00:00:00+09:00");

	(void)state;
	born(&s, 2010, 1, 5, "1001053234560");
	s.a.holder.card_issued_on = (struct date){ 2025, 12, 1 };
	assert_non_null(strstr(forged(s, "\"out\":\"deny\"",
	    "\"out\":\"deny\""), ""));
	assert_string_equal(forged(s, "\"fail\"", "\"pass\""),
	    "card-held: the log says \"pass\", the policy \"fail\"");
}

static void
an_entry_of_before_tells_no_facts_and_is_no_lie(void **state)
{
	struct sample s = sample("2025-12-27T00:00:00+09:00");
	static const uint8_t holder[16] = { 1 };
	struct story y = { 0 };
	AUTO_DONE(bytes) entry = { 0 };
	struct schema_entry e;

	(void)state;
	assert_int_equal(replay_new(&y.replay), ERR_OK);
	write_entry(&y, &s, &entry, holder, holder);
	assert_int_equal(schema_get(bytes_view(&entry), &e), ERR_OK);
	e.member[SCHEMA_FACTS] = (struct view){ 0 };
	replay_decision(y.replay, 0, &e, reference);
	assert_true(replay_result(y.replay)->untold == 1);
	assert_int_equal(replay_exit_status(replay_result(y.replay)), 2);
	replay_free(y.replay);
}

/* No entry of the schema has them; the facts rest on it all the same. */
static void
words_that_nobody_knows_are_found(void **state)
{
	static const struct { enum schema_member member; const char *why; }
	    words[] = { { SCHEMA_OP, "peration" }, { SCHEMA_ACTION,
		"ction" } };
	struct sample s = sample("2025-12-27T00:00:00+09:00");
	static const uint8_t holder[16] = { 1 };

	(void)state;
	for (size_t i = 0; i < COUNT(words); i++) {
		struct story y = { 0 };
		AUTO_DONE(bytes) entry = { 0 };
		const struct replay_result *r;
		struct schema_entry e;

		assert_int_equal(replay_new(&y.replay), ERR_OK);
		write_entry(&y, &s, &entry, holder, holder);
		assert_int_equal(schema_get(bytes_view(&entry), &e), ERR_OK);
		e.member[words[i].member] = view_text("nosuch");
		replay_decision(y.replay, 0, &e, reference);
		r = replay_result(y.replay);
		assert_int_equal(r->finding_count, 1);
		assert_int_equal(r->findings[0].check, REPLAY_DECISIONS);
		if (strstr(r->findings[0].why, words[i].why) == NULL)
			fail_msg("%s", r->findings[0].why);
		replay_free(y.replay);
	}
}

static void
nothing_of_a_person_is_told(void **state)
{
	struct sample s = sample("2025-12-27T00:00:00+09:00");
	static const uint8_t holder[16] = { 1 };
	struct story y = { 0 };
	AUTO_DONE(bytes) entry = { 0 };

	(void)state;
	s.a.reason = view_text("Hong Gildong asks");
	s.a.holder.card_status = view_text("hong");
	s.a.formats[0] = view_text("gildong");
	assert_int_equal(replay_new(&y.replay), ERR_OK);
	write_entry(&y, &s, &entry, holder, holder);
	assert_null(strstr(bytes_text(&entry), "ildong"));
	assert_null(strstr(bytes_text(&entry), "hong"));
	assert_null(strstr(bytes_text(&entry), "010203"));
	assert_null(strstr(bytes_text(&entry), "2001"));
	assert_null(strstr(bytes_text(&entry), "2020"));
	replay_free(y.replay);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_was_decided_is_decided_again),
		cmocka_unit_test(a_forged_decision_is_found),
		cmocka_unit_test(
		    nobody_is_free_of_a_fee_in_a_year_in_which_nobody_can_be),
		cmocka_unit_test(
		    a_forged_allowance_of_somebody_too_young_is_found),
		cmocka_unit_test(
		    an_entry_of_before_tells_no_facts_and_is_no_lie),
		cmocka_unit_test(words_that_nobody_knows_are_found),
		cmocka_unit_test(nothing_of_a_person_is_told),
	};

	return cmocka_run_group_tests(tests, load_reference, free_reference);
}
