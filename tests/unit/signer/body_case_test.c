/*
 * Device proofs inside bodies, dry runs, cases of `okse policy explain`, and
 * the officers' bodies.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/signer/bodies.h"

static EVP_PKEY *key;

static int
setup(void **state)
{
	(void)state;
	MUST(crypto_init());
	key = software_key();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	EVP_PKEY_free(key);
	forget_kept();
	return 0;
}

static void
starts(const char *why)
{
	if (!view_starts(view_text(err_why()), why))
		print_message("# wanted \"%s\", got \"%s\"\n", why,
		    err_why());
	assert_true(view_starts(view_text(err_why()), why));
}

/* ---- proofs */

static void
proof_fails(const char *proof, enum err wanted, const char *why)
{
	AUTO_DONE(body) b = { 0 };
	AUTO_DONE(bytes) json = { 0 };

	edit(&json, CREDENTIAL_BODY, "PROOF", proof);
	assert_int_equal(body_decode(bytes_view(&json), OPERATION_CREDENTIAL,
	    &b), wanted);
	starts(why);
}

static void
a_proof_that_is_none_is_refused_by_its_place(void **state)
{
	AUTO_DONE(bytes) proof = { 0 };

	(void)state;
	proof_fails("a.b", ERR_SCHEMA, "/device/proofs/0: proof: wanted");
	proof_fails("", ERR_RANGE, "/device/proofs/0: wanted 1 to");
	make_proof(key, "n", &proof);
	proof.at[proof.len - 20] = proof.at[proof.len - 20] == 'A' ? 'B' : 'A';
	proof_fails((const char *)proof.at, ERR_SIGNATURE,
	    "/device/proofs/0: ");
}

static void
a_nonce_has_128_bytes_at_most(void **state)
{
	(void)state;
	for (int n = 127; n <= 129; n++) {
		AUTO_DONE(body) b = { 0 };
		AUTO_DONE(bytes) nonce = { 0 }, proof = { 0 }, json = { 0 };

		bytes_printf(&nonce, "%0*d", n, 0);
		make_proof(key, bytes_text(&nonce), &proof);
		edit(&json, CREDENTIAL_BODY, "PROOF",
		    (const char *)proof.at);
		assert_int_equal(body_decode(bytes_view(&json),
		    OPERATION_CREDENTIAL, &b), n <= ASKED_TEXT ? ERR_OK :
		    ERR_RANGE);
	}
}

static void
several_keys_of_one_device_are_read(void **state)
{
	AUTO_DONE(body) b = { 0 };
	AUTO_DONE(bytes) proof = { 0 }, list = { 0 }, json = { 0 };

	(void)state;
	for (int i = 0; i < 3; i++) {
		EVP_PKEY *own = software_key();
		char nonce[8];

		snprintf(nonce, sizeof(nonce), "n-%d", i);
		make_proof(own, nonce, &proof);
		EVP_PKEY_free(own);
		bytes_printf(&list, "%s%s", i == 0 ? "" : "\",\"",
		    (const char *)proof.at);
	}
	edit(&json, CREDENTIAL_BODY, "PROOF", bytes_text(&list));
	assert_int_equal(body_decode(bytes_view(&json), OPERATION_CREDENTIAL,
	    &b), ERR_OK);
	assert_int_equal(b.asked.proof_count, 3);
	assert_true(view_is(b.asked.proofs[0].nonce, "n-0"));
	assert_true(view_is(b.asked.proofs[2].nonce, "n-2"));
}

static void
a_key_is_proved_once(void **state)
{
	AUTO_DONE(bytes) one = { 0 }, two = { 0 }, list = { 0 };

	(void)state;
	make_proof(key, "n-1", &one);
	make_proof(key, "n-2", &two);
	bytes_printf(&list, "%s\",\"%s", (const char *)one.at,
	    (const char *)two.at);
	proof_fails(bytes_text(&list), ERR_SCHEMA,
	    "/device/proofs/1: the key of another proof");
}

static void
there_are_64_proofs_at_most(void **state)
{
	AUTO_DONE(body) b = { 0 };
	AUTO_DONE(bytes) list = { 0 }, json = { 0 };

	(void)state;
	for (int i = 0; i < ASKED_PROOFS; i++)
		bytes_put_text(&list, "x\",\"");
	edit(&json, CREDENTIAL_BODY, "PROOF", bytes_text(&list));
	assert_int_equal(body_decode(bytes_view(&json), OPERATION_CREDENTIAL,
	    &b), ERR_RANGE);
	starts("/device/proofs: wanted 1 to 64 elements");
}

/* ---- decisions */

static enum err
decide(const char *json, struct body *b)
{
	return body_decode_decision(view_text(json), b);
}

