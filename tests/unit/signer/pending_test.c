/*
 * What comes back for a request, in every order; and every way in which it
 * does not come.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "credential/proof.h"
#include "credential/qr_token.h"
#include "credential/credential.h"
#include "signer/gate/pending.h"
#include "tests/granted.h"

#define ID UINT64_C(0xfffffffffffffff0)	/* near the end: ids wrap around */

static struct signers signers;
static struct draft *token, *credential;

/* the last answer, and how many there were */
static struct reply answer;
static unsigned int answers;
static struct origin answered;

static void
take(void *context, struct origin to, struct reply *r)
{
	assert_string_equal(context, "context");
	reply_done(&answer);
	answer = *r;
	r->body = (struct bytes){ 0 };
	answered = to;
	answers++;
}

static int
setup(void **state)
{
	static const struct qr_fields fields = { .audience = "okse" };
	static const uint8_t seed[CREDENTIAL_SEED_SIZE];

	(void)state;
	signers_init(&signers, NOW);
	AUTO_DONE(granted) q = grant_of(asked_qr_token(), qr_terms);
	AUTO_DONE(granted) c = grant_of(
	    asked_credential(resident_claims(false)), credential_terms);
	MUST(qr_token_draft(q.grant, q.request, &fields, signers.qr, &token));
	MUST(credential_draft(FORMAT_SD_JWT, &(struct credential_order){
		.grant = c.grant,
		.request = c.request,
		.issuer = signers.document,
		.seed = VIEW_OF(seed),
	}, &credential));
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	draft_free(token);
	draft_free(credential);
	signers_done(&signers);
	reply_done(&answer);
	return 0;
}

static struct pending *
begin(void)
{
	static char context[] = "context";
	struct pending *p;

	reply_done(&answer);
	answers = 0;
	MUST(pending_new(8, take, context, &p));
	return p;
}

static enum err
add(struct pending *p, uint64_t id, enum pending_kind kind, size_t keys)
{
	struct asked asked = { .pictures = keys == 99 };
	struct call call = {
		.id = id,
		.origin = { 1, 2, (uint32_t)id },
		.deadline = 1000,
	};

	asked.proof_count = keys == 99 ? 0 : keys;
	for (size_t i = 0; i < asked.proof_count; i++)
		asked.proofs[i].point[1] = (uint8_t)i;
	return pending_add(p, &call, kind, &asked);
}

static void
granted(struct bytes *out, size_t count, const struct draft *d)
{
	bytes_reset(out);
	bytes_put_block(out, view_text("{\"outcome\":\"allow\"}"));
	bytes_put_block(out, view_text("{\"index\":7}"));
	bytes_put_u64(out, 1735225200);
	bytes_put_u64(out, 1735225380);
	bytes_put_u64(out, d == token ? (uint64_t)TIME_NONE : 1829919600);
	bytes_put_u8(out, (uint8_t)count);
	if (d == token) {
		bytes_put_block(out, view_text(""));
		return;
	}
	bytes_put_block(out, view_text("https://id.example.kr/lists/1"));
	for (size_t i = 0; i < count; i++)
		bytes_put_u64(out, 500 + i);
}

static enum err
sent(struct pending *p, uint64_t id, uint8_t part, const struct draft *d)
{
	AUTO_DONE(bytes) encoded = { 0 }, body = { 0 };

	draft_encode(d, &encoded);
	bytes_put_u8(&body, part);
	bytes_put_block(&body, bytes_view(&encoded));
	return pending_draft(p, id, bytes_view(&body));
}

/* The grant and all its drafts, as the notary sends them. */
static void
give_grant(struct pending *p, uint64_t id, size_t count,
    const struct draft *d)
{
	AUTO_DONE(bytes) grant = { 0 };

	granted(&grant, count, d);
	MUST(pending_granted(p, id, bytes_view(&grant)));
	for (size_t i = 0; i < count; i++)
		MUST(sent(p, id, (uint8_t)i, d));
}

