/*
 * Calls of one statement go to PostgreSQL as one, and come to the same as one
 * after another: what was read and written, conflicts, limits, NULL, order.
 */
#include "tests/unit/signer/items.h"

#define MANY 300	/* more than go as one */

static const char *
name(char out[16], int i)
{
	snprintf(out, 16, "k%04d", i);
	return out;
}

static void
put_all(struct engine *e, int from, int to)
{
	char key[16];

	begin(e, false);
	for (int i = from; i < to; i++)
		must(put(e, name(key, i), i));
}

static void
expect_all(struct engine *e)
{
	char key[16];

	must(e->ops->expect(e, true));
	for (int i = 0; i < MANY; i++)
		(void)get(e, name(key, i));
	must(e->ops->expect(e, false));
}

static void
many_are_written_and_read_as_one(void **state)
{
	struct engine *e = open_as(cluster.daemon, 1);
	char key[16];

	(void)state;
	put_all(e, 0, MANY);
	must(commit(e));
	begin(e, false);
	expect_all(e);
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(get(e, name(key, i)), i);
		must(set(e, SET, key, i, i + 1));
	}
	must(commit(e));
	for (int i = 0; i < MANY; i += 37)
		assert_int_equal(stored(name(key, i)), i + 1);
	close_engine(e);
}

/* Every third is there: before the first, between, after the last none. */
static void
what_is_not_there_is_told_from_what_is(void **state)
{
	struct engine *e = open_as(cluster.daemon, 1);
	char key[16];

	(void)state;
	begin(e, false);
	for (int i = 1; i < MANY - 1; i += 3)
		must(put(e, name(key, i), i));
	must(commit(e));
	for (int round = 0; round < 2; round++) {
		begin(e, false);
		expect_all(e);
		for (int i = 0; i < MANY; i++)
			assert_int_equal(get(e, name(key, i)),
			    i % 3 == 1 && i < MANY - 1 ? i : -1);
		must(commit(e));
	}
	close_engine(e);
}

/* What the server is sent, counted on the way. */
static int
messages(struct proxy *p, struct engine *e, int count)
{
	char key[16];

	proxy_plan(p, PROXY_CLIENT, 0);
	begin(e, false);
	for (int i = 0; i < count; i++)
		must(put(e, name(key, 1000 * count + i), i));
	must(commit(e));
	return p->plan->seen;
}

static void
a_hundred_cost_the_server_hardly_more_than_ten(void **state)
{
	struct proxy proxy;
	struct engine *e;
	char uri[128];
	int ten, hundred;

	(void)state;
	assert_true(proxy_start(&proxy, &cluster, uri));
	e = open_as(uri, 1);
	(void)messages(&proxy, e, 2);		/* prepared from now on */
	ten = messages(&proxy, e, 10);
	hundred = messages(&proxy, e, 100);
	assert_true(ten > 0);
	assert_int_equal(ten, hundred);
	close_engine(e);
	proxy_stop(&proxy);
}

static void
one_conflict_among_many_takes_all_back(void **state)
{
	struct engine *e = open_as(cluster.daemon, 1);
	char key[16];
	int refused = 0;

	(void)state;
	put_all(e, 150, 151);
	must(commit(e));
	put_all(e, 0, MANY);
	MUST_BE(commit(e), ERR_EXISTS);
	assert_int_equal(stored(name(key, 0)), -1);
	begin(e, true);
	for (int i = 0; i < MANY; i++)
		refused += put(e, name(key, i), i) == ERR_EXISTS;
	must(commit(e));
	assert_int_equal(refused, 1);
	assert_int_equal(stored(name(key, 299)), 299);
	close_engine(e);
}

static void
the_same_twice_in_a_batch_is_a_conflict(void **state)
{
	struct engine *e = open_as(cluster.daemon, 1);
	char key[16];

	(void)state;
	put_all(e, 0, 20);
	must(put(e, name(key, 7), 1));
	MUST_BE(commit(e), ERR_EXISTS);
	assert_int_equal(stored(name(key, 0)), -1);
	close_engine(e);
}

static void
changes_of_one_row_come_one_after_another(void **state)
{
	struct engine *e = open_as(cluster.daemon, 1);
	char key[16];

	(void)state;
	put_all(e, 0, 20);
	must(commit(e));
	begin(e, false);
	for (int step = 0; step < 3; step++)
		for (int i = 0; i < 20; i++)
			must(set(e, SET, name(key, i), i + step,
			    i + step + 1));
	must(commit(e));
	for (int i = 0; i < 20; i += 19)
		assert_int_equal(stored(name(key, i)), i + 3);
	close_engine(e);
}

