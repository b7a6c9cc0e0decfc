/*
 * The life of a device (docs/devices.md): every transition, every refusal of
 * one that is not in the diagram, what status lists say after each, and the
 * same again for whoever asks again. And places in status lists: which come
 * into credentials, and stay the same.
 */
#include "signer/notary/registry_sql.h"
#include "tests/unit/signer/notary.h"

static struct served *
issue(struct world *w, struct person *p, size_t i)
{
	static struct bytes token;
	struct served *s;

	bytes_reset(&token);
	world_visit(w, i, PURPOSE_FIRST_ISSUE, &token);
	person_credential(w, p, i, bytes_view(&token), "phone");
	s = world_ask(w, &p->asked);
	assert_int_equal(served_err(s), ERR_OK);
	return s;
}

static void
report(struct world *w, const struct served *s)
{
	AUTO_DONE(bytes) document = { 0 };

	world_sign(w, s->ticket, &document);
}

static void
has_device(struct world *w, struct person *p)
{
	report(w, issue(w, p, 1));
}

static struct served *
change(struct world *w, struct person *p, enum action a, const char *reason)
{
	static uint64_t changes;

	person_init(p, 1, OPERATION_QR_TOKEN);
	p->asked.operation = OPERATION_STATUS_CHANGE;
	p->asked.purpose = (enum purpose)0;
	p->asked.action = a;
	p->asked.reason = view_text(reason);
	p->asked.evidence.kind = EVIDENCE_NONE;
	p->asked.evidence.centre = view_text("");
	p->asked.holder.has_card = false;
	snprintf(p->key, sizeof(p->key), "change-%llu",
	    (unsigned long long)++changes);
	p->asked.idempotency_key = view_text(p->key);
	return world_ask(w, &p->asked);
}

static void
changes(struct world *w, enum action a, const char *reason,
    const char *state)
{
	struct person p;
	struct served *s = change(w, &p, a, reason);
	char text[64];

	assert_int_equal(s->type, MSG_ANSWER);
	assert_int_equal(served_err(s), ERR_OK);
	snprintf(text, sizeof(text), "\"device\":{\"state\":\"%s\"}", state);
	assert_true(served_says(s, text));
	assert_true(world_logged(w, 1, action_name(a)));
	assert_true(world_logged(w, 1, reason));
}

static void
refuses(struct world *w, enum action a, const char *reason,
    const char *because)
{
	struct person p;
	struct served *s = change(w, &p, a, reason);

	assert_int_equal(served_err(s), ERR_REFUSED);
	assert_true(served_failed(s, "status-change"));
	assert_true(served_says(s, because));
	assert_true(world_logged(w, 1, "\"out\":\"deny\""));
}

struct seen {
	int64_t		count;
	enum status	value;
};

static enum err
see(void *arg, const struct status_use *use, enum status value)
{
	struct seen *seen = arg;

	seen->count += use->count;
	seen->value = value;
	return ERR_OK;
}

/* How many credentials have this value, which is the only one beside valid. */
static void
has_status(struct world *w, int64_t count, enum status value)
{
	struct registry_sweep sweep = { .list = 1 };
	struct seen seen = { 0 };

	while (!sweep.whole)
		OK(registry_status_changed(w->n->registry, &sweep, 50, see,
		    &seen));
	assert_int_equal(seen.count, count);
	assert_int_equal(seen.value, value);
}

static void
in_state(struct world *w, const struct person *p, enum device_state state)
{
	struct handle holder = pseudonym_holder(w->n->keys,
	    view_text(p->number));
	struct registry_device d;
	enum err e = registry_device_find(w->n->registry, &holder,
	    view_text("resident-id"), &d);

	if (e == ERR_NOT_FOUND)
		OK(registry_device_last(w->n->registry, &holder,
		    view_text("resident-id"), &d));
	else
		OK(e);
	assert_int_equal(d.state, state);
}

/* ---- the diagram */