static enum err
signature(struct pending *p, uint64_t id, uint8_t part)
{
	AUTO_DONE(bytes) body = { 0 };

	bytes_put_u8(&body, part);
	bytes_put_u8(&body, 1);
	for (int i = 0; i < P256_SIGNATURE_SIZE; i++)
		bytes_put_u8(&body, 0x11);
	return pending_signature(p, id, bytes_view(&body));
}

static bool
says(const char *text)
{
	return strstr(bytes_text(&answer.body), text) != NULL;
}

/* ---- joining */

static void
one_of(struct pending *p, uint64_t id, int what, size_t count,
    const struct draft *d)
{
	AUTO_DONE(bytes) grant = { 0 };

	granted(&grant, count, d);
	if (what == 0)
		MUST(pending_granted(p, id, bytes_view(&grant)));
	else if (what % 2 == 1)
		MUST(signature(p, id, (uint8_t)(what / 2)));
	else
		MUST(sent(p, id, (uint8_t)(what / 2 - 1), d));
}

/* The grant, and draft and signature of each part, in any order. */
static void
join(struct pending *p, uint64_t id, int order, size_t count,
    const struct draft *d)
{
	int left[7], n = (int)count * 2 + 1;

	for (int i = 0; i < n; i++)
		left[i] = i;
	answers = 0;
	for (; n > 0; n--) {
		int pick = order % n, what = left[pick];

		order /= n;
		left[pick] = left[n - 1];
		assert_int_equal(answers, 0);
		one_of(p, id, what, count, d);
	}
	assert_int_equal(answers, 1);
}

static void
a_token_is_answered_when_all_is_there_in_whatever_order(void **state)
{
	AUTO(pending) p = begin();

	(void)state;
	for (int order = 0; order < 6; order++) {
		uint64_t id = ID + (uint64_t)order;

		MUST(add(p, id, PENDING_QR_TOKEN, 0));
		join(p, id, order, 1, token);
		assert_int_equal(answered.sequence, (uint32_t)id);
		assert_int_equal(answer.status, 201);
		assert_true(says("{\"qr_token\":\"OKSE1:"));
		assert_true(says("\",\"expires_at\":\"2024-12-26T15:03:00Z\","
		    "\"decision\":{\"outcome\":\"allow\"},"
		    "\"log\":{\"index\":7}}"));
		assert_int_equal(pending_count(p), 0);
	}
}

static void
pictures_are_drawn_when_asked_for(void **state)
{
	AUTO(pending) p = begin();

	(void)state;
	MUST(add(p, ID, PENDING_QR_TOKEN, 99));
	give_grant(p, ID, 1, token);
	MUST(signature(p, ID, 0));
	assert_int_equal(answer.status, 201);
	assert_true(says("\"png\":\"iVBOR"));
	assert_true(says("\"svg\":\""));
}

/* Three drafts, three signatures and the grant: 5040 orders. */
static void
credentials_are_answered_whatever_comes_first(void **state)
{
	AUTO(pending) p = begin();

	(void)state;
	for (int order = 0; order < 5040; order++) {
		MUST(add(p, ID, PENDING_CREDENTIAL, 3));
		join(p, ID, order, 3, credential);
		assert_int_equal(answer.status, 201);
	}
	assert_true(says("{\"credentials\":[{\"format\":\"dc+sd-jwt\","
	    "\"credential\":\"ey"));
	assert_true(says("\"valid_from\":\"2024-12-26T15:00:00Z\","
	    "\"valid_until\":\"2024-12-26T15:03:00Z\",\"status\":"
	    "{\"uri\":\"https://id.example.kr/lists/1\",\"idx\":500}}"));
	assert_true(says("\"idx\":502}}],\"administrative_expiry\":"
	    "\"2027-12-27T15:00:00Z\",\"decision\":"));
}

