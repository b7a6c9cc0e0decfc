/*
 * Checkpoints among witnesses: published with their cosignatures, without a
 * quorum, contradicted; what stops and what opens.
 */
#include "tests/unit/signer/witnesses.h"

/* ---- publication */

static void
a_checkpoint_is_published_with_all_its_cosignatures(void **state)
{
	struct world *w = *state;
	uint64_t size = journal_durable(w->n->journal);

	offer(w);
	assert_int_equal(journal_published(w->n->journal), 0);
	carry(w);
	assert_int_equal(journal_published(w->n->journal), size);
	assert_int_equal(w->n->attest->witnessed, size);
	assert_int_equal(lines(w), 3);
}

static void
two_of_three_are_enough_and_the_third_comes_later(void **state)
{
	struct world *w = *state;

	fakes[0].away = true;
	offer(w);
	carry(w);
	assert_int_equal(lines(w), 2);
	fakes[0].away = false;
	now_us += 10 * SECOND;
	carry(w);
	assert_int_equal(lines(w), 3);
}

static void
without_a_quorum_it_waits_its_time_and_is_published(void **state)
{
	struct world *w = *state;
	uint64_t size = journal_durable(w->n->journal);

	fakes[0].away = fakes[1].away = true;
	offer(w);
	carry(w);
	assert_int_equal(journal_published(w->n->journal), 0);
	now_us += 5 * SECOND;
	carry(w);
	assert_int_equal(journal_published(w->n->journal), 0);
	now_us += SECOND;
	carry(w);
	assert_int_equal(journal_published(w->n->journal), size);
	assert_int_equal(w->n->attest->witnessed, 0);
	assert_int_equal(lines(w), 1);
	/* the next need not wait: nobody has come back */
	decide(w, 1);
	offer(w);
	carry(w);
	assert_int_equal(journal_published(w->n->journal), size + 1);
}

static void
groups_decide_who_is_a_quorum(void **state)
{
	struct world *w = *state;

	write_policy(w, "group pair any w1 w2\ngroup all all pair w3\n"
	    "quorum all\n");
	world_reopen(w);
	fakes[2].away = true;
	offer(w);
	carry(w);
	assert_int_equal(w->n->attest->witnessed, 0);
	fakes[0].away = true;
	fakes[2].away = false;
	now_us += 3 * SECOND;
	carry(w);
	assert_int_equal(w->n->attest->witnessed,
	    journal_published(w->n->journal));
	assert_int_not_equal(w->n->attest->witnessed, 0);
}

static void
a_witness_whose_clock_is_a_day_off_does_not_count(void **state)
{
	struct world *w = *state;

	fakes[0].clock = DAY;
	fakes[1].clock = -DAY;
	offer(w);
	carry(w);
	assert_int_equal(w->n->attest->witnessed, 0);
	assert_int_equal(w->n->attest->at[0].state, ATTEST_SILENT);
	assert_non_null(strstr(w->n->attest->at[1].why, "clock"));
	fakes[1].clock = -ATTEST_SKEW + 5;
	now_us += 3 * SECOND;
	carry(w);
	assert_int_not_equal(w->n->attest->witnessed, 0);
}

static void
a_conflict_is_answered_with_a_proof_from_there(void **state)
{
	struct world *w = *state;

	offer(w);
	carry(w);
	decide(w, 300);
	world_reopen(w);		/* and has forgotten who knows what */
	offer(w);
	fakes[0].adds = 0;
	carry(w);
	assert_int_equal(fakes[0].log.size, journal_durable(w->n->journal));
	assert_int_equal(fakes[0].adds, 2);
	assert_int_equal(lines(w), 3);
}

static void
conflicts_that_lead_nowhere_end_in_a_pause(void **state)
{
	struct world *w = *state;

	fakes[0].says = 409;
	fakes[0].body = "0\n";
	offer(w);
	assert_true(carry(w) < 12);
	assert_int_equal(w->n->attest->at[0].state, ATTEST_SILENT);
	assert_int_equal(carry(w), 0);
}