static void
limits_are_kept_each_by_its_own(void **state)
{
	struct engine *e = open_as(cluster.daemon, 1);
	char key[16];

	(void)state;
	for (int taken = 0; taken < 2; taken++) {
		begin(e, false);
		for (int i = 0; i < 40; i++)
			must(count_up(e, name(key, i), 2 + i % 2));
		must(commit(e));
	}
	begin(e, false);
	for (int i = 1; i < 40; i += 2)
		must(count_up(e, name(key, i), 3));
	must(commit(e));
	begin(e, false);
	for (int i = 0; i < 40; i++)
		must(count_up(e, name(key, i), i == 38 ? 2 : 9));
	MUST_BE(commit(e), ERR_EXISTS);
	begin(e, false);	/* thrice of one key */
	for (int i = 0; i < 3; i++)
		must(count_up(e, "one", 2));
	MUST_BE(commit(e), ERR_EXISTS);
	begin(e, false);
	for (int i = 0; i < 2; i++)
		must(count_up(e, "one", 2));
	must(commit(e));
	close_engine(e);
}

static void
note_all(struct engine *e, int from, int to, bool with)
{
	char key[16];

	begin(e, false);
	for (int i = from; i < to; i++) {
		struct query q = query_start(e, NOTE);

		query_put_blob(&q, view_text(name(key, i)));
		if (with && i % 2 == 0)
			query_put_text(&q, view_text(i % 4 == 0 ? "옥새" :
			    ""));
		else
			query_put_null(&q);
		must(query_change(&q));
	}
	must(commit(e));
}

static void
null_and_empty_texts_are_what_they_are(void **state)
{
	struct engine *e = open_as(cluster.daemon, 1);

	(void)state;
	note_all(e, 0, 10, false);	/* no type is known yet */
	note_all(e, 10, 20, true);
	note_all(e, 20, 30, false);
	assert_int_equal(stored("k0009"), 7);
	close_engine(e);
	assert_true(cluster_sql(&cluster, "DO \\$\\$ BEGIN ASSERT (SELECT "
	    "count(*) FROM okse.item WHERE note IS NULL) = 25; ASSERT "
	    "(SELECT count(*) FROM okse.item WHERE note = '') = 3; ASSERT "
	    "(SELECT count(*) FROM okse.item WHERE note = '옥새') = 2; END "
	    "\\$\\$"));
}

/* What was prepared with the lost connection is not on the next one. */
static void
after_a_lost_connection_it_goes_on(void **state)
{
	struct engine *e = open_as(cluster.daemon, 1);
	enum engine_fate fate;
	char key[16];

	(void)state;
	put_all(e, 0, 10);
	must(commit(e));
	assert_true(cluster_sql(&cluster, "SELECT pg_terminate_backend(pid) "
	    "FROM pg_stat_activity WHERE application_name = 'okse node 1'"));
	put_all(e, 10, 20);
	MUST_BE(commit(e), ERR_UNAVAILABLE);
	e->ops->rollback(e);
	for (int i = 0; engine_postgres_away(e) && i < 20; i++)
		(void)engine_postgres_resume(e, &fate);
	put_all(e, 10, 20);
	must(commit(e));
	assert_int_equal(stored(name(key, 19)), 19);
	close_engine(e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(many_are_written_and_read_as_one,
		    clean),
		cmocka_unit_test_setup(what_is_not_there_is_told_from_what_is,
		    clean),
		cmocka_unit_test_setup(
		    a_hundred_cost_the_server_hardly_more_than_ten, clean),
		cmocka_unit_test_setup(one_conflict_among_many_takes_all_back,
		    clean),
		cmocka_unit_test_setup(the_same_twice_in_a_batch_is_a_conflict,
		    clean),
		cmocka_unit_test_setup(
		    changes_of_one_row_come_one_after_another, clean),
		cmocka_unit_test_setup(limits_are_kept_each_by_its_own, clean),
		cmocka_unit_test_setup(null_and_empty_texts_are_what_they_are,
		    clean),
		cmocka_unit_test_setup(after_a_lost_connection_it_goes_on,
		    clean),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