static void
each_credential_names_its_key(void **state)
{
	AUTO(pending) p = begin();

	(void)state;
	MUST(add(p, ID, PENDING_CREDENTIAL, 2));
	give_grant(p, ID, 2, credential);
	MUST(signature(p, ID, 1));
	MUST(signature(p, ID, 1));
	assert_int_equal(answers, 0);
	MUST(signature(p, ID, 0));
	assert_int_equal(answers, 1);
	for (uint8_t i = 0; i < 2; i++) {
		uint8_t point[P256_POINT_SIZE] = { 0, i };
		struct hash thumbprint = jwk_thumbprint(point);
		AUTO_DONE(bytes) member = { 0 };

		bytes_put_text(&member, "\"key\":\"");
		base64url_put(&member, VIEW_OF(thumbprint.at));
		assert_true(says(bytes_text(&member)));
	}
}

static void
requests_are_told_apart(void **state)
{
	AUTO(pending) p = begin();

	(void)state;
	MUST(add(p, ID, PENDING_QR_TOKEN, 0));
	MUST(add(p, ID + 1, PENDING_QR_TOKEN, 0));
	MUST(add(p, ID + 1024, PENDING_QR_TOKEN, 0));	/* the same bucket */
	MUST(signature(p, ID + 1024, 0));
	give_grant(p, ID, 1, token);
	assert_int_equal(answers, 0);
	give_grant(p, ID + 1024, 1, token);
	assert_int_equal(answers, 1);
	assert_int_equal(answered.sequence, (uint32_t)(ID + 1024));
	assert_int_equal(pending_count(p), 2);
}

/* ---- answers without a signature */

static enum err
give_answer(struct pending *p, uint64_t id, enum err e, const char *members)
{
	AUTO_DONE(bytes) body = { 0 };

	bytes_put_u16(&body, (uint16_t)e);
	bytes_put_block(&body, view_text(members));
	return pending_answer(p, id, bytes_view(&body));
}

static void
a_challenge_and_a_dry_run_are_answered(void **state)
{
	AUTO(pending) p = begin();

	(void)state;
	MUST(add(p, ID, PENDING_CHALLENGE, 0));
	MUST(give_answer(p, ID, ERR_OK, "\"nonce\":\"n\""));
	assert_int_equal(answer.status, 201);
	assert_true(says("{\"nonce\":\"n\"}"));
	MUST(add(p, ID, PENDING_DECISION, 0));
	MUST(give_answer(p, ID, ERR_OK, "\"decision\":{}"));
	assert_int_equal(answer.status, 200);
	MUST(add(p, ID, PENDING_DECISION, 0));
	MUST(give_answer(p, ID, ERR_REFUSED, "\"decision\":{}"));
	assert_int_equal(answer.status, 200);
	assert_string_equal(answer.type, REPLY_JSON);
}

static void
a_refusal_is_a_problem_with_its_decision(void **state)
{
	AUTO(pending) p = begin();

	(void)state;
	MUST(add(p, ID, PENDING_CREDENTIAL, 1));
	MUST(give_answer(p, ID, ERR_REFUSED,
	    "\"decision\":{\"outcome\":\"deny\"},\"log\":{\"index\":3}"));
	assert_int_equal(answer.status, 403);
	assert_string_equal(answer.type, REPLY_PROBLEM);
	assert_true(says("{\"type\":\"urn:okse:problem:refused\","));
	assert_true(says("\"request_id\":\"fffffffffffffff0\","
	    "\"decision\":{\"outcome\":\"deny\"},\"log\":{\"index\":3}}"));
	assert_int_equal(answer.retry_after, 0);
}

static void
a_failure_says_when_to_come_back(void **state)
{
	AUTO(pending) p = begin();
	AUTO_DONE(bytes) body = { 0 };

	(void)state;
	bytes_put_u16(&body, ERR_UNAVAILABLE);
	bytes_put_u16(&body, 7);
	bytes_put_block(&body, view_text("a keyholder is gone"));
	MUST(add(p, ID, PENDING_QR_TOKEN, 0));
	MUST(pending_failed(p, ID, bytes_view(&body)));
	assert_int_equal(answer.status, 503);
	assert_int_equal(answer.retry_after, 7);
	assert_true(says("a keyholder is gone"));
}

