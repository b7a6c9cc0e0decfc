/*
 * The way of a request through the notary, from frame to ticket, against the
 * reference policy: what is allowed, what is refused and why, retries, and
 * that everything is in the log.
 */
#include "tests/unit/signer/notary.h"

/* ---- the story */

static void
a_visit_gives_a_token_and_the_token_a_credential(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) token = { 0 }, credential = { 0 };
	struct served *s;
	struct person p;

	world_visit(w, 1, PURPOSE_FIRST_ISSUE, &token);
	assert_true(view_starts(bytes_view(&token), "OKSE1:"));
	person_credential(w, &p, 1, bytes_view(&token), "phone");
	s = world_ask(w, &p.asked);
	assert_int_equal(served_err(s), ERR_OK);
	assert_true(served_says(s, "\"outcome\":\"allow\""));
	assert_true(served_says(s, "\"origin\":\"" ORIGIN "\""));
	world_sign(w, s->ticket, &credential);
	assert_true(memchr(credential.at, '~', credential.len) != NULL);
}

static void
a_decision_is_in_the_log_before_its_ticket_exists(void **state)
{
	struct world *w = *state;
	struct schema_entry e;
	struct served *s;
	struct view bytes;
	struct person p;

	person_init(&p, 1, OPERATION_QR_TOKEN);
	s = world_ask(w, &p.asked);
	OK(registry_entry_get(w->n->registry, ticket_index(s->ticket),
	    &bytes));
	OK(schema_get(bytes, &e));
	assert_true(view_is(e.member[SCHEMA_OUT], "allow"));
	assert_true(view_is(e.member[SCHEMA_OP], "qr-token"));
	assert_true(view_is(e.member[SCHEMA_REGION], "11110"));
	assert_true(view_is(e.member[SCHEMA_CENTRE], "1111051500"));
	assert_int_equal(e.member[SCHEMA_DRAFTS].len, 66);
}

static void
no_number_and_no_name_is_in_registry_or_log(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) token = { 0 };
	char command[192];
	struct person p;

	world_visit(w, 1, PURPOSE_FIRST_ISSUE, &token);
	person_credential(w, &p, 1, bytes_view(&token), "phone-of-hong");
	assert_int_equal(served_err(world_ask(w, &p.asked)), ERR_OK);
	world_close(w);
	snprintf(command, sizeof(command), "cd %s && grep -rqaF -e '%s' "
	    "-e '길동' -e 'phone-of-hong' -e '%s' registry.db* log", w->dir,
	    p.number, p.key);
	assert_int_equal(WEXITSTATUS(system(command)), 1);
	world_open(w);
}

static void
several_keys_of_one_phone_are_one_device(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) token = { 0 }, one = { 0 }, two = { 0 };
	struct draft *d[2];
	struct served *s;
	struct person p;

	world_visit(w, 1, PURPOSE_FIRST_ISSUE, &token);
	person_credential(w, &p, 1, bytes_view(&token), "phone");
	person_device(w, &p, "phone", 2);
	s = world_ask(w, &p.asked);
	assert_int_equal(served_err(s), ERR_OK);
	assert_int_equal(ticket_parts(s->ticket), 2);
	d[0] = ticket_draft(s->ticket, 0, &one);
	d[1] = ticket_draft(s->ticket, 1, &two);
	assert_false(view_equal(draft_tbs(d[0]), draft_tbs(d[1])));
	draft_free(d[0]);
	draft_free(d[1]);
}

/* ---- refusals */

/* Person i with a credential on "phone"; the token that was used. */
static void
issue(struct world *w, size_t i, struct bytes *out_token)
{
	AUTO_DONE(bytes) credential = { 0 };
	struct served *s;
	struct person p;

	world_visit(w, i, PURPOSE_FIRST_ISSUE, out_token);
	person_credential(w, &p, i, bytes_view(out_token), "phone");
	s = world_ask(w, &p.asked);
	assert_int_equal(served_err(s), ERR_OK);
	world_sign(w, s->ticket, &credential);
}

