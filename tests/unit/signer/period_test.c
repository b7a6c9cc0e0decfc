/*
 * Periods and the checkpoints that end them: of exactly their size whatever
 * follows, with the quorum of witnesses sooner or later, across a crash after
 * every step; and what is remembered of them when the registry forgets.
 */
#include "signer/notary/rebuild.h"
#include "tests/unit/signer/periods.h"

/* ---- what there is afterwards */

static void
read_policy(struct trust_policy **out)
{
	OK(trust_policy_read(policy_path, out));
}

/* The note of a period as an auditor sees it: how many have cosigned it. */
static size_t
witnesses_of(struct world *w, const char *name, uint64_t size)
{
	AUTO(trust_policy) policy = NULL;
	AUTO_DONE(bytes) text = { 0 };
	struct trust_seen seen;
	char path[128];

	snprintf(path, sizeof(path), "%s/closed/%s.note", w->config.log, name);
	OK(file_read(path, NOTE_MAX, &text));
	read_policy(&policy);
	OK(trust_open(policy, bytes_view(&text), &seen));
	assert_int_equal(seen.checkpoint.size, size);
	return seen.witnesses;
}

static bool
says(struct world *w, const char *what)
{
	AUTO_DONE(bytes) json = { 0 };

	OK(period_put(w->n, &json));
	return strstr(bytes_text(&json), what) != NULL;
}

static bool
has_note(struct world *w, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/closed/%s.note", w->config.log, name);
	return file_exists(path);
}

/* ---- the size */

static void
its_checkpoint_is_of_its_size_however_much_follows(void **state)
{
	struct world *w = *state;
	uint64_t size;

	decide(w, 5);
	offer(w);
	carry(w);
	size = end(w, PERIOD);
	assert_true(says(w, "\"period\":\"" PERIOD "\",\"size\":"));
	assert_true(says(w, "\"state\":\"closed\""));
	/* nobody waits for it */
	decide(w, 400);
	offer(w);
	decide(w, 7);
	carry(w);
	assert_int_equal(journal_published(w->n->journal), size);
	step(w);
	assert_int_equal(witnesses_of(w, PERIOD, size), 3);
	assert_true(says(w, "\"state\":\"witnessed\",\"cosigned\":[\"w1\","
	    "\"w2\",\"w3\"],\"waiting\":[],\"passed\":[]"));
	assert_true(journal_durable(w->n->journal) >= size + 407);
	settle(w);
	verified(w);
}

static void
a_checkpoint_that_is_being_signed_does_not_hinder_it(void **state)
{
	struct world *w = *state;
	uint8_t signature[ED25519_SIGNATURE_SIZE];
	AUTO_DONE(bytes) body = { 0 };
	uint64_t size;

	now_us += 2 * SECOND;
	OK(journal_checkpoint(w->n->journal, now_us, &body));
	size = end(w, PERIOD);
	decide(w, 3);
	sign_body(w, &body, signature);
	OK(journal_cosigned(w->n->journal, VIEW_OF(signature)));
	settle(w);
	assert_int_equal(witnesses_of(w, PERIOD, size), 3);
	verified(w);
}

static void
without_witnesses_it_is_published_as_exactly(void **state)
{
	struct world *w = *state;
	uint64_t size;

	w->config.witnesses.policy = NULL;
	world_reopen(w);
	size = end(w, PERIOD);
	decide(w, 20);
	now_us += SECOND;
	some_checkpoint(w);
	assert_int_equal(journal_published(w->n->journal), size);
	assert_false(has_note(w, PERIOD));
	step(w);
	assert_int_equal(witnesses_of(w, PERIOD, size), 0);
	assert_true(says(w, "\"closing\":null,\"quorum\":null,\"periods\":[{"
	    "\"period\":\"" PERIOD "\",\"size\":"));
	assert_true(says(w, "\"state\":\"published\"}]"));
	some_checkpoint(w);
	assert_int_equal(journal_published(w->n->journal), size + 20);
	verified(w);
}

/* ---- the quorum */