static void
an_officer_hears_what_the_supervisor_says(void **state)
{
	AUTO(pending) p = begin();
	AUTO_DONE(bytes) good = { 0 }, bad = { 0 };

	(void)state;
	bytes_put_u16(&good, ERR_OK);
	bytes_put_block(&good, VIEW(NULL, 0));
	bytes_put_block(&good, view_text("{\"sealed\":true}"));
	MUST(add(p, ID, PENDING_ADMIN, 0));
	MUST(pending_admin(p, ID, bytes_view(&good)));
	assert_int_equal(answer.status, 200);
	assert_true(says("{\"sealed\":true}"));
	bytes_put_u16(&bad, ERR_MISMATCH);
	bytes_put_block(&bad, view_text("not a share of this quorum"));
	bytes_put_block(&bad, VIEW(NULL, 0));
	MUST(add(p, ID, PENDING_ADMIN, 0));
	MUST(pending_admin(p, ID, bytes_view(&bad)));
	assert_int_equal(answer.status, 422);
	assert_true(says("not a share of this quorum"));
}

/* ---- what goes wrong */

static void
there_is_a_limit(void **state)
{
	AUTO(pending) p = begin();

	(void)state;
	for (uint64_t i = 0; i < 8; i++)
		assert_int_equal(add(p, i, PENDING_QR_TOKEN, 0), ERR_OK);
	assert_int_equal(add(p, 8, PENDING_QR_TOKEN, 0), ERR_FULL);
	MUST(give_answer(p, 3, ERR_MISMATCH, ""));
	assert_int_equal(add(p, 8, PENDING_QR_TOKEN, 0), ERR_OK);
}

static void
ids_nobody_waits_for_are_ignored(void **state)
{
	AUTO(pending) p = begin();
	AUTO_DONE(bytes) grant = { 0 };

	(void)state;
	granted(&grant, 1, token);
	assert_int_equal(pending_granted(p, 1, bytes_view(&grant)), ERR_OK);
	assert_int_equal(signature(p, 1, 0), ERR_OK);
	assert_int_equal(give_answer(p, 1, ERR_OK, ""), ERR_OK);
	assert_int_equal(answers, 0);
}

static void
a_grant_that_does_not_fit_is_an_error(void **state)
{
	AUTO(pending) p = begin();
	AUTO_DONE(bytes) one = { 0 }, two = { 0 }, none = { 0 };

	(void)state;
	granted(&one, 1, credential);
	granted(&two, 2, token);
	granted(&none, 0, token);
	MUST(add(p, 1, PENDING_QR_TOKEN, 0));
	assert_int_equal(pending_granted(p, 1, bytes_view(&two)), ERR_SCHEMA);
	assert_int_equal(pending_granted(p, 1, bytes_view(&none)),
	    ERR_SCHEMA);
	MUST(add(p, 2, PENDING_CREDENTIAL, 2));
	assert_int_equal(pending_granted(p, 2, bytes_view(&one)), ERR_SCHEMA);
	MUST(add(p, 3, PENDING_CHALLENGE, 0));
	assert_int_equal(pending_granted(p, 3, bytes_view(&one)), ERR_SCHEMA);
	for (size_t cut = 0; cut < one.len; cut++) {
		struct view part = VIEW(one.at, cut);

		assert_int_not_equal(pending_granted(p, 1, part), ERR_OK);
	}
	/* still waiting: a whole one is taken after all */
	granted(&one, 1, token);
	assert_int_equal(pending_granted(p, 1, bytes_view(&one)), ERR_OK);
	assert_int_equal(pending_granted(p, 1, bytes_view(&one)), ERR_SCHEMA);
	MUST(signature(p, 1, 0));
	assert_int_equal(answers, 0);
	MUST(sent(p, 1, 0, token));
	assert_int_equal(answers, 1);
}

