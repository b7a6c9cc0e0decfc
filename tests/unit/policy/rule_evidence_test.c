/* evidence-valid, device-proof, one-device, reissue-reason. */
#include "sample.h"

#define NOW "2025-07-01T00:00:00Z"

static void
only_valid_evidence_passes(void **state)
{
	struct sample s = sample(NOW);

	(void)state;
	for (int e = EVIDENCE_VALID; e <= EVIDENCE_OTHER_CENTRE; e++) {
		s.f.evidence = (enum evidence_state)e;
		if (e == EVIDENCE_VALID) {
			passes(&s, "evidence-valid");
			continue;
		}
		fails(&s, "evidence-valid");
		says(evidence_state_name(s.f.evidence));
		assert_false(allowed(&s));
	}
}

static void
evidence_is_judged_where_it_is_redeemed(void **state)
{
	struct sample v = visit(NOW), s = sample(NOW);

	(void)state;
	v.f.evidence = EVIDENCE_MISSING;
	does_not_apply(&v, "evidence-valid");
	assert_true(allowed(&v));
	s.a.evidence.kind = EVIDENCE_NONE;
	fails(&s, "evidence-valid");
	s.a.purpose = PURPOSE_REFRESH;
	does_not_apply(&s, "evidence-valid");
	s.a.evidence.kind = EVIDENCE_QR_TOKEN;
	s.f.evidence = EVIDENCE_REDEEMED;
	fails(&s, "evidence-valid");
}

static void
only_valid_proofs_pass(void **state)
{
	struct sample s = sample(NOW), v = visit(NOW);

	(void)state;
	for (int p = PROOF_VALID; p <= PROOF_OUTSIDE_TIME; p++) {
		s.f.device_proof = v.f.device_proof = (enum proof_state)p;
		does_not_apply(&v, "device-proof");
		if (p == PROOF_VALID) {
			passes(&s, "device-proof");
			continue;
		}
		fails(&s, "device-proof");
		says(proof_state_name(s.f.device_proof));
		assert_false(allowed(&s));
	}
}

static void
only_a_dry_run_may_leave_out_the_device(void **state)
{
	struct sample s = sample(NOW);

	(void)state;
	s.a.has_device = false;
	s.a.device_id = view_text("");
	fails(&s, "device-proof");
	s.a.dry_run = true;
	does_not_apply(&s, "device-proof");
	assert_true(allowed(&s));
}

static void
a_second_phone_is_refused(void **state)
{
	struct sample s = sample(NOW), v = visit(NOW);

	(void)state;
	passes(&s, "one-device");
	passes(&v, "one-device");
	s.f.active_devices = v.f.active_devices = 1;
	fails(&s, "one-device");
	says("at most 1 active; there are 1");
	fails(&v, "one-device");
	s.f.this_device_active = true;
	fails(&s, "one-device");
}

static void
a_reissue_replaces_the_phone(void **state)
{
	struct sample s = sample(NOW), v = visit(NOW);

	(void)state;
	s.a.purpose = v.a.purpose = PURPOSE_REISSUE;
	s.a.reason = v.a.reason = view_text("device-replaced");
	s.f.active_devices = v.f.active_devices = 1;
	passes(&s, "one-device");
	assert_true(allowed(&s));
	assert_true(allowed(&v));
	s.f.this_device_active = true;
	passes(&s, "one-device");
	s.f.active_devices = 0;
	s.f.this_device_active = false;
	passes(&s, "one-device");
	s.f.active_devices = 2;
	fails(&s, "one-device");
	s.f.active_devices = -1;
	fails(&s, "one-device");
}

static void
a_refresh_is_for_the_active_phone(void **state)
{
	struct sample s = sample(NOW);

	(void)state;
	s.a.purpose = PURPOSE_REFRESH;
	s.f.active_devices = 1;
	fails(&s, "one-device");
	s.f.this_device_active = true;
	passes(&s, "one-device");
	s.f.administrative_expiry = s.f.now + DAY;
	assert_true(allowed(&s));
}

static void
a_reissue_names_a_permitted_reason(void **state)
{
	static const char *const good[] = { "device-replaced", "device-lost",
	    "expired", "number-corrected", "entry-changed",
	    "identity-changed" };
	static const char *const bad[] = { "", "address-changed", "Expired",
	    "device" };
	struct sample s = sample(NOW);

	(void)state;
	does_not_apply(&s, "reissue-reason");
	s.a.purpose = PURPOSE_REISSUE;
	for (size_t i = 0; i < COUNT(good); i++) {
		s.a.reason = view_text(good[i]);
		passes(&s, "reissue-reason");
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		s.a.reason = view_text(bad[i]);
		fails(&s, "reissue-reason");
		assert_false(allowed(&s));
	}
}

static void
a_new_phone_needs_a_new_visit(void **state)
{
	struct sample s = sample(NOW);

	(void)state;
	s.a.purpose = PURPOSE_REISSUE;
	s.a.reason = view_text("device-lost");
	s.f.last_issued_at = s.f.now - 100;
	s.f.evidence_issued_at = s.f.last_issued_at - 1;
	fails(&s, "reissue-reason");
	s.f.evidence_issued_at = s.f.last_issued_at;
	fails(&s, "reissue-reason");
	says("the visit must be later");
	s.f.evidence_issued_at = s.f.last_issued_at + 1;
	passes(&s, "reissue-reason");
	s.f.evidence_issued_at = s.f.last_issued_at - 1;
	s.a.reason = view_text("entry-changed");
	passes(&s, "reissue-reason");
	s.a.reason = view_text("device-replaced");
	fails(&s, "reissue-reason");
	s.a.evidence.kind = EVIDENCE_IC_CARD;
	passes(&s, "reissue-reason");
	s.a.evidence.kind = EVIDENCE_QR_TOKEN;
	s.f.last_issued_at = TIME_NONE;
	passes(&s, "reissue-reason");
}

static void
asking_for_the_token_is_the_new_visit(void **state)
{
	struct sample v = visit(NOW);

	(void)state;
	v.a.purpose = PURPOSE_REISSUE;
	v.a.reason = view_text("device-lost");
	v.f.last_issued_at = v.f.now;
	v.f.active_devices = 1;
	passes(&v, "reissue-reason");
	assert_true(allowed(&v));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_valid_evidence_passes),
		cmocka_unit_test(evidence_is_judged_where_it_is_redeemed),
		cmocka_unit_test(only_valid_proofs_pass),
		cmocka_unit_test(only_a_dry_run_may_leave_out_the_device),
		cmocka_unit_test(a_second_phone_is_refused),
		cmocka_unit_test(a_reissue_replaces_the_phone),
		cmocka_unit_test(a_refresh_is_for_the_active_phone),
		cmocka_unit_test(a_reissue_names_a_permitted_reason),
		cmocka_unit_test(a_new_phone_needs_a_new_visit),
		cmocka_unit_test(asking_for_the_token_is_the_new_visit),
	};

	return cmocka_run_group_tests(tests, load_reference, free_reference);
}