static void
it_collects_its_quorum_when_patience_has_run_out(void **state)
{
	struct world *w = *state;
	uint64_t size;

	fakes[0].away = fakes[1].away = true;
	size = end(w, PERIOD);
	decide(w, 10);
	settle(w);
	assert_int_equal(witnesses_of(w, PERIOD, size), 1);
	assert_true(says(w, "\"state\":\"published\",\"cosigned\":[\"w3\"],"
	    "\"waiting\":[\"w1\",\"w2\"],\"passed\":[]"));
	assert_true(journal_published(w->n->journal) > size);
	assert_int_equal(w->n->attest->witnessed, 0);
	/* one comes back, then the other: each is offered it first */
	fakes[1].away = false;
	settle(w);
	assert_int_equal(witnesses_of(w, PERIOD, size), 2);
	assert_true(says(w, "\"state\":\"witnessed\""));
	world_reopen(w);
	fakes[0].away = false;
	settle(w);
	assert_int_equal(witnesses_of(w, PERIOD, size), 3);
	assert_int_equal(fakes[0].log.size, journal_published(w->n->journal));
	verified(w);
}

static void
periods_are_offered_in_their_order(void **state)
{
	struct world *w = *state;
	uint64_t first, second;

	fakes[0].away = true;
	first = end(w, "2026-10");
	decide(w, 300);
	settle(w);
	second = end(w, "2026-11");
	decide(w, 300);
	settle(w);
	assert_int_equal(witnesses_of(w, "2026-10", first), 2);
	assert_int_equal(witnesses_of(w, "2026-11", second), 2);
	fakes[0].away = false;
	settle(w);
	assert_int_equal(witnesses_of(w, "2026-10", first), 3);
	assert_int_equal(witnesses_of(w, "2026-11", second), 3);
	assert_int_equal(fakes[0].log.size, journal_published(w->n->journal));
}

/* Anybody may bring a witness a checkpoint: here a larger one, first. */
static void
a_witness_that_has_passed_it_is_named(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) request = { 0 }, answer = { 0 };
	struct proof proof;
	uint16_t status = 200;
	uint64_t size;

	fakes[0].away = true;
	size = end(w, PERIOD);
	decide(w, 10);
	settle(w);
	OK(journal_prove(w->n->journal, fakes[0].log.size,
	    journal_note_size(w->n->journal), &proof));
	witness_request_put(&request, fakes[0].log.size, &proof,
	    journal_note(w->n->journal));
	serve_add(&fakes[0], bytes_view(&request), &status, &answer);
	assert_true(fakes[0].log.size > size);
	assert_true(says(w, "\"waiting\":[\"w1\"],\"passed\":[]"));
	fakes[0].away = false;
	decide(w, 10);
	settle(w);
	assert_int_equal(witnesses_of(w, PERIOD, size), 2);
	assert_true(says(w, "\"cosigned\":[\"w2\",\"w3\"],\"waiting\":[],"
	    "\"passed\":[\"w1\"]"));
	/* after a start it is found again, and nothing else suffers */
	world_reopen(w);
	settle(w);
	assert_true(says(w, "\"passed\":[\"w1\"]"));
	assert_int_equal(fakes[0].log.size, journal_published(w->n->journal));
}

/* A claim to know more, which nobody has proven, makes nothing of it. */
static void
a_claim_alone_does_not_pass_it(void **state)
{
	struct world *w = *state;
	char claim[24];
	uint64_t size;

	size = end(w, PERIOD);
	decide(w, 10);
	snprintf(claim, sizeof(claim), "%llu\n", (unsigned long long)size + 3);
	fakes[0].says = 409;
	fakes[0].body = claim;
	settle(w);
	assert_true(says(w, "\"waiting\":[\"w1\"],\"passed\":[]"));
	fakes[0].says = 0;
	settle(w);
	assert_int_equal(witnesses_of(w, PERIOD, size), 3);
}

static void
an_opening_asks_for_what_is_owed_and_then_for_the_newest(void **state)
{
	struct world *w = *state;
	enum err e = ERR_IN_FLIGHT;
	uint64_t size;

	fakes[0].away = true;
	size = end(w, PERIOD);
	decide(w, 10);
	settle(w);
	fakes[0].away = false;
	world_reopen(w);
	attest_ask(w->n->attest, now_us);
	for (int i = 0; e == ERR_IN_FLIGHT && i < 20; i++) {
		carry(w);
		e = attest_verdict(w->n->attest, now_us);
		now_us += SECOND / 2;
	}
	OK(e);
	assert_int_equal(witnesses_of(w, PERIOD, size), 3);
	for (size_t i = 0; i < WITNESSES; i++)
		assert_true(w->n->attest->at[i].fresh);
}

/* ---- crashes */

#define STEPS 14

