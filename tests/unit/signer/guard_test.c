/*
 * The high-water guard: a registry that forgot is held and says what is
 * missing, one that contradicts its log stops the start, and the mark in the
 * state directory notices what registry and log together no longer know.
 */
#include "tests/unit/signer/publish.h"

static struct world *
published_world(void **state)
{
	struct world *w = *state;

	publish(w);
	world_close(w);
	run_in(w, "mkdir old && cp registry.db old && cp -r log log.mark old");
	world_open(w);
	return w;
}

static void
behind(struct world *w, const char *what)
{
	OK(world_try_open(w));
	assert_true(w->n->guard.held);
	assert_null(w->n->journal);
	assert_int_equal(guard_check(&w->n->guard), ERR_BEHIND);
	assert_non_null(strstr(err_why(), what));
}

static bool
says(const struct guard *g, const char *text)
{
	AUTO_DONE(bytes) json = { 0 };

	OK(guard_put(g, &json));
	return strstr(bytes_text(&json), text) != NULL;
}

static void
a_whole_registry_is_not_held(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) json = { 0 };

	assert_false(w->n->guard.held);
	publish(w);
	world_reopen(w);
	assert_false(w->n->guard.held);
	OK(guard_check(&w->n->guard));
	OK(guard_put(&w->n->guard, &json));
	assert_int_equal(json.len, 0);
	OK(guard_again(w->n));
}

static void
a_registry_that_was_set_back_is_held(void **state)
{
	struct world *w = published_world(state);
	AUTO_DONE(bytes) token = { 0 };

	decide(w, 10);
	world_visit(w, 4711, PURPOSE_FIRST_ISSUE, &token);
	decide(w, 1);		/* and the outcome of the visit */
	publish(w);
	world_close(w);
	run_in(w, "mv registry.db new.db && cp old/registry.db .");
	behind(w, "before entry 2");
	assert_true(guard_can_repair(&w->n->guard));
	assert_int_equal(w->n->guard.kinds.qr_tokens, 1);
	assert_int_equal(w->n->guard.kinds.refused, 11);
	assert_int_equal(w->n->guard.kinds.other, 3);
	assert_true(says(&w->n->guard, "\"first_missing\":2,"
	    "\"last_missing\":16,\"repairable\":true"));
	assert_true(says(&w->n->guard, "\"qr_tokens\":1,\"credentials\":0"));
	OK(notary_stop(w->n, "stop"));
	world_close(w);
	run_in(w, "rm registry.db* && mv new.db registry.db");
	world_open(w);
	assert_false(w->n->guard.held);
}

/* The limit: one entry short is held, as many as published is not. */
static void
one_entry_less_is_held_and_none_less_is_not(void **state)
{
	struct world *w = *state;

	decide(w, 3);
	world_close(w);
	run_in(w, "cp registry.db same.db");
	world_open(w);		/* two entries more: start and recover */
	publish(w);
	world_close(w);
	run_in(w, "cp registry.db all.db && rm registry.db* && "
	    "cp same.db registry.db");
	behind(w, "up to 6");
	world_close(w);
	run_in(w, "rm registry.db* && mv all.db registry.db");
	world_open(w);
	assert_false(w->n->guard.held);
}

static void
an_empty_registry_under_a_published_log_is_held(void **state)
{
	struct world *w = *state;

	decide(w, 300);
	publish(w);
	world_close(w);
	run_in(w, "rm registry.db*");
	behind(w, "before entry 0");
	assert_true(says(&w->n->guard, "\"refusals\":300"));
}

static void
an_old_registry_that_is_not_how_the_log_began_is_fatal(void **state)
{
	struct world *w = published_world(state);

	decide(w, 10);
	publish(w);
	world_close(w);
	/* the old one goes another way, and is shorter all the same */
	run_in(w, "mv log new && rm registry.db* log.mark && "
	    "cp -r old/* . && rm log.mark");
	world_open(w);
	decide(w, 2);
	world_close(w);
	run_in(w, "rm -r log && mv new log");
	assert_int_equal(world_try_open(w), ERR_CORRUPT);
	assert_non_null(strstr(err_why(), "is not the published one"));
	run_in(w, "rm -r log registry.db* log.mark");
	world_open(w);
}