static void
a_lost_phone_is_suspended_found_and_revoked(void **state)
{
	struct world *w = *state;
	struct person p;

	has_device(w, &p);
	has_status(w, 0, STATUS_VALID);
	changes(w, ACTION_SUSPEND, "phone-lost", "suspended");
	has_status(w, 1, STATUS_SUSPENDED);
	in_state(w, &p, DEVICE_SUSPENDED);
	changes(w, ACTION_REINSTATE, "phone-found", "active");
	has_status(w, 0, STATUS_VALID);
	changes(w, ACTION_SUSPEND, "card-lost", "suspended");
	changes(w, ACTION_REVOKE, "card-withdrawn", "revoked");
	has_status(w, 1, STATUS_INVALID);
	in_state(w, &p, DEVICE_REVOKED);
}

static void
what_is_not_in_the_diagram_is_refused_with_the_state(void **state)
{
	struct world *w = *state;
	struct person p;

	refuses(w, ACTION_SUSPEND, "phone-lost", "the holder has none");
	refuses(w, ACTION_REVOKE, "phone-lost", "the holder has none");
	has_device(w, &p);
	refuses(w, ACTION_REINSTATE, "phone-found", "is active");
	changes(w, ACTION_SUSPEND, "phone-lost", "suspended");
	refuses(w, ACTION_SUSPEND, "phone-lost", "is suspended");
	changes(w, ACTION_REVOKE, "phone-stolen", "revoked");
	refuses(w, ACTION_REINSTATE, "phone-found", "is revoked");
	refuses(w, ACTION_SUSPEND, "phone-lost", "is revoked");
	refuses(w, ACTION_REVOKE, "phone-lost", "is revoked");
	has_status(w, 1, STATUS_INVALID);
}

static void
a_reason_that_is_not_listed_changes_nothing(void **state)
{
	struct world *w = *state;
	struct person p;

	has_device(w, &p);
	refuses(w, ACTION_SUSPEND, "phone-found", "not a permitted one");
	refuses(w, ACTION_SUSPEND, "", "needs one");
	/* a client's own text is not in the log */
	assert_false(world_logged(w, 2, "phone-found"));
	in_state(w, &p, DEVICE_ACTIVE);
}

static void
another_device_than_the_holders_is_not_touched(void **state)
{
	struct world *w = *state;
	struct person p;

	has_device(w, &p);
	(void)change(w, &p, ACTION_REINSTATE, "");
	p.asked.action = ACTION_SUSPEND;
	p.asked.reason = view_text("phone-lost");
	p.asked.has_device = true;
	p.asked.device_id = view_text("other phone");
	p.asked.idempotency_key = view_text("other");
	assert_int_equal(served_err(world_ask(w, &p.asked)), ERR_REFUSED);
	assert_true(served_says(&w->batch.at[0], "not the device"));
	p.asked.device_id = view_text("phone");
	p.asked.idempotency_key = view_text("this");
	assert_int_equal(served_err(world_ask(w, &p.asked)), ERR_OK);
	in_state(w, &p, DEVICE_SUSPENDED);
}

static void
programmes_of_one_holder_are_independent(void **state)
{
	struct world *w = *state;
	struct person p;

	has_device(w, &p);
	(void)change(w, &p, ACTION_SUSPEND, "");
	p.asked.programme = view_text("driver-licence");
	p.asked.reason = view_text("phone-lost");
	p.asked.idempotency_key = view_text("licence");
	assert_int_equal(served_err(world_ask(w, &p.asked)), ERR_REFUSED);
	in_state(w, &p, DEVICE_ACTIVE);
}

static void
a_dry_run_changes_nothing(void **state)
{
	struct world *w = *state;
	struct served *s;
	struct person p;

	has_device(w, &p);
	(void)change(w, &p, ACTION_SUSPEND, "");
	p.asked.dry_run = true;
	p.asked.reason = view_text("phone-lost");
	s = world_ask(w, &p.asked);
	assert_int_equal(served_err(s), ERR_OK);
	assert_true(served_says(s, "\"outcome\":\"allow\""));
	assert_false(served_says(s, "\"device\""));
	in_state(w, &p, DEVICE_ACTIVE);
}