static void
refused(struct world *w, const struct person *p, const char *rule)
{
	struct served *s = world_ask(w, &p->asked);

	assert_int_equal(served_err(s), ERR_REFUSED);
	assert_true(served_failed(s, rule));
	assert_true(world_logged(w, 1, "\"out\":\"deny\""));
}

static void
a_second_phone_is_refused(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) first = { 0 };
	struct person p;

	issue(w, 1, &first);
	w->now += 10;
	world_run(w);
	/* the centre itself would be refused a second token … */
	person_init(&p, 1, OPERATION_QR_TOKEN);
	snprintf(p.key, sizeof(p.key), "again");
	p.asked.idempotency_key = view_text(p.key);
	refused(w, &p, "one-device");
	/* … and so is a phone that tries the old one again */
	person_credential(w, &p, 1, bytes_view(&first), "other phone");
	p.asked.idempotency_key = view_text("other");
	refused(w, &p, "one-device");
}

static void
a_second_phone_is_refused_within_one_batch(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) one = { 0 }, two = { 0 };
	struct person a, b;

	world_visit(w, 1, PURPOSE_FIRST_ISSUE, &one);
	world_visit(w, 1, PURPOSE_FIRST_ISSUE, &two);
	person_credential(w, &a, 1, bytes_view(&one), "phone a");
	person_credential(w, &b, 1, bytes_view(&two), "phone b");
	b.asked.idempotency_key = view_text("b");
	world_queue(w, &a.asked);
	world_queue(w, &b.asked);
	world_run(w);
	assert_int_equal(served_err(&w->batch.at[0]), ERR_OK);
	assert_int_equal(served_err(&w->batch.at[1]), ERR_REFUSED);
	assert_true(served_failed(&w->batch.at[1], "one-device"));
}

static void
a_token_is_redeemed_once(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) token = { 0 };
	struct person p;

	issue(w, 1, &token);
	person_credential(w, &p, 1, bytes_view(&token), "phone");
	p.asked.idempotency_key = view_text("replay");
	refused(w, &p, "evidence-valid");
	assert_true(served_says(&w->batch.at[0], "redeemed"));
}

static void
another_holders_token_is_refused(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) token = { 0 };
	struct person p;

	world_visit(w, 1, PURPOSE_FIRST_ISSUE, &token);
	person_credential(w, &p, 2, bytes_view(&token), "phone");
	refused(w, &p, "evidence-valid");
	person_credential(w, &p, 1, bytes_view(&token), "phone");
	assert_int_equal(served_err(world_ask(w, &p.asked)), ERR_OK);
}

static void
a_token_is_of_one_centre_and_purpose(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) token = { 0 };
	struct person p;

	world_visit(w, 1, PURPOSE_FIRST_ISSUE, &token);
	person_credential(w, &p, 1, bytes_view(&token), "phone");
	p.asked.evidence.centre = view_text("1111053000");
	refused(w, &p, "evidence-valid");
	p.asked.evidence.centre = view_text("1111051500");
	p.asked.purpose = PURPOSE_REISSUE;
	p.asked.reason = view_text("device-lost");
	refused(w, &p, "evidence-valid");
	person_device(w, &p, "phone", 1);
	p.asked.purpose = PURPOSE_FIRST_ISSUE;
	p.asked.reason = view_text("");
	assert_int_equal(served_err(world_ask(w, &p.asked)), ERR_OK);
}

static void
a_token_ends_after_180_seconds(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) token = { 0 };
	struct person p;

	world_visit(w, 1, PURPOSE_FIRST_ISSUE, &token);
	w->now += 180;
	person_credential(w, &p, 1, bytes_view(&token), "phone");
	refused(w, &p, "evidence-valid");
	assert_true(served_says(&w->batch.at[0], "expired"));
	w->now--;
	person_credential(w, &p, 1, bytes_view(&token), "phone");
	assert_int_equal(served_err(world_ask(w, &p.asked)), ERR_OK);
}

