/*
 * programme-open, caller-entitled, quota, and the two validities with the
 * terms that are granted.
 */
#include "sample.h"

#define NOW "2025-07-01T00:00:00Z"

static void
resident_id_opens_on_27_december_2024(void **state)
{
	struct sample s = sample("2024-12-26T15:00:00Z");

	(void)state;
	passes(&s, "programme-open");
	s.f.now--;
	fails(&s, "programme-open");
	assert_string_equal(message, "open from 2024-12-27T00:00:00+09:00; "
	    "now 2024-12-26T23:59:59+09:00");
}

static void
an_unknown_client_is_not_entitled(void **state)
{
	struct sample s = sample(NOW);

	(void)state;
	passes(&s, "caller-entitled");
	s.a.caller = view_text("upstream2");
	fails(&s, "caller-entitled");
	says("client upstream2 is unknown");
	s.a.caller = view_text("upstrea");
	fails(&s, "caller-entitled");
}

static void
a_status_change_is_for_who_may_change_it(void **state)
{
	struct sample s = sample(NOW);

	(void)state;
	s.a.operation = OPERATION_STATUS_CHANGE;
	s.a.purpose = (enum purpose)0;
	s.a.action = ACTION_SUSPEND;
	s.a.reason = view_text("phone-lost");
	s.a.evidence.kind = EVIDENCE_NONE;
	s.f.active_devices = 1;
	passes(&s, "caller-entitled");
	passes(&s, "status-change");
	assert_true(allowed(&s));
	s.a.caller = view_text("somebody");
	fails(&s, "caller-entitled");
	says("resident-id, status-change, suspend");
	assert_false(allowed(&s));
}

static void
an_unknown_programme_is_refused(void **state)
{
	struct sample s = sample(NOW);
	struct decision *d;

	(void)state;
	s.a.programme = view_text("passport");
	d = decide_by(reference, &s);
	assert_false(decision_allows(d));
	assert_null(decision_grant(d));
	assert_int_equal(decision_count(d), 1);
	assert_string_equal(decision_rule(d, 0)->id, "offered");
	assert_int_equal(decision_rule(d, 0)->outcome, OUTCOME_FAIL);
	assert_null(decision_rule(d, 1));
	decision_free(d);
}

static void
a_quota_ends_at_its_figure(void **state)
{
	struct sample s = sample(NOW);

	(void)state;
	s.f.quota_used = 19;
	passes(&s, "quota");
	s.f.quota_used = 20;
	fails(&s, "quota");
	says("at most 20 in 86400 seconds for each holder; used 20");
	s.f.quota_used = -1;
	fails(&s, "quota");
}

static struct grant_terms
terms(const struct policy *p, struct sample *s)
{
	AUTO(decision) d = decide_by(p, s);

	if (!decision_allows(d))
		fail_msg("refused");
	return *grant_terms(decision_grant(d));
}

static void
administrative_validity(const struct policy *p, const char *now,
    const char *end)
{
	struct sample s = sample(now);
	struct grant_terms t = terms(p, &s);

	assert_int_equal(t.issued_at, s.f.now);
	assert_int_equal(t.valid_from, s.f.now);
	assert_int_equal(t.administrative_expiry, at(end));
}

static void
three_years_end_at_midnight_in_korea(void **state)
{
	(void)state;
	administrative_validity(reference, "2024-12-27T00:00:00+09:00",
	    "2027-12-27T15:00:00Z");
	administrative_validity(reference, "2024-12-27T23:59:59+09:00",
	    "2027-12-27T15:00:00Z");
	administrative_validity(reference, "2024-12-28T00:00:00+09:00",
	    "2027-12-28T15:00:00Z");
	administrative_validity(reference, "2028-02-29T12:00:00+09:00",
	    "2031-02-28T15:00:00Z");
	administrative_validity(reference, "2025-02-28T12:00:00+09:00",
	    "2028-02-28T15:00:00Z");
}