/* ---- issuing to a device that is not simply active */

static void
a_reissue_makes_the_old_credential_invalid(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) visit = { 0 };
	struct person p;

	has_device(w, &p);
	changes(w, ACTION_SUSPEND, "phone-lost", "suspended");
	w->now += 1000;
	world_visit(w, 1, PURPOSE_REISSUE, &visit);
	person_credential(w, &p, 1, bytes_view(&visit), "new phone");
	p.asked.purpose = PURPOSE_REISSUE;
	p.asked.reason = view_text("device-lost");
	p.asked.idempotency_key = view_text("reissue");
	assert_int_equal(served_err(world_ask(w, &p.asked)), ERR_OK);
	has_status(w, 1, STATUS_INVALID);
	in_state(w, &p, DEVICE_ACTIVE);
}

static void
a_suspended_device_is_not_refreshed_and_no_second_issued(void **state)
{
	struct world *w = *state;
	struct served *s;
	struct person p;

	has_device(w, &p);
	changes(w, ACTION_SUSPEND, "phone-lost", "suspended");
	person_credential(w, &p, 1, view_text(""), "phone");
	p.asked.purpose = PURPOSE_REFRESH;
	p.asked.evidence.kind = EVIDENCE_NONE;
	p.asked.evidence.centre = view_text("");
	p.asked.idempotency_key = view_text("refresh");
	s = world_ask(w, &p.asked);
	assert_int_equal(served_err(s), ERR_REFUSED);
	assert_true(served_failed(s, "administrative-validity"));
	person_init(&p, 1, OPERATION_QR_TOKEN);
	p.asked.idempotency_key = view_text("second");
	s = world_ask(w, &p.asked);
	assert_int_equal(served_err(s), ERR_REFUSED);
	assert_true(served_failed(s, "one-device"));
}

static void
after_a_revocation_a_first_issue_begins_anew(void **state)
{
	struct world *w = *state;
	struct person p;

	has_device(w, &p);
	changes(w, ACTION_REVOKE, "holder-request", "revoked");
	w->now += 1000;
	person_init(&p, 1, OPERATION_QR_TOKEN);
	p.asked.idempotency_key = view_text("anew");
	assert_int_equal(served_err(world_ask(w, &p.asked)), ERR_OK);
}

/* ---- asking again */

static void
a_change_asked_for_again_has_the_same_answer(void **state)
{
	struct world *w = *state;
	uint64_t entries;
	struct served *s;
	struct person p;

	has_device(w, &p);
	assert_int_equal(served_err(change(w, &p, ACTION_SUSPEND,
	    "phone-lost")), ERR_OK);
	changes(w, ACTION_REINSTATE, "phone-found", "active");
	entries = journal_durable(w->n->journal);
	s = world_ask(w, &p.asked);
	/* what was decided then, although it is active again now */
	assert_int_equal(served_err(s), ERR_OK);
	assert_true(served_says(s, "\"device\":{\"state\":\"suspended\"}"));
	assert_int_equal(journal_durable(w->n->journal), entries);
	in_state(w, &p, DEVICE_ACTIVE);
	p.asked.action = ACTION_REVOKE;
	assert_int_equal(served_err(world_ask(w, &p.asked)), ERR_MISMATCH);
}

static void
a_change_needs_no_keyholder_but_an_open_service(void **state)
{
	struct world *w = *state;
	struct person p;

	has_device(w, &p);
	w->n->keyholders = 0;
	changes(w, ACTION_SUSPEND, "phone-lost", "suspended");
	w->n->keyholders = 1;
	keys_free(STEAL(w->n->keys));
	assert_int_equal(served_err(change(w, &p, ACTION_REVOKE,
	    "phone-lost")), ERR_SEALED);
	world_unseal(w);
}