/* The whole of a close, of which only some steps happen; each is one write. */
static uint64_t
close_until(struct world *w, int steps)
{
	uint8_t signature[ED25519_SIGNATURE_SIZE];
	AUTO_DONE(bytes) body = { 0 };
	uint64_t size = 0;

	for (int i = 0; i < steps; i++) {
		switch (i) {
		case 0:
			begin(w, PERIOD);
			break;
		case 1:
			run(w);
			size = journal_durable(w->n->journal);
			break;
		case 2: case 7: case 11:
			decide(w, 60);
			break;
		case 3:
			now_us += 2 * SECOND;
			OK(journal_checkpoint(w->n->journal, now_us, &body));
			break;
		case 4:
			sign_body(w, &body, signature);
			OK(journal_cosigned(w->n->journal,
			    VIEW_OF(signature)));
			break;
		case 5:		/* no quorum yet */
			fakes[0].away = fakes[1].away = true;
			carry(w);
			break;
		case 6:		/* two, and it is published */
			fakes[1].away = false;
			now_us += 4 * SECOND;
			carry(w);
			assert_int_equal(journal_published(w->n->journal),
			    size);
			break;
		case 8:
			step(w);
			assert_true(has_note(w, PERIOD));
			break;
		case 9: case 12:
			some_checkpoint(w);
			break;
		case 10: case 13:
			carry(w);
			break;
		default:
			break;
		}
	}
	return size;
}

static void
a_crash_after_any_step_loses_no_checkpoint_and_no_quorum(
    void **state)
{
	struct world *w = *state;

	for (int steps = 1; steps <= STEPS; steps++) {
		uint64_t size = close_until(w, steps);

		world_reopen(w);
		for (size_t i = 0; i < WITNESSES; i++)
			fakes[i].away = false;
		if (size == 0) {	/* it was only asked for */
			assert_false(has_note(w, PERIOD));
			size = end(w, PERIOD);
		}
		decide(w, 30);
		settle(w);
		assert_int_equal(witnesses_of(w, PERIOD, size), 3);
		verified(w);
		tear_down(state);
		set_up(state);
		w = *state;
	}
}

static void
its_partial_tiles_are_made_anew_with_the_others(void **state)
{
	struct world *w = *state;
	uint64_t size = end(w, PERIOD);

	decide(w, 40);
	fakes[0].away = true;
	settle(w);
	world_close(w);
	run_in(w, "rm -r log/tile");
	world_open(w);
	fakes[0].away = false;
	settle(w);
	assert_int_equal(witnesses_of(w, PERIOD, size), 3);
	verified(w);
}

static void
a_note_that_is_not_the_logs_counts_as_none(void **state)
{
	struct world *w = *state;

	(void)end(w, PERIOD);
	decide(w, 4);
	settle(w);
	run_in(w, "cp log/checkpoint log/closed/" PERIOD ".note");
	world_reopen(w);
	assert_true(says(w, "\"state\":\"closed\""));
	run_in(w, "echo nonsense > log/closed/" PERIOD ".note");
	world_reopen(w);
	assert_true(says(w, "\"state\":\"closed\""));
	/* the log goes on all the same, and so do periods */
	decide(w, 4);
	settle(w);
	(void)end(w, "2026-12");
	settle(w);
	assert_true(says(w, "\"period\":\"2026-12\""));
}

/* ---- what is remembered */

static void
a_repaired_registry_knows_the_period(void **state)
{
	struct world *w = *state;
	struct rebuild *b = NULL;
	bool done = false;
	uint64_t size;

	settle(w);
	OK(guard_published(w->n));
	world_close(w);
	run_in(w, "mkdir old && cp registry.db* old");
	world_open(w);
	size = end(w, PERIOD);
	decide(w, 5);
	settle(w);
	OK(guard_published(w->n));
	world_close(w);
	run_in(w, "rm registry.db* && mv old/* .");
	OK(world_try_open(w));
	assert_true(w->n->guard.held);
	OK(rebuild_start(w->n, w->n->guard.entries,
	    w->n->guard.published - 1, &b));
	while (!done)
		OK(rebuild_step(b, &done));
	rebuild_free(b);
	world_reopen(w);
	assert_non_null(closed_find(&w->n->closed, PERIOD));
	assert_int_equal(w->n->closed.at[0].size, size);
	assert_true(says(w, "\"state\":\"witnessed\""));
	assert_int_equal(period_begin(w->n, view_text(PERIOD)), ERR_EXISTS);
}

