/*
 * Old entries leave the published log: only whole bundles below a period that
 * was closed and witnessed, only once the log says so; across a crash at every
 * step, and never so that an auditor finds anything but an absence by policy.
 */
#include <fcntl.h>

#include "audit/receipt.h"
#include "signer/notary/rebuild.h"
#include "tests/unit/signer/periods.h"

/* ---- a log of some bundles */

static bool
there(const struct world *w, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", w->config.log, name);
	return file_exists(path);
}

/* More than two bundles under a closed period, and some behind it. */
static void
grow(struct world *w)
{
	decide(w, 560);
	(void)end(w, PERIOD);
	decide(w, 300);
	settle(w);
	assert_true(there(w, "tile/entries/000"));
	assert_true(there(w, "tile/entries/001"));
	assert_true(there(w, "tile/entries/002"));
}

static void
record(struct world *w, uint64_t min)
{
	OK(prune_begin(w->n, min));
	run(w);
	OK(prune_committed(w->n));
}

static void
remove_some(struct world *w)
{
	bool again = true;

	while (again)
		OK(prune_step(w->n, &again));
}

static bool
state_is(struct world *w, const char *wanted)
{
	AUTO_DONE(bytes) json = { 0 };

	OK(prune_put(w->n, &json));
	return strcmp(bytes_text(&json), wanted) == 0;
}

/* The verdict on what is published, and how much of it is absent. */
static void
absent_are(struct world *w, uint64_t count)
{
	struct verify_result r;

	OK(verify_log(w->config.log, w->n->log_key, &r));
	for (int i = 0; i < VERIFY_CHECK_COUNT; i++)
		if (r.finding[i].why[0] != '\0')
			print_message("%s\n", r.finding[i].why);
	assert_int_equal(r.verdict, VERIFY_VERIFIED);
	assert_int_equal(r.absent, count);
}

/* ---- asking */

static void
an_index_is_where_a_bundle_ends_below_a_closed_period(void **state)
{
	static const uint64_t wrong[] = { 0, 1, 255, 257, 511 };
	struct world *w = *state;

	decide(w, 560);
	settle(w);
	assert_int_equal(prune_begin(w->n, 256), ERR_NOT_FOUND);
	(void)end(w, PERIOD);
	assert_int_equal(prune_begin(w->n, 256), ERR_NOT_FOUND);
	settle(w);
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_int_equal(prune_begin(w->n, wrong[i]), ERR_RANGE);
	assert_int_equal(prune_begin(w->n, 768), ERR_NOT_FOUND);
	assert_true(state_is(w, "{\"minimum\":0,\"state\":\"done\"}"));
	OK(prune_begin(w->n, 512));
	assert_int_equal(prune_begin(w->n, 512), ERR_IN_FLIGHT);
}

static void
without_its_quorum_a_period_covers_nothing(void **state)
{
	struct world *w = *state;

	fakes[0].away = fakes[1].away = true;
	decide(w, 300);
	(void)end(w, PERIOD);
	settle(w);
	assert_int_equal(prune_begin(w->n, 256), ERR_NOT_FOUND);
	assert_non_null(strstr(err_why(), "with its quorum"));
	fakes[0].away = false;
	settle(w);
	OK(prune_begin(w->n, 256));
}

static void
the_minimum_never_falls_and_the_same_again_is_nothing_new(void **state)
{
	struct world *w = *state;
	uint64_t size;

	grow(w);
	record(w, 512);
	settle(w);
	remove_some(w);
	size = journal_durable(w->n->journal);
	assert_int_equal(prune_begin(w->n, 256), ERR_RANGE);
	OK(prune_begin(w->n, 512));
	run(w);
	OK(prune_committed(w->n));
	assert_int_equal(journal_durable(w->n->journal), size);
	assert_true(state_is(w, "{\"minimum\":512,\"state\":\"done\"}"));
}

/* ---- removing */

static void
bundles_go_once_the_log_says_so_and_hashes_stay(void **state)
{
	struct world *w = *state;

	grow(w);
	OK(prune_begin(w->n, 512));
	assert_true(state_is(w, "{\"minimum\":0,\"state\":\"recording\"}"));
	run(w);
	OK(prune_committed(w->n));
	assert_true(world_logged(w, 1, "\"ev\":\"prune\",\"min\":512"));
	/* not while nobody outside can know */
	remove_some(w);
	assert_true(state_is(w,
	    "{\"minimum\":512,\"state\":\"publishing\"}"));
	assert_true(there(w, "tile/entries/000"));
	settle(w);
	absent_are(w, 0);
	remove_some(w);
	assert_false(there(w, "tile/entries/000"));
	assert_false(there(w, "tile/entries/001"));
	assert_true(there(w, "tile/entries/002"));
	assert_true(there(w, "tile/0/000"));
	assert_true(there(w, "tile/0/001"));
	assert_true(state_is(w, "{\"minimum\":512,\"state\":\"done\"}"));
	absent_are(w, 512);
	decide(w, 600);
	settle(w);
	absent_are(w, 512);
}