static void
a_token_that_nobody_signed_is_refused(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) token = { 0 };
	struct person p;

	world_visit(w, 1, PURPOSE_FIRST_ISSUE, &token);
	token.at[token.len - 5] = token.at[token.len - 5] == 'A' ? 'B' : 'A';
	person_credential(w, &p, 1, bytes_view(&token), "phone");
	refused(w, &p, "evidence-valid");
	p.asked.evidence.qr_token = view_text("OKSE1:");
	refused(w, &p, "evidence-valid");
	p.asked.evidence.qr_token = view_text("");
	refused(w, &p, "evidence-valid");
}

/* ---- proofs */

static void
a_nonce_is_used_once(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) one = { 0 }, two = { 0 };
	struct person a, b;

	world_visit(w, 1, PURPOSE_FIRST_ISSUE, &one);
	world_visit(w, 2, PURPOSE_FIRST_ISSUE, &two);
	person_credential(w, &a, 1, bytes_view(&one), "phone a");
	person_credential(w, &b, 2, bytes_view(&two), "phone b");
	b.asked.proofs[0].nonce = a.asked.proofs[0].nonce;
	assert_int_equal(served_err(world_ask(w, &a.asked)), ERR_OK);
	refused(w, &b, "device-proof");
}

static void
what_a_proof_must_be(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) token = { 0 };
	struct person p, good;

	world_visit(w, 1, PURPOSE_FIRST_ISSUE, &token);
	person_credential(w, &good, 1, bytes_view(&token), "phone");
#define BAD(change)                                                           \
	p = good;                                                             \
	change;                                                               \
	refused(w, &p, "device-proof")
	BAD(p.asked.proofs[0].audience = view_text("https://other.example"));
	BAD(p.asked.proofs[0].nonce = view_text("AAAA"));
	BAD(p.asked.proofs[0].issued_at = w->now - NONCE_LIFE - 1);
	BAD(p.asked.proofs[0].issued_at = w->now + 61);
	BAD(p.asked.caller = view_text("upstream");
	    p.nonces[1][0] = 0;
	    memcpy(p.nonces[1], good.nonces[0], NONCE_TEXT);
	    p.nonces[1][3] ^= 1;
	    p.asked.proofs[0].nonce = view_text(p.nonces[1]));
	for (size_t i = 0; i < w->n->signers.count; i++) {
		BAD(memcpy(p.asked.proofs[0].point, issuer_point(
		    w->n->signers.at[i].issuer).at, P256_POINT_SIZE));
	}
	BAD(p.asked.proofs[0].expires_at = w->now);
	BAD(p.asked.proofs[0].not_before = w->now + 61);
	w->now += NONCE_LIFE;
	BAD(p.asked.proofs[0].issued_at = w->now);
	w->now -= NONCE_LIFE;
#undef BAD
	good.asked.proofs[0].expires_at = w->now + 1;
	good.asked.proofs[0].not_before = w->now + 60;
	good.asked.proofs[0].issued_at = w->now + 60;
	assert_int_equal(served_err(world_ask(w, &good.asked)), ERR_OK);
}

static void
a_key_of_another_holder_is_refused(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) one = { 0 }, two = { 0 };
	struct person a, b;

	world_visit(w, 1, PURPOSE_FIRST_ISSUE, &one);
	world_visit(w, 2, PURPOSE_FIRST_ISSUE, &two);
	person_credential(w, &a, 1, bytes_view(&one), "phone");
	person_credential(w, &b, 2, bytes_view(&two), "phone");
	memcpy(b.asked.proofs[0].point, a.asked.proofs[0].point,
	    P256_POINT_SIZE);
	assert_int_equal(served_err(world_ask(w, &a.asked)), ERR_OK);
	refused(w, &b, "device-proof");
}

/* ---- another phone */