static void
a_draft_that_is_none_is_an_error(void **state)
{
	AUTO(pending) p = begin();
	uint8_t body[16] = { 0 };

	(void)state;
	MUST(add(p, 1, PENDING_QR_TOKEN, 0));
	assert_int_equal(pending_draft(p, 1, VIEW_OF(body)), ERR_SYNTAX);
	assert_int_equal(pending_draft(p, 1, VIEW(body, 5)), ERR_SYNTAX);
	assert_int_equal(pending_draft(p, 1, VIEW(body, 0)), ERR_SYNTAX);
	assert_int_equal(sent(p, 99, 0, token), ERR_OK);
	assert_int_equal(answers, 0);
}

/* Of a credential signed twice, or not at all, nothing is made. */
static void
a_document_needs_as_many_signatures_as_it_has_parts(void **state)
{
	AUTO(pending) p = begin();
	uint8_t two[2 + 2 * P256_SIGNATURE_SIZE] = { 0, 2 };

	(void)state;
	memset(two + 2, 0x11, sizeof(two) - 2);
	MUST(add(p, 1, PENDING_QR_TOKEN, 0));
	give_grant(p, 1, 1, token);
	assert_int_equal(pending_signature(p, 1, VIEW("\0\0", 2)),
	    ERR_SCHEMA);
	MUST(pending_signature(p, 1, VIEW_OF(two)));
	assert_int_equal(answers, 1);
	assert_int_equal(answer.status, 500);
}

static void
signatures_of_another_size_are_an_error(void **state)
{
	AUTO(pending) p = begin();
	uint8_t body[P256_SIGNATURE_SIZE + 3] = { 0, 1 };

	(void)state;
	MUST(add(p, 1, PENDING_QR_TOKEN, 0));
	assert_int_equal(pending_signature(p, 1, VIEW(body,
	    P256_SIGNATURE_SIZE + 1)), ERR_SYNTAX);
	assert_int_equal(pending_signature(p, 1, VIEW_OF(body)), ERR_SYNTAX);
}

static void
without_a_notary_all_are_answered_at_once(void **state)
{
	AUTO(pending) p = begin();

	(void)state;
	for (uint64_t i = 0; i < 5; i++)
		MUST(add(p, ID + i, PENDING_QR_TOKEN, 0));
	pending_fail_all(p, ERR_UNAVAILABLE, "the notary is restarting");
	assert_int_equal(answers, 5);
	assert_int_equal(pending_count(p), 0);
	assert_int_equal(answer.status, 503);
	assert_int_equal(answer.retry_after, 1);
}

static void
a_deadline_ends_the_wait(void **state)
{
	AUTO(pending) p = begin();

	(void)state;
	MUST(add(p, ID, PENDING_QR_TOKEN, 0));
	pending_sweep(p, 999);
	assert_int_equal(answers, 0);
	pending_sweep(p, 1000);
	assert_int_equal(answers, 1);
	assert_int_equal(answer.status, 503);
	/* what comes too late finds nobody */
	assert_int_equal(signature(p, ID, 0), ERR_OK);
	assert_int_equal(answers, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_token_is_answered_when_all_is_there_in_whatever_order),
		cmocka_unit_test(pictures_are_drawn_when_asked_for),
		cmocka_unit_test(credentials_are_answered_whatever_comes_first),
		cmocka_unit_test(each_credential_names_its_key),
		cmocka_unit_test(requests_are_told_apart),
		cmocka_unit_test(a_challenge_and_a_dry_run_are_answered),
		cmocka_unit_test(a_refusal_is_a_problem_with_its_decision),
		cmocka_unit_test(a_failure_says_when_to_come_back),
		cmocka_unit_test(an_officer_hears_what_the_supervisor_says),
		cmocka_unit_test(there_is_a_limit),
		cmocka_unit_test(ids_nobody_waits_for_are_ignored),
		cmocka_unit_test(a_grant_that_does_not_fit_is_an_error),
		cmocka_unit_test(signatures_of_another_size_are_an_error),
		cmocka_unit_test(a_draft_that_is_none_is_an_error),
		cmocka_unit_test(
		    a_document_needs_as_many_signatures_as_it_has_parts),
		cmocka_unit_test(without_a_notary_all_are_answered_at_once),
		cmocka_unit_test(a_deadline_ends_the_wait),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