static void
it_is_closed_once_and_one_at_a_time(void **state)
{
	struct world *w = *state;

	begin(w, PERIOD);
	assert_true(says(w, "{\"closing\":{\"period\":\"" PERIOD
	    "\",\"phase\":\"counting\","));
	assert_int_equal(period_begin(w->n, view_text("2026-12")),
	    ERR_IN_FLIGHT);
	run(w);
	assert_int_equal(period_begin(w->n, view_text("2026-12")),
	    ERR_IN_FLIGHT);		/* its checkpoint is to come */
	settle(w);
	assert_int_equal(period_begin(w->n, view_text(PERIOD)), ERR_EXISTS);
	world_reopen(w);
	assert_int_equal(period_begin(w->n, view_text(PERIOD)), ERR_EXISTS);
	(void)end(w, "2026-12");
}

static void
only_months_are_periods_and_none_is_empty(void **state)
{
	static const char *const names[] = { "", "2026-1", "2026-13",
		"2026-011", "../../x", "26-11" };
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(names); i++)
		assert_int_equal(period_begin(w->n, view_text(names[i])),
		    ERR_SYNTAX);
	w->config.witnesses.policy = NULL;	/* of whom it would tell */
	world_reopen(w);
	(void)end(w, PERIOD);
	settle_alone(w);
	begin(w, "2026-12");
	run(w);
	assert_true(says(w, "\"phase\":\"failed\""));
	assert_true(says(w, "\"why\":\"no entry since"));
	/* and may be tried again */
	decide(w, 1);
	(void)end(w, "2026-12");
}

static void
entries_that_come_while_it_is_counted_belong_to_it(void **state)
{
	struct world *w = *state;
	uint64_t before;

	OK(period_begin(w->n, view_text(PERIOD)));
	decide(w, 3);
	OK(period_committed(w->n));
	before = journal_durable(w->n->journal);
	step(w);
	run(w);
	assert_int_equal(journal_durable(w->n->journal), before + 1);
	settle(w);
	verified(w);
}

static void
entries_may_go_only_below_a_period_with_its_quorum(void **state)
{
	struct world *w = *state;
	uint64_t size;

	fakes[0].away = fakes[1].away = true;
	decide(w, 300);
	assert_false(closed_covers(&w->n->closed, 256));
	size = end(w, PERIOD);
	settle(w);
	assert_false(closed_covers(&w->n->closed, 256));
	fakes[0].away = false;
	settle(w);
	assert_true(closed_covers(&w->n->closed, 256));
	assert_true(closed_covers(&w->n->closed, size));
	assert_false(closed_covers(&w->n->closed, size + 1));
}

static void
metrics_tell_what_is_missing(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) text = { 0 };

	fakes[0].away = fakes[1].away = true;
	(void)end(w, PERIOD);
	closed_metrics(&w->n->closed, &text);
	assert_non_null(strstr(bytes_text(&text),
	    "okse_log_periods_unpublished 1\n"));
	settle(w);
	bytes_reset(&text);
	closed_metrics(&w->n->closed, &text);
	assert_non_null(strstr(bytes_text(&text),
	    "okse_log_periods_unpublished 0\n"));
	assert_non_null(strstr(bytes_text(&text),
	    "okse_log_periods_unwitnessed 1\n"));
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(its_checkpoint_is_of_its_size_however_much_follows),
		EACH(a_checkpoint_that_is_being_signed_does_not_hinder_it),
		EACH(without_witnesses_it_is_published_as_exactly),
		EACH(it_collects_its_quorum_when_patience_has_run_out),
		EACH(periods_are_offered_in_their_order),
		EACH(a_witness_that_has_passed_it_is_named),
		EACH(a_claim_alone_does_not_pass_it),
		EACH(an_opening_asks_for_what_is_owed_and_then_for_the_newest),
		EACH(a_crash_after_any_step_loses_no_checkpoint_and_no_quorum),
		EACH(its_partial_tiles_are_made_anew_with_the_others),
		EACH(a_note_that_is_not_the_logs_counts_as_none),
		EACH(a_repaired_registry_knows_the_period),
		EACH(it_is_closed_once_and_one_at_a_time),
		EACH(only_months_are_periods_and_none_is_empty),
		EACH(entries_that_come_while_it_is_counted_belong_to_it),
		EACH(entries_may_go_only_below_a_period_with_its_quorum),
		EACH(metrics_tell_what_is_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