static void
a_new_phone_replaces_the_old_one(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) first = { 0 }, visit = { 0 };
	struct registry_device d;
	struct handle holder_is, phone;
	struct person p;

	issue(w, 1, &first);
	w->now += 1000;
	world_visit(w, 1, PURPOSE_REISSUE, &visit);
	person_credential(w, &p, 1, bytes_view(&visit), "new phone");
	p.asked.purpose = PURPOSE_REISSUE;
	p.asked.reason = view_text("device-replaced");
	p.asked.idempotency_key = view_text("reissue");
	assert_int_equal(served_err(world_ask(w, &p.asked)), ERR_OK);
	holder_is = pseudonym_holder(w->n->keys, view_text(p.number));
	phone = pseudonym_device(w->n->keys, view_text("new phone"));
	OK(registry_device_find(w->n->registry, &holder_is,
	    view_text("resident-id"), &d));
	assert_memory_equal(&d.device, &phone, sizeof(phone));
	assert_int_equal(d.issued_at, w->now);
}

static void
a_refresh_keeps_the_administrative_expiry(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) token = { 0 };
	struct registry_device before, after;
	struct handle who;
	struct person p;

	issue(w, 1, &token);
	person_credential(w, &p, 1, view_text(""), "phone");
	who = pseudonym_holder(w->n->keys, view_text(p.number));
	OK(registry_device_find(w->n->registry, &who,
	    view_text("resident-id"), &before));
	w->now += 60 * DAY;
	person_credential(w, &p, 1, view_text(""), "phone");
	p.asked.purpose = PURPOSE_REFRESH;
	p.asked.evidence.kind = EVIDENCE_NONE;
	p.asked.evidence.centre = view_text("");
	p.asked.idempotency_key = view_text("refresh");
	assert_int_equal(served_err(world_ask(w, &p.asked)), ERR_OK);
	OK(registry_device_find(w->n->registry, &who,
	    view_text("resident-id"), &after));
	assert_int_equal(after.administrative_expiry,
	    before.administrative_expiry);
	person_credential(w, &p, 1, view_text(""), "other phone");
	p.asked.purpose = PURPOSE_REFRESH;
	p.asked.evidence.kind = EVIDENCE_NONE;
	p.asked.evidence.centre = view_text("");
	p.asked.idempotency_key = view_text("refresh of another");
	refused(w, &p, "one-device");
}

/* ---- dry runs */

static void
a_dry_run_changes_nothing_but_the_log(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) token = { 0 };
	struct served *s;
	struct person p;

	world_visit(w, 1, PURPOSE_FIRST_ISSUE, &token);
	person_credential(w, &p, 1, bytes_view(&token), "phone");
	p.asked.dry_run = true;
	p.asked.idempotency_key = view_text("");
	for (int i = 0; i < 2; i++) {
		s = world_ask(w, &p.asked);
		assert_int_equal(served_err(s), ERR_OK);
		assert_int_equal(s->type, MSG_ANSWER);
		assert_true(served_says(s, "\"outcome\":\"allow\""));
	}
	assert_int_equal(w->n->outstanding.count, 0);
	assert_false(world_logged(w, 2, "\"holder\""));
	assert_true(world_logged(w, 2, "\"dry\":1"));
	p.asked.dry_run = false;
	p.asked.idempotency_key = view_text("now");
	assert_int_equal(served_err(world_ask(w, &p.asked)), ERR_OK);
}

static void
a_dry_run_may_leave_out_what_only_an_issue_needs(void **state)
{
	struct world *w = *state;
	struct person p;

	person_init(&p, 1, OPERATION_CREDENTIAL);
	p.asked.dry_run = true;
	p.asked.idempotency_key = view_text("");
	assert_int_equal(served_err(world_ask(w, &p.asked)), ERR_OK);
	w->n->keyholders = 0;
	assert_int_equal(served_err(world_ask(w, &p.asked)), ERR_OK);
}

/* ---- what is refused without a decision */

static void
undecided(struct world *w, const struct asked *asked, enum err wanted)
{
	uint64_t entries = journal_durable(w->n->journal);

	assert_int_equal(served_err(world_ask(w, asked)), wanted);
	assert_int_equal(journal_durable(w->n->journal), entries);
	assert_int_equal(w->n->outstanding.count, 0);
}