static void
a_dry_run_may_leave_out_what_comes_later(void **state)
{
	AUTO_DONE(body) b = { 0 };

	(void)state;
	assert_int_equal(decide("{\"operation\":\"credential\","
	    "\"programme\":\"resident-id\",\"purpose\":\"first-issue\","
	    HOLDER ",\"evidence\":{\"kind\":\"qr-token\"}}", &b), ERR_OK);
	assert_int_equal(b.asked.operation, OPERATION_CREDENTIAL);
	assert_true(b.asked.dry_run);
	assert_false(b.asked.has_device);
	assert_int_equal(b.asked.format_count, 0);
	assert_int_equal(b.asked.claims.kind, VALUE_NONE);
}

static void
a_dry_run_names_its_operation(void **state)
{
	AUTO_DONE(body) none = { 0 }, other = { 0 };

	(void)state;
	assert_int_equal(decide(QR_BODY, &none), ERR_SCHEMA);
	starts("/operation: missing");
	assert_int_equal(decide("{\"operation\":\"sign\"}", &other),
	    ERR_SCHEMA);
	starts("/operation: wanted qr-token");
}

static void
a_dry_run_still_verifies_proofs(void **state)
{
	AUTO_DONE(body) b = { 0 };
	AUTO_DONE(bytes) json = { 0 };

	(void)state;
	edit(&json, CREDENTIAL_BODY, "{", "{\"operation\":\"credential\",");
	assert_int_equal(body_decode_decision(bytes_view(&json), &b),
	    ERR_SCHEMA);
	starts("/device/proofs/0: ");
}

/* ---- cases */

#define CASE                                                                  \
	"{\"operation\":\"qr-token\",\"now\":\"2025-06-01T09:00:00+09:00\","  \
	"\"programme\":\"resident-id\",\"purpose\":\"first-issue\"," HOLDER   \
	",\"evidence\":{\"kind\":\"qr-token\"},\"facts\":{FACTS}}"

static enum err
read_case(const char *facts, struct body *b)
{
	AUTO_DONE(bytes) json = { 0 };

	edit(&json, CASE, "FACTS", facts);
	return body_decode_case(keep(bytes_view(&json)), b);
}

static void
facts_left_out_are_neutral(void **state)
{
	AUTO_DONE(body) b = { 0 };
	struct facts neutral;

	(void)state;
	assert_int_equal(read_case("", &b), ERR_OK);
	neutral = facts_neutral(1748736000);
	assert_int_equal(b.facts.now, neutral.now);
	assert_int_equal(b.facts.active_devices, 0);
	assert_int_equal(b.facts.last_issued_at, TIME_NONE);
	assert_int_equal(b.facts.evidence, EVIDENCE_VALID);
	assert_int_equal(b.facts.signer_not_after, neutral.signer_not_after);
	assert_true(view_is(b.asked.caller, "upstream"));
	assert_true(b.asked.dry_run);
}

static void
facts_given_are_read(void **state)
{
	AUTO_DONE(body) b = { 0 };

	(void)state;
	assert_int_equal(read_case("\"caller\":\"centre\","
	    "\"active_devices\":2,\"this_device_active\":true,"
	    "\"last_issued_at\":\"2025-01-01T00:00:00Z\","
	    "\"administrative_expiry\":null,\"evidence\":\"redeemed\","
	    "\"evidence_issued_at\":\"2025-01-01T00:00:01Z\","
	    "\"device_proof\":\"used-nonce\","
	    "\"signer_not_before\":\"2025-01-01T00:00:02Z\","
	    "\"signer_not_after\":\"2025-01-01T00:00:03Z\","
	    "\"quota_used\":9", &b), ERR_OK);
	assert_true(view_is(b.asked.caller, "centre"));
	assert_int_equal(b.facts.active_devices, 2);
	assert_true(b.facts.this_device_active);
	assert_int_equal(b.facts.last_issued_at, 1735689600);
	assert_int_equal(b.facts.administrative_expiry, TIME_NONE);
	assert_int_equal(b.facts.evidence, EVIDENCE_REDEEMED);
	assert_int_equal(b.facts.evidence_issued_at, 1735689601);
	assert_int_equal(b.facts.device_proof, PROOF_USED_NONCE);
	assert_int_equal(b.facts.signer_not_before, 1735689602);
	assert_int_equal(b.facts.signer_not_after, 1735689603);
	assert_int_equal(b.facts.quota_used, 9);
}