static struct policy *
small_policy(const char *ends, const char *technical, const char *rules)
{
	static const char head[] = "kind: policy\nserial: 2\n"
	    "leap-birthday: march-1\n";
	char programme[1024];
	struct policy_file files[2] = { { "policy.yaml", view_text(head) } };
	struct policy *p = NULL;

	snprintf(programme, sizeof(programme),
	    "kind: programme\nprogramme: resident-id\nvct: v\n"
	    "operations: [credential, qr-token]\nformats: [dc+sd-jwt]\n"
	    "age-over: []\n"
	    "claims: { birth_date: { type: date, required: true } }\n"
	    "validity: { administrative: P3Y, ends: %s, technical: %s,"
	    " qr-token: PT3M }\nrules: { %s }\n", ends, technical, rules);
	files[1] = (struct policy_file){ "p.yaml", view_text(programme) };
	if (policy_parse(files, 2, &p) != ERR_OK)
		fail_msg("%s", err_why());
	return p;
}

#define VALIDITY "a: { kind: administrative-validity }, "                     \
    "t: { kind: technical-validity }"

static void
exactly_three_years_keep_the_time_of_day(void **state)
{
	AUTO(policy) p = small_policy("exact", "P30D", VALIDITY);

	(void)state;
	administrative_validity(p, "2024-12-27T12:34:56+09:00",
	    "2027-12-27T12:34:56+09:00");
	administrative_validity(p, "2024-02-29T00:00:00+09:00",
	    "2027-02-28T00:00:00+09:00");
	administrative_validity(p, "2024-02-28T23:30:00Z",
	    "2027-02-27T23:30:00Z");
}

static void
a_refresh_keeps_the_end_and_ends_with_it(void **state)
{
	struct sample s = sample(NOW);

	(void)state;
	s.a.purpose = PURPOSE_REFRESH;
	s.f.active_devices = 1;
	s.f.this_device_active = true;
	s.f.administrative_expiry = s.f.now + 1;
	passes(&s, "administrative-validity");
	assert_int_equal(terms(reference, &s).administrative_expiry,
	    s.f.now + 1);
	assert_int_equal(terms(reference, &s).technical_expiry, s.f.now + 1);
	s.f.administrative_expiry = s.f.now;
	fails(&s, "administrative-validity");
	says("expired, a reissue is needed");
	passes(&s, "technical-validity");
	assert_false(allowed(&s));
	s.f.administrative_expiry = TIME_NONE;
	fails(&s, "administrative-validity");
	s.f.administrative_expiry = s.f.now + DAY;
	s.f.this_device_active = false;
	fails(&s, "administrative-validity");
}

static void
a_reissue_begins_three_new_years(void **state)
{
	struct sample s = sample("2025-07-01T12:00:00+09:00");

	(void)state;
	s.a.purpose = PURPOSE_REISSUE;
	s.a.reason = view_text("expired");
	s.f.active_devices = 1;
	s.f.this_device_active = true;
	s.f.administrative_expiry = s.f.now - DAY;
	assert_int_equal(terms(reference, &s).administrative_expiry,
	    at("2028-07-01T15:00:00Z"));
}

static void
a_credential_ends_with_the_first_of_three(void **state)
{
	AUTO(policy) p = small_policy("end-of-day", "P2000D", VALIDITY);
	struct sample s = sample(NOW);

	(void)state;
	/* the policy's figure */
	assert_int_equal(terms(reference, &s).technical_expiry,
	    s.f.now + 90 * DAY);
	/* the signer's certificate */
	s.f.signer_not_after = s.f.now + 90 * DAY - 1;
	assert_int_equal(terms(reference, &s).technical_expiry,
	    s.f.now + 90 * DAY - 1);
	/* the administrative end */
	s.f.signer_not_after = s.f.now + 2000 * DAY;
	assert_int_equal(terms(p, &s).technical_expiry,
	    at("2028-07-01T15:00:00Z"));
}

static void
a_signer_out_of_its_time_signs_nothing(void **state)
{
	struct sample s = sample(NOW);

	(void)state;
	s.f.signer_not_before = s.f.now;
	passes(&s, "technical-validity");
	s.f.signer_not_before = s.f.now + 1;
	fails(&s, "technical-validity");
	s.f.signer_not_before = s.f.now - 1;
	s.f.signer_not_after = s.f.now + 1;
	passes(&s, "technical-validity");
	s.f.signer_not_after = s.f.now;
	fails(&s, "technical-validity");
	assert_false(allowed(&s));
}