static void
requests_that_cannot_be_served_are_not_decided(void **state)
{
	struct world *w = *state;
	struct person good, p;

	person_credential(w, &good, 1, view_text("OKSE1:X"), "phone");
#define BAD(err, change)                                                      \
	p = good;                                                             \
	change;                                                               \
	undecided(w, &p.asked, err)
	BAD(ERR_SCHEMA, p.asked.idempotency_key = view_text(""));
	BAD(ERR_SCHEMA, p.asked.programme = view_text("Resident ID"));
	BAD(ERR_SCHEMA, p.asked.programme = view_text(".resident-id"));
	BAD(ERR_SCHEMA, p.asked.proof_count = 0);
	BAD(ERR_SCHEMA, p.asked.format_count = 0);
	BAD(ERR_SCHEMA, p.asked.claims.kind = VALUE_NONE);
	BAD(ERR_UNSUPPORTED, p.asked.formats[0] = view_text("jwt_vc"));
	BAD(ERR_RANGE, p.asked.proof_count = REGISTRY_DRAFTS / 2 + 1;
	    p.asked.formats[p.asked.format_count++] = view_text("mso_mdoc");
	    for (size_t i = 1; i < p.asked.proof_count; i++)
		p.asked.proofs[i] = p.asked.proofs[0]);
	BAD(ERR_UNAVAILABLE, w->n->keyholders = 0);
	w->n->keyholders = 1;
	BAD(ERR_SEALED, keys_free(STEAL(w->n->keys)));
#undef BAD
	world_unseal(w);
	person_init(&p, 1, OPERATION_QR_TOKEN);
	p.asked.evidence.centre = view_text("");
	undecided(w, &p.asked, ERR_SCHEMA);
}

static void
a_damaged_frame_is_answered(void **state)
{
	struct world *w = *state;

	OK(queue_add(&w->queue, 1, view_text("\1\2\3")));
	OK(queue_add(&w->queue, 2, view_text("")));
	world_run(w);
	assert_int_equal(w->batch.count, 2);
	assert_int_equal(err_status(served_err(&w->batch.at[0])), 400);
	assert_int_equal(err_status(served_err(&w->batch.at[1])), 400);
}

static void
too_many_signatures_on_their_way_are_refused(void **state)
{
	struct world *w = *state;
	struct person p;
	size_t served = 0;

	for (size_t i = 0; i <= OUTSTANDING_MAX; i++) {
		person_init(&p, i, OPERATION_QR_TOKEN);
		world_queue(w, &p.asked);
	}
	while (!queue_is_empty(&w->queue)) {
		world_run(w);
		for (size_t i = 0; i < w->batch.count; i++, served++)
			assert_int_equal(served_err(&w->batch.at[i]),
			    served < OUTSTANDING_MAX ? ERR_OK : ERR_FULL);
	}
	assert_int_equal(served, OUTSTANDING_MAX + 1);
}

static void
more_requests_than_may_wait_are_refused(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < QUEUE_MAX; i++)
		OK(queue_add(&w->queue, i, view_text("x")));
	assert_int_equal(queue_add(&w->queue, 1, view_text("x")), ERR_FULL);
	for (size_t i = 0; i < QUEUE_MAX; i += BATCH_MAX) {
		world_run(w);
		assert_int_equal(w->batch.count, BATCH_MAX);
	}
	assert_true(queue_is_empty(&w->queue));
	OK(queue_add(&w->queue, 1, view_text("x")));
}

/* ---- retries */

static struct served *
ask_credential(struct world *w, struct person *p, struct bytes *token)
{
	world_visit(w, 1, PURPOSE_FIRST_ISSUE, token);
	person_credential(w, p, 1, bytes_view(token), "phone");
	return world_ask(w, &p->asked);
}