static void
both_set_back_is_noticed_by_the_mark(void **state)
{
	struct world *w = published_world(state);

	decide(w, 10);
	publish(w);
	world_close(w);
	run_in(w, "mkdir new && mv registry.db log new && "
	    "cp -r old/registry.db old/log .");
	behind(w, "from a mirror");
	assert_false(guard_can_repair(&w->n->guard));
	assert_true(says(&w->n->guard, "\"repairable\":false"));
	world_close(w);
	/* the log comes back from a mirror: now it can be repaired */
	run_in(w, "rm -r log && cp -r new/log .");
	behind(w, "okse registry repair");
	assert_true(guard_can_repair(&w->n->guard));
}

static void
a_log_set_back_alone_is_published_again(void **state)
{
	struct world *w = published_world(state);

	decide(w, 10);
	publish(w);
	world_close(w);
	run_in(w, "rm -r log && cp -r old/log .");
	world_open(w);
	assert_false(w->n->guard.held);
	publish(w);
}

static void
a_log_and_registry_that_contradict_the_mark_are_fatal(void **state)
{
	struct world *w = published_world(state);

	decide(w, 10);
	publish(w);
	world_close(w);
	run_in(w, "rm -r log registry.db* && cp -r old/registry.db old/log .");
	run_in(w, "mv log.mark seen.mark && cp old/log.mark .");
	world_open(w);
	decide(w, 10);		/* other people: a fork of the same size */
	publish(w);
	world_close(w);
	run_in(w, "mv seen.mark log.mark");
	assert_int_equal(world_try_open(w), ERR_CORRUPT);
	run_in(w, "rm log.mark");
	world_open(w);
}

static void
a_torn_mark_leaves_the_one_before(void **state)
{
	struct world *w = *state;
	uint64_t first, second;
	struct mark m;

	publish(w);
	first = journal_published(w->n->journal);
	decide(w, 5);
	publish(w);
	second = journal_published(w->n->journal);
	world_close(w);
	OK(mark_open(w->dir, ORIGIN, &m));
	assert_int_equal(m.size, second);
	mark_done(&m);
	OK(mark_open(w->dir, "other.example/log", &m));
	assert_int_equal(m.size, 0);
	mark_done(&m);
	run_in(w, "printf Z | dd of=log.mark bs=1 seek=1030 conv=notrunc "
	    "status=none");
	OK(mark_open(w->dir, ORIGIN, &m));
	assert_int_equal(m.size, first);
	assert_int_equal(m.slot, 1);	/* the torn one is written next */
	mark_done(&m);
	world_open(w);
}

static void
a_registry_changed_under_the_daemon_is_noticed(void **state)
{
	struct world *w = *state;

	decide(w, 2);
	OK(guard_again(w->n));
	OK(registry_begin(w->n->registry));
	OK(registry_entry_put(w->n->registry, 99, view_text("{}")));
	OK(registry_commit(w->n->registry));
	assert_int_equal(guard_again(w->n), ERR_CORRUPT);
	assert_non_null(strstr(err_why(), "100 entries where 4"));
}

static void
a_file_put_in_the_registrys_place_is_noticed(void **state)
{
	struct world *w = published_world(state);

	decide(w, 3);
	publish(w);
	OK(guard_again(w->n));
	run_in(w, "mv registry.db new.db && cp old/registry.db .");
	assert_int_equal(guard_again(w->n), ERR_CORRUPT);
	assert_non_null(strstr(err_why(), "another file"));
	run_in(w, "mv new.db registry.db");
	OK(guard_again(w->n));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_whole_registry_is_not_held),
		TEST(a_registry_that_was_set_back_is_held),
		TEST(one_entry_less_is_held_and_none_less_is_not),
		TEST(an_empty_registry_under_a_published_log_is_held),
		TEST(an_old_registry_that_is_not_how_the_log_began_is_fatal),
		TEST(both_set_back_is_noticed_by_the_mark),
		TEST(a_log_set_back_alone_is_published_again),
		TEST(a_log_and_registry_that_contradict_the_mark_are_fatal),
		TEST(a_torn_mark_leaves_the_one_before),
		TEST(a_registry_changed_under_the_daemon_is_noticed),
		TEST(a_file_put_in_the_registrys_place_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