static void
a_qr_token_lives_180_seconds(void **state)
{
	struct sample v = visit(NOW);

	(void)state;
	assert_int_equal(terms(reference, &v).technical_expiry, v.f.now + 180);
	assert_true(terms(reference, &v).administrative_expiry == TIME_NONE);
	does_not_apply(&v, "administrative-validity");
	v.f.signer_not_after = v.f.now + 179;
	assert_int_equal(terms(reference, &v).technical_expiry, v.f.now + 179);
	v.f.signer_not_after = v.f.now;
	fails(&v, "technical-validity");
}

static void
nothing_is_granted_that_ends_at_once(void **state)
{
	AUTO(policy) p = small_policy("exact", "P1D",
	    "open: { kind: period, from: 2020-01-01T00:00:00Z }");
	struct sample s = sample(NOW);

	(void)state;
	assert_true(allowed_by(p, &s));
	s.f.signer_not_after = s.f.now;
	assert_false(allowed_by(p, &s));
	assert_int_equal(rule_by(p, &s, "offered"), OUTCOME_FAIL);
	says("expire at once");
}

static void
a_time_that_cannot_be_is_refused(void **state)
{
	static const int64_t bad[] = { INT64_MIN, INT64_MAX, TIME_NONE + 1,
	    INT64_C(-62135596800), INT64_C(253402300800) };
	struct sample s = sample(NOW);

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		s.f.now = bad[i];
		assert_false(allowed(&s));
	}
	s = sample(NOW);
	s.f.signer_not_before = INT64_MIN;
	s.f.signer_not_after = INT64_MAX;
	passes(&s, "technical-validity");
	says("no time");
}

static void
recorded_terms_make_the_same_grant(void **state)
{
	struct sample s = sample(NOW);
	AUTO_DONE(bytes) frame = { 0 };
	AUTO(request) r = NULL;
	AUTO(grant) g = NULL;
	struct grant_terms t = terms(reference, &s), bad;

	(void)state;
	request_encode(&s.a, &frame);
	assert_int_equal(request_decode(bytes_view(&frame), &r), ERR_OK);
	assert_int_equal(grant_restore(reference, r, &t, &g), ERR_OK);
	assert_memory_equal(grant_terms(g), &t, sizeof(t));
	assert_string_equal(grant_programme(g)->id, "resident-id");
	bad = t;
	bad.technical_expiry = t.administrative_expiry + 1;
	assert_int_equal(grant_restore(reference, r, &bad, &g), ERR_CORRUPT);
	bad = t;
	bad.valid_from = t.technical_expiry + 1;
	assert_int_equal(grant_restore(reference, r, &bad, &g), ERR_CORRUPT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(resident_id_opens_on_27_december_2024),
		cmocka_unit_test(an_unknown_client_is_not_entitled),
		cmocka_unit_test(a_status_change_is_for_who_may_change_it),
		cmocka_unit_test(an_unknown_programme_is_refused),
		cmocka_unit_test(a_quota_ends_at_its_figure),
		cmocka_unit_test(three_years_end_at_midnight_in_korea),
		cmocka_unit_test(exactly_three_years_keep_the_time_of_day),
		cmocka_unit_test(a_refresh_keeps_the_end_and_ends_with_it),
		cmocka_unit_test(a_reissue_begins_three_new_years),
		cmocka_unit_test(a_credential_ends_with_the_first_of_three),
		cmocka_unit_test(a_signer_out_of_its_time_signs_nothing),
		cmocka_unit_test(a_qr_token_lives_180_seconds),
		cmocka_unit_test(nothing_is_granted_that_ends_at_once),
		cmocka_unit_test(a_time_that_cannot_be_is_refused),
		cmocka_unit_test(recorded_terms_make_the_same_grant),
	};

	return cmocka_run_group_tests(tests, load_reference, free_reference);
}