static void
answers_of_no_use_are_no_cosignatures(void **state)
{
	static const struct {
		unsigned int	 status;
		const char	*body;
	} answers[] = {
		{ 200, "" }, { 200, "nonsense\n" }, { 200, "— a b\n" },
		{ 200, "— example/w1 AAAAAAAAAAAAAAAAAAAAAA==\n" },
		{ 409, "" }, { 409, "x\n" }, { 500, "" }, { 302, "" },
		{ 400, "" }, { 403, "" }, { 404, "" }, { 429, "" },
	};
	struct world *w = *state;

	offer(w);
	for (size_t i = 0; i < COUNT(answers); i++) {
		fakes[0].says = answers[i].status;
		fakes[0].body = answers[i].body;
		now_us += 4 * SECOND;
		carry(w);
		assert_int_equal(w->n->attest->at[0].state, ATTEST_SILENT);
		assert_int_equal(w->n->attest->at[0].cosigned, 0);
	}
	OK(attest_alarm(w->n->attest));
}

static void
broken_messages_of_the_courier_change_nothing(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) errand = { 0 }, back = { 0 };
	uint64_t id;
	bool any;

	offer(w);
	OK(attest_next(w->n->attest, now_us, &any, &id, &errand));
	assert_true(any);
	bytes_put_u16(&back, TRUST_MAX);
	OK(attest_returned(w->n->attest, id, bytes_view(&back), now_us));
	OK(attest_returned(w->n->attest, id, VIEW(NULL, 0), now_us));
	bytes_put_u16(&back, ERR_OK);
	bytes_put_u16(&back, 200);
	bytes_put_block(&back, VIEW(NULL, 0));
	bytes_put_block(&back, VIEW(NULL, 0));
	OK(attest_returned(w->n->attest, id, bytes_view(&back), now_us));
	back.at[1] = 0;			/* the witness, but another errand */
	OK(attest_returned(w->n->attest, id + 1, bytes_view(&back), now_us));
	assert_int_equal(w->n->attest->at[0].errand, id);
	/* what a lost courier carried is asked again by the next */
	attest_courier_gone(w->n->attest);
	carry(w);
	assert_int_equal(lines(w), 3);
}

/* ---- without a quorum */

static void
issuing_stops_after_its_time_and_goes_on(void **state)
{
	struct world *w = *state;

	offer(w);
	carry(w);
	fakes[0].away = fakes[1].away = true;
	decide(w, 1);
	carry(w);
	now_us += 60 * SECOND;
	carry(w);
	OK(attest_check(w->n->attest, now_us));
	now_us += SECOND;
	assert_int_equal(attest_check(w->n->attest, now_us),
	    ERR_UNWITNESSED);
	fakes[0].away = false;
	offer(w);
	now_us += 4 * SECOND;
	carry(w);
	OK(attest_check(w->n->attest, now_us));
}

/* Time that entries wait before an opening is nobody's fault. */
static void
an_opening_begins_to_count_anew(void **state)
{
	struct world *w = *state;

	carry(w);
	now_us += 1000 * SECOND;
	assert_int_equal(attest_check(w->n->attest, now_us),
	    ERR_UNWITNESSED);
	attest_opened(w->n->attest, now_us);
	OK(attest_check(w->n->attest, now_us + 60 * SECOND));
}

static void
a_log_that_grows_all_the_time_is_not_behind(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 100; i++) {
		decide(w, 1);
		offer(w);
		decide(w, 1);
		carry(w);
		OK(attest_check(w->n->attest, now_us));
	}
	assert_true(attest_waited(&w->n->attest->lag, now_us) <= 4 * SECOND);
}

static void
witnesses_lost_and_gained_are_entries(void **state)
{
	struct world *w = *state;

	offer(w);
	carry(w);
	assert_true(attest_has_news(w->n->attest));
	w->n->chores.due = true;
	world_run(w);
	attest_staged(w->n->attest);
	assert_true(world_logged(w, 3, "\"ev\":\"witness.gained\""));
	assert_true(world_logged(w, 3, "\"witness\":\"w1\""));
	fakes[2].away = true;
	decide(w, 1);
	for (int i = 0; i < 12; i++) {
		decide(w, 1);
		offer(w);
		carry(w);
	}
	assert_int_equal(w->n->attest->at[2].due, ATTEST_LOST);
	w->n->chores.due = true;
	world_run(w);
	attest_staged(w->n->attest);
	assert_false(attest_has_news(w->n->attest));
	assert_true(world_logged(w, 1, "\"ev\":\"witness.lost\""));
	assert_true(world_logged(w, 1, "\"witness\":\"w3\""));
	assert_true(world_logged(w, 1, "\"reason\":\"silent\""));
}

/* ---- before an opening */