static void
the_same_request_gives_the_same_draft(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) token = { 0 }, one = { 0 }, two = { 0 }, log = { 0 },
	    rider = { 0 };
	struct served *s;
	struct person p;
	uint64_t index, entries;

	s = ask_credential(w, &p, &token);
	index = ticket_index(s->ticket);
	ticket_put(s->ticket, 0, &one, &rider);
	world_sign(w, s->ticket, &log);
	w->now += 3000;		/* long after token and nonce */
	world_run(w);
	entries = journal_durable(w->n->journal);
	s = world_ask(w, &p.asked);
	assert_int_equal(served_err(s), ERR_OK);
	assert_int_equal(ticket_index(s->ticket), index);
	ticket_put(s->ticket, 0, &two, &rider);
	assert_true(view_equal(bytes_view(&one), bytes_view(&two)));
	assert_true(served_says(s, "\"outcome\":\"allow\""));
	assert_true(served_says(s,
	    "{\"id\":\"holder-age\",\"outcome\":\"pass\""));
	assert_int_equal(journal_durable(w->n->journal), entries);
}

static void
the_same_visit_gives_the_same_token(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) one = { 0 }, two = { 0 }, text = { 0 },
	    rider = { 0 };
	struct served *s;
	struct person p;

	person_init(&p, 1, OPERATION_QR_TOKEN);
	s = world_ask(w, &p.asked);
	ticket_put(s->ticket, 0, &one, &rider);
	world_sign(w, s->ticket, &text);
	w->now += 10;
	p.asked.pictures = true;	/* not part of what is asked */
	s = world_ask(w, &p.asked);
	assert_int_equal(served_err(s), ERR_OK);
	ticket_put(s->ticket, 0, &two, &rider);
	assert_true(view_equal(bytes_view(&one), bytes_view(&two)));
}

static void
the_same_request_after_a_restart_gives_the_same_draft(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) token = { 0 }, one = { 0 }, two = { 0 },
	    rider = { 0 };
	struct served *s;
	struct person p;

	s = ask_credential(w, &p, &token);
	ticket_put(s->ticket, 0, &one, &rider);
	world_reopen(w);
	assert_true(world_logged(w, 3, "\"ev\":\"orphan\""));
	s = world_ask(w, &p.asked);
	assert_int_equal(served_err(s), ERR_OK);
	ticket_put(s->ticket, 0, &two, &rider);
	assert_true(view_equal(bytes_view(&one), bytes_view(&two)));
}

static void
a_retry_while_the_first_is_signed_is_in_flight(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) token = { 0 };
	struct person p;

	assert_int_equal(served_err(ask_credential(w, &p, &token)), ERR_OK);
	assert_int_equal(served_err(world_ask(w, &p.asked)), ERR_IN_FLIGHT);
}

static void
of_two_in_one_batch_the_second_is_in_flight(void **state)
{
	struct world *w = *state;
	struct person p;

	person_init(&p, 1, OPERATION_QR_TOKEN);
	world_queue(w, &p.asked);
	world_queue(w, &p.asked);
	world_run(w);
	assert_int_equal(served_err(&w->batch.at[0]), ERR_OK);
	assert_int_equal(served_err(&w->batch.at[1]), ERR_IN_FLIGHT);
}

static void
another_request_under_the_same_key_is_refused(void **state)
{
	struct world *w = *state;
	struct person p;

	person_init(&p, 1, OPERATION_QR_TOKEN);
	assert_int_equal(served_err(world_ask(w, &p.asked)), ERR_OK);
	p.asked.evidence.centre = view_text("1111053000");
	assert_int_equal(served_err(world_ask(w, &p.asked)), ERR_MISMATCH);
	p.asked.evidence.centre = view_text("1111051500");
	p.asked.holder.residence = view_text("11110");
	assert_int_equal(served_err(world_ask(w, &p.asked)), ERR_MISMATCH);
}

static void
another_caller_has_its_own_keys(void **state)
{
	struct world *w = *state;
	struct person p;

	person_init(&p, 1, OPERATION_QR_TOKEN);
	assert_int_equal(served_err(world_ask(w, &p.asked)), ERR_OK);
	/* an unknown caller is refused by the policy, not as a retry */
	p.asked.caller = view_text("somebody");
	refused(w, &p, "caller-entitled");
}