/* ---- places */

static void
a_retry_has_the_same_places_after_a_restart(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) before = { 0 };
	struct served *s;
	struct person p;
	struct view uri = view_text(ISSUER "/v1/status-lists/1");

	s = issue(w, &p, 1);
	report(w, s);
	bytes_put(&before, bytes_view(&s->body));
	assert_non_null(memmem(before.at, before.len, uri.at, uri.len));
	world_reopen(w);
	world_run(w);
	s = world_ask(w, &p.asked);
	assert_int_equal(served_err(s), ERR_OK);
	/* messages of rules are not kept; the end is list and place */
	assert_true(s->body.len > 60);
	assert_memory_equal(s->body.at + s->body.len - 60,
	    before.at + before.len - 60, 60);
	assert_true(world_logged(w, 9, "\"st\":[[1,0,1]]"));
}

/* ---- a constraint that speaks at the commit */

static struct engine_ops patched;
static const struct engine_ops *real;
static int conflicts;

static enum err
conflicting_commit(struct engine *e)
{
	if (conflicts-- > 0) {
		real->rollback(e);
		return ERR_EXISTS;
	}
	return real->commit(e);
}

static void
patch(struct world *w, int times)
{
	real = w->n->registry->engine->ops;
	patched = *real;
	patched.commit = conflicting_commit;
	w->n->registry->engine->ops = &patched;
	conflicts = times;
}

static void
a_batch_refused_at_its_commit_is_served_again_once(void **state)
{
	struct world *w = *state;
	uint64_t entries = journal_durable(w->n->journal);
	struct person p[2];

	patch(w, 1);
	for (size_t i = 0; i < 2; i++) {
		person_init(&p[i], i, OPERATION_QR_TOKEN);
		world_queue(w, &p[i].asked);
	}
	world_run(w);
	assert_int_equal(w->batch.count, 2);
	assert_int_equal(served_err(&w->batch.at[0]), ERR_OK);
	assert_int_equal(served_err(&w->batch.at[1]), ERR_OK);
	assert_int_equal(w->n->tally.again, 1);
	assert_int_equal(journal_durable(w->n->journal), entries + 2);
	assert_int_equal(w->n->outstanding.count, 2);
}

/* Found out when all is reserved: the draft is too long for its format. */
static void
what_one_request_reserved_is_taken_back_alone(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) token = { 0 }, name = { 0 };
	struct person p;

	world_visit(w, 2, PURPOSE_FIRST_ISSUE, &token);
	for (int i = 0; i < 50; i++)
		bytes_put_text(&name, "홍");
	person_init(&p, 1, OPERATION_QR_TOKEN);
	world_queue(w, &p.asked);
	person_credential(w, &p, 2, bytes_view(&token), "phone");
	p.asked.formats[0] = view_text("cwt-qr");
	p.claims[0].value.text = p.claims[1].value.text = bytes_view(&name);
	world_queue(w, &p.asked);
	person_init(&p, 3, OPERATION_QR_TOKEN);
	world_queue(w, &p.asked);
	world_run(w);
	assert_int_equal(w->batch.count, 3);
	assert_int_equal(served_err(&w->batch.at[0]), ERR_OK);
	assert_int_equal(served_err(&w->batch.at[1]), ERR_RANGE);
	assert_int_equal(served_err(&w->batch.at[2]), ERR_OK);
	assert_int_equal(ticket_index(w->batch.at[2].ticket),
	    ticket_index(w->batch.at[0].ticket) + 1);
	assert_int_equal(w->n->tally.again, 1);
	/* neither token nor nonce nor device is used up */
	person_credential(w, &p, 2, bytes_view(&token), "phone");
	assert_int_equal(served_err(world_ask(w, &p.asked)), ERR_OK);
	assert_int_equal(w->n->tally.again, 1);
}