static void
old_receipts_and_checkpoints_stay_good(void **state)
{
	struct world *w = *state;
	AUTO_FD fd = -1;
	struct tile_source tiles = tile_source_dir(&fd);
	AUTO_DONE(bytes) note = { 0 }, later = { 0 };
	AUTO_DONE(bytes) text = { 0 };
	AUTO_DONE(receipt) receipt = { 0 };
	AUTO(trust_policy) trust = NULL;
	struct trust_seen old, new;
	struct proof p;

	grow(w);
	fd = open(w->config.log, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	OK(publish_read_checkpoint(w->config.log, &note));
	OK(receipt_build(&tiles, 7, bytes_view(&note), &text));
	record(w, 512);
	decide(w, 20);
	settle(w);
	remove_some(w);
	OK(trust_key(w->n->log_key, &trust));
	OK(receipt_get(bytes_view(&text), &receipt));
	OK(receipt_check(&receipt, w->n->log_key));
	OK(publish_read_checkpoint(w->config.log, &later));
	OK(trust_open(trust, bytes_view(&note), &old));
	OK(trust_open(trust, bytes_view(&later), &new));
	OK(proof_consistency(&tiles, old.checkpoint.size, new.checkpoint.size,
	    &p));
	OK(proof_check_consistency(&p, old.checkpoint.size,
	    new.checkpoint.size, &old.checkpoint.root, &new.checkpoint.root));
}

static void
a_bundle_that_does_not_go_is_an_error(void **state)
{
	struct world *w = *state;

	grow(w);
	record(w, 512);
	settle(w);
	run_in(w, "rm log/tile/entries/001 && mkdir log/tile/entries/001");
	assert_int_equal(prune_step(w->n, &(bool){ false }), ERR_SYSTEM);
	run_in(w, "rmdir log/tile/entries/001");
}

/* ---- crashes */

#define STEPS 6

static void
prune_until(struct world *w, int steps)
{
	if (steps >= 1)
		OK(prune_begin(w->n, 512));
	if (steps >= 2)
		run(w);
	if (steps >= 3)
		OK(prune_committed(w->n));
	if (steps >= 4)
		settle(w);
	if (steps == 5)		/* the first of two files */
		run_in(w, "rm log/tile/entries/000");
	if (steps >= 6)
		remove_some(w);
}

static void
a_crash_after_any_step_is_made_good_by_the_next_start(void **state)
{
	struct world *w = *state;

	for (int steps = 1; steps <= STEPS; steps++) {
		grow(w);
		prune_until(w, steps);
		absent_are(w, steps < 5 ? 0 : steps == 5 ? 256 : 512);
		world_reopen(w);
		absent_are(w, steps < 5 ? 0 : steps == 5 ? 256 : 512);
		if (steps == 1) {	/* it was only asked for */
			assert_true(state_is(w,
			    "{\"minimum\":0,\"state\":\"done\"}"));
			record(w, 512);
		}
		settle(w);
		remove_some(w);
		assert_true(state_is(w,
		    "{\"minimum\":512,\"state\":\"done\"}"));
		assert_false(there(w, "tile/entries/000"));
		assert_false(there(w, "tile/entries/001"));
		absent_are(w, 512);
		tear_down(state);
		set_up(state);
		w = *state;
	}
}

static void
what_a_mirror_brought_back_goes_again_at_the_next_start(void **state)
{
	struct world *w = *state;

	grow(w);
	run_in(w, "cp log/tile/entries/000 kept");
	record(w, 512);
	settle(w);
	remove_some(w);
	run_in(w, "cp kept log/tile/entries/000");
	world_reopen(w);
	settle(w);
	remove_some(w);
	assert_false(there(w, "tile/entries/000"));
	absent_are(w, 512);
}

/* All tiles made anew bring the bundles back, until they go again. */
static void
lost_tiles_are_made_anew_without_old_entries(void **state)
{
	struct world *w = *state;

	grow(w);
	record(w, 512);
	settle(w);
	remove_some(w);
	world_close(w);
	run_in(w, "rm -r log/tile");
	world_open(w);
	settle(w);
	remove_some(w);
	assert_false(there(w, "tile/entries/000"));
	assert_true(there(w, "tile/0/000"));
	absent_are(w, 512);
}

static void
a_repaired_registry_knows_the_minimum(void **state)
{
	struct world *w = *state;
	struct rebuild *b = NULL;
	bool done = false;

	grow(w);
	OK(guard_published(w->n));
	world_close(w);
	run_in(w, "mkdir old && cp registry.db* old");
	world_open(w);
	record(w, 256);
	settle(w);		/* and nothing has gone yet */
	OK(guard_published(w->n));
	world_close(w);
	run_in(w, "rm registry.db* && mv old/* .");
	OK(world_try_open(w));
	OK(rebuild_start(w->n, w->n->guard.entries,
	    w->n->guard.published - 1, &b));
	while (!done)
		OK(rebuild_step(b, &done));
	rebuild_free(b);
	world_reopen(w);
	settle(w);
	remove_some(w);
	assert_false(there(w, "tile/entries/000"));
	absent_are(w, 256);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(an_index_is_where_a_bundle_ends_below_a_closed_period),
		EACH(without_its_quorum_a_period_covers_nothing),
		EACH(the_minimum_never_falls_and_the_same_again_is_nothing_new),
		EACH(bundles_go_once_the_log_says_so_and_hashes_stay),
		EACH(old_receipts_and_checkpoints_stay_good),
		EACH(a_bundle_that_does_not_go_is_an_error),
		EACH(a_crash_after_any_step_is_made_good_by_the_next_start),
		EACH(what_a_mirror_brought_back_goes_again_at_the_next_start),
		EACH(lost_tiles_are_made_anew_without_old_entries),
		EACH(a_repaired_registry_knows_the_minimum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