static enum err
verdict(struct world *w)
{
	enum err e = ERR_IN_FLIGHT;

	attest_ask(w->n->attest, now_us);
	for (int i = 0; e == ERR_IN_FLIGHT && i < 20; i++) {
		carry(w);
		e = attest_verdict(w->n->attest, now_us);
		now_us += SECOND / 2;
	}
	return e;
}

static void
a_new_log_that_nobody_knows_may_open(void **state)
{
	struct world *w = *state;

	OK(verdict(w));
	fakes[0].away = true;
	OK(verdict(w));
	fakes[1].away = true;
	assert_int_equal(verdict(w), ERR_UNWITNESSED);
	assert_non_null(strstr(err_why(), "1 of 3 witnesses"));
	w->config.witnesses.at_unseal = AT_UNSEAL_ANY;
	OK(verdict(w));
}

static void
what_was_witnessed_may_open_again(void **state)
{
	struct world *w = *state;

	offer(w);
	carry(w);
	decide(w, 30);
	world_reopen(w);
	for (size_t i = 0; i < WITNESSES; i++)
		fakes[i].adds = 0;
	OK(verdict(w));
	/* each was asked for a fresh word on the tree at hand */
	for (size_t i = 0; i < WITNESSES; i++)
		assert_true(fakes[i].adds > 0);
	assert_int_equal(fakes[0].log.size, journal_published(w->n->journal));
}

/* Signed and cosigned, but the daemon was killed before it was published. */
static void
a_witness_ahead_of_the_publication_agrees(void **state)
{
	struct world *w = *state;

	offer(w);
	carry(w);
	decide(w, 30);
	offer(w);
	for (size_t i = 0; i < WITNESSES; i++)
		w->n->attest->at[i].due_us = 0;
	fakes[1].away = fakes[2].away = true;
	carry(w);
	assert_int_equal(fakes[0].log.size, journal_durable(w->n->journal));
	assert_true(journal_published(w->n->journal) < fakes[0].log.size);
	fakes[1].away = fakes[2].away = false;
	world_reopen(w);
	OK(verdict(w));
	offer(w);
	carry(w);
	assert_int_equal(lines(w), 3);
}

/* Everything as it was, and the witnesses have seen more. */
static void
set_back(struct world *w)
{
	offer(w);
	carry(w);
	world_close(w);
	run_in(w, "mkdir old && cp -r registry.db* log log.mark old");
	world_open(w);
	decide(w, 10);
	offer(w);
	carry(w);
	world_close(w);
	run_in(w, "rm -r registry.db* log log.mark && mv old/* . && "
	    "rmdir old");
	world_open(w);
}

static void
a_log_that_was_set_back_stays_sealed(void **state)
{
	struct world *w = *state;

	set_back(w);
	assert_int_equal(verdict(w), ERR_MISMATCH);
	assert_non_null(strstr(err_why(), "set back or runs twice"));
	/* one that remembers is enough, and none of the others can outvote */
	fakes[0].away = fakes[1].away = true;
	w->config.witnesses.at_unseal = AT_UNSEAL_ANY;
	assert_int_equal(verdict(w), ERR_MISMATCH);
	fakes[2].away = true;
	OK(verdict(w));
}

/* It has grown beyond what witnesses know, along another way. */
static void
a_log_that_forked_stays_sealed(void **state)
{
	struct world *w = *state;

	set_back(w);
	decide(w, 40);
	assert_true(journal_durable(w->n->journal) > fakes[0].log.size);
	assert_int_equal(verdict(w), ERR_MISMATCH);
	assert_non_null(strstr(err_why(), "not the same"));
}

/* While open: the first growth that a witness refuses makes it look. */
static void
a_fork_that_shows_itself_while_open_is_an_alarm(void **state)
{
	struct world *w = *state;

	set_back(w);
	decide(w, 40);
	OK(attest_alarm(w->n->attest));
	offer(w);
	carry(w);
	assert_int_equal(attest_alarm(w->n->attest), ERR_MISMATCH);
	OK(attest_alarm(w->n->attest));		/* told once */
	assert_int_equal(w->n->attest->witnessed, 0);
}