static void
a_conflict_that_stays_ends_the_process(void **state)
{
	struct world *w = *state;
	struct person p;

	patch(w, 2);
	person_init(&p, 1, OPERATION_QR_TOKEN);
	world_queue(w, &p.asked);
	assert_int_equal(batch_run(w->n, &w->queue, w->now, &w->batch),
	    ERR_EXISTS);
	assert_false(w->batch.durable);
	w->n->registry->engine->ops = real;
}

/* ---- facts that change between a look and a reservation */

static size_t changed_at;

/* The first change of a device finds that somebody else was faster. */
static enum err
beaten(struct query *q, bool must_change)
{
	if (q->statement == DEVICE_CHANGE && changed_at++ == 0)
		return ERR_EXISTS;
	return real->run(q, must_change);
}

static void
who_was_beaten_looks_again(void **state)
{
	struct world *w = *state;
	struct person p;

	has_device(w, &p);
	patch(w, 0);
	patched.run = beaten;
	changed_at = 0;
	changes(w, ACTION_SUSPEND, "phone-lost", "suspended");
	assert_int_equal(changed_at, 2);
	has_status(w, 1, STATUS_SUSPENDED);
	w->n->registry->engine->ops = real;
}

/* ---- quotas */

/* The reference policy has twenty a day: visits and issues together. */
static void
a_holder_is_served_as_often_as_the_quota_allows(void **state)
{
	struct world *w = *state;
	struct served *s;
	struct person p;

	for (int i = 0; i < 21; i++) {
		person_init(&p, 1, OPERATION_QR_TOKEN);
		snprintf(p.key, sizeof(p.key), "visit %d", i);
		p.asked.idempotency_key = view_text(p.key);
		s = world_ask(w, &p.asked);
		if (i < 20) {
			assert_int_equal(served_err(s), ERR_OK);
			report(w, s);
		}
	}
	assert_int_equal(served_err(s), ERR_REFUSED);
	assert_true(served_failed(s, "quota"));
	assert_true(served_says(s, "for each holder; used 20"));
	/* others go on, a retry too, and so does everybody tomorrow */
	person_init(&p, 2, OPERATION_QR_TOKEN);
	assert_int_equal(served_err(world_ask(w, &p.asked)), ERR_OK);
	person_init(&p, 1, OPERATION_QR_TOKEN);
	snprintf(p.key, sizeof(p.key), "visit 7");
	p.asked.idempotency_key = view_text(p.key);
	assert_int_equal(served_err(world_ask(w, &p.asked)), ERR_OK);
	w->now += 11 * 3600 + 3599;	/* it was noon in Seoul */
	snprintf(p.key, sizeof(p.key), "this evening");
	p.asked.idempotency_key = view_text(p.key);
	assert_int_equal(served_err(world_ask(w, &p.asked)), ERR_REFUSED);
	w->now++;
	assert_int_equal(served_err(world_ask(w, &p.asked)), ERR_OK);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_lost_phone_is_suspended_found_and_revoked),
		TEST(what_is_not_in_the_diagram_is_refused_with_the_state),
		TEST(a_reason_that_is_not_listed_changes_nothing),
		TEST(another_device_than_the_holders_is_not_touched),
		TEST(programmes_of_one_holder_are_independent),
		TEST(a_dry_run_changes_nothing),
		TEST(a_reissue_makes_the_old_credential_invalid),
		TEST(a_suspended_device_is_not_refreshed_and_no_second_issued),
		TEST(after_a_revocation_a_first_issue_begins_anew),
		TEST(a_change_asked_for_again_has_the_same_answer),
		TEST(a_change_needs_no_keyholder_but_an_open_service),
		TEST(a_retry_has_the_same_places_after_a_restart),
		TEST(a_holder_is_served_as_often_as_the_quota_allows),
		TEST(a_batch_refused_at_its_commit_is_served_again_once),
		TEST(what_one_request_reserved_is_taken_back_alone),
		TEST(a_conflict_that_stays_ends_the_process),
		TEST(who_was_beaten_looks_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