static void
facts_are_read_strictly(void **state)
{
	static const struct {
		const char	*facts;
		enum err	 e;
		const char	*why;
	} cases[] = {
		{ "\"x\":1", ERR_SCHEMA, "/facts/x: unknown member" },
		{ "\"active_devices\":-1", ERR_RANGE,
		    "/facts/active_devices: wanted 0 or more" },
		{ "\"active_devices\":1.0", ERR_SCHEMA,
		    "/facts/active_devices: wanted a whole number" },
		{ "\"active_devices\":null", ERR_SCHEMA,
		    "/facts/active_devices: wanted" },
		{ "\"last_issued_at\":17", ERR_SCHEMA,
		    "/facts/last_issued_at: wanted" },
		{ "\"last_issued_at\":\"2025-01-01\"", ERR_SCHEMA,
		    "/facts/last_issued_at: wanted YYYY-MM-DDThh" },
		{ "\"signer_not_after\":null", ERR_SCHEMA,
		    "/facts/signer_not_after: wanted" },
		{ "\"evidence\":\"fine\"", ERR_SCHEMA,
		    "/facts/evidence: no such state" },
		{ "\"device_proof\":\"fine\"", ERR_SCHEMA,
		    "/facts/device_proof: no such state" },
		{ "\"quota_used\":true", ERR_SCHEMA, "/facts/quota_used" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_DONE(body) b = { 0 };

		assert_int_equal(read_case(cases[i].facts, &b), cases[i].e);
		starts(cases[i].why);
	}
}

static void
a_case_needs_its_time(void **state)
{
	AUTO_DONE(body) b = { 0 }, bad = { 0 };
	AUTO_DONE(bytes) json = { 0 }, good = { 0 };

	(void)state;
	edit(&good, CASE, "FACTS", "");
	edit(&json, (const char *)good.at,
	    "\"now\":\"2025-06-01T09:00:00+09:00\",", "");
	assert_int_equal(body_decode_case(bytes_view(&json), &b), ERR_SCHEMA);
	starts("/now: missing");
	edit(&json, (const char *)good.at, "06-01T09", "06-31T09");
	assert_int_equal(body_decode_case(bytes_view(&json), &bad),
	    ERR_RANGE);
	starts("/now: there is no such instant");
}

static void
a_case_says_how_its_proofs_fared(void **state)
{
	AUTO_DONE(body) b = { 0 };
	AUTO_DONE(bytes) json = { 0 };

	(void)state;
	edit(&json, CREDENTIAL_BODY, "{", "{\"operation\":\"credential\","
	    "\"now\":\"2025-06-01T00:00:00Z\","
	    "\"facts\":{\"device_proof\":\"bad-signature\"},");
	assert_int_equal(body_decode_case(bytes_view(&json), &b), ERR_OK);
	assert_true(b.asked.has_device);
	assert_int_equal(b.facts.device_proof, PROOF_BAD_SIGNATURE);
}

static void
a_case_survives_its_frame(void **state)
{
	AUTO_DONE(body) b = { 0 };
	AUTO_DONE(bytes) frame = { 0 };
	AUTO(request) r = NULL;

	(void)state;
	assert_int_equal(read_case("", &b), ERR_OK);
	request_encode(&b.asked, &frame);
	assert_int_equal(request_decode(bytes_view(&frame), &r), ERR_OK);
	assert_true(view_is(request_asked(r)->holder.residence, "36110"));
}

/* ---- officers */

static void
a_share_is_one_text(void **state)
{
	static const char *const bad[] = { "{}", "{\"share\":1}",
	    "{\"share\":\"\"}", "{\"share\":\"a\",\"x\":1}", "[\"a\"]" };
	AUTO_DONE(body) good = { 0 };
	struct view share = { 0 };

	(void)state;
	MUST(body_decode_share(view_text("{\"share\":\"a b\"}"), &good,
	    &share));
	assert_true(view_is(share, "a b"));
	for (size_t i = 0; i < COUNT(bad); i++) {
		AUTO_DONE(body) b = { 0 };

		assert_int_not_equal(body_decode_share(view_text(bad[i]), &b,
		    &share), ERR_OK);
	}
}

static void
a_body_that_says_nothing_may_be_missing(void **state)
{
	static const struct {
		const char	*json;
		enum err	 e;
	} cases[] = {
		{ "", ERR_OK }, { "{}", ERR_OK }, { " { } ", ERR_OK },
		{ "[]", ERR_SCHEMA }, { "{\"x\":1}", ERR_SCHEMA },
		{ " ", ERR_SYNTAX },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_DONE(body) b = { 0 };

		assert_int_equal(body_decode_empty(view_text(cases[i].json),
		    &b), cases[i].e);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_proof_that_is_none_is_refused_by_its_place),
		cmocka_unit_test(a_nonce_has_128_bytes_at_most),
		cmocka_unit_test(several_keys_of_one_device_are_read),
		cmocka_unit_test(a_key_is_proved_once),
		cmocka_unit_test(there_are_64_proofs_at_most),
		cmocka_unit_test(a_dry_run_may_leave_out_what_comes_later),
		cmocka_unit_test(a_dry_run_names_its_operation),
		cmocka_unit_test(a_dry_run_still_verifies_proofs),
		cmocka_unit_test(facts_left_out_are_neutral),
		cmocka_unit_test(facts_given_are_read),
		cmocka_unit_test(facts_are_read_strictly),
		cmocka_unit_test(a_case_needs_its_time),
		cmocka_unit_test(a_case_says_how_its_proofs_fared),
		cmocka_unit_test(a_case_survives_its_frame),
		cmocka_unit_test(a_share_is_one_text),
		cmocka_unit_test(a_body_that_says_nothing_may_be_missing),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