static void
a_refusal_is_decided_anew(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) token = { 0 };
	struct person p;

	world_visit(w, 1, PURPOSE_FIRST_ISSUE, &token);
	person_credential(w, &p, 1, bytes_view(&token), "phone");
	p.asked.holder.card_status = view_text("lost");
	refused(w, &p, "card-held");
	p.asked.holder.card_status = view_text("issued");
	assert_int_equal(served_err(world_ask(w, &p.asked)), ERR_OK);
}

static void
a_ticket_that_failed_may_be_tried_again(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) token = { 0 };
	struct outstanding_ticket *t;
	struct served *s;
	struct person p;
	uint64_t index;

	s = ask_credential(w, &p, &token);
	index = ticket_index(s->ticket);
	t = outstanding_find(&w->n->outstanding, index);
	outstanding_remove(&w->n->outstanding, t);
	chores_add_failed(&w->n->chores, index, ERR_TOKEN);
	s = world_ask(w, &p.asked);
	assert_int_equal(served_err(s), ERR_OK);
	assert_int_equal(ticket_index(s->ticket), index);
	assert_true(world_logged(w, 1, "\"ev\":\"failed\""));
	assert_true(world_logged(w, 1, "\"reason\":\"token\""));
}

static void
what_cannot_be_made_again_is_refused(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) token = { 0 }, credential = { 0 };
	struct served *s;
	struct person p;

	s = ask_credential(w, &p, &token);
	world_sign(w, s->ticket, &credential);
	world_run(w);
	/* the signer's key is exchanged */
	world_add_signer(w, KEY_USE_DOCUMENT, w->now - DAY, w->now + DAY);
	w->keys[0] = w->keys[3];
	w->config.keys.count = 3;
	world_reopen(w);
	assert_int_equal(served_err(world_ask(w, &p.asked)), ERR_MISMATCH);
	assert_non_null(strstr(err_why(), "its signer is not in use"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_visit_gives_a_token_and_the_token_a_credential),
		TEST(a_decision_is_in_the_log_before_its_ticket_exists),
		TEST(no_number_and_no_name_is_in_registry_or_log),
		TEST(several_keys_of_one_phone_are_one_device),
		TEST(a_second_phone_is_refused),
		TEST(a_second_phone_is_refused_within_one_batch),
		TEST(a_token_is_redeemed_once),
		TEST(another_holders_token_is_refused),
		TEST(a_token_is_of_one_centre_and_purpose),
		TEST(a_token_ends_after_180_seconds),
		TEST(a_token_that_nobody_signed_is_refused),
		TEST(a_nonce_is_used_once),
		TEST(what_a_proof_must_be),
		TEST(a_key_of_another_holder_is_refused),
		TEST(a_new_phone_replaces_the_old_one),
		TEST(a_refresh_keeps_the_administrative_expiry),
		TEST(a_dry_run_changes_nothing_but_the_log),
		TEST(a_dry_run_may_leave_out_what_only_an_issue_needs),
		TEST(requests_that_cannot_be_served_are_not_decided),
		TEST(a_damaged_frame_is_answered),
		TEST(too_many_signatures_on_their_way_are_refused),
		TEST(more_requests_than_may_wait_are_refused),
		TEST(the_same_request_gives_the_same_draft),
		TEST(the_same_visit_gives_the_same_token),
		TEST(the_same_request_after_a_restart_gives_the_same_draft),
		TEST(a_retry_while_the_first_is_signed_is_in_flight),
		TEST(of_two_in_one_batch_the_second_is_in_flight),
		TEST(another_request_under_the_same_key_is_refused),
		TEST(another_caller_has_its_own_keys),
		TEST(a_refusal_is_decided_anew),
		TEST(a_ticket_that_failed_may_be_tried_again),
		TEST(what_cannot_be_made_again_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