/* Nobody is sealed by words alone while it is open; before that, it is. */
static void
claims_without_proof_seal_nothing_that_is_open(void **state)
{
	static const struct {
		unsigned int	 status;
		const char	*body;
	} claims[] = { { 409, "1000000\n" }, { 422, "" } };
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(claims); i++) {
		fakes[0].says = claims[i].status;
		fakes[0].body = claims[i].body;
		decide(w, 1);
		offer(w);
		now_us += 5 * SECOND;
		carry(w);
		OK(attest_alarm(w->n->attest));
		assert_int_equal(w->n->attest->at[0].state, ATTEST_REFUSES);
		assert_int_equal(lines(w), 2);
		assert_int_equal(verdict(w), ERR_MISMATCH);
	}
	fakes[0].says = 0;
	now_us += 5 * SECOND;
	OK(verdict(w));
	decide(w, 1);
	offer(w);
	carry(w);
	assert_int_equal(lines(w), 3);
}

static void
a_foreign_checkpoint_is_no_word_on_ours(void **state)
{
	struct world *w = *state;

	bytes_reset(&fakes[0].kept);
	bytes_put_text(&fakes[0].kept, "another.example/log\n9999\n"
	    "RcCI1Nk56ZcSmIEfIn0SleqtV7uvrlXNccFx595Iwl0=\n\n"
	    "— another.example/log AAAAAAAAAAAAAAAAAAAAAA==\n");
	OK(verdict(w));			/* the other two are a quorum */
	assert_true(w->n->attest->at[0].failed);
	fakes[1].away = true;
	assert_int_equal(verdict(w), ERR_UNWITNESSED);
}

/* ---- configuration, and what is told */

static void
a_trust_policy_must_name_this_log_and_where_witnesses_are(void **state)
{
	struct world *w = *state;
	AUTO(attest) a = NULL;

	OK(file_publish(policy_path, view_text("quorum none\n"), 0644));
	assert_int_equal(attest_new(&w->config, &w->n->logkeys,
	    w->n->journal, &w->n->closed, &a), ERR_SCHEMA);
	w->config.witnesses.policy = NULL;
	OK(attest_new(&w->config, &w->n->logkeys, w->n->journal, &w->n->closed,
	    &a));
	assert_null(a);
	w->config.witnesses.policy = policy_path;
}

static void
the_state_of_the_log_is_told(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) json = { 0 }, plain = { 0 }, metrics = { 0 };

	fakes[2].away = true;
	offer(w);
	carry(w);
	OK(attest_put(w->n->attest, w->n->journal, now_us, &json));
	assert_non_null(strstr(bytes_text(&json), "\"durable\":2,"
	    "\"published\":2,\"witnessed\":2,"));
	assert_non_null(strstr(bytes_text(&json), "\"name\":\"w3\""));
	assert_non_null(strstr(bytes_text(&json), "\"state\":\"silent\""));
	assert_non_null(strstr(bytes_text(&json), "no answer in time"));
	OK(attest_put(NULL, w->n->journal, now_us, &plain));
	assert_string_equal(bytes_text(&plain),
	    "{\"durable\":2,\"published\":2,\"witnessed\":null}");
	attest_metrics(w->n->attest, w->n->journal, now_us, &metrics);
	assert_non_null(strstr(bytes_text(&metrics),
	    "okse_witness_agrees{witness=\"w3\"} 0\n"));
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(a_checkpoint_is_published_with_all_its_cosignatures),
		EACH(two_of_three_are_enough_and_the_third_comes_later),
		EACH(without_a_quorum_it_waits_its_time_and_is_published),
		EACH(groups_decide_who_is_a_quorum),
		EACH(a_witness_whose_clock_is_a_day_off_does_not_count),
		EACH(a_conflict_is_answered_with_a_proof_from_there),
		EACH(conflicts_that_lead_nowhere_end_in_a_pause),
		EACH(answers_of_no_use_are_no_cosignatures),
		EACH(broken_messages_of_the_courier_change_nothing),
		EACH(issuing_stops_after_its_time_and_goes_on),
		EACH(an_opening_begins_to_count_anew),
		EACH(a_log_that_grows_all_the_time_is_not_behind),
		EACH(witnesses_lost_and_gained_are_entries),
		EACH(a_new_log_that_nobody_knows_may_open),
		EACH(what_was_witnessed_may_open_again),
		EACH(a_witness_ahead_of_the_publication_agrees),
		EACH(a_log_that_was_set_back_stays_sealed),
		EACH(a_log_that_forked_stays_sealed),
		EACH(a_fork_that_shows_itself_while_open_is_an_alarm),
		EACH(claims_without_proof_seal_nothing_that_is_open),
		EACH(a_foreign_checkpoint_is_no_word_on_ours),
		EACH(a_trust_policy_must_name_this_log_and_where_witnesses_are),
		EACH(the_state_of_the_log_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
